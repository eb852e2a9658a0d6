//! There is no plugin for this system.

pub const START: &str = "the plugin belongs beside the engine, on Linux; there `pullgate install` sets it up";
