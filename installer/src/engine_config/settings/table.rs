//! Every setting of releases 20.10 to 29: its key in the file, its flag, and what it takes.
//!
//! Asked of engines 20.10.24, 26.1.5 and 28.5.2, one value of each type for each; of 29 as its source has it
//! (`daemon/command/config.go`, `config_unix.go`, `options.go`, `daemon/config`).

use super::{Setting, Since, Takes};

use Since::{Always, From23, Gone};
use Takes::{Integer, List, Map, Object, Size, Switch, SwitchMap, Text, TextMap, Texts};

const fn row(key: &'static str, flag: &'static str, letter: char, takes: Takes, since: Since) -> Setting {
    Setting { key, flag, letter, takes, since }
}

/// A flag of the same name.
const fn same(key: &'static str, takes: Takes, since: Since) -> Setting {
    row(key, key, '\0', takes, since)
}

/// In the file only.
const fn file_only(key: &'static str, takes: Takes, since: Since) -> Setting {
    row(key, "", '\0', takes, since)
}

/// A flag only. In the file the engine takes its name, and ignores it.
const fn flag_only(flag: &'static str, letter: char, takes: Takes, since: Since) -> Setting {
    row("", flag, letter, takes, since)
}

pub(super) const SETTINGS: &[Setting] = &[
    same("allow-direct-routing", Switch, From23),
    same("allow-nondistributable-artifacts", Texts, Always),
    same("api-cors-header", Text, Always),
    row("authorization-plugins", "authorization-plugin", '\0', Texts, Always),
    same("bip", Text, Always),
    same("bip6", Text, From23),
    row("bridge", "bridge", 'b', Text, Always),
    same("bridge-accept-fwmark", Text, From23),
    file_only("builder", Map, Always),
    row("cdi-spec-dirs", "cdi-spec-dir", '\0', Texts, From23),
    same("cgroup-parent", Text, Always),
    same("cluster-advertise", Text, Gone),
    same("cluster-store", Text, Gone),
    row("cluster-store-opts", "cluster-store-opt", '\0', TextMap, Gone),
    same("containerd", Text, Always),
    same("containerd-namespace", Text, Always),
    flag_only("containerd-plugins-namespace", '\0', Text, Always),
    same("cpu-rt-period", Integer, Always),
    same("cpu-rt-runtime", Integer, Always),
    same("cri-containerd", Switch, Always),
    same("data-root", Text, Always),
    row("debug", "debug", 'D', Switch, Always),
    row("default-address-pools", "default-address-pool", '\0', List, Always),
    same("default-cgroupns-mode", Text, Always),
    same("default-gateway", Text, Always),
    same("default-gateway-v6", Text, Always),
    same("default-ipc-mode", Text, Always),
    row("default-network-opts", "default-network-opt", '\0', Map, From23),
    same("default-runtime", Text, Always),
    same("default-shm-size", Size, Always),
    same("default-stop-timeout", Integer, From23),
    row("default-ulimits", "default-ulimit", '\0', Map, Always),
    file_only("deprecated-key-path", Text, Always),
    same("dns", Texts, Always),
    row("dns-opts", "dns-opt", '\0', Texts, Always),
    same("dns-search", Texts, Always),
    row("exec-opts", "exec-opt", '\0', Texts, Always),
    same("exec-root", Text, Always),
    same("experimental", Switch, Always),
    row("features", "feature", '\0', SwitchMap, Always),
    same("firewall-backend", Text, From23),
    same("fixed-cidr", Text, Always),
    same("fixed-cidr-v6", Text, Always),
    row("graph", "graph", 'g', Text, Gone),
    row("group", "group", 'G', Text, Always),
    same("host-gateway-ip", Text, Always),
    row("host-gateway-ips", "host-gateway-ip", '\0', Texts, From23),
    row("hosts", "host", 'H', Texts, Always),
    same("icc", Switch, Always),
    same("init", Switch, Always),
    same("init-path", Text, Always),
    row("insecure-registries", "insecure-registry", '\0', Texts, Always),
    same("ip", Text, Always),
    same("ip-forward", Switch, Always),
    same("ip-forward-no-drop", Switch, From23),
    same("ip-masq", Switch, Always),
    same("ip6tables", Switch, Always),
    same("iptables", Switch, Always),
    same("ipv6", Switch, Always),
    row("labels", "label", '\0', Texts, Always),
    same("live-restore", Switch, Always),
    same("log-driver", Text, Always),
    same("log-format", Text, From23),
    row("log-level", "log-level", 'l', Text, Always),
    row("log-opts", "log-opt", '\0', TextMap, Always),
    same("max-concurrent-downloads", Integer, Always),
    same("max-concurrent-uploads", Integer, Always),
    same("max-download-attempts", Integer, Always),
    same("metrics-addr", Text, Always),
    file_only("min-api-version", Text, From23),
    same("mtu", Integer, Always),
    same("network-control-plane-mtu", Integer, Always),
    same("network-diagnostic-port", Integer, Always),
    same("no-new-privileges", Switch, Always),
    row("node-generic-resources", "node-generic-resource", '\0', Texts, Always),
    same("nri-opts", Map, From23),
    same("oom-score-adjust", Integer, Gone),
    row("pidfile", "pidfile", 'p', Text, Always),
    file_only("proxies", Object, From23),
    same("raw-logs", Switch, Always),
    row("registry-mirrors", "registry-mirror", '\0', Texts, Always),
    same("rootless", Switch, Always),
    row("runtimes", "add-runtime", '\0', Map, Always),
    same("seccomp-profile", Text, Always),
    same("selinux-enabled", Switch, Always),
    same("shutdown-timeout", Integer, Always),
    row("storage-driver", "storage-driver", 's', Text, Always),
    row("storage-opts", "storage-opt", '\0', Texts, Always),
    same("swarm-default-advertise-addr", Text, Always),
    same("tls", Switch, Always),
    same("tlscacert", Text, Always),
    same("tlscert", Text, Always),
    same("tlskey", Text, Always),
    same("tlsverify", Switch, Always),
    same("userland-proxy", Switch, Always),
    same("userland-proxy-path", Text, Always),
    same("userns-remap", Text, Always),
    flag_only("config-file", '\0', Text, Always),
    flag_only("help", 'h', Switch, Always),
    flag_only("http-proxy", '\0', Text, From23),
    flag_only("https-proxy", '\0', Text, From23),
    flag_only("no-proxy", '\0', Text, From23),
    flag_only("restart", 'r', Switch, Always),
    flag_only("validate", '\0', Switch, From23),
    flag_only("version", 'v', Switch, Always),
];
