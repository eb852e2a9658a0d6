//! What a person reads at a terminal of each command that changes the machine: its plan, its steps, its proofs, its end;
//! kept in `tests/snapshots/machine`.

use crate::site::Site;

/// Commands at a terminal, and what they said.
struct Terminal<'a> {
    site: &'a Site,
    text: String,
}

impl Terminal<'_> {
    /// Types one command.
    async fn types(&mut self, args: &str) {
        self.site.machine.write("/opt/typed", format!("NO_COLOR=1 /opt/pullgate/pullgate {args}\n"), 0o644).unwrap();
        let typed = "script --quiet --return --command 'sh /opt/typed' /dev/null";
        let command = self.site.machine.command(typed).env("TERM", "dumb").stdin("");
        let output = command.deadline(std::time::Duration::from_secs(280)).run().await.unwrap();
        let said = output.stdout.replace('\r', "");
        let said: String = said.lines().map(|line| format!("{}\n", timeless(line))).collect();
        self.text.push_str(&format!("$ pullgate {args}\n{said}[exit code {}]\n\n", output.code()));
    }
}

/// A line without what differs from day to day: `2026-11-26 21:09:47`.
fn timeless(line: &str) -> String {
    let is = |word: &str, form: &str| {
        let same = |(c, of): (char, char)| if of == '0' { c.is_ascii_digit() } else { c == of };
        word.len() == form.len() && word.chars().zip(form.chars()).all(same)
    };
    let words = line.split(' ').map(|word| match word {
        day if is(day, "0000-00-00") => "DAY",
        time if is(time, "00:00:00") => "TIME",
        other => other,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_reads_who_installs_disables_and_uninstalls() {
    let site = Site::boot("trixie").await;
    let mut terminal = Terminal { site: &site, text: String::new() };
    for args in [
        "install",
        "install --dry-run --no-door",
        "install --engine dokcer",
        "install --yes --enrollment /opt/enrollment.json",
        "install",
        "disable --for 1h --reason 'docker ps hangs'",
        "disable --for 2h --restart",
        "enable --restart",
        "enable",
        "uninstall --dry-run",
        "uninstall --yes",
        "uninstall --yes --purge",
        "uninstall",
        "disable --for 1h",
    ] {
        terminal.types(args).await;
    }
    tests::kept::check("machine/terminal", &terminal.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_reads_where_it_fails() {
    let site = Site::boot("trixie").await;
    let run = async |script: &str| site.machine.done(script).await.unwrap();
    let mut terminal = Terminal { site: &site, text: String::new() };
    // A program that cannot be run: the proof fails, and everything is taken back.
    run("cd /opt/pullgate; mv pullgate-plugin kept; : >pullgate-plugin; chmod 755 pullgate-plugin").await;
    terminal.types("install --yes").await;
    run("cd /opt/pullgate; rm pullgate-plugin").await;
    terminal.types("install --yes").await;
    run("cd /opt/pullgate; mv kept pullgate-plugin").await;
    // Something else is where the door belongs.
    let other = "exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalAddr => q(127.0.0.1:857), Listen => 5) or die; \
                 system(q(systemd-notify --ready)); sleep'";
    site.machine.write("/opt/other", other, 0o755).unwrap();
    run("systemd-run --unit=other --quiet --property=Type=notify --property=NotifyAccess=all sh /opt/other").await;
    terminal.types("install --yes --door").await;
    run("systemctl stop other").await;
    // Files that cannot be edited or written.
    run("cp /etc/docker/daemon.json /opt/daemon.json; echo '{\"debug\": true, \"debug\": false}' >/etc/docker/daemon.json").await;
    terminal.types("install --yes").await;
    run("cp /opt/daemon.json /etc/docker/daemon.json; mount --bind /etc/docker /etc/docker; mount -o remount,bind,ro /etc/docker").await;
    terminal.types("install --yes").await;
    tests::kept::check("machine/failures", &terminal.text);
}
