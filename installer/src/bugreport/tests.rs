use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn an_archive_is_for_nobody_else_and_replaces_nothing() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("report.tar");
    let mut archive = Archive::create(&path, "report").unwrap();
    archive.add("a.txt", "text").unwrap();
    archive.add("long.txt", &"é".repeat(1 << 20)).unwrap();
    archive.finish().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(Archive::create(&path, "report").is_err());
    std::os::unix::fs::symlink("elsewhere", place.path().join("link")).unwrap();
    assert!(Archive::create(&place.path().join("link"), "report").is_err());
    let mut names = Vec::new();
    for entry in tar::Archive::new(fs::File::open(&path).unwrap()).entries().unwrap() {
        let entry = entry.unwrap();
        names.push((entry.path().unwrap().display().to_string(), entry.size()));
    }
    assert_eq!(names, [("report/a.txt".to_owned(), 4), ("report/long.txt".to_owned(), 1 << 20)]);
}

#[test]
fn what_lies_around_is_told_without_its_content() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir_all(place.path().join("var/lib/pullgate-proxy")).unwrap();
    fs::write(place.path().join("var/lib/pullgate-proxy/ca.key"), "hunter42").unwrap();
    let text = files(place.path());
    assert!(text.contains("ca.key") && text.contains("        8 ") && !text.contains("hunter42"), "{text}");
}
