//! Made-up machines.

use std::{fs, os::unix::fs::symlink, process::Command};

use super::{
    describe::{CONFIG, SNAP_CONFIG},
    *,
};

/// A machine's files, below a directory.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        tree.process(1, 0, "/sbin/init", &[], "0::/init.scope", 1);
        tree
    }

    fn file(&self, path: &str, text: &str) -> &Self {
        let path = below(self.0.path(), Path::new(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn link(&self, path: &str, target: &str) -> &Self {
        let path = below(self.0.path(), Path::new(path));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    fn process(&self, pid: u32, uid: u32, program: &str, flags: &[&str], cgroup: &str, namespace: u32) -> &Self {
        let cmdline: String = [program].iter().chain(flags).map(|argument| format!("{argument}\0")).collect();
        self.file(&format!("/proc/{pid}/cmdline"), &cmdline)
            .file(&format!("/proc/{pid}/status"), &format!("Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n"))
            .file(&format!("/proc/{pid}/cgroup"), &format!("{cgroup}\n"))
            .link(&format!("/proc/{pid}/exe"), program)
            .link(&format!("/proc/{pid}/ns/pid"), &format!("pid:[{namespace}]"))
    }

    fn find(&self) -> Found {
        find(self.0.path())
    }

    fn only(&self) -> FoundEngine {
        let found = self.find();
        assert_eq!(found.engines.len(), 1, "{found:?}");
        found.engines[0].clone()
    }
}

/// As Debian's package has it.
const UNIT: &str = "[Unit]
Description=Docker Application Container Engine
[Service]
Type=notify
EnvironmentFile=-/etc/default/docker
ExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS
ExecReload=/bin/kill -s HUP $MAINPID
";
const SOCKET_UNIT: &str = "[Socket]\nListenStream=/run/docker.sock\n";

fn packaged() -> Tree {
    let tree = Tree::new();
    tree.file("/lib/systemd/system/docker.service", UNIT).file("/lib/systemd/system/docker.socket", SOCKET_UNIT);
    tree
}

#[test]
fn a_packaged_engine_is_found_whether_it_runs_or_not() {
    let tree = packaged();
    let engine = tree.only();
    assert_eq!((engine.kind, engine.unit.as_deref()), (Kind::Packaged, Some("docker.service")));
    assert_eq!(engine.flags, ["-H", "fd://"]);
    assert_eq!((engine.pid, engine.running_flags), (None, None));
    assert_eq!(engine.config_file, Path::new("/etc/docker/daemon.json"));
    assert_eq!(engine.socket, Path::new("/run/docker.sock"));
    assert_eq!(engine.dockerd.as_deref(), Some(Path::new("/usr/sbin/dockerd")));
    assert_eq!(engine.drop_in_dir.as_deref(), Some(Path::new("/etc/systemd/system/docker.service.d")));

    let running = ["-H", "fd://", "--debug"];
    tree.process(700, 0, "/usr/sbin/dockerd", &running, "0::/system.slice/docker.service", 1);
    let engine = tree.only();
    assert_eq!(engine.pid, Some(700));
    assert_eq!(engine.flags, ["-H", "fd://"], "what it is started with next");
    assert_eq!(engine.running_flags.unwrap(), running, "what a reload goes by");
}

#[test]
fn drop_ins_and_environment_files_count_as_the_manager_reads_them() {
    let tree = packaged();
    tree.file("/etc/default/docker", "# options\nDOCKER_OPTS=\"--debug --data-root '/srv/my docker'\"\n");
    assert_eq!(tree.only().flags, ["-H", "fd://", "--debug", "--data-root", "/srv/my docker"]);

    tree.file(
        "/etc/systemd/system/docker.service.d/10-flags.conf",
        "[Service]\nEnvironment=\"A=--mtu=1400\" B=x\nExecStart=\nExecStart=-/usr/bin/dockerd \\\n  ${A} --label=\"b=${B} $$\" \\\n  # why\n  --config-file=/etc/docker/%%d.json\n",
    );
    let engine = tree.only();
    assert_eq!(engine.flags, ["--mtu=1400", "--label=b=x $", "--config-file=/etc/docker/%d.json"]);
    assert_eq!(engine.config_file, Path::new("/etc/docker/%d.json"));
    assert_eq!(engine.socket, Path::new("/var/run/docker.sock"));

    // A later file name wins, and /etc before /usr/lib for the same name.
    tree.file(
        "/usr/lib/systemd/system/docker.service.d/20-more.conf",
        "[Service]\nExecStart=\nExecStart=/x/dockerd --icc=false\n",
    );
    assert_eq!(tree.only().flags, ["--icc=false"]);
    tree.file(
        "/etc/systemd/system/docker.service.d/20-more.conf",
        "[Service]\nExecStart=\nExecStart=/y/dockerd -H unix:///run/y.sock\n",
    );
    let engine = tree.only();
    assert_eq!((engine.flags[0].as_str(), engine.socket.to_str()), ("-H", Some("/run/y.sock")));
    // Another unit in /etc takes its place.
    tree.file("/etc/systemd/system/docker.service", "[Service]\nExecStart=/z/dockerd\n");
    assert_eq!(tree.only().flags[0], "-H", "drop-ins stay");
}

#[test]
fn proxies_of_the_environment_are_seen_and_not_printed() {
    let tree = packaged();
    tree.file("/etc/default/docker", "no_proxy=registry.acme.example\nDOCKER_OPTS=\n")
        .file(
            "/run/systemd/system/service.d/proxy.conf",
            "[Service]\nEnvironment=HTTPS_PROXY=http://u:secret%%40@proxy:3128 LANG=C\n",
        )
        .process(3, 0, "/usr/sbin/dockerd", &[], "0::/system.slice/docker.service", 1)
        .file("/proc/3/environ", "HTTPS_PROXY=http://old:1\0HTTP_PROXY=http://p:1\0PATH=/bin\0");
    let environment = tree.only().environment;
    assert_eq!(environment.get("NO_PROXY"), Some("registry.acme.example"));
    assert_eq!(environment.get("HTTPS_PROXY"), Some("http://u:secret%40@proxy:3128"), "as systemd reads it");
    assert_eq!(environment.names().collect::<Vec<_>>(), ["HTTPS_PROXY", "HTTP_PROXY", "no_proxy"]);
    assert!(!format!("{environment:?}").contains("secret"));
}

#[test]
fn a_masked_unit_and_one_without_an_engine_are_none() {
    let tree = Tree::new();
    tree.link("/etc/systemd/system/docker.service", "/dev/null").file("/lib/systemd/system/docker.service", UNIT);
    tree.file("/lib/systemd/system/containerd.service", "[Service]\nExecStart=/usr/bin/containerd\n");
    assert_eq!(tree.find(), Found::default());
    assert!(matches!(pick(&tree.find(), None), Err(PickError::None { .. })));
}

#[test]
fn hosts_of_the_file_say_where_an_engine_answers() {
    let tree = Tree::new();
    tree.file("/etc/systemd/system/docker.service", "[Service]\nExecStart=/usr/bin/dockerd\n")
        .file("/etc/docker/daemon.json", r#"{"hosts": ["tcp://127.0.0.1:2375", "unix:///srv/docker.sock"]}"#);
    assert_eq!(tree.only().socket, Path::new("/srv/docker.sock"));
}

#[test]
fn a_unit_that_hides_its_flags_shows_those_of_its_process() {
    let tree = Tree::new();
    tree.file(
        "/etc/systemd/system/engine.service",
        "[Service]\nExecStart=/bin/sh -c \"exec /usr/bin/dockerd $(cat /flags)\"\n",
    );
    tree.process(9, 0, "/usr/bin/dockerd", &["--mtu", "1400"], "1:name=systemd:/system.slice/engine.service", 1);
    let engine = tree.only();
    assert_eq!((engine.unit.as_deref(), engine.pid), (Some("engine.service"), Some(9)));
    assert_eq!(engine.flags, ["--mtu", "1400"]);
    assert!(engine.notes[0].contains("another program"), "{:?}", engine.notes);
}

#[test]
fn the_snap_has_its_own_file() {
    let tree = Tree::new();
    tree.file(
        "/etc/systemd/system/snap.docker.dockerd.service",
        "[Service]\nExecStart=/usr/bin/snap run docker.dockerd\n",
    );
    let engine = tree.only();
    assert_eq!(engine.kind, Kind::Snap);
    assert_eq!(engine.config_file, Path::new(SNAP_CONFIG));
    assert_eq!(pick(&tree.find(), Some("snap")).unwrap(), &engine);
    let flags = ["--config-file=/var/snap/docker/2963/config/daemon.json", "--data-root=/var/snap/docker/common"];
    tree.process(4, 0, "/snap/docker/2963/bin/dockerd", &flags, "0::/system.slice/snap.docker.dockerd.service", 1);
    let engine = tree.only();
    assert_eq!(engine.config_file, Path::new("/var/snap/docker/2963/config/daemon.json"));
    assert_eq!(engine.dockerd.as_deref(), Some(Path::new("/snap/docker/2963/bin/dockerd")));
}

#[test]
fn a_rootless_engine_is_found_and_not_governed() {
    let tree = packaged();
    tree.file(
        "/etc/passwd",
        "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n",
    )
    .file("/home/ann/.config/systemd/user/docker.service", "[Service]\nExecStart=/usr/bin/dockerd-rootless.sh\n");
    let cgroup = "0::/user.slice/user-1001.slice/user@1001.service/app.slice/run-7.scope";
    tree.process(8, 1001, "dockerd", &["-H", "unix:///home/bob/d.sock"], cgroup, 1);
    tree.process(9, 4000, "dockerd", &[], cgroup, 1);
    let found = tree.find();
    let names: Vec<_> = found.engines.iter().map(FoundEngine::name).collect();
    assert_eq!(names, ["docker", "rootless:ann", "rootless:bob", "rootless:4000"]);
    let [_, ann, bob, _] = &found.engines[..] else { panic!() };
    assert_eq!(ann.config_file, Path::new("/home/ann/.config/docker/daemon.json"));
    assert_eq!(ann.socket, Path::new("/run/user/1000/docker.sock"));
    assert_eq!((bob.socket.to_str(), bob.pid), (Some("/home/bob/d.sock"), Some(8)));
    assert!(found.engines[1..].iter().all(|engine| engine.ungoverned.is_some()));
    assert_eq!(pick(&found, None).unwrap().name(), "docker");
    let refused = pick(&found, Some("rootless:1000")).unwrap_err().to_string();
    assert!(refused.contains("`rootless:ann` cannot be governed") && refused.contains("/etc/subuid"), "{refused}");
}

/// Who looks is root: what a user put there must neither be run, nor be edited, nor hold the command up.
#[test]
fn what_a_user_put_there_is_none_of_the_systems_engines() {
    let tree = packaged();
    tree.file("/etc/passwd", "eve:x:1000:1000::/home/eve:/bin/sh\n")
        .file("/home/eve/.config/systemd/user/docker.service", "[Service]\nExecStart=/usr/bin/dockerd\n")
        .process(8, 1000, "/home/eve/dockerd", &["--config-file=/home/eve/trap"], "0::/user.slice", 1);
    let names: Vec<_> = of_the_system(tree.0.path()).iter().map(FoundEngine::name).collect();
    assert_eq!(names, ["docker"]);
    let found = tree.find();
    assert_eq!(found.engines[1].dockerd.as_deref(), Some(Path::new("/home/eve/dockerd")));
    assert!(found.engines[1].ungoverned.is_some());

    // A FIFO that nobody writes to.
    let unit = below(tree.0.path(), Path::new("/home/eve/.config/systemd/user/docker.service"));
    fs::remove_file(&unit).unwrap();
    assert!(Command::new("mkfifo").arg(&unit).status().unwrap().success());
    assert_eq!(tree.find().engines.len(), 2, "it is not waited for");
}

#[test]
fn several_engines_are_told_apart() {
    let tree = packaged();
    tree.process(
        8,
        0,
        "/opt/dockerd",
        &["-H", "unix:///run/second.sock", "--config-file", "/etc/second.json"],
        "0::/a.scope",
        1,
    );
    let found = tree.find();
    let error = pick(&found, None).unwrap_err().to_string();
    assert_eq!(error, "there are several engines: `docker`, `/run/second.sock`; name one with `--engine`");
    for (name, config) in [
        ("docker", CONFIG),
        ("docker.service", CONFIG),
        ("unix:///var/run/docker.sock", CONFIG),
        ("/run/docker.sock", CONFIG),
        ("/run/second.sock", "/etc/second.json"),
    ] {
        assert_eq!(pick(&found, Some(name)).unwrap().config_file, Path::new(config), "{name}");
    }
    let error = pick(&found, Some("podman")).unwrap_err().to_string();
    assert_eq!(error, "there is no engine `podman`; there are: `docker`, `/run/second.sock`");
    assert_eq!(found.engines[1].kind, Kind::Process);
}

#[test]
fn what_is_no_engine_is_named() {
    let tree = Tree::new();
    tree.file("/usr/bin/docker", "#!/bin/sh\nexec /usr/bin/podman \"$@\"\n").file("/opt/docker-desktop/x", "");
    tree.process(50, 0, "dockerd", &[], "0::/system.slice/docker.service", 2);
    let found = tree.find();
    assert_eq!(found.engines, []);
    let names: Vec<_> = found.others.iter().map(|other| other.what.as_str()).collect();
    assert_eq!(names, ["Podman", "Docker Desktop", "1 in containers"]);
    let error = pick(&found, None).unwrap_err().to_string();
    assert!(error.contains("remove `podman-docker`"), "{error}");
}

#[test]
fn the_version_is_a_number() {
    for (said, version) in [
        ("Docker version 26.1.5+dfsg1, build 411e817\n", Some("26.1.5")),
        ("Docker version 29.7.2, build abc", Some("29.7.2")),
        ("Docker version 20.10.24+dfsg1, build 5d6db84", Some("20.10.24")),
        ("podman version 5.0", None),
    ] {
        assert_eq!(version::read(said).as_deref(), version);
    }
}

#[test]
fn words_are_split_as_systemd_splits_them() {
    let environment =
        words::Environment::from([("A".to_owned(), "x  'y z'".to_owned()), ("B".to_owned(), "b c".to_owned())]);
    for (line, expected) in [
        ("a  b\tc", &["a", "b", "c"][..]),
        (r#"--x="a b" 'c "d"' "" e\x20f"#, &["--x=a b", "c \"d\"", "", "e f"]),
        ("$A ${A} x$A $$B ${B}! $NO ${NO}", &["x", "y z", "x  'y z'", "x$A", "$B", "b c!", ""]),
    ] {
        assert_eq!(words::expand(line, &environment).unwrap(), expected, "{line}");
    }
    let words = ["--a=b", "", "c d", "e\"f\\", "$G ${H}", "100%", "ü\n'"].map(str::to_owned);
    let line = words::join(&words).replace("%%", "%");
    assert_eq!(words::expand(&line, &environment).unwrap(), words, "{line}");
    assert_eq!(words::split("a 'b"), Err(words::WordsError::OpenQuote));
    assert_eq!(words::split(r"a\q"), Err(words::WordsError::Escape));
}
