//! Installs that are killed, and machines that lose power, at every step.

use crate::{killing::killed, site::Site};

const JOURNAL: &str = "/var/lib/pullgate-install/journal.jsonl";
/// More lines than a whole install writes.
const MOST: usize = 40;

/// Starts an install and kills it as soon as its journal has `lines` lines. False: it came to its end before.
async fn killed_at(site: &Site, lines: usize) -> bool {
    site.machine.done(&format!("rm -f {JOURNAL}")).await.unwrap();
    killed(site, "install --yes --enrollment /opt/enrollment.json", |site| {
        let journal = site.machine.read(JOURNAL).unwrap_or_default();
        journal.iter().filter(|byte| **byte == b'\n').count() >= lines
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_that_is_killed_at_any_step_leaves_an_engine_that_answers_and_is_taken_back() {
    let site = Site::boot("trixie").await;
    let before = site.fingerprint().await;
    for lines in 1..MOST {
        let killed = killed_at(&site, lines).await;
        site.answers(&format!("killed at {lines}")).await;
        // The last line is written when all is done: who is killed behind it has finished.
        let journal = site.machine.read(JOURNAL).unwrap_or_default();
        let ended = String::from_utf8_lossy(&journal).lines().last().is_some_and(|line| line.contains("\"installed\""));
        if !killed || ended {
            site.is_governed().await;
            assert!(lines > 10, "an install writes more than {lines} lines");
            return;
        }
        if lines == 4 {
            // Nothing is taken back either before somebody agrees.
            let asked = site.pullgate("install").await;
            assert!(asked.code() == 3 && asked.text().contains("is taken back first"), "{}", asked.text());
            assert_eq!(site.machine.read(JOURNAL).unwrap_or_default(), journal);
        }
        let back = site.pullgate("install --undo").await;
        assert_eq!(back.code(), 0, "killed at {lines}: {}", back.text());
        site.is_free().await;
        assert_eq!(site.fingerprint().await, before, "killed at {lines}");
    }
    panic!("an install writes no {MOST} lines");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_that_loses_power_leaves_an_engine_that_comes_up() {
    let mut site = Site::boot("bookworm").await;
    for lines in [4, 8, 10, 12, 14] {
        killed_at(&site, lines).await;
        site.machine.cut_power().await.unwrap();
        site.answers(&format!("cut at {lines}")).await;
        // Whatever was left of it, the next one makes it whole.
        site.installs("--enrollment /opt/enrollment.json").await;
        site.is_governed().await;
        let taken = site.pullgate("uninstall --yes --purge").await;
        assert_eq!(taken.code(), 0, "{}", taken.text());
        site.is_free().await;
    }
}
