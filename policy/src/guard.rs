//! The tamper guard: which host paths and rights lead to the engine's or pullgate's own control
//! files, or make a person root on the host, which leads there too.
//!
//! Paths are judged as text here. A symbolic link can lead anywhere, and only an enforcer can
//! follow it: it resolves each [`HostPath`] of an action and judges what it finds again.
//!
//! Not known here: a data root of the engine elsewhere than below `/var`, volumes and containers
//! that were made before the guard was on, and what engine plugins do. The engine follows a link
//! anew at each start of a container, and nobody looks then: against a person who makes both the
//! link and the container, the guard of paths does not hold.

use alloc::{
    borrow::Cow,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use crate::{action::Reach, image::ImageRef};

/// A path on the host that a request opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPath {
    /// As the request says it.
    pub path: String,
    /// Whether it is opened for reading only.
    pub read_only: bool,
    /// True for a device, false for a directory or file.
    pub device: bool,
}

/// Trees of the system. What lies above one holds it.
const SYSTEM: [&str; 23] = [
    "/bin",
    "/boot",
    "/dev",
    "/efi",
    "/etc",
    "/gnu",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix",
    "/opt/cni",
    // First in the search path of containerd's shims.
    "/opt/containerd",
    "/ostree",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/snap",
    "/sys",
    "/sysroot",
    "/usr",
    "/.snapshots",
];
/// All of it but [`HARMLESS`]: package managers, schedulers, sockets, the engine's data.
const VAR: &str = "/var";
/// Root's own part of a harmless tree.
const ROOTS_OWN: &str = "/run/user/0";
/// Parts of these trees that lead nowhere.
const HARMLESS: [&str; 5] = ["/dev/shm", "/run/user", "/var/opt", "/var/tmp", "/var/www"];
/// Parts of these trees that lead nowhere when they are only read. A socket can be used through
/// a mount that is only read, and secrets are read: neither is here.
const HARMLESS_TO_READ: [&str; 25] = [
    "/bin",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/fonts",
    "/etc/group",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/machine-id",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
    "/etc/timezone",
    "/lib",
    "/lib64",
    // Where `/etc/resolv.conf` leads.
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/sbin",
    "/usr",
    "/var/lib/ca-certificates",
    "/var/log",
];
/// Devices that lead to neither disks nor memory of the host.
const HARMLESS_DEVICES: [&str; 33] = [
    "/dev/accel",
    "/dev/bus/usb",
    "/dev/dri",
    "/dev/dxg",
    "/dev/full",
    "/dev/fuse",
    "/dev/gpiochip",
    "/dev/i2c-",
    "/dev/infiniband",
    "/dev/input",
    "/dev/kfd",
    "/dev/kvm",
    "/dev/media",
    "/dev/net/tun",
    "/dev/null",
    "/dev/nvidia",
    "/dev/nvidia-caps",
    "/dev/nvidia-modeset",
    "/dev/nvidia-uvm",
    "/dev/nvidia-uvm-tools",
    "/dev/nvidiactl",
    "/dev/random",
    "/dev/serial",
    "/dev/snd",
    "/dev/ttyACM",
    "/dev/ttyAMA",
    "/dev/ttyS",
    "/dev/ttyUSB",
    "/dev/urandom",
    "/dev/v4l",
    "/dev/vhost-net",
    "/dev/video",
    "/dev/zero",
];
/// Capabilities with which a container gets out, or moves the clock by which rules end. `SYS_PTRACE`
/// sees only the container's own processes, unless its process ids are the host's.
const CAPABILITIES: [&str; 13] = [
    "ALL",
    "BPF",
    "CHECKPOINT_RESTORE",
    "DAC_READ_SEARCH",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "NET_ADMIN",
    "PERFMON",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_TIME",
];

impl HostPath {
    /// A directory or file.
    #[must_use]
    pub fn mount(path: &str, read_only: bool) -> Self {
        Self { path: path.to_string(), read_only, device: false }
    }

    /// A device.
    #[must_use]
    pub fn device(path: &str) -> Self {
        Self { path: path.to_string(), read_only: false, device: true }
    }

    /// Whether this path, or what an enforcer resolved it to, leads to control files.
    #[must_use]
    pub fn reaches(&self, resolved: &str) -> bool {
        let path = clean(resolved);
        let in_any = |trees: &[&str]| trees.iter().any(|tree| is_in(&path, tree));
        let harmless_device = HARMLESS_DEVICES.iter().any(|device| is_device(&path, device));
        if self.device {
            return !harmless_device;
        }
        let trees = || SYSTEM.iter().chain([&VAR, &ROOTS_OWN]);
        // The directories of people are theirs; all of them together are nobody's.
        let above = matches!(path.as_str(), "/" | "/home") || trees().any(|tree| is_in(tree, &path) && *tree != path);
        let inside = trees().any(|tree| is_in(&path, tree));
        let harmless = harmless_device || in_any(&HARMLESS) || (self.read_only && in_any(&HARMLESS_TO_READ));
        above || (inside && !harmless) || is_in(&path, ROOTS_OWN)
    }

    /// What a developer reads when it leads there; `resolved` differs where a link was followed.
    #[must_use]
    pub fn reach(&self, resolved: &str) -> Reach {
        let (word, noun) = if self.device { ("device", "the device") } else { ("bind", "the host path") };
        let by_link = if clean(resolved) == clean(&self.path) {
            String::new()
        } else {
            format!(" (a link to `{}`)", shown(resolved))
        };
        Reach { word, what: format!("{noun} `{}`{by_link}", shown(&self.path)) }
    }
}

/// The name of a capability, if a container gets out with it.
pub(crate) fn capability(name: &str) -> Option<&'static str> {
    // Go's `strings.ToUpper`: `ſ` becomes S, and `ı` becomes I.
    let upper = name.trim().to_uppercase();
    let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
    CAPABILITIES.into_iter().find(|known| *known == name)
}

/// A driver that is looked up along a path: engines join its name to the directories of plugins
/// and dial what they find (moby `pkg/plugins/discovery.go`). Names of images are managed plugins.
pub(crate) fn driver(name: &str) -> Option<Reach> {
    let path = name.contains('/') && ImageRef::parse(name).is_err();
    (path || name.contains("..")).then(|| Reach { word: "driver", what: format!("the driver `{}`", shown(name)) })
}

impl Reach {
    pub(crate) fn new(word: &'static str, what: &str) -> Self {
        Self { word, what: what.to_string() }
    }
}

/// Whether `path` is `tree` or below it.
fn is_in(path: &str, tree: &str) -> bool {
    path.strip_prefix(tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || tree == "/")
}

/// Whether `path` is the device, one of a numbered row of it, or in its directory.
fn is_device(path: &str, device: &str) -> bool {
    path.strip_prefix(device)
        .is_some_and(|rest| rest.starts_with('/') || rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Go's `filepath.Clean` of an absolute path.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Control characters would break a line of a log.
fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
