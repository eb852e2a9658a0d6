//! What the egress rules let the engine dial past the registry door.

use std::path::Path;

use proto::egress;

/// Where the file is not there or not to be believed, nothing is claimed of loopback anyway.
pub fn read(file: &Path) -> Vec<String> {
    egress::read(file).map(|rules| rules.exceptions.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::door::Setup;

    #[test]
    fn what_the_engine_may_dial_past_the_door_is_a_hole() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("egress.json");
        assert_eq!(read(&file), Vec::<String>::new());
        let rules = egress::Rules {
            cgroup: "/sys/fs/cgroup/docker.service".into(),
            cgroup_id: 1,
            containers: false,
            exceptions: vec!["127.0.0.1:24224".parse().unwrap()],
            beat: 0,
        };
        rules.write(&file).unwrap();
        let setup = Setup { expected: true, exceptions: read(&file), ..Setup::default() };
        assert_eq!(setup.holes().unwrap(), "127.0.0.1:24224 (`pullgate egress --except`)");
        assert!(setup.lines().iter().any(|line| line.contains("unread: 127.0.0.1:24224")), "{:?}", setup.lines());
        assert_eq!(setup.to_json()["exceptions"][0], "127.0.0.1:24224");
    }
}
