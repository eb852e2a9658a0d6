use std::{os::unix::fs::symlink, sync::mpsc, time::Instant};

use policy::{Policy, Settings};

use super::*;

fn governed(paths: &[&str]) -> Governed {
    Governed { paths: paths.iter().map(|path| HostPath::mount(path, false)).collect(), ..Governed::default() }
}

fn enforced(settings: Settings) -> Enforced {
    let policy = Policy { enabled: true, settings, ..Policy::default() };
    Enforced { policies: vec![Arc::new(policy)], ..Enforced::default() }
}

fn protecting() -> Enforced {
    enforced(Settings { protect: Some(policy::RuleSet::default()), ..Settings::default() })
}

fn words(reach: &[Reach]) -> Vec<&str> {
    reach.iter().map(|reach| reach.what.as_str()).collect()
}

#[test]
fn nothing_is_looked_up_unless_a_policy_protects_the_machine() {
    for enforced in [Enforced::default(), enforced(Settings::default())] {
        let mut asked = governed(&["/home/u", "/etc"]);
        assert_eq!(as_text(&enforced, &mut asked), None);
        assert_eq!(asked.reach, []);
    }
    assert_eq!(as_text(&protecting(), &mut governed(&[])), None);
}

#[test]
fn what_reaches_as_text_is_not_looked_up() {
    let mut asked = governed(&["/home/u", "/etc/docker"]);
    assert_eq!(as_text(&protecting(), &mut asked), None);
    assert_eq!(words(&asked.reach), ["the host path `/etc/docker`"]);
    let mut asked = governed(&["/home/u", "/srv/x"]);
    assert_eq!(as_text(&protecting(), &mut asked).map(|paths| paths.len()), Some(2));
    let mut asked = governed(&["/home/u"; MAX_PATHS + 1]);
    assert_eq!(as_text(&protecting(), &mut asked), None);
    assert_eq!(words(&asked.reach), ["more than 256 host paths"]);
}

#[tokio::test]
async fn links_to_control_files_reach() {
    let directory = tempfile::tempdir().expect("a directory");
    let here = |name: &str| directory.path().join(name).to_str().expect("text").to_owned();
    symlink("/etc/docker", here("l")).expect("a link");
    symlink("self", here("self")).expect("a link");
    symlink(directory.path(), here("harmless")).expect("a link");
    symlink("/etc/\u{7}x", here("bell")).expect("a link");
    let paths = Paths::default();
    let look = async |names: &[&str]| {
        let asked = names.iter().map(|name| HostPath::mount(&here(name), false)).collect();
        paths.look_up(asked).await
    };
    assert_eq!(look(&["", "harmless", "new/dir"]).await, []);
    let found = look(&["", "l", "self", "bell"]).await;
    let expected = [
        format!("the host path `{}` (a link to `/etc/docker`)", here("l")),
        format!("the host path `{}`, whose links lead in a circle", here("self")),
        format!("the host path `{}` (a link to `/etc/\u{fffd}x`)", here("bell")),
    ];
    assert_eq!(words(&found), expected);
    // `..` behind a link is where the link leads for the kernel, and not for the engine.
    std::fs::create_dir(here("a")).expect("a directory");
    symlink("/usr/share", here("a/out")).expect("a link");
    assert_eq!(look(&["a/out/../x"]).await.len(), 1, "as the kernel takes it");
    std::fs::create_dir_all(here("b/deep")).expect("a directory");
    symlink("b/deep", here("in")).expect("a link");
    assert_eq!(look(&["in/../new"]).await, []);
    assert_eq!(look(&["in/../l"]).await.len(), 1, "as the engine takes it");
}

#[tokio::test]
async fn a_lookup_that_hangs_is_refused_in_time_and_hangs_no_other() {
    let (release, hold) = mpsc::channel::<()>();
    let hold = Mutex::new(hold);
    let deadline = Duration::from_millis(20);
    let paths = Paths::with(
        move |path| {
            if path.path == "/dead" {
                // Until the test ends.
                let _ = hold.lock().map(|hold| hold.recv());
            }
            None
        },
        deadline,
    );
    let look = async |path: &str| paths.look_up(vec![HostPath::mount(path, false)]).await;
    let start = Instant::now();
    for _ in 0..THREADS - 1 {
        assert_eq!(words(&look("/dead").await), ["the host path `/dead`, which could not be looked up in time"]);
    }
    assert_eq!(look("/alive").await, [], "threads are left");
    // Threads that hang are replaced, up to a bound.
    for _ in THREADS - 1..MOST_THREADS {
        assert_eq!(look("/dead").await.len(), 1);
        // In time, unless the machine is busy: then a replacement more is made.
    }
    while look("/alive").await.is_empty() {
        assert_eq!(look("/dead").await.len(), 1);
    }
    // With none left, everything is refused in time, and more than can wait at once.
    let mut busy = 0;
    for _ in 0..WAITING + 1 {
        busy += usize::from(words(&look("/alive").await)[0].contains("too many are waiting"));
    }
    assert!(busy > 0);
    assert!(start.elapsed() < deadline * 400, "{:?}", start.elapsed());
    // When the file system answers again, so does everything.
    drop(release);
    let start = Instant::now();
    while !look("/alive").await.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(10), "the threads did not come back");
    }
}
