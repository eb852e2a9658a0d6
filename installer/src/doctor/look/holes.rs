//! What is known against releases of Docker Engine, as far as it is about authorization plugins.

use policy::engine::EngineVersion;

/// Something that is known against a release.
#[derive(Debug, PartialEq, Eq)]
pub struct Hole {
    /// Its name.
    pub name: &'static str,
    /// What it lets somebody do.
    pub what: &'static str,
    /// What it means here.
    pub here: &'static str,
    /// Where it ends.
    pub next: &'static str,
    /// Releases that have it, each from and below; by the numbers that the engine tells. Distributions correct
    /// releases without changing them.
    affected: &'static [(&'static str, &'static str)],
}

/// Sources: the advisories of moby; for the last one its code, `daemon/command/httphandler.go` since 29.2.0.
const HOLES: [Hole; 4] = [
    Hole {
        name: "CVE-2024-41110",
        what: "a request with `Content-Length: 0` reached plugins without its body",
        here: "pullgate refuses what it is not shown, so that such a request fails",
        next: "engine 23.0.15, 25.0.6, 26.1.5, 27.1.1 or later; distributions have corrected earlier ones as well",
        affected: &[("0.0.1", "23.0.15"), ("24.0.0", "25.0.6"), ("26.0.0", "26.1.5"), ("27.0.0", "27.1.1")],
    },
    Hole {
        name: "CVE-2026-34040",
        what: "a JSON body above 1 MiB is not shown to plugins",
        here: "pullgate refuses what it is not shown, so that such a request fails",
        next: "engine 25.0.16, 29.3.1 or later; distributions have corrected earlier ones as well",
        affected: &[("0.0.1", "25.0.16"), ("26.0.0", "29.3.1")],
    },
    Hole {
        name: "CVE-2026-33997",
        what: "a managed plugin can be installed with privileges that nobody approved",
        here: "a policy may refuse engine plugins",
        next: "engine 29.3.1 or later",
        affected: &[("0.0.1", "29.3.1")],
    },
    Hole {
        name: "gRPC beside plugins",
        what: "the engine's socket takes BuildKit's gRPC without asking any plugin",
        here: "only the registry door sees what such builds fetch",
        next: "set up the registry door and its egress rule",
        affected: &[("29.2.0", "999.0.0")],
    },
];

/// What is known against this one.
pub fn of(version: EngineVersion) -> impl Iterator<Item = &'static Hole> {
    let parsed = |text: &str| EngineVersion::parse(text);
    HOLES.iter().filter(move |hole| {
        let ranges = hole.affected.iter().map(|(from, below)| (parsed(from), parsed(below)));
        ranges.into_iter().any(|(from, below)| from <= Some(version) && Some(version) < below)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_told_what_is_known_against_them() {
        for (version, names) in [
            ("20.10.24+dfsg1", &["CVE-2024-41110", "CVE-2026-34040", "CVE-2026-33997"][..]),
            ("23.0.15", &["CVE-2026-34040", "CVE-2026-33997"]),
            ("24.0.9", &["CVE-2024-41110", "CVE-2026-34040", "CVE-2026-33997"]),
            ("25.0.16", &["CVE-2026-33997"]),
            ("26.1.4", &["CVE-2024-41110", "CVE-2026-34040", "CVE-2026-33997"]),
            ("26.1.5", &["CVE-2026-34040", "CVE-2026-33997"]),
            ("28.5.2", &["CVE-2026-34040", "CVE-2026-33997"]),
            ("29.3.0", &["CVE-2026-34040", "CVE-2026-33997", "gRPC beside plugins"]),
            ("29.3.1", &["gRPC beside plugins"]),
        ] {
            let found: Vec<_> = of(EngineVersion::parse(version).unwrap()).map(|hole| hole.name).collect();
            assert_eq!(found, names, "{version}");
        }
        let all = HOLES.iter().flat_map(|hole| hole.affected).flat_map(|(from, below)| [from, below]);
        assert!(all.into_iter().all(|version| EngineVersion::parse(version).is_some()));
    }

    #[test]
    fn both_tables_agree_on_bodies_and_on_grpc() {
        for version in ["20.10.24", "25.0.15", "25.0.16", "26.1.5", "29.1.9", "29.2.0", "29.3.0", "29.3.1", "30.0.0"] {
            let version = EngineVersion::parse(version).unwrap();
            let has = |name: &str| of(version).any(|hole| hole.name == name);
            assert_eq!(has("CVE-2026-34040"), version.may_hide_large_bodies(), "{version}");
            assert_eq!(has("gRPC beside plugins"), version.takes_http2(), "{version}");
        }
    }
}
