//! The engines of this machine, and what their files and units say.

use std::{fs, io, path::Path};

use super::{EngineFile, Names};
use crate::{
    engine_config::{self, flags},
    engines::{self, FoundEngine},
};

/// All engines of this machine.
pub fn all() -> Vec<EngineFile> {
    engines::find(Path::new("/")).engines.iter().map(of).collect()
}

/// Those that units of the system start.
pub fn of_the_system() -> Vec<EngineFile> {
    engines::of_the_system(Path::new("/")).iter().filter(|engine| engine.unit.is_some()).map(of).collect()
}

fn of(engine: &FoundEngine) -> EngineFile {
    EngineFile {
        path: engine.config_file.clone(),
        socket: engine.socket.clone(),
        unit: engine.unit.clone().unwrap_or_default(),
        // A user's own: whoever looks may be root, and the file is whatever the user made of it.
        names: match engine.ungoverned {
            Some(_) => Names::Nothing,
            None => names(&engine.config_file, &engine.flags),
        },
        ungoverned: engine.ungoverned.clone().unwrap_or_default(),
    }
}

fn names(file: &Path, unit_flags: &[String]) -> Names {
    if flags::values(unit_flags, "authorization-plugin").iter().any(|name| name == "pullgate") {
        return Names::Flag;
    }
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Names::Nothing,
        Err(error) => return Names::Unknown(error.to_string()),
    };
    match engine_config::names(&bytes) {
        Ok(names) if names.iter().any(|name| name == "pullgate") => Names::File(names),
        Ok(_) => Names::Nothing,
        Err(refusal) => Names::Unknown(refusal.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_seen_before_the_file() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("daemon.json");
        let flags = |flag: &str| vec![flag.to_owned()];
        assert_eq!(names(&file, &[]), Names::Nothing);
        assert_eq!(names(&file, &flags("--authorization-plugin=pullgate")), Names::Flag);
        assert_eq!(names(&file, &flags("--authorization-plugin=other")), Names::Nothing);
        fs::write(&file, r#"{"authorization-plugins": ["other", "pullgate"]}"#).unwrap();
        assert_eq!(names(&file, &[]), Names::File(vec!["other".into(), "pullgate".into()]));
        fs::write(&file, "{").unwrap();
        assert!(matches!(names(&file, &[]), Names::Unknown(_)));
    }
}
