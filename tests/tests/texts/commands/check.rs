//! What commands say of images and decisions, with a plugin that answers and without one.

use installer::lab::{Lab, Plugin};

use super::session::Session;

#[tokio::test(flavor = "multi_thread")]
async fn images_and_decisions() {
    let mut session = Session::new();
    let nowhere = ["--control-socket", "%/control.sock"];
    session.section("without a plugin");
    for command in [&["check", "alpine"][..], &["records"], &["sync"]] {
        session.run("pullgate", &[command, &nowhere].concat());
    }
    session.run_with("pullgate", &[&["check", "-"][..], &nowhere].concat(), "# no image\n", &[]);
    session.run_with("pullgate", &[&["check", "-"][..], &nowhere].concat(), &"x".repeat((1 << 20) + 1), &[]);

    session.section("with a plugin");
    let lab = Lab::new().unwrap();
    let _plugin = Plugin::start(&lab, None).await.unwrap();
    let control = lab.control_socket().display().to_string();
    let there = ["--control-socket", control.as_str()];
    for image in ["Alpine", "alpine:", "a//b", "exam_ple.com/app", "scratch"] {
        session.run("pullgate", &[&["check", image][..], &there].concat());
    }
    session.run("pullgate", &[&["records", "--decision", "01J9ZX3M5Y8Q2W4E6R7T9Y1U3I"][..], &there].concat());
    session.run("pullgate", &[&["records", "--since", "1 day"][..], &there].concat());
    session.run("pullgate", &[&["sync"][..], &there].concat());

    session.section("without anything");
    session.run("pullgate", &["image", "Alpine", "alpine:", "sha256:12", "a/b@sha256:12", "scratch", ""]);
    session.run("pullgate", &["image", &"a".repeat(300)]);
    session.replace(&"a".repeat(300), "aaa...");
    session.replace(&control, "/run/pullgate/control.sock");
    session.check("images");
}
