//! The change of a file as a unified diff. An edit here is in one place, so one hunk shows it: what both have in
//! common at the start and at the end is left out, but for some lines.

/// Lines shown around what changes.
const AROUND: usize = 3;

/// Lines of a hunk, with its head.
#[must_use]
pub fn lines(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = |pairs: &mut dyn Iterator<Item = (&&str, &&str)>| pairs.take_while(|(a, b)| a == b).count();
    let head = same(&mut old.iter().zip(&new));
    let most = old.len().min(new.len()) - head;
    let tail = same(&mut old.iter().rev().zip(new.iter().rev())).min(most);
    if head == old.len() && head == new.len() {
        return Vec::new();
    }
    let first = head.saturating_sub(AROUND);
    let shown = |lines: &[&str], skip: usize, end: usize, mark: char| -> Vec<String> {
        lines.iter().take(end).skip(skip).map(|line| format!("{mark}{}", line.trim_end_matches('\r'))).collect()
    };
    let behind = AROUND.min(tail);
    let range = |lines: &[&str]| {
        let count = lines.len() - tail - first + behind;
        format!("{},{count}", if count == 0 { first } else { first + 1 })
    };
    [
        vec![format!("@@ -{} +{} @@", range(&old), range(&new))],
        shown(&old, first, head, ' '),
        shown(&old, head, old.len() - tail, '-'),
        shown(&new, head, new.len() - tail, '+'),
        shown(&old, old.len() - tail, old.len() - tail + behind, ' '),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hunk_shows_what_changes_and_what_is_around_it() {
        let check =
            |before: &str, after: &str, expected: &[&str]| assert_eq!(lines(before, after), expected, "{after}");
        check("", "{\n}\n", &["@@ -0,0 +1,2 @@", "+{", "+}"]);
        check("{\n}\n", "", &["@@ -1,2 +0,0 @@", "-{", "-}"]);
        check("a\n", "a\n", &[]);
        check("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\nx\nf\n", &["@@ -2,5 +2,5 @@", " b", " c", " d", "-e", "+x", " f"]);
        // What is repeated is not taken for both head and tail.
        check("a\na\n", "a\na\na\n", &["@@ -1,2 +1,3 @@", " a", " a", "+a"]);
    }
}
