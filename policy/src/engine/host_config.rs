//! What a container's configuration opens on the host (moby `api/types/container/hostconfig.go`,
//! `api/types/mount`), as far as the tamper guard and image mounts are concerned.

use alloc::{format, string::String, vec::Vec};

use super::json::{Json, Result};
use crate::{
    action::Reach,
    guard::{HostPath, capability, driver},
};

const REPEATED: &str = "its JSON body repeats a list, whose old elements the engine may keep";

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Host {
    pub(super) reach: Vec<Reach>,
    pub(super) paths: Vec<HostPath>,
    /// Images that are mounted.
    pub(super) images: Vec<String>,
    /// The configuration is a service's (moby `daemon/cluster/convert/container.go`).
    pub(super) of_service: bool,
    /// Its control group is to be in another one than the engine would choose.
    pub(super) cgroup_parent: bool,
    net_admin: bool,
    pub(super) host_network: bool,
    seen_lists: Vec<&'static str>,
}

/// Fields of `HostConfig`. Engine 20.10 also takes them beside `HostConfig`.
pub(super) const FIELDS: [&str; 17] = [
    "Binds",
    "Mounts",
    "CapAdd",
    "Privileged",
    "PidMode",
    "Devices",
    "DeviceCgroupRules",
    "SecurityOpt",
    "MaskedPaths",
    "ReadonlyPaths",
    "UsernsMode",
    "NetworkMode",
    "VolumesFrom",
    "Annotations",
    "VolumeDriver",
    "LogConfig",
    "CgroupParent",
];

impl Host {
    /// Reads the value of the field of [`FIELDS`] with this number.
    pub(super) fn field(&mut self, json: &mut Json<'_>, number: usize) -> Result<()> {
        match FIELDS.get(number).copied() {
            Some("Binds") => self.binds(json),
            Some("Mounts") => self.mounts(json),
            Some("CapAdd") => self.capabilities(json),
            Some("Privileged") => self.flag(json, "privileged", "`--privileged`"),
            Some("PidMode") => self.pid(json),
            Some("UsernsMode") => self.mode(json, "userns_host", "`--userns=host`"),
            Some("NetworkMode") => self.network(json),
            Some("Devices") => self.devices(json),
            Some("DeviceCgroupRules") => self.any(json, "device_rule", "`--device-cgroup-rule`"),
            // The other container may have been let through as one that may reach the host.
            Some("VolumesFrom") => self.any(json, "volumes_from", "`--volumes-from`"),
            Some("SecurityOpt") => self.security_options(json),
            Some("Annotations") => self.annotations(json),
            Some("VolumeDriver") => self.driver(json),
            Some("LogConfig") => nullable(json, |json| json.object(&["Type"], |json, _| self.driver(json))),
            Some("CgroupParent") => {
                let mut parent = String::new();
                json.string_into(&mut parent)?;
                self.cgroup_parent |= !parent.is_empty();
                Ok(())
            }
            Some("MaskedPaths") => self.hidden_paths(json, &["/proc/kcore"]),
            Some("ReadonlyPaths") => self.hidden_paths(json, &["/proc/sys", "/proc/sysrq-trigger"]),
            _ => json.skip(),
        }
    }

    /// What follows from several fields together.
    pub(super) fn finish(&mut self) {
        if self.net_admin && self.host_network {
            self.reach.push(Reach::new("capability", "the capability NET_ADMIN on the host's network"));
        }
    }

    fn add(&mut self, word: &'static str, what: &str) {
        if !self.reach.iter().any(|reach| reach.word == word && reach.what == what) {
            self.reach.push(Reach::new(word, what));
        }
    }

    fn flag(&mut self, json: &mut Json<'_>, word: &'static str, what: &str) -> Result<()> {
        let mut on = false;
        json.bool_into(&mut on)?;
        if on {
            self.add(word, what);
        }
        Ok(())
    }

    fn mode(&mut self, json: &mut Json<'_>, word: &'static str, what: &str) -> Result<()> {
        let mut mode = String::new();
        json.string_into(&mut mode)?;
        if mode == "host" {
            self.add(word, what);
        }
        Ok(())
    }

    fn pid(&mut self, json: &mut Json<'_>) -> Result<()> {
        let mut mode = String::new();
        json.string_into(&mut mode)?;
        if mode == "host" {
            self.add("pid_host", "`--pid=host`");
        } else if mode.starts_with("container:") {
            // That container's may be the host's.
            self.add("pid_container", "`--pid=container:`");
        }
        Ok(())
    }

    fn network(&mut self, json: &mut Json<'_>) -> Result<()> {
        let mut mode = String::new();
        json.string_into(&mut mode)?;
        // Another container's network may be the host's.
        self.host_network |= mode == "host" || mode.starts_with("container:");
        Ok(())
    }

    /// `src:dst[:options]`; a source without `/` at its start is a volume's name.
    fn binds(&mut self, json: &mut Json<'_>) -> Result<()> {
        for bind in self.list(json, "Binds")? {
            let mut parts = bind.split(':');
            let source = parts.next().unwrap_or_default();
            if source.starts_with('/') {
                let options = parts.nth(1).unwrap_or_default();
                let read_only = options.split(',').any(|option| option == "ro");
                self.paths.push(HostPath::mount(source, read_only));
            }
        }
        Ok(())
    }

    pub(super) fn mounts(&mut self, json: &mut Json<'_>) -> Result<()> {
        if json.null()? {
            return Ok(());
        }
        self.once("Mounts")?;
        json.array(|json| self.mount(json))
    }

    /// Go decodes a repeated list into the elements that are there: a `null`, or a field that is
    /// left out, keeps the old one, also behind a shorter list in between.
    pub(super) fn once(&mut self, list: &'static str) -> Result<()> {
        if self.seen_lists.contains(&list) {
            return Err(REPEATED);
        }
        self.seen_lists.push(list);
        Ok(())
    }

    fn list(&mut self, json: &mut Json<'_>, list: &'static str) -> Result<Vec<String>> {
        if json.null()? {
            return Ok(Vec::new());
        }
        self.once(list)?;
        json.strings()
    }

    fn mount(&mut self, json: &mut Json<'_>) -> Result<()> {
        let (mut kind, mut source, mut read_only) = (String::new(), String::new(), false);
        let mut volume = VolumeDriver::default();
        if json.null()? {
            return Ok(());
        }
        json.object(&["Type", "Source", "ReadOnly", "VolumeOptions"], |json, field| match field {
            0 => json.string_into(&mut kind),
            1 => json.string_into(&mut source),
            2 => json.bool_into(&mut read_only),
            // Pointers: `null` forgets what they held.
            _ if json.null()? => {
                volume = VolumeDriver::default();
                Ok(())
            }
            _ => json.object(&["DriverConfig"], |json, _| {
                if json.null()? {
                    volume = VolumeDriver::default();
                    return Ok(());
                }
                json.object(&["Name", "Options"], |json, field| match field {
                    0 => json.string_into(&mut volume.name),
                    _ => volume.options(json),
                })
            }),
        })?;
        if kind == "image" {
            self.images.push(source.clone());
        }
        // Swarm takes a type in any letter case, and what it does not know for a bind.
        let binds = if self.of_service { !matches!(kind.as_str(), "volume" | "tmpfs") } else { kind == "bind" };
        if binds {
            self.paths.push(HostPath::mount(&source, read_only));
        }
        volume.judge(&mut self.reach, &mut self.paths);
        Ok(())
    }

    /// A list of texts, or one text (`strslice.StrSlice`).
    pub(super) fn capabilities(&mut self, json: &mut Json<'_>) -> Result<()> {
        let names = match json.peek() {
            Some(b'"') => alloc::vec![json.string()?.into_owned()],
            _ => self.list(json, "CapAdd")?,
        };
        for name in names.iter().filter_map(|name| capability(name)) {
            match name {
                // In a network of its own it reaches nothing.
                "NET_ADMIN" => self.net_admin = true,
                name => self.add("capability", &format!("the capability {name}")),
            }
        }
        Ok(())
    }

    fn devices(&mut self, json: &mut Json<'_>) -> Result<()> {
        if json.null()? {
            return Ok(());
        }
        self.once("Devices")?;
        json.array(|json| {
            let mut path = String::new();
            if json.null()? {
                return Ok(());
            }
            json.object(&["PathOnHost"], |json, _| json.string_into(&mut path))?;
            self.paths.push(HostPath::device(&path));
            Ok(())
        })
    }

    fn any(&mut self, json: &mut Json<'_>, word: &'static str, what: &str) -> Result<()> {
        if !self.list(json, word)?.is_empty() {
            self.add(word, what);
        }
        Ok(())
    }

    fn security_options(&mut self, json: &mut Json<'_>) -> Result<()> {
        for option in self.list(json, "SecurityOpt")? {
            let option = option.replacen(':', "=", 1);
            let (key, value) = option.split_once('=').unwrap_or((&option, "true"));
            // Go's `strconv.ParseBool`.
            let off = matches!(value, "0" | "f" | "F" | "false" | "False" | "FALSE");
            if (key == "systempaths" && value == "unconfined") || (key == "writable-cgroups" && !off) {
                self.add("security_option", &format!("`--security-opt {key}`"));
            }
        }
        Ok(())
    }

    pub(super) fn driver(&mut self, json: &mut Json<'_>) -> Result<()> {
        let mut name = String::new();
        json.string_into(&mut name)?;
        self.reach.extend(driver(&name));
        Ok(())
    }

    /// Runtimes take orders in annotations: of systemd's units, of checkpoints, hooks.
    fn annotations(&mut self, json: &mut Json<'_>) -> Result<()> {
        nullable(json, |json| {
            json.map(|json, key| {
                if ["org.systemd.property.", "org.criu.", "run.oci.", "io.katacontainers."]
                    .iter()
                    .any(|order| key.starts_with(order))
                {
                    self.add("annotation", "an annotation that gives the container's runtime orders");
                }
                json.skip()
            })
        })
    }

    /// Parts of `/proc` that a container is not to see or write; a shorter list than the default opens them.
    fn hidden_paths(&mut self, json: &mut Json<'_>, needed: &[&'static str]) -> Result<()> {
        if json.null()? {
            return Ok(());
        }
        let paths = self.list(json, needed.first().copied().unwrap_or_default())?;
        if needed.iter().any(|path| !paths.iter().any(|found| found == path)) {
            self.add("proc_paths", "a container that may write the host's `/proc`");
        }
        Ok(())
    }
}

/// A driver of volumes and its options.
#[derive(Debug, Default)]
pub(super) struct VolumeDriver {
    pub(super) name: String,
    device: String,
    kind: String,
    flags: String,
}

impl VolumeDriver {
    /// Reads the options; keys are data here, and letter case counts. `null` empties the map, and
    /// as the value of a key it is an empty text.
    pub(super) fn options(&mut self, json: &mut Json<'_>) -> Result<()> {
        if json.null()? {
            (self.device, self.kind, self.flags) = Default::default();
            return Ok(());
        }
        json.map(|json, key| {
            let mut value = String::new();
            json.string_into(&mut value)?;
            match key.as_ref() {
                "device" => self.device = value,
                "type" => self.kind = value,
                "o" => self.flags = value,
                _ => {}
            }
            Ok(())
        })
    }

    /// A local volume may be a mount of anything. A directory of the host is judged as a mount of
    /// it. File systems in memory and of other machines lead nowhere here.
    pub(super) fn judge(&self, reach: &mut Vec<Reach>, paths: &mut Vec<HostPath>) {
        reach.extend(driver(&self.name));
        let local = matches!(self.name.as_str(), "" | "local");
        // Flags as the engine reads them; everything else is for the file system.
        let has = |wanted: &[&str]| self.flags.split(',').any(|flag| wanted.contains(&flag));
        // With this flag the kernel ignores the type.
        let bind = has(&["bind", "rbind"]);
        let elsewhere = matches!(self.kind.as_str(), "tmpfs" | "nfs" | "nfs4" | "cifs" | "smb3");
        let plain = !has(&["move", "remount"]);
        match (local && !self.device.is_empty(), bind) {
            (false, _) => {}
            (true, true) if plain => paths.push(HostPath::mount(&self.device, false)),
            (true, false) if plain && elsewhere => {}
            (true, _) => {
                let device = self.device.replace(char::is_control, "\u{fffd}");
                reach.push(Reach { word: "volume_device", what: format!("a volume on the host's `{device}`") });
            }
        }
    }
}

/// Reads a value unless it is `null`.
pub(super) fn nullable(json: &mut Json<'_>, read: impl FnOnce(&mut Json<'_>) -> Result<()>) -> Result<()> {
    if json.null()? { Ok(()) } else { read(json) }
}
