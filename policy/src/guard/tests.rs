//! Paths, devices and capabilities, in every spelling.

use super::*;

#[track_caller]
fn check(path: &str, read_only: bool, expected: bool) {
    assert_eq!(HostPath::mount(path, read_only).reaches(path), expected, "{path} read_only={read_only}");
}

#[test]
fn what_leads_to_control_files_is_known_with_its_parents() {
    for path in [
        "/",
        "//",
        "/etc",
        "/etc/",
        "/etc/docker",
        "/etc/docker/daemon.json",
        "/etc/pullgate/enrollment.json",
        "/run",
        "/run/docker.sock",
        "/var/run/docker.sock",
        "/run/docker/plugins",
        "/run/pullgate",
        "/var",
        "/var/lib",
        "/var/lib/docker/overlay2",
        "/home",
        "/var/snap",
        "/var/spool/cron",
        "/opt/containerd/bin",
        "/opt",
        "/run/user",
        "/run/user/0/systemd",
        "/proc",
        "/proc/1/root",
        "/sys/fs/cgroup",
        "/dev",
        "/dev/sda",
        "/home/u/../../etc/docker",
        "/home/./../etc",
        "/usr/lib/systemd/system",
        "/root/.docker",
        "/../../etc",
    ] {
        check(path, false, true);
    }
    // A socket is used through a mount that is only read, and secrets are read.
    for path in ["/run/docker.sock", "/etc", "/etc/shadow", "/", "/proc", "/var/lib", "/root"] {
        check(path, true, true);
    }
}

#[test]
fn what_developers_mount_every_day_is_let_through() {
    for path in ["/home/u/project", "/home/u", "/srv/data", "/tmp", "/mnt/x", "/opt/x", "/var/tmp", "/etcetera"] {
        check(path, false, false);
    }
    for path in ["/dev/shm", "/dev/dri", "/dev/null", "/run/user/1000/wayland-0", "/tmp/.X11-unix"] {
        check(path, false, false);
    }
    for path in ["/etc/localtime", "/etc/ssl/certs", "/usr/share/zoneinfo", "/etc/passwd"] {
        check(path, true, false);
        check(path, false, true);
    }
}

#[test]
fn devices_are_an_allowlist() {
    let check = |path: &str, expected| assert_eq!(HostPath::device(path).reaches(path), expected, "{path}");
    for path in ["/dev/dri/card0", "/dev/kvm", "/dev/video0", "/dev/ttyUSB12", "/dev/nvidia0", "/dev/./fuse"] {
        check(path, false);
    }
    for path in ["/dev/sda", "/dev/mem", "/dev/dm-0", "/dev/kvmx", "/dev/videosda", "/home/u/disk", "sda", "/dev", ""] {
        check(path, true);
    }
}

#[test]
fn capabilities_in_any_spelling() {
    for name in ["SYS_ADMIN", "cap_sys_admin", "CAP_SYS_ADMIN", "all", "Sys_Time", "\u{17f}ys_admin", "SYS_ADM\u{131}N"]
    {
        assert!(capability(name).is_some(), "{name}");
    }
    for name in ["CHOWN", "SYS_PTRACE", "NET_BIND_SERVICE", "CAP_CAP_SYS_ADMIN", ""] {
        assert!(capability(name).is_none(), "{name}");
    }
}

#[test]
fn a_link_is_named_with_where_it_leads() {
    let path = HostPath::mount("/home/u/x", false);
    assert!(path.reaches("/etc/docker"));
    assert_eq!(path.reach("/etc/docker").what, "the host path `/home/u/x` (a link to `/etc/docker`)");
    assert_eq!(path.reach("/home/u/x/").what, "the host path `/home/u/x`");
}
