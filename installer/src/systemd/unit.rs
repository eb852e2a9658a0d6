//! What the manager says of a unit.

/// What [`Unit`] is read from.
pub(super) const ASKED: &str = "--property=LoadState,ActiveState,Result,UnitFileState,MainPID,ExecStart,Environment";

/// What the manager says of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    /// `loaded`, `not-found`, `masked` ...
    pub load: String,
    /// `active`, `activating`, `failed`, `inactive` ...
    pub active: String,
    /// `success`, `start-limit-hit`, `exit-code` ...
    pub result: String,
    /// `enabled`, `disabled`, `static` ...
    pub file: String,
    /// Its main process; 0: none.
    pub main_pid: u32,
    /// What it is started with, as the manager prints it.
    pub exec_start: String,
    /// Variables of its environment.
    pub environment: Vec<String>,
}

impl Unit {
    /// What `systemctl show` says.
    pub(super) fn read(told: &str) -> Self {
        let mut unit = Self::default();
        for (key, value) in told.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "LoadState" => unit.load = value.to_owned(),
                "ActiveState" => unit.active = value.to_owned(),
                "Result" => unit.result = value.to_owned(),
                "UnitFileState" => unit.file = value.to_owned(),
                "MainPID" => unit.main_pid = value.parse().unwrap_or_default(),
                "ExecStart" => unit.exec_start = value.to_owned(),
                "Environment" => unit.environment = value.split_whitespace().map(str::to_owned).collect(),
                _ => {}
            }
        }
        unit
    }

    /// Whether it is there at all.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.load != "not-found" && !self.load.is_empty()
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active == "active" || self.active == "reloading"
    }

    /// Whether it is started with the machine.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.file.starts_with("enabled")
    }
}
