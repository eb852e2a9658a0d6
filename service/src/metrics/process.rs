//! The process itself, under the names that every Prometheus client uses (proc_pid_statm(5)).

use std::fs;

use prometheus_client::{
    metrics::gauge::Gauge,
    registry::{Registry, Unit},
};

use crate::clock;

/// Memory, descriptors, start.
#[derive(Default)]
pub struct Process {
    memory: Gauge,
    descriptors: Gauge,
    start: Gauge,
}

impl Process {
    /// Adds them.
    pub fn register(&self, registry: &mut Registry) {
        // The process starts with it, give or take what starting takes.
        self.start.set(clock::now());
        let registry = registry.sub_registry_with_prefix("process");
        registry.register_with_unit("resident_memory", "Memory in use", Unit::Bytes, self.memory.clone());
        registry.register("open_fds", "Open files and connections", self.descriptors.clone());
        registry.register_with_unit("start_time", "Since the Unix epoch", Unit::Seconds, self.start.clone());
    }

    /// Reads what moves. What cannot be read stays as it was.
    pub fn look(&self) {
        let pages = fs::read_to_string("/proc/self/statm").ok();
        let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<i64>().ok());
        if let Some(pages) = pages {
            self.memory.set(pages.saturating_mul(i64::try_from(rustix::param::page_size()).unwrap_or(4096)));
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // Less the one that reads the directory.
            self.descriptors.set(i64::try_from(open.count()).unwrap_or(i64::MAX).saturating_sub(1));
        }
    }
}
