//! `sign_in_files.tsv`: what the two files that can enforce sign-in demand together, by a real plugin.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
};

use installer::lab::{Lab, Plugin};
use tests::repository;

struct Row<'a> {
    id: &'a str,
    /// Text and state of the enrollment, then of `registry.json`.
    files: [(&'a str, &'a str); 2],
    demand: &'a str,
    counts: &'a str,
    words: &'a str,
}

impl<'a> Row<'a> {
    fn read(line: &'a str) -> Self {
        let cells: Vec<&str> = line.split('\t').collect();
        let [id, enrollment, enrollment_state, registry, registry_state, demand, counts, words, _] = cells[..] else {
            panic!("not nine cells: {line}");
        };
        Self { id, files: [(enrollment, enrollment_state), (registry, registry_state)], demand, counts, words }
    }
}

/// Puts a file there as the row has it.
fn place(path: &Path, text: &str, state: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let key = proto::keys::SigningKey::from_seed(&[7; 32]).verifying_key().to_base64();
    let text = text.replacen("{S", &format!(r#"{{"service":"https://x","trustKeys":["{key}"]"#), 1);
    if text != "-" {
        fs::write(path, &text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let mode = |path: &Path, mode: &str| {
        fs::set_permissions(path, fs::Permissions::from_mode(u32::from_str_radix(mode, 8).unwrap())).unwrap();
    };
    match state.split(' ').collect::<Vec<_>>()[..] {
        ["-" | "ok"] => {}
        ["symlink"] => {
            fs::rename(path, path.with_extension("real")).unwrap();
            symlink(path.with_extension("real"), path).unwrap();
        }
        ["dangling"] => {
            fs::remove_file(path).unwrap();
            symlink("/nowhere", path).unwrap();
        }
        ["directory"] => fs::create_dir(path).unwrap(),
        ["fifo"] => {
            let open = rustix::fs::Mode::from_raw_mode(0o600);
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, open, 0).unwrap();
        }
        ["mode", wanted] => mode(path, wanted),
        ["directory", wanted] => mode(path.parent().unwrap(), wanted),
        ["owner", uid] => chown(path, Some(uid.parse().unwrap()), None).unwrap(),
        ["bom"] => fs::write(path, format!("\u{feff}{text}")).unwrap(),
        ["large"] => fs::write(path, format!("{text}{}", " ".repeat(70_000))).unwrap(),
        _ => panic!("no state `{state}`"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_demand_what_the_table_says() {
    let table = fs::read_to_string(repository().join("tests/vectors/sign_in_files.tsv")).unwrap();
    let rows: Vec<Row<'_>> = table.lines().skip(1).map(Row::read).collect();
    assert!(rows.len() >= 38, "{} rows", rows.len());
    let mut differ = Vec::new();
    for row in &rows {
        let lab = Lab::new().unwrap();
        for (path, (text, state)) in [lab.enrollment(), lab.registry_json()].iter().zip(row.files) {
            place(path, text, state);
        }
        // It reads the files before it answers.
        let plugin = Plugin::start(&lab, None).await.unwrap();
        let status = plugin.status().await.unwrap();
        let demand = match (status.sign_in_enforced, status.allowed_organizations.join(",")) {
            (false, _) => "optional".to_owned(),
            (true, organizations) if organizations.is_empty() => "nobody".to_owned(),
            (true, organizations) => organizations,
        };
        let files = ["enrollment", "registry.json"];
        let counts = files.iter().zip(&status.sign_in_files).find(|(_, file)| file.in_force);
        let counts = counts.map_or("-", |(name, _)| name);
        let image = &plugin.check(&["alpine"]).await.unwrap()[0];
        let refused_so = !image.allowed && image.reason == "sign_in_required" && image.text.contains(row.words);
        let as_expected = if row.demand == "optional" { image.allowed } else { refused_so };
        if (demand.as_str(), counts, as_expected) != (row.demand, row.counts, true) {
            differ.push(format!(
                "{}: {demand} by {counts}, not {} by {}: {}",
                row.id, row.demand, row.counts, image.text
            ));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), rows.len(), differ.join("\n"));
}
