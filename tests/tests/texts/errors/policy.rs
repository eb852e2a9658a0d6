//! Names of images, patterns of rules and hosts.

use policy::{HostPatternError, RefError};

use crate::samples::Samples;

pub fn samples() -> Vec<Samples> {
    vec![
        samples!(policy::RefError:
            InvalidFormat,
            Uppercase,
            NameTooLong,
            InputTooLong,
            ImageId,
            UnsupportedDigest,
            DigestLength,
            DigestFormat,
            TagFormat,
            Reserved,
        ),
        samples!(policy::PatternError:
            Empty,
            TooLong,
            Everything,
            NoNamespace("evil*".into()),
            Host("ghcr*.io".into()),
            EmptyPart,
            Component("Acme".into()),
            Tag("v 1".into()),
            Digest { text: "sha256:12".into(), source: RefError::DigestLength },
            TagAndDigest,
        ),
        Samples::one("policy::HostPatternError", &HostPatternError("no host".into())),
    ]
}
