//! No engine of this machine is of this system: that of Docker Desktop runs in a machine of its own, with its settings.

use super::EngineFile;

/// None.
pub fn of_the_system() -> Vec<EngineFile> {
    Vec::new()
}
