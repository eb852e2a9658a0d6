//! Each test is what somebody would try who wants to start `evil`, which the policy refuses, under
//! a name that it allows; or what somebody does who wants no harm.

use super::{super::digests::MAX_DIGESTS, *};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn image(text: &str) -> ImageRef {
    ImageRef::parse(text).expect("a reference").or_latest()
}

fn rename(from: &str, to: &str) -> Rename {
    let from = (!from.is_empty()).then(|| LocalImage::parse(from).expect("an image"));
    Rename { from, to: image(to) }
}

impl Names {
    /// `docker tag`, as the engine does it.
    fn tag(&mut self, from: &str, to: &str) {
        self.rename_asked(&rename(from, to));
        self.rename_over(&rename(from, to), true);
    }

    fn ask(&mut self, from: &str, to: &str) {
        self.rename_asked(&rename(from, to));
    }

    fn done(&mut self, from: &str, to: &str) {
        self.rename_over(&rename(from, to), true);
    }

    fn pull(&mut self, text: &str) {
        self.pull_asked(&image(text));
    }

    fn remove(&mut self, name: &str) {
        self.removal_asked(name);
        self.removal_over(name, &[image(name)]);
    }
}

/// `=`: what it is called, `#`: by a pulled digest, `?`: unknown; else the short names of the origins.
fn known(names: &Names, text: &str) -> String {
    let short = |origin: Origin| match origin {
        Origin::AsNamed => "=".to_owned(),
        Origin::PulledDigest => "#".to_owned(),
        Origin::Unknown => "?".to_owned(),
        Origin::Renamed(image) => format!("{}:{}", image.familiar_name(), image.tag().unwrap_or_default()),
    };
    let mut all: Vec<_> = names.origins(&image(text)).into_iter().map(short).collect();
    all.sort();
    all.join(" ")
}

#[track_caller]
fn check(names: &Names, expected: &[(&str, &str)]) {
    for (name, origin) in expected {
        assert_eq!(known(names, name), *origin, "{name}");
    }
}

#[test]
fn a_name_stands_for_what_its_content_was_fetched_as() {
    let mut names = Names::default();
    check(&names, &[("good", "="), ("evil", "=")]);
    names.tag("evil", "good");
    check(&names, &[("good", "evil:latest"), ("evil", "="), ("good:2", "=")]);
    // Chains are resolved at once.
    names.tag("good", "x");
    names.tag("x", "better:1");
    check(&names, &[("x", "evil:latest"), ("better:1", "evil:latest")]);
    // What good is now does not change what x is.
    names.tag("fine", "good");
    check(&names, &[("good", "fine:latest"), ("x", "evil:latest")]);
}

#[test]
fn what_has_no_name_is_of_unknown_origin() {
    for from in ["", "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "sha256:01", "cafe"] {
        let mut names = Names::default();
        names.tag(from, "good");
        check(&names, &[("good", "?")]);
        names.tag("good", "x");
        check(&names, &[("x", "?")]);
    }
}

#[test]
fn a_name_that_gets_its_own_content_back_is_what_it_is_called() {
    let mut names = Names::default();
    names.tag("good", "good");
    names.tag("good", "keep");
    names.tag("evil", "good");
    check(&names, &[("good", "evil:latest"), ("keep", "good:latest")]);
    // A tag of the same name onto itself clears nothing.
    names.tag("good", "good");
    check(&names, &[("good", "evil:latest")]);
    names.tag("keep", "good");
    check(&names, &[("good", "=")]);
    assert_eq!(names.names.len(), 1, "only `keep` is still worth a place");
}

#[test]
fn a_tag_that_fails_leaves_both_possible() {
    // `docker tag good:nosuch evil` would else make `evil` one that counts as good.
    let mut names = Names::default();
    names.ask("good:nosuch", "evil");
    check(&names, &[("evil", "= good:nosuch")]);
    names.rename_over(&rename("good:nosuch", "evil"), false);
    check(&names, &[("evil", "= good:nosuch")]);
    // Also when the plugin never hears what became of it.
    let mut names = Names::default();
    names.tag("evil", "x");
    names.ask("good:nosuch", "x");
    check(&names, &[("x", "evil:latest good:nosuch")]);
    // Enough of them are not told apart any more.
    for n in 0..4 {
        names.ask(&format!("good:{n}"), "x");
    }
    check(&names, &[("x", "?")]);
}

#[test]
fn changes_that_overlap_leave_all_possible() {
    let mut names = Names::default();
    // Whichever the engine does last.
    names.ask("evil", "x");
    names.ask("good", "x");
    names.done("evil", "x");
    names.done("good", "x");
    check(&names, &[("x", "= evil:latest good:latest")]);
    // The copy may be taken before or after the name changes.
    let mut names = Names::default();
    names.ask("good", "keep");
    names.ask("evil", "good");
    names.done("evil", "good");
    names.done("good", "keep");
    check(&names, &[("keep", "evil:latest good:latest"), ("good", "evil:latest")]);
    // And a copy of the copy.
    let mut names = Names::default();
    names.ask("one", "two");
    names.ask("two", "three");
    names.ask("evil", "one");
    for (from, to) in [("evil", "one"), ("one", "two"), ("two", "three")] {
        names.done(from, to);
    }
    for name in ["one", "two", "three"] {
        assert!(known(&names, name).contains("evil:latest"), "{name}");
    }
    // Two of the same are two.
    let mut names = Names::default();
    names.ask("evil", "x");
    names.ask("evil", "x");
    names.done("evil", "x");
    names.tag("good", "x");
    assert!(known(&names, "x").contains("evil"), "one of them may still run");
}

#[test]
fn an_allowed_pull_clears_nothing() {
    let mut names = Names::default();
    names.tag("evil", "good");
    names.pull("good");
    check(&names, &[("good", "= evil:latest")]);
    // Nor does it pass for what another name allows: `old` was allowed once, and `good` still is.
    let mut names = Names::default();
    names.tag("good", "old");
    names.pull("old");
    check(&names, &[("old", "= good:latest")]);
    let mut names = Names::default();
    names.tag("good", "repo:1");
    names.tag("good", "repo-x:1");
    names.pull_asked(&ImageRef::parse("repo").expect("every tag"));
    check(&names, &[("repo:1", "= good:latest"), ("repo-x:1", "good:latest")]);
    // While a tag runs as well, the last of both counts.
    let mut names = Names::default();
    names.tag("evil", "x");
    names.ask("good", "x");
    names.pull("x");
    names.done("good", "x");
    assert!(known(&names, "x").contains('='));
}

#[test]
fn a_removal_that_the_engine_reports_is_proof() {
    let mut names = Names::default();
    names.tag("evil", "good");
    names.removal_asked("/images/good");
    names.removal_over("/images/good", &[]);
    check(&names, &[("good", "evil:latest")]);
    names.remove("good");
    check(&names, &[("good", "=")]);
    assert!(!names.knows_something() && !names.waits());
    // A digest beside the tag means that only the digest went.
    names.tag("evil", "good:1");
    names.removal_asked("x");
    names.removal_over("x", &[image(&format!("good:1@{DIGEST}"))]);
    check(&names, &[("good:1", "evil:latest")]);
    // Nor one that nobody asked for.
    names.removal_over("y", &[image("good:1")]);
    check(&names, &[("good:1", "evil:latest")]);
}

#[test]
fn a_removal_that_a_tag_overlaps_is_no_proof() {
    // The name goes, is given again while layers are still being removed, then the answer comes.
    let mut names = Names::default();
    names.tag("evil", "good");
    names.removal_asked("x");
    names.tag("evil", "good");
    names.removal_over("x", &[image("good")]);
    check(&names, &[("good", "evil:latest")]);
    // A slow import that ends after the removal.
    let mut names = Names::default();
    names.ask("", "good");
    names.remove("good");
    check(&names, &[("good", "?")]);
    names.done("", "good");
    names.remove("good");
    check(&names, &[("good", "=")]);
    // The same removal twice: the answer may be to the first.
    names.tag("evil", "good");
    names.removal_asked("x");
    names.tag("evil", "good");
    names.removal_asked("x");
    names.removal_over("x", &[image("good")]);
    names.removal_over("x", &[image("good")]);
    check(&names, &[("good", "evil:latest")]);
    names.remove("good");
    check(&names, &[("good", "=")]);
}

#[test]
fn an_engine_that_starts_is_at_nothing() {
    let mut names = Names::default();
    names.ask("", "good");
    names.removal_asked("x");
    names.engine_started();
    assert!(!names.waits());
    check(&names, &[("good", "?")]);
    names.remove("good");
    check(&names, &[("good", "=")]);
}

#[test]
fn a_digest_is_looked_up_among_all_names_of_its_repository() {
    let mut names = Names::default();
    let digest = format!("good@{DIGEST}");
    check(&names, &[(&digest, "=")]);
    // An attempt to pull it is evidence only: the registry may not have it.
    names.pull(&digest);
    check(&names, &[(&digest, "#"), (&format!("good:1@{DIGEST}"), "#")]);
    names.tag("evil", "good:x");
    check(&names, &[(&digest, "# evil:latest"), (&format!("goods@{DIGEST}"), "=")]);
    names.tag(&digest, "copy");
    check(&names, &[("copy", "evil:latest good:")]);
    names.remove("good:x");
    check(&names, &[(&digest, "#")]);
    // Also while it is being copied.
    names.ask(&digest, "late");
    names.tag("evil", "good:y");
    names.done(&digest, "late");
    check(&names, &[("late", "evil:latest good: good:y")]);
}

#[test]
fn a_full_memory_knows_nothing_of_what_it_forgot() {
    let mut names = Names::default();
    for n in 0..2 * MAX_NAMES {
        names.tag("good", &format!("flood:{n}"));
    }
    assert_eq!(names.names.len(), MAX_NAMES);
    assert!(names.overflowed);
    let digest = format!("any@{DIGEST}");
    names.pull(&digest);
    check(&names, &[("flood:0", "good:latest"), ("flood:19999", "?"), ("any:1", "?"), (&digest, "?")]);
    names.tag("evil", "any:1");
    names.tag("any:1", "flood:0");
    check(&names, &[("any:1", "?"), ("flood:0", "?")]);
    // The way out is the same, for one name after the other.
    names.remove("any:1");
    names.remove("any:2");
    check(&names, &[("any:1", "="), ("any:2", "="), ("any:3", "?")]);
    names.tag("any:1", "any:2");
    check(&names, &[("any:2", "any:1")]);
    names.removal_asked("x");
    names.tag("evil", "any:3");
    names.removal_over("x", &[image("any:3")]);
    check(&names, &[("any:3", "?")]);
    assert_eq!(names.names.len(), MAX_NAMES);
}

#[test]
fn too_much_at_once_proves_nothing_until_the_engine_starts_anew() {
    let mut names = Names::default();
    for n in 0..MAX_RUNNING {
        names.ask("", &format!("x:{n}"));
    }
    names.ask("evil", "good");
    names.done("", "x:0");
    // The tag of `evil` may still come.
    names.tag("fine", "good");
    assert!(known(&names, "good").contains("evil"));
    names.remove("good");
    assert!(known(&names, "good").contains("evil"));
    names.engine_started();
    names.remove("good");
    check(&names, &[("good", "=")]);
}

#[test]
fn names_and_digests_are_bounded() {
    let mut names = Names::default();
    let long = format!("{}.example/x:1", "a".repeat(MAX_NAME_BYTES));
    check(&names, &[(&long, "?")]);
    names.tag("good", &long);
    names.tag(&long, "x");
    check(&names, &[(&long, "?"), ("x", "?")]);
    for n in 0..MAX_DIGESTS + 1 {
        names.pull(&format!("x@sha256:{n:064x}"));
    }
    assert_eq!(names.digests.len(), MAX_DIGESTS);
    assert!(!names.digests.contains(&image(&format!("x@sha256:{:064x}", 0))));
    assert!(names.digests.contains(&image(&format!("x@sha256:{MAX_DIGESTS:064x}"))));
}
