//! Chains of links.

use std::os::unix::fs::symlink;

use super::*;

#[tokio::test]
async fn a_linked_file_is_seen_at_its_target_and_when_the_link_moves() {
    let mut case = Case::new(|root| {
        fs::create_dir_all(root.join("dotfiles/deep")).expect("directory");
        fs::create_dir(root.join(".docker")).expect("directory");
        fs::write(root.join("dotfiles/deep/real"), "0").expect("write");
        symlink("deep/real", root.join("dotfiles/hop")).expect("link");
        symlink(root.join("dotfiles/hop"), root.join(".docker/config.json")).expect("link");
        root.join(".docker/config.json")
    })
    .await;
    save(&case.root().join("dotfiles/deep/real"), "1").expect("save");
    case.expect(Some("1")).await;
    fs::write(case.root().join("dotfiles/other"), "2").expect("write");
    fs::remove_file(&case.file).expect("remove");
    symlink(case.root().join("dotfiles/other"), &case.file).expect("link");
    case.expect(Some("2")).await;
    save(&case.root().join("dotfiles/other"), "3").expect("save");
    case.expect(Some("3")).await;
}

#[tokio::test]
async fn a_directory_behind_a_link_that_is_switched_as_a_whole_is_seen() {
    let mut case = Case::new(|root| {
        for generation in ["1", "2"] {
            fs::create_dir_all(root.join("secrets.d").join(generation)).expect("directory");
            fs::write(root.join("secrets.d").join(generation).join("x"), generation).expect("write");
        }
        symlink(root.join("secrets.d/1"), root.join("secrets")).expect("link");
        symlink(root.join("secrets/x"), root.join("config.json")).expect("link");
        root.join("config.json")
    })
    .await;
    symlink(case.root().join("secrets.d/2"), case.root().join("next")).expect("link");
    fs::rename(case.root().join("next"), case.root().join("secrets")).expect("switch");
    case.expect(Some("2")).await;
}
