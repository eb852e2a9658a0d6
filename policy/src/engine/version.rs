//! Versions of Docker Engine, and what is known to differ by them.

use core::fmt;

/// The first three numbers of a version; what a distribution adds is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EngineVersion([u16; 3]);

impl EngineVersion {
    /// Reads for example `28.5.2+dfsg4`. Versions with fewer numbers, or none (`dev`), are not known.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let mut numbers = text.get(..end)?.split('.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        let version = Self([next()?, next()?, next()?]);
        // Packed, zero stands for "not known".
        (version.packed() != 0).then_some(version)
    }

    /// From 29.2.0 the engine's socket takes HTTP/2: BuildKit's gRPC before any plugin is asked, and
    /// other requests like those over HTTP/1 (moby `daemon/command/httphandler.go`).
    #[must_use]
    pub fn takes_http2(self) -> bool {
        self >= Self([29, 2, 0])
    }

    /// Before 25.0.16, and from 26.0 until 29.3.1, a JSON body of 1 MiB and more is not shown to plugins
    /// (CVE-2026-34040). Distributions corrected earlier versions too.
    #[must_use]
    pub fn may_hide_large_bodies(self) -> bool {
        self < Self([25, 0, 16]) || (self >= Self([26, 0, 0]) && self < Self([29, 3, 1]))
    }

    /// In one number, never zero.
    #[must_use]
    pub fn packed(self) -> u64 {
        let [major, minor, patch] = self.0.map(u64::from);
        (major << 32) | (minor << 16) | patch
    }

    /// From one number; zero is none.
    #[must_use]
    pub fn unpacked(packed: u64) -> Option<Self> {
        let part = |shift: u32| u16::try_from((packed >> shift) & 0xffff).unwrap_or_default();
        (packed != 0).then(|| Self([part(32), part(16), part(0)]))
    }
}

impl fmt::Display for EngineVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_engines_and_distributions_write_them() {
        for (text, shown) in [("20.10.24+dfsg1", "20.10.24"), ("29.2.0-rc.1", "29.2.0"), ("28.5.2", "28.5.2")] {
            let version = EngineVersion::parse(text).expect(text);
            assert_eq!(alloc::string::ToString::to_string(&version), shown);
            assert_eq!(EngineVersion::unpacked(version.packed()), Some(version));
        }
        for text in ["", "dev", "library-import", "28.5", "28..1", "99999.0.0", "0.0.0", "v28.5.2"] {
            assert_eq!(EngineVersion::parse(text), None, "{text}");
        }
        assert_eq!(EngineVersion::unpacked(0), None);
    }

    #[test]
    fn known_faults_are_told_by_version() {
        for (version, large, http2) in [
            ("20.10.24", true, false),
            ("25.0.15", true, false),
            ("25.0.16", false, false),
            ("26.1.5", true, false),
            ("29.1.9", true, false),
            ("29.2.0", true, true),
            ("29.3.0", true, true),
            ("29.3.1", false, true),
            ("30.0.0", false, true),
        ] {
            let version = EngineVersion::parse(version).expect("a version");
            assert_eq!((version.may_hide_large_bodies(), version.takes_http2()), (large, http2), "{version}");
        }
    }
}
