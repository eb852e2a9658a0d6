//! How much memory a piece of work takes, by the kernel's own count.

use std::fs;

/// Runs some work; the KiB by which a process grew at most while it ran.
pub fn peak<T>(process: u32, work: impl FnOnce() -> T) -> (T, f64) {
    let before = resident(process, "VmRSS:");
    // The highest value so far is forgotten (`man 5 proc`).
    fs::write(format!("/proc/{process}/clear_refs"), "5").expect("clear_refs");
    let result = work();
    (result, resident(process, "VmHWM:") - before)
}

/// A line of the status of a process, in KiB.
pub fn resident(process: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process");
    let line = status.lines().find(|line| line.starts_with(name)).expect("a line of that name");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("KiB")
}
