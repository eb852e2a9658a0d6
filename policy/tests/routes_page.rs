//! The reference page of routes is printed from the table that decides, and cannot drift from it.
//!
//! `PULLGATE_REGENERATE=1 cargo test -p policy --test routes_page` writes it anew.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use policy::engine::routes::{ROUTES, Reading, Route};

fn page() -> String {
    let mut page = String::from(
        "# Routes of the Engine API\n\n\
         Printed from the table in the code (`policy/src/engine/routes.rs`) by\n\
         `PULLGATE_REGENERATE=1 cargo test -p policy --test routes_page`; a test holds the two together.\n\n\
         Every path also counts with a version before it (`/v1.41/images/create`), percent-encoded, and in absolute form.\n\
         The table knows API 1.24 to 1.56. What is not in it: reading passes (`unknown_read`), `OPTIONS` passes, and a\n\
         write is `unknown`, which the policy's `unknown_requests` decides. Settings are in [settings.md](settings.md),\n\
         reasons in [reasons.md](reasons.md).\n\n\
         ## Routes that a policy may have a say in\n\n\
         | route | action | what it can do | what is read | what decides |\n|---|---|---|---|---|\n",
    );
    let (plain, governed): (Vec<&Route>, Vec<&Route>) =
        ROUTES.iter().partition(|route| route.reading == Reading::Nothing);
    for route in governed {
        let about = route.reading.about();
        writeln!(
            page,
            "| `{} {}` | `{}` | {} | {} | {} |",
            route.method, route.template, route.word, about.can, about.takes, about.decides
        )
        .expect("a text");
    }
    page.push_str(
        "\n## Routes that always pass\n\n\
         They bring nothing in and open nothing; no policy and no sign-in keeps anybody from them.\n\n\
         | action | routes |\n|---|---|\n",
    );
    let words: BTreeSet<&str> = plain.iter().map(|route| route.word).collect();
    for word in words {
        let of_word = plain.iter().filter(|route| route.word == word);
        let routes: Vec<String> = of_word.map(|route| format!("`{} {}`", route.method, route.template)).collect();
        writeln!(page, "| `{word}` | {} |", routes.join(", ")).expect("a text");
    }
    page
}

#[test]
fn the_reference_lists_every_route_as_the_table_has_it() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/routes.md");
    let page = page();
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        fs::write(&path, &page).expect("the page is written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "`{}` is not what the table says; see the head of this file", path.display());
}
