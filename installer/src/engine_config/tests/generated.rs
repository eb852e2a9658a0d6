//! Files of every shape, from a told seed: what holds for all of them.

use serde_json::Value;

use super::*;

/// Numbers that only look random (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

const SPACES: [&str; 8] = ["", " ", "\n", "\n  ", "\r\n\t", "\n\n    ", "\t \r", " \n "];
const TEXTS: [&str; 7] = [
    r#""a""#,
    r#""""#,
    r#""authorization-plugins""#,
    r#""\u00e9\n\"]}""#,
    r#""\ud83d""#,
    r#""pull\u0067ate""#,
    r#""ü{[,:""#,
];
const SCALARS: [&str; 6] = ["true", "null", "-0", "1E400", "0.10", "123456789012345678901234567890"];
const KEYS: [&str; 7] = ["debug", "log-opts", r"\u006cabels", "proxies2", "runtimes", "dns", "ü"];

/// White space of a file's own taste, with a slip now and then.
fn space<'a>(dice: &mut Dice, taste: &'a str) -> &'a str {
    if dice.one_in(9) { dice.pick(&SPACES) } else { taste }
}

fn value(dice: &mut Dice, taste: &str, depth: u64) -> String {
    match dice.below(if depth == 0 { 2 } else { 4 }) {
        0 => dice.pick(&SCALARS).to_owned(),
        1 => dice.pick(&TEXTS).to_owned(),
        2 => {
            let count = dice.below(4);
            let parts: Vec<_> = (0..count).map(|_| value(dice, taste, depth - 1)).collect();
            wrap(dice, taste, '[', &parts, ']')
        }
        _ => {
            let count = dice.below(4);
            let parts: Vec<_> = (0..count).map(|n| format!("\"k{n}\":{}", value(dice, taste, depth - 1))).collect();
            wrap(dice, taste, '{', &parts, '}')
        }
    }
}

fn wrap(dice: &mut Dice, taste: &str, open: char, parts: &[String], close: char) -> String {
    let mut out = String::from(open);
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            out += if dice.one_in(9) { " ," } else { "," };
        }
        out += space(dice, taste);
        out += part;
    }
    out + space(dice, taste) + &close.to_string()
}

fn plugins(dice: &mut Dice, taste: &str) -> String {
    let names = [r#""a""#, r#""b""#, r#""pullgate""#, r#""pull\u0067ate""#, r#""pullgate2""#];
    let count = dice.below(4);
    let parts: Vec<_> = (0..count).map(|_| dice.pick(&names).to_owned()).collect();
    if dice.one_in(8) { "null".to_owned() } else { wrap(dice, taste, '[', &parts, ']') }
}

fn proxies(dice: &mut Dice, taste: &str) -> String {
    let urls = ["\"http://127.0.0.1:857\"", "\"\"", "null", "\"http://proxy.acme.example:3128\""];
    let mut parts = Vec::new();
    for key in ["http-proxy", "no-proxy", "https-proxy"] {
        if dice.one_in(2) {
            parts.push(format!("\"{key}\":{}{}", space(dice, taste), dice.pick(&urls)));
        }
    }
    wrap(dice, taste, '{', &parts, '}')
}

/// A file that can be edited; none: there is no file.
fn file(dice: &mut Dice) -> Option<String> {
    if dice.one_in(40) {
        return None;
    }
    let taste = dice.pick(&SPACES);
    let mut parts = Vec::new();
    let ours = [dice.below(12), dice.below(20)];
    for n in 0..dice.below(5) {
        let colon = format!(":{}", space(dice, if taste.is_empty() { "" } else { " " }));
        if n == ours[0] {
            parts.push(format!("\"authorization-plugins\"{colon}{}", plugins(dice, taste)));
        } else if n == ours[1] {
            parts.push(format!("\"proxies\"{colon}{}", proxies(dice, taste)));
        } else {
            let key = KEYS[usize::try_from(n).unwrap()];
            parts.push(format!("\"{key}\"{colon}{}", value(dice, taste, 3)));
        }
    }
    let mut text = wrap(dice, taste, '{', &parts, '}') + space(dice, "\n");
    if dice.one_in(20) {
        text = dice.pick(&["", " ", "\n\t\n", "\u{a0}"]).to_owned();
    }
    Some(if dice.one_in(20) { format!("\u{feff}{text}") } else { text })
}

/// Everything but the two settings, with its bytes.
fn others(file: &[u8]) -> Vec<String> {
    let document = Document::read(file).unwrap();
    let other = |member: &&document::Member| ![plugins::KEY, proxies::KEY].contains(&member.key.as_str());
    let bytes = |member: &document::Member| document.text[member.key_span.start..member.value.span.end].to_owned();
    document.members().iter().filter(other).map(bytes).collect()
}

/// Whether one text is the other with one piece put in.
fn is_one_insertion(before: &str, after: &str) -> bool {
    let prefix = before.bytes().zip(after.bytes()).take_while(|(one, other)| one == other).count();
    let suffix = before.bytes().rev().zip(after.bytes().rev()).take_while(|(one, other)| one == other).count();
    prefix + suffix >= before.len() && after.len() >= before.len()
}

#[test]
fn everything_else_survives_twice_is_once_and_undo_restores_every_byte() {
    let mut edits = [0_u32; 3];
    for seed in 0..3_000_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let before = file(&mut dice);
        let door = dice.one_in(2).then_some(DOOR);
        let wanted = Wanted { move_proxies: true, ..wanted(door) };
        let bytes = before.as_deref().map(str::as_bytes);
        let what = format!("seed {seed}: {before:?}");
        let edited = add(bytes, &wanted).unwrap_or_else(|refusal| panic!("{what}: {refusal}"));
        let after = match edited.edit {
            Edit::Unchanged => {
                assert!(names(bytes.unwrap()).unwrap().contains(&"pullgate".to_owned()), "{what}");
                edits[0] += 1;
                continue;
            }
            Edit::Changed(after) => String::from_utf8(after).unwrap(),
            Edit::Removed => panic!("{what}"),
        };
        let what = format!("{what} -> {after:?}");
        edits[if door.is_some() { 1 } else { 2 }] += 1;

        // JSON that an engine reads so, with everything else in it.
        Document::read(after.as_bytes()).unwrap_or_else(|refusal| panic!("{what}: {refusal}"));
        assert_eq!(names(after.as_bytes()).unwrap().iter().filter(|name| *name == "pullgate").count().max(1), {
            let had = names(bytes.unwrap_or_default()).unwrap();
            had.iter().filter(|name| *name == "pullgate").count().max(1)
        });
        assert_eq!(others(after.as_bytes()), others(bytes.unwrap_or_default()), "{what}");
        let plain = before.as_deref().unwrap_or_default().trim_start_matches('\u{feff}');
        let was_null =
            plain.contains("\"authorization-plugins\": null") || plain.contains("\"authorization-plugins\":null");
        if door.is_none() && !plain.trim().is_empty() && !was_null && !plain.contains(":\n") {
            assert!(is_one_insertion(plain, &after) || plain.contains("null"), "{what}");
        }
        if let Some(door) = door {
            let value = serde_json::from_str::<Value>(&tame(&after)).unwrap();
            for key in ["http-proxy", "https-proxy"] {
                assert_eq!(value["proxies"][key], door, "{what}");
            }
        }

        assert_eq!(add(Some(after.as_bytes()), &wanted).unwrap().edit, Edit::Unchanged, "{what}");

        let had_ours = names(bytes.unwrap_or_default()).unwrap().contains(&"pullgate".to_owned());
        let undone = undo(after.as_bytes(), bytes, &wanted).unwrap().edit;
        match (bytes, undone) {
            (None, Edit::Removed) => {}
            (Some(bytes), Edit::Changed(undone)) if !had_ours && (door.is_none() || !plain.contains(DOOR)) => {
                assert_eq!(undone, bytes, "{what}");
            }
            (Some(bytes), Edit::Changed(undone)) => assert_eq!(others(&undone), others(bytes), "{what}"),
            (_, undone) => panic!("{what}: {undone:?}"),
        }

        // Without the file of before: all of ours is gone, and all else is there.
        match remove(after.as_bytes(), "pullgate", door).unwrap().edit {
            Edit::Changed(gone) => {
                assert!(!names(&gone).unwrap().contains(&"pullgate".to_owned()), "{what}");
                assert_eq!(others(&gone), others(bytes.unwrap_or_default()), "{what}");
                if !plain.trim().is_empty()
                    && !plain.contains("authorization-plugins\"")
                    && !plain.contains("proxies\"")
                {
                    assert_eq!(String::from_utf8(gone).unwrap(), plain, "{what}");
                }
            }
            Edit::Removed => assert!(others(after.as_bytes()).is_empty(), "{what}"),
            Edit::Unchanged => panic!("{what}"),
        }
    }
    assert!(edits.iter().all(|count| *count > 30), "{edits:?}");
}

/// What `serde_json` does not take though engines do: half a surrogate pair, numbers beyond floats.
fn tame(text: &str) -> String {
    text.replace(r"\ud83d", "?").replace("1E400", "1")
}

#[test]
fn no_bytes_make_it_panic() {
    let seeds: Vec<&[u8]> = vec![
        br#"{"authorization-plugins": ["a"], "proxies": {"http-proxy": "x"}, "hosts": ["fd://"]}"#,
        b"\xef\xbb\xbf{\r\n\t\"\\u0061\": [1, {\"b\": null}]\r\n}\r\n",
    ];
    let mut dice = Dice(7);
    let mut taken = 0_u32;
    for round in 0..10_000_u32 {
        let mut bytes = seeds[(round % 2) as usize].to_vec();
        for _ in 0..=dice.below(3) {
            let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
            match dice.below(3) {
                0 => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"{}[]\",:\\\n "[usize::try_from(dice.below(10)).unwrap()]),
            }
        }
        let wanted = Wanted { move_proxies: true, ..wanted(Some(DOOR)) };
        if let Ok(Edited { edit: Edit::Changed(after), .. }) = add(Some(&bytes), &wanted) {
            taken += 1;
            assert_eq!(
                add(Some(&after), &wanted).unwrap().edit,
                Edit::Unchanged,
                "{:?}",
                String::from_utf8_lossy(&bytes)
            );
            undo(&after, Some(&bytes), &wanted).unwrap();
        }
        let _ = remove(&bytes, "pullgate", Some(DOOR));
        let _ = judge(&bytes, &["-H".to_owned(), "fd://".to_owned()], None);
    }
    assert!(taken > 500, "{taken}");
}
