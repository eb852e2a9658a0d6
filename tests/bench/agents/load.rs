//! How much of a processor a process takes, second by second.

use std::{
    fs,
    time::{Duration, Instant},
};

use tokio::task::JoinHandle;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Looks at a process until it is asked.
pub struct Load(JoinHandle<()>, std::sync::Arc<std::sync::Mutex<Vec<Look>>>);

/// When, and the processor time that the process has had until then.
type Look = (Instant, Duration);

impl Load {
    /// Of a process that was started at `since`, or had had this processor time then.
    pub fn watch(process: u32, since: Look) -> Self {
        let looks = std::sync::Arc::new(std::sync::Mutex::new(vec![since]));
        let seen = std::sync::Arc::clone(&looks);
        let watching = tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                seen.lock().expect("nobody panics").push((Instant::now(), processor_time(process)));
            }
        });
        Self(watching, looks)
    }

    /// Seconds of processor time a second: on the whole, and in the second that had the most.
    pub fn end(self) -> (f64, f64) {
        self.0.abort();
        let looks = self.1.lock().expect("nobody panics").clone();
        let rate = |from: &Look, to: &Look| {
            let (time, of) = (to.1.saturating_sub(from.1), to.0.duration_since(from.0).max(Duration::from_secs(1)));
            time.as_secs_f64() / of.as_secs_f64()
        };
        let whole = looks.first().zip(looks.last()).map_or(0.0, |(from, to)| rate(from, to));
        let second = |(at, from): (usize, &Look)| {
            let to = looks[at..].iter().find(|to| to.0.duration_since(from.0) >= Duration::from_secs(1));
            to.or(looks.last()).map_or(0.0, |to| rate(from, to))
        };
        (whole, looks.iter().enumerate().map(second).fold(0.0, f64::max))
    }
}

/// Of all its threads, in the kernel and outside.
pub fn processor_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process lives");
    // Behind the name, which may hold anything (`man 5 proc`): the 14th and 15th field, in hundredths of a second.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 10)
}
