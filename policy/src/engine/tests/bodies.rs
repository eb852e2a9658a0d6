//! JSON bodies: what starts, what is fetched, what opens the host.

use super::*;

fn read_json(target: &str, body: &str) -> Action {
    let content_type = Some("application/json");
    read(&Request { method: "POST", target, content_type, body: body.as_bytes(), ..Request::default() })
}

fn create(body: &str) -> Action {
    read_json("/v1.41/containers/create?name=x", body)
}

#[track_caller]
fn starts(body: &str, expected: &[&str]) {
    let action = create(body);
    let found: Vec<_> = action.started().map(|start| start.image.to_string()).collect();
    assert_eq!(
        (action.verdict(), found),
        ("not_governed", expected.iter().map(ToString::to_string).collect()),
        "{body}"
    );
}

#[track_caller]
fn reaches(action: &Action, words: &[&str], paths: &[&str]) {
    let Action::Governed(governed) = action else { panic!("{action:?}") };
    let found: Vec<_> = governed.reach.iter().map(|reach| reach.word).collect();
    assert_eq!(found, words, "{action:?}");
    let found: Vec<_> = governed.paths.iter().map(|path| path.path.as_str()).collect();
    assert_eq!(found, paths, "{action:?}");
}

#[test]
fn a_container_starts_from_what_the_body_says_last() {
    starts(r#"{"Image":"alpine"}"#, &["docker.io/library/alpine:latest"]);
    starts(r#"{"Image":"alpine","iMaGe":"evil/miner"}"#, &["docker.io/evil/miner:latest"]);
    starts(r#"{"Image":"e3b0c4"}"#, &["id:e3b0c4"]);
    starts(r#"{"Image":"sha256:e3b0c4"}"#, &["id:e3b0c4"]);
    let sha512 = format!("sha512:{}", "a".repeat(128));
    starts(&format!(r#"{{"Image":"{sha512}"}}"#), &[&sha512]);
    refuses(&read(&Request { method: "GET", target: &format!("/distribution/{sha512}/json"), ..Request::default() }));
    starts(
        r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"image","Source":"evil/x","Target":"/x"}]}}"#,
        &["docker.io/library/alpine:latest", "docker.io/evil/x:latest"],
    );
    // Engine 20.10 makes a container of nothing, too.
    starts("{}", &[]);
    assert!(matches!(create("{}").asks(), [Ask::Start(start)] if start.image == LocalImage::Empty));
    refuses(&create(""));
    refuses(&create("[]"));
    refuses(&create(r#"{"HostConfig":{"Mounts":[{"Type":"image"}],"mounts":[{"Source":"evil"}]}}"#));
    // A `null` in a repeated list keeps the element that was there.
    refuses(&create(r#"{"Image":"alpine","HostConfig":{"Binds":["/etc/docker:/x"],"Binds":[null]}}"#));
    refuses(&create(r#"{"Image":"alpine","HostConfig":{"SecurityOpt":["a","b"],"securityopt":["c"]}}"#));
    starts(
        r#"{"Image":"alpine","HostConfig":{"Binds":null,"Binds":["/home/u:/x"]}}"#,
        &["docker.io/library/alpine:latest"],
    );
    starts(
        r#"{"Image":"alpine","HostConfig":{"Mounts":[{"Type":"image","Source":"evil"}]},"HostConfig":null}"#,
        &["docker.io/library/alpine:latest"],
    );
    refuses(&read(&Request { method: "POST", target: "/containers/create", ..Request::default() }));
}

#[test]
fn what_opens_the_host_is_seen_in_every_spelling() {
    let body = r#"{"Image":"a","HostConfig":{"Binds":["/etc:/x:ro","vol:/y"],"Privileged":true,"PidMode":"host",
        "CapAdd":["cap_sys_admin","CHOWN"],"Devices":[{"PathOnHost":"/dev/sda"}],"SecurityOpt":["systempaths=unconfined"]}}"#;
    let words = ["privileged", "pid_host", "capability", "security_option"];
    reaches(&create(body), &words, &["/etc", "/dev/sda"]);
    // Engine 20.10 takes them beside `HostConfig` too.
    reaches(&create(r#"{"Image":"a","privileged":true,"BINDS":["/:/x"]}"#), &["privileged"], &["/"]);
    reaches(&create(r#"{"HostConfig":{"CapAdd":"ALL"}}"#), &["capability"], &[]);
    for annotation in ["org.systemd.property.Wants", "org.criu.config", "run.oci.hooks.stdout"] {
        reaches(
            &create(&format!(r#"{{"HostConfig":{{"Annotations":{{"{annotation}":"x"}}}}}}"#)),
            &["annotation"],
            &[],
        );
    }
    reaches(&create(r#"{"HostConfig":{"Annotations":{"com.example":"x"}}}"#), &[], &[]);
    for option in ["writable-cgroups", "writable-cgroups=1", "writable-cgroups:T", "systempaths:unconfined"] {
        reaches(&create(&format!(r#"{{"HostConfig":{{"SecurityOpt":["{option}"]}}}}"#)), &["security_option"], &[]);
    }
    reaches(&create(r#"{"HostConfig":{"SecurityOpt":["writable-cgroups=false","no-new-privileges"]}}"#), &[], &[]);
    reaches(&create(r#"{"HostConfig":{"CapAdd":["NET_ADMIN"],"NetworkMode":"host"}}"#), &["capability"], &[]);
    reaches(&create(r#"{"HostConfig":{"CapAdd":["NET_ADMIN"]}}"#), &[], &[]);
    reaches(&create(r#"{"HostConfig":{"ReadonlyPaths":[]}}"#), &["proc_paths"], &[]);
    reaches(&create(r#"{"HostConfig":{"ReadonlyPaths":null,"MaskedPaths":null}}"#), &[], &[]);
    reaches(&read_json("/containers/x/exec", r#"{"Privileged":true}"#), &["privileged"], &[]);
    assert_eq!(read_json("/containers/x/exec", r#"{"Cmd":["sh"]}"#), Action::NotGoverned("exec"));
    reaches(
        &read_post("/containers/x/start?checkpoint=a&checkpoint-dir=/x", None, Some("0")),
        &["checkpoint_dir"],
        &[],
    );
    reaches(&read_post("/containers/x/start?checkpoint=../../home/u/x", None, Some("0")), &["checkpoint_dir"], &[]);
    reaches(&create(r#"{"HostConfig":{"PidMode":"container:agent"}}"#), &["pid_container"], &[]);
    assert_eq!(read_post("/containers/x/start", Some("text/plain"), Some("0")), Action::NotGoverned("start"));
    assert_eq!(read_post("/containers/x/start", Some("text/plain"), None), Action::NotGoverned("start"));
}

#[test]
fn a_control_group_of_its_own_is_seen_in_every_spelling() {
    let check = |action: &Action, expected: bool| {
        assert_eq!(action.asks().contains(&Ask::CgroupParent), expected, "{action:?}");
    };
    for (body, expected) in [
        (r#"{"Image":"a","HostConfig":{"CgroupParent":"/other"}}"#, true),
        (r#"{"Image":"a","HostConfig":{"cgroupPARENT":"other.slice"}}"#, true),
        (r#"{"Image":"a","HostConfig":{"CgroupParent":"/other"},"HostConfig":{"Binds":[]}}"#, true),
        // Engine 20.10 takes it beside `HostConfig` too.
        (r#"{"Image":"a","CgroupParent":"/other"}"#, true),
        (r#"{"Image":"a","HostConfig":{"CgroupParent":""}}"#, false),
        (r#"{"Image":"a","HostConfig":{"CgroupParent":null}}"#, false),
        (r#"{"Image":"a","HostConfig":{"CgroupParent":"/other"},"HostConfig":null}"#, false),
        (r#"{"Image":"a","HostConfig":{"CgroupnsMode":"host"}}"#, false),
    ] {
        check(&create(body), expected);
    }
    for (query, expected) in [
        ("cgroupparent=%2Fother", true),
        ("version=2&cgroupparent=x", true),
        ("cgroupparent=&cgroupparent=x", true),
        ("cgroupparent=", false),
        ("CgroupParent=x", false),
    ] {
        check(&read_post(&format!("/v1.41/build?{query}"), Some("application/x-tar"), None), expected);
    }
    refuses(&create(r#"{"HostConfig":{"CgroupParent":["/other"]}}"#));
}

#[test]
fn volumes_that_are_mounts_of_the_host_are_seen() {
    let volume = |options: &str| read_json("/volumes/create", &format!(r#"{{"Name":"v","DriverOpts":{options}}}"#));
    for options in [
        r#"{"type":"ext4","device":"/dev/sda1"}"#,
        r#"{"type":"overlay","o":"lowerdir=/etc","device":"overlay"}"#,
        r#"{"type":"none","o":"bind,remount","device":"/home/u"}"#,
        // Flags are whole words; this is an overlay of /etc.
        r#"{"type":"overlay","o":"lowerdir=/home/u/bind,upperdir=/etc,workdir=/home/u/w","device":"overlay"}"#,
        r#"{"type":"none","o":"BIND","device":"/home/u"}"#,
        // As the value of a key `null` is an empty text; letter case counts.
        r#"{"type":"nfs","type":null,"device":"/dev/sda1"}"#,
        r#"{"Type":"nfs","device":"/dev/sda1"}"#,
    ] {
        reaches(&volume(options), &["volume_device"], &[]);
    }
    for options in [
        "null",
        "{}",
        r#"{"type":"tmpfs","device":"tmpfs","o":"size=1m"}"#,
        r#"{"type":"nfs","o":"addr=x","device":":/x"}"#,
    ] {
        assert_eq!(volume(options), Action::NotGoverned("volume_create"), "{options}");
    }
    // The flag makes the kernel ignore the type.
    for (kind, flags) in [("none", "bind"), ("nfs", "addr=x,bind"), ("tmpfs", "ro,rbind")] {
        let options = format!(r#"{{"type":"{kind}","o":"{flags}","device":"/home/u/data"}}"#);
        reaches(&volume(&options), &[], &["/home/u/data"]);
    }
    let emptied = read_json(
        "/volumes/create",
        r#"{"DriverOpts":{"type":"nfs"},"DriverOpts":null,"DriverOpts":{"device":"/dev/sda1"}}"#,
    );
    reaches(&emptied, &["volume_device"], &[]);
    let other = read_json("/volumes/create", r#"{"Driver":"vieux/sshfs","DriverOpts":{"device":"/x"}}"#);
    assert_eq!(other, Action::NotGoverned("volume_create"));
    // Engines join the name of a driver to a path and dial what is there.
    for body in
        [r#"{"Driver":"../../../home/u/evil"}"#, r#"{"Driver":"x/../pullgate"}"#, r#"{"Driver":"/home/u/evil"}"#]
    {
        reaches(&read_json("/volumes/create", body), &["driver"], &[]);
        reaches(&read_json("/networks/create", body), &["driver"], &[]);
    }
    assert_eq!(
        read_json("/networks/create", r#"{"Name":"n","Driver":"bridge"}"#),
        Action::NotGoverned("network_create")
    );
    reaches(&read_json("/networks/create", r#"{"IPAM":{"Driver":"../x"}}"#), &["driver"], &[]);
    reaches(&create(r#"{"HostConfig":{"VolumeDriver":"../x"}}"#), &["driver"], &[]);
    reaches(&create(r#"{"HostConfig":{"LogConfig":{"Type":"../x"}}}"#), &["driver"], &[]);
    reaches(
        &create(r#"{"HostConfig":{"LogConfig":{"Type":"json-file"},"VolumeDriver":"vieux/sshfs:latest"}}"#),
        &[],
        &[],
    );
    let inline = r#"{"HostConfig":{"Mounts":[{"Type":"volume","Source":"v","VolumeOptions":{"DriverConfig":{"Options":
        {"type":"none","o":"bind","device":"/etc"}}}}]}}"#;
    reaches(&create(inline), &[], &["/etc"]);
}

#[track_caller]
fn fetches(action: &Action, verdict: &str, expected: &[&str]) {
    let found: Vec<_> = action.fetched().map(crate::ImageRef::as_str).collect();
    assert_eq!((action.verdict(), found.as_slice()), (verdict, expected), "{action:?}");
}

#[test]
fn services_name_what_their_nodes_pull() {
    let service = |body: &str| read_json("/services/create", body);
    let image = &["docker.io/evil/svc:latest"];
    fetches(&service(r#"{"TaskTemplate":{"ContainerSpec":{"Image":"evil/svc"}}}"#), "understood", image);
    let folded = "{\"Tas\u{212a}Template\":{\"Container\u{17f}pec\":{\"image\":\"evil/svc\"}}}";
    fetches(&service(folded), "understood", image);
    let merged =
        r#"{"TaskTemplate":{"ContainerSpec":{"Image":"evil/svc"}},"TaskTemplate":{"ContainerSpec":{"Args":[]}}}"#;
    fetches(&service(merged), "understood", image);
    let forgotten = r#"{"TaskTemplate":{"ContainerSpec":{"Image":"evil/svc"}},"TaskTemplate":{"ContainerSpec":null}}"#;
    fetches(&service(forgotten), "not_governed", &[]);
    let kept = r#"{"TaskTemplate":{"ContainerSpec":{"Image":"evil/svc"}},"TaskTemplate":null}"#;
    fetches(&service(kept), "understood", image);
    let plugin =
        r#"{"TaskTemplate":{"Runtime":"plugin","PluginSpec":{"Remote":"evil/plug:1"},"ContainerSpec":{"Image":"a"}}}"#;
    fetches(&service(plugin), "understood", &["docker.io/evil/plug:1"]);
    let own = r#"{"TaskTemplate":{"Runtime":"plugin","PluginSpec":{"Name":"pullgate","Remote":"evil/plug:1","Privileges":[
        {"Name":"mount","Value":["/etc/docker"]}]}}}"#;
    assert!(service(own).asks().contains(&Ask::OwnName));
    reaches(&service(own), &[], &["/etc/docker"]);
    refuses(&service(""));
    let update = r#"{"TaskTemplate":{"ContainerSpec":{"Image":"evil/svc"}}}"#;
    fetches(&read_json("/services/web/update?version=3", update), "understood", image);
    // Where the pull fails the node starts what has the name.
    assert!(service(update).asks().iter().any(|ask| matches!(ask, Ask::Start(_))));
    assert_eq!(service(update).started().count(), 0, "it is fetched first");
    let short = service(r#"{"TaskTemplate":{"ContainerSpec":{"Image":"sha256:e3b0c4"}}}"#);
    assert_eq!(short.started().map(|start| start.image.to_string()).collect::<Vec<_>>(), ["id:e3b0c4"]);
    let rollback = read_json("/services/web/update?version=3&rollback=previous", update);
    assert_eq!((rollback.word(), rollback.verdict()), ("service_rollback", "unverifiable"));
    for kind in [r#""Type":"bind","#, r#""Type":"Bind","#, r#""Type":"b\u0131nd","#, r#""Type":"x","#, ""] {
        let mount = format!(r#"{{{kind}"Source":"/etc/docker","Target":"/x"}}"#);
        let body = format!(r#"{{"TaskTemplate":{{"ContainerSpec":{{"Image":"alpine","Mounts":[{mount}]}}}}}}"#);
        reaches(&service(&body), &[], &["/etc/docker"]);
    }
    reaches(
        &service(r#"{"TaskTemplate":{"ContainerSpec":{"Image":"a","Mounts":[{"Type":"volume","Source":"v"}]}}}"#),
        &[],
        &[],
    );
    let by_id = service(&format!(r#"{{"TaskTemplate":{{"ContainerSpec":{{"Image":"sha256:{}"}}}}}}"#, "a".repeat(64)));
    assert_eq!((by_id.verdict(), by_id.started().count()), ("not_governed", 1));
}

#[test]
fn engine_plugins_are_named_and_never_take_our_name() {
    fetches(
        &read_json("/plugins/pull?remote=vieux/sshfs&name=", "[]"),
        "understood",
        &["docker.io/vieux/sshfs:latest"],
    );
    fetches(&read_json("/plugins/p/upgrade?remote=evil/p", "null"), "understood", &["docker.io/evil/p:latest"]);
    refuses(&read_post("/plugins/pull?remote=vieux/sshfs", Some("application/x-www-form-urlencoded"), Some("9")));
    refuses(&read_post("/plugins/pull?remote=vieux/sshfs", Some("application/json"), Some("3")));
    for target in [
        "/plugins/pull?remote=evil/p&name=pullgate",
        "/plugins/pull?remote=pullgate",
        "/plugins/pull?remote=evil/p&name=docker.io/library/pullgate:latest",
    ] {
        assert!(read_json(target, "[]").asks().contains(&Ask::OwnName), "{target}");
    }
    assert!(read_post("/plugins/create?name=pullgate", Some("application/x-tar"), None).asks().contains(&Ask::OwnName));
    assert!(read_post("/plugins/pullgate:latest/enable?timeout=0", None, Some("0")).asks().contains(&Ask::OwnName));
    assert_eq!(read_post("/plugins/other/enable?timeout=0", None, Some("0")), Action::NotGoverned("plugin_enable"));
    let rights = r#"[{"Name":"mount","Value":["/etc/docker"]},{"Name":"capabilities","Value":["CAP_SYS_ADMIN"]}]"#;
    reaches(&read_json("/plugins/pull?remote=evil/p", rights), &["capability"], &["/etc/docker"]);
    reaches(&read_json("/plugins/p/set", r#"["DEBUG=1","m.source=/etc","dev=/dev/sda"]"#), &[], &["/etc", "/dev/sda"]);
    reaches(&read_json("/plugins/p/set", r#"["m.source=../../etc"]"#), &[], &["../../etc"]);
    reaches(&read_post("/plugins/create?name=x", Some("application/x-tar"), None), &["local_plugin"], &[]);
    reaches(&read_post("/plugins/p/set", None, None), &["hidden_body"], &[]);
}

#[test]
fn a_build_is_blind_but_for_what_it_names() {
    let built = read_post("/build?t=acme/app:1&t=x", Some("application/x-tar"), None);
    fetches(&built, "unverifiable", &[]);
    let names: Vec<_> = built.asks().iter().filter_map(Ask::name).map(crate::ImageRef::as_str).collect();
    assert_eq!(names, ["docker.io/acme/app:1", "docker.io/library/x:latest"]);
    let named = "/build?cachefrom=%5B%22evil/cache%22%5D&buildargs=%7B%22BUILDKIT_SYNTAX%22%3A%22evil/front%3A1%20x%22%2C%22A%22%3Anull%7D";
    let expected = &["docker.io/evil/cache:latest", "docker.io/evil/front:1"];
    fetches(&read_post(named, Some("application/x-tar"), None), "unverifiable", expected);
    refuses(&read_post("/build?cachefrom=x", Some("application/x-tar"), None));
    refuses(&read_post("/build?buildargs=%5B%5D", Some("application/x-tar"), None));
    fetches(&read_post("/grpc", None, None), "unverifiable", &[]);
}
