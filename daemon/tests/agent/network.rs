//! A home directory on a file system that another machine writes to: FUSE by `bindfs`, whose changes from below
//! cause no event. What is written from below is what another machine writes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Machine, save, until};

struct Mount {
    process: Child,
    above: PathBuf,
}

impl Mount {
    fn of(below: &Path, above: &Path) -> Self {
        fs::create_dir_all(below.join(".docker")).expect("directory");
        fs::create_dir_all(above).expect("directory");
        assert!(Path::new("/dev/fuse").exists(), "there is no `/dev/fuse`: this test needs a kernel with FUSE");
        let process = Command::new("bindfs")
            .args(["-f", "--no-allow-other"])
            .args([below, above])
            .stdin(Stdio::null())
            .spawn()
            .expect("`bindfs` is missing; `tests/setup` installs it");
        let mount = Self { process, above: above.to_owned() };
        let end = Instant::now() + Duration::from_secs(10);
        while !above.join(".docker").exists() {
            assert!(Instant::now() < end, "`bindfs` did not mount");
            std::thread::yield_now();
        }
        mount
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("signal");
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Also one that hangs.
        let _ = Command::new("fusermount3").arg("-uz").arg(&self.above).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn changes_of_another_machine_are_seen_by_looking() {
    let machine = Machine::new();
    let (below, home) = (machine.path("below"), machine.path("home"));
    let _mount = Mount::of(&below, &home);
    let agent = machine.agent_at_home(&home, &[]);
    machine.in_force(None).await;
    for user in ["alice", "bob"] {
        save(&below.join(".docker/config.json"), &machine.text(user, &format!("s3cret-{user}")));
        machine.in_force(Some(user)).await;
    }
    fs::rename(below.join(".docker"), below.join("old")).expect("move");
    machine.in_force(None).await;
    let log = agent.log();
    let said: Vec<&str> = log.lines().filter(|line| line.contains("changes cannot be watched")).collect();
    assert!(said.len() == 1 && said[0].contains("is on a network file system"), "{said:?}");
}

/// The server of the file system stops answering. What is in force stays, everything else goes on, and the agent ends
/// when it is told to.
#[tokio::test]
async fn a_file_system_that_hangs_holds_nothing_else() {
    let machine = Machine::new();
    let (below, home) = (machine.path("below"), machine.path("home"));
    let mount = Mount::of(&below, &home);
    save(&below.join(".docker/config.json"), &machine.text("alice", "s3cret-alice"));
    let mut agent = machine.agent_at_home(&home, &[]);
    machine.in_force(Some("alice")).await;
    mount.signal(Signal::STOP);
    save(&below.join(".docker/config.json"), &machine.text("bob", "s3cret-bob"));
    for generation in 2..5 {
        machine.service.change(|state| state.generation = generation);
        until(&machine.plugin.state, "the new policy", |state| (state.generation == generation).then_some(())).await;
        // Longer than the time between two looks: one of them hangs by then.
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    assert_eq!(machine.plugin.applies().last().map(String::as_str), Some("alice acme:4"));
    mount.signal(Signal::CONT);
    machine.in_force(Some("bob")).await;
    mount.signal(Signal::STOP);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let before = Instant::now();
    agent.signal(Signal::TERM);
    assert_eq!(agent.ended().await.code(), Some(0));
    assert!(before.elapsed() < Duration::from_secs(3), "took {:?}", before.elapsed());
}
