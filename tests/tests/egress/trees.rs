//! Control groups of version 2 are mounted in three ways, and `nft` knows one place.

use std::process::Stdio;

use tests::own_program;

use crate::place::Place;

/// Runs `egress apply` where the groups of version 2 are mounted as `mount` does.
async fn applied_where(place: &Place, mount: &str, cgroup: &str) {
    let mut command = place.network.command(&installer::lab::installed("unshare", "util-linux").unwrap()).unwrap();
    let script = format!("set -e; {mount}; exec \"$@\"");
    command.args(["--mount", "sh", "-c", &script, "sh"]).arg(own_program("pullgate"));
    command.args(["egress", "apply", "--cgroup", cgroup, "--state-file"]).arg(place.state_file());
    command.current_dir(place.lab.dir()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{mount}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_is_known_however_control_groups_are_mounted() {
    const EMPTY: &str = "umount -R /sys/fs/cgroup";
    let place = Place::new().await;
    place.answer("127.0.0.1:5000", "registry");
    place.lab.make_dir("tree").unwrap();
    let lab = place.lab.dir().file_name().unwrap().to_str().unwrap();
    let cgroup = format!("{lab}/engine");
    for mount in [
        // A machine of today.
        format!("{EMPTY}; mount -t cgroup2 cgroup2 /sys/fs/cgroup"),
        // One with both versions.
        format!(
            "{EMPTY}; mount -t tmpfs tmpfs /sys/fs/cgroup; mkdir /sys/fs/cgroup/unified; \
             mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified"
        ),
        // Anywhere else.
        format!("{EMPTY}; mount -t cgroup2 cgroup2 {}", place.lab.path("tree").display()),
    ] {
        place.egress("remove", &[]).await.success().unwrap();
        assert_eq!(place.dial_inside("127.0.0.1", 5000).await, "registry", "{mount}");
        applied_where(&place, &mount, &cgroup).await;
        assert_eq!(place.dial_inside("127.0.0.1", 5000).await, "door for 127.0.0.1:5000", "{mount}");
        assert_eq!(place.dial_outside("127.0.0.1", 5000).await, "registry", "{mount}");
    }
}
