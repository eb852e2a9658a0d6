//! What a large organization has after 90 days, as a backup that `pullgate-service restore` takes: the same for either
//! database.
//!
//! It is a backup of an older version (schema 23): restoring it runs the migrations that came since over all of it, and
//! those make the counts that a service makes with each report.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The newest step of the schema of which the tables here are.
const SCHEMA: u32 = 23;
const HOUR_MS: i64 = 3_600_000;
const DAYS: i64 = 90;
/// Different images; one is as frequent as its place in the list is low (Zipf).
const IMAGES: f64 = 20_000.0;
/// Machines of one member.
const MACHINES_OF_ONE: usize = 2;
const RULES: usize = 300;
const TEAMS: usize = 50;

/// How much there is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Decisions of the large organization, over 90 days.
    pub records: usize,
    /// Its machines.
    pub machines: usize,
    /// Other organizations, with a hundredth of both each.
    pub others: usize,
}

/// An image that one machine was refused once, 80 days ago.
pub const RARE: &str = "docker.io/rare/needle:1";
/// An image that many machines pull, of the frequent ones.
pub const FREQUENT: &str = "docker.io/team3/app3:1.0.3";

/// The large organization.
pub const ORGANIZATION: &str = "acme";

/// Name of a member of the large organization, by their number.
pub fn member(number: usize) -> String {
    format!("member{number}")
}

/// A machine of the large organization, by its number.
pub fn machine(number: usize) -> String {
    format!("machine-{number:08}")
}

/// The rule of this number.
pub fn rule(number: usize) -> String {
    format!("01J9ZK3V3N{number:016}")
}

/// When the records begin, with now in milliseconds since the Unix epoch.
pub fn first_ms(now_ms: i64) -> i64 {
    now_ms - DAYS * 24 * HOUR_MS
}

/// Writes the backup.
///
/// # Errors
/// When it cannot be written.
pub fn write(out: impl Write, size: Size, now_ms: i64) -> io::Result<()> {
    let mut backup = Backup { out, digest: Sha256::new(), rows: 0 };
    let now = now_ms / 1000;
    backup.line(&json!({ "pullgate_backup": 1, "schema": SCHEMA, "version": "bench", "taken_at": now }))?;
    backup.table("sequence", &["only_row", "value", "publishers", "session_generation"])?;
    backup.row(&json!([1, 10, 1, 1_000_000]))?;
    let organizations = organizations(size);
    backup.table("organizations", &["id", "name", "revision", "created_at"])?;
    for organization in &organizations {
        backup.row(&json!([organization.id, organization.name, 2, now]))?;
    }
    people(&mut backup, &organizations, now)?;
    policies(&mut backup, &organizations, now)?;
    machines(&mut backup, &organizations, now)?;
    records(&mut backup, &organizations, now_ms)?;
    trails(&mut backup, &organizations[0], now_ms)?;
    backup.end()
}

/// One organization.
struct Organization {
    id: usize,
    name: String,
    records: usize,
    machines: usize,
    /// Number of its first member and of its first machine, over all organizations.
    first: (usize, usize),
}

impl Organization {
    fn members(&self) -> std::ops::Range<usize> {
        self.first.0..self.first.0 + self.machines.div_ceil(MACHINES_OF_ONE)
    }

    fn machines(&self) -> std::ops::Range<usize> {
        self.first.1..self.first.1 + self.machines
    }

    /// Whose a machine is.
    fn user(&self, machine: usize) -> usize {
        self.first.0 + (machine - self.first.1) / MACHINES_OF_ONE
    }
}

fn organizations(size: Size) -> Vec<Organization> {
    let mut all: Vec<Organization> = Vec::new();
    for n in 0..=size.others {
        let first = all.last().map_or((0, 0), |before| (before.members().end, before.machines().end));
        let (name, share) = if n == 0 { (ORGANIZATION.to_owned(), 1) } else { (format!("other{n}"), 100) };
        all.push(Organization {
            id: n + 1,
            name,
            records: size.records / share,
            machines: size.machines / share,
            first,
        });
    }
    all
}

fn people(backup: &mut Backup<impl Write>, all: &[Organization], now: i64) -> io::Result<()> {
    backup.table("accounts", &["id", "name", "credential_epoch", "revision", "created_at"])?;
    for number in all.iter().flat_map(Organization::members) {
        backup.row(&json!([number + 1, member(number), 1, 2, now]))?;
    }
    let of_each = |backup: &mut Backup<_>, row: fn(usize, &Organization) -> Value| {
        all.iter().try_for_each(|one| one.members().try_for_each(|number| backup.row(&row(number, one))))
    };
    backup.table("memberships", &["account_id", "organization_id", "role"])?;
    of_each(backup, |number, one| json!([number + 1, one.id, "member"]))?;
    backup.table("affiliations", &["account_id", "organization_id"])?;
    of_each(backup, |number, one| json!([number + 1, one.id]))?;
    backup.table("teams", &["organization_id", "name", "created_at"])?;
    (0..TEAMS).try_for_each(|team| backup.row(&json!([all[0].id, format!("team{team}"), now])))?;
    backup.table("team_members", &["account_id", "organization_id", "team"])?;
    let in_team = |number: usize| json!([number + 1, all[0].id, format!("team{}", number % TEAMS)]);
    all[0].members().try_for_each(|number| backup.row(&in_team(number)))
}

fn policies(backup: &mut Backup<impl Write>, all: &[Organization], now: i64) -> io::Result<()> {
    let columns = [
        "organization_id",
        "enabled",
        "mode",
        "official",
        "verified_publisher",
        "community",
        "registry_control",
        "when_expired",
        "message",
        "request_url",
        "email",
    ];
    backup.table("policies", &columns)?;
    for one in all {
        backup.row(&json!([one.id, 1, "enforce", 1, 1, 0, 0, "keep", "", "", ""]))?;
    }
    let columns = ["id", "organization_id", "effect", "pattern", "scope", "scope_name", "reason", "created_at"];
    backup.table("rules", &columns)?;
    for number in 0..RULES {
        let effect = if number % 5 == 0 { "deny" } else { "allow" };
        let pattern = format!("ruled{number}/*");
        backup.row(&json!([rule(number), all[0].id, effect, pattern, "organization", "", "as agreed", now]))?;
    }
    backup.table("publishers", &["namespace", "badge"])?;
    (0..2000).try_for_each(|number| backup.row(&json!([format!("publisher{number}"), "verified-publisher"])))
}

fn machines(backup: &mut Backup<impl Write>, all: &[Organization], now: i64) -> io::Result<()> {
    let columns = [
        "account_id",
        "machine_id",
        "uid",
        "generation",
        "content_sha256",
        "envelope",
        "keyid",
        "issued_at",
        "refresh_after",
        "expires_at",
        "version",
    ];
    backup.table("agents", &columns)?;
    // A session is some 400 bytes; this one nobody opens.
    let (digest, envelope) =
        (json!({ "base64": format!("{}=", "A".repeat(43)) }), json!({ "base64": "A".repeat(540) }));
    for (one, number) in all.iter().flat_map(|one| one.machines().map(move |number| (one, number))) {
        let (account, until) = (one.user(number) + 1, now + 7 * 86_400);
        backup.row(&json!([
            account,
            machine(number),
            1000,
            number + 1,
            digest,
            envelope,
            "key",
            now,
            now + 86_400,
            until,
            "0.1.0",
        ]))?;
    }
    backup.table("machines", &["machine_id", "account_id"])?;
    for (one, number) in all.iter().flat_map(|one| one.machines().map(move |number| (one, number))) {
        backup.row(&json!([machine(number), one.user(number) + 1]))?;
    }
    Ok(())
}

fn records(backup: &mut Backup<impl Write>, all: &[Organization], now_ms: i64) -> io::Result<()> {
    let columns = [
        "machine_id",
        "id",
        "at_ms",
        "received_at_ms",
        "reported_by",
        "action",
        "image",
        "allowed",
        "reason",
        "category",
        "organization",
        "generation",
        "rule",
        "would_deny",
        "users",
        "sequence",
        "run_ms",
        "evidence",
        "coverage",
    ];
    backup.table("records", &columns)?;
    let mut random = fastrand::Rng::with_seed(7);
    let mut of: Vec<usize> =
        all.iter().enumerate().flat_map(|(at, one)| std::iter::repeat_n(at, one.records)).collect();
    random.shuffle(&mut of);
    let (from, step) = (first_ms(now_ms), DAYS as f64 * 24.0 * HOUR_MS as f64 / of.len() as f64);
    // Ten days after the first.
    let rare = of.iter().enumerate().position(|(n, at)| *at == 0 && n >= of.len() / 9);
    for (n, at) in of.into_iter().enumerate() {
        let one = &all[at];
        let number = random.usize(one.machines());
        let user = member(one.user(number));
        let received_ms = from + (n as f64 * step) as i64;
        let image = if Some(n) == rare { RARE.to_owned() } else { image(IMAGES.powf(random.f64()) as usize) };
        // Half is allowed; most of the rest is refused, some only watched.
        let (allowed, would_deny) = match random.u32(0..100) {
            _ if Some(n) == rare => (false, false),
            0..50 => (true, false),
            50..85 => (false, false),
            _ => (true, true),
        };
        let ruled = random.u32(0..10) == 0;
        let (reason, category) = match (allowed && !would_deny, ruled) {
            (true, true) => ("allowlisted", "community"),
            (false, true) => ("deny_rule", "community"),
            (true, false) => ("category", "official"),
            (false, false) => ("category", "community"),
        };
        let rule = if ruled { rule(random.usize(0..RULES)) } else { String::new() };
        backup.row(&json!([
            machine(number),
            format!("01J9ZK3V3N{n:016}"),
            received_ms - 2000,
            received_ms,
            user,
            "pull",
            image,
            u8::from(allowed),
            reason,
            category,
            one.name,
            12,
            rule,
            u8::from(would_deny),
            json!([user]).to_string(),
            n,
            from,
            "",
            "enforced",
        ]))?;
    }
    Ok(())
}

/// `FREQUENT` is one of them.
fn image(number: usize) -> String {
    format!("docker.io/team{}/app{number}:1.{}.{}", number % 700, number % 17 / 5, number % 9)
}

/// Acts, sign-ins and requests.
fn trails(backup: &mut Backup<impl Write>, acme: &Organization, now_ms: i64) -> io::Result<()> {
    let from = first_ms(now_ms);
    backup.table("audit", &["at_ms", "actor", "act", "organization", "target", "detail"])?;
    for n in 0..20_000 {
        let (actor, detail) =
            (format!("user:{}", member(n % 20)), r#"{"before":{"official":true},"after":{"official":false}}"#);
        backup.row(&json!([from + n as i64 * 300_000, actor, "policy.set", acme.name, "policy", detail]))?;
    }
    let columns = ["id", "at_ms", "account", "via", "credential", "outcome", "peer", "machine_id", "count"];
    backup.table("sign_ins", &columns)?;
    for n in 0..200_000 {
        let machine_number = n % acme.machines;
        let user = member(acme.user(machine_number + acme.first.1));
        let outcome = if n % 50 == 0 { "wrong" } else { "accepted" };
        let at = from + n as i64 * 30_000;
        backup.row(&json!([
            n + 1,
            at,
            user,
            "agent",
            "personal-token",
            outcome,
            "192.0.2.1",
            machine(machine_number),
            1,
        ]))?;
    }
    let columns = [
        "id",
        "organization_id",
        "account_id",
        "image",
        "reason",
        "decision",
        "machine_id",
        "state",
        "created_at",
        "decided_at",
        "decided_by",
        "answer",
    ];
    backup.table("access_requests", &columns)?;
    for n in 0..5_000 {
        let waits = n % 20 == 0;
        let (state, decided) = if waits { ("pending", None) } else { ("denied", Some(from / 1000 + n as i64)) };
        let (account, image) = (n % acme.members().len() + 1, format!("docker.io/asked/for{n}"));
        backup.row(&json!([
            rule(n),
            acme.id,
            account,
            image,
            "for the demo",
            "",
            machine(n % acme.machines),
            state,
            from / 1000 + n as i64,
            decided,
            "user:member0",
            "no",
        ]))?;
    }
    Ok(())
}

/// Lines, and the digest over them.
struct Backup<W> {
    out: W,
    digest: Sha256,
    rows: usize,
}

impl<W: Write> Backup<W> {
    fn table(&mut self, table: &str, columns: &[&str]) -> io::Result<()> {
        self.line(&json!({ "table": table, "columns": columns }))
    }

    fn row(&mut self, row: &Value) -> io::Result<()> {
        self.rows += 1;
        self.line(row)
    }

    fn line(&mut self, line: &Value) -> io::Result<()> {
        let line = format!("{line}\n");
        self.digest.update(&line);
        self.out.write_all(line.as_bytes())
    }

    fn end(mut self) -> io::Result<()> {
        let mut hex = String::new();
        for byte in self.digest.clone().finalize() {
            write!(hex, "{byte:02x}").map_err(io::Error::other)?;
        }
        let rows = self.rows;
        self.line(&json!({ "end": rows, "sha256": hex }))?;
        self.out.flush()
    }
}
