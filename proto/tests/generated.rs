//! The committed code is what the .proto files say, so that a build needs no `protoc`.
//! `PULLGATE_REGENERATE=1 cargo test -p proto --test generated` writes it anew.

use std::{fs, path::Path};

const FILES: [&str; 3] =
    ["pullgate/document/v1/document.proto", "pullgate/sync/v1/sync.proto", "pullgate/local/v1/local.proto"];

#[test]
fn generated_code_matches_the_proto_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = tempfile::tempdir().expect("temporary directory");
    let descriptors = protox::compile(FILES, [root.join("protos")]).expect("the .proto files compile");
    tonic_prost_build::configure()
        .out_dir(fresh.path())
        // Hold secrets; `proto::secret` writes their `Debug`.
        .skip_debug([
            "pullgate.sync.v1.SignInRequest",
            "pullgate.sync.v1.SignInResponse",
            "pullgate.sync.v1.BeginLoginResponse",
            "pullgate.sync.v1.FinishLoginRequest",
            "pullgate.sync.v1.FinishLoginResponse",
        ])
        .compile_fds(descriptors)
        .expect("code generation");

    let committed = root.join("src/gen");
    let regenerate = std::env::var_os("PULLGATE_REGENERATE").is_some();
    let mut names: Vec<_> =
        fs::read_dir(fresh.path()).expect("generated files").map(|entry| entry.expect("entry").file_name()).collect();
    names.sort();
    assert_eq!(names.len(), FILES.len(), "one generated file a package");
    for name in names {
        let new = fs::read_to_string(fresh.path().join(&name)).expect("generated file");
        let path = committed.join(&name);
        if regenerate {
            fs::write(&path, &new).expect("write generated file");
        }
        let old = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            old == new,
            "{} is not what protos/ says; run PULLGATE_REGENERATE=1 cargo test -p proto --test generated",
            path.display()
        );
    }
}
