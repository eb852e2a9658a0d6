//! The trail of administrative acts, in Docker Hub's words.

use axum::extract::{RawQuery, State};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    HubApi, answers,
    caller::Caller,
    input::{At, Organization},
    refused::{Answer, Refused},
};
use crate::{
    acts::trail::{self, Acts},
    model::{ActKind, from_word, word},
    store::TrailLine,
};

/// Docker Hub's words. What it has none for keeps ours, behind `org.`.
const HUB: [(ActKind, &str); 11] = [
    (ActKind::OrganizationAdd, "org.create"),
    (ActKind::InvitationAdd, "org.member.invite.send"),
    (ActKind::TeamAdd, "org.team.create"),
    (ActKind::TeamChange, "org.team.update"),
    (ActKind::TeamRemove, "org.team.delete"),
    (ActKind::PolicySet, "org.settings.update"),
    (ActKind::RegistryAdd, "org.registry_access.registry_added"),
    (ActKind::RegistryRemove, "org.registry_access.registry_removed"),
    (ActKind::OrganizationTokenCreate, "org.access_token.create"),
    (ActKind::OrganizationTokenChange, "org.access_token.update"),
    (ActKind::OrganizationTokenRevoke, "org.access_token.delete"),
];

/// As Docker Hub has it, and the most.
const SIZE: (usize, usize) = (25, 100);
/// How far back pages go: past that, a narrower time is asked for.
const MOST: usize = 10_000;
/// Lines of one look.
const CHUNK: u32 = 500;

/// Which acts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Which {
    action: String,
    name: String,
    actor: String,
    since_ms: Option<i64>,
    until_ms: Option<i64>,
    page: usize,
    size: usize,
}

impl Which {
    fn read(query: &str) -> Result<Self, Refused> {
        let mut which = Self { page: 1, size: SIZE.0, ..Self::default() };
        for (key, value) in form(query) {
            let number = || value.parse::<usize>().ok().filter(|number| *number > 0);
            let wrong = |what: &str| Refused::invalid(format!("`{key}` is {what}"));
            let moment = || {
                let time = OffsetDateTime::parse(&value, &Rfc3339).map_err(|_| wrong("a time as in RFC 3339"))?;
                i64::try_from(time.unix_timestamp_nanos() / 1_000_000).map_err(|_| wrong("a time as in RFC 3339"))
            };
            match key.as_str() {
                "action" => which.action = value,
                "name" => which.name = value,
                "actor" => which.actor = value,
                "from" if !value.is_empty() => which.since_ms = Some(moment()?),
                "to" if !value.is_empty() => which.until_ms = Some(moment()?),
                "page" => which.page = number().ok_or_else(|| wrong("a number from 1 on"))?,
                "page_size" => which.size = number().ok_or_else(|| wrong("a number from 1 on"))?.min(SIZE.1),
                _ => {}
            }
        }
        if which.page.saturating_mul(which.size) > MOST {
            return Err(Refused::invalid(format!("pages go {MOST} acts back; ask for a narrower time with `to`")));
        }
        Ok(which)
    }

    fn means(&self, line: &TrailLine) -> bool {
        let (action, _) = words_of(&line.act);
        let is = |asked: &str, has: &str| asked.is_empty() || asked == has;
        // `org.member`, or one of them.
        let within = |asked: &str| action.strip_prefix(asked).is_some_and(|rest| rest.starts_with('.'));
        (is(&self.action, &action) || within(&self.action))
            && is(&self.name, &line.target)
            && is(&self.actor, actor(&line.actor))
    }
}

/// Pairs of a query. What is no UTF-8 is replaced: it is like nothing that is here.
fn form(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent(text.as_bytes())
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

fn percent(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, more @ ..] = rest {
        let hex = |digit: Option<&u8>| digit.and_then(|digit| char::from(*digit).to_digit(16));
        match (first, hex(more.first()), hex(more.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = more.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Docker Hub's word, and what it says.
fn words(kind: ActKind) -> (String, String) {
    let theirs = HUB.iter().find(|(ours, _)| *ours == kind).map(|(_, theirs)| (*theirs).to_owned());
    (theirs.unwrap_or_else(|| format!("org.{}", word(kind))), kind.says())
}

/// Of what is written down. A later version may know more than this one.
fn words_of(act: &str) -> (String, String) {
    from_word(act).map_or_else(|act| (format!("org.{act}"), act), words)
}

/// An account without what marks it as one: names of other kinds hold a colon, which no account does.
fn actor(named: &str) -> &str {
    named.strip_prefix("user:").unwrap_or(named)
}

fn log(line: &TrailLine) -> Value {
    let (action, description) = words_of(&line.act);
    // Docker's have texts only.
    let mut data = Map::new();
    data.insert("via".to_owned(), json!(line.via));
    data.insert("peer".to_owned(), json!(line.peer));
    data.insert("detail".to_owned(), json!(line.detail));
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(line.at_ms) * 1_000_000).ok();
    json!({
        "account": line.organization, "action": action, "name": line.target, "actor": actor(&line.actor),
        "data": data, "action_description": description,
        "timestamp": at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default(),
    })
}

/// `GET /v2/auditlogs/{organization}`.
pub(super) async fn list(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Organization>,
    RawQuery(query): RawQuery,
) -> Answer {
    let which = Which::read(query.as_deref().unwrap_or_default())?;
    let (skip, mut logs) = ((which.page - 1) * which.size, Vec::new());
    let (mut seen, mut looked, mut before) = (0, 0, None);
    loop {
        let acts = Acts { before, since_ms: which.since_ms, until_ms: which.until_ms, ..Acts::default() };
        let lines = trail::acts(&hub.api.store, &caller.actor, Some(&at.organization), &acts, CHUNK).await?;
        looked += lines.len();
        let last = lines.len() < CHUNK as usize || looked >= MOST;
        before = lines.last().map(|line| line.id);
        for line in lines.iter().filter(|line| which.means(line)) {
            seen += 1;
            if seen > skip && logs.len() < which.size {
                logs.push(log(line));
            }
        }
        if last || logs.len() == which.size {
            return Ok(answers::ok(&json!({ "logs": logs })));
        }
    }
}

/// `GET /v2/auditlogs/{organization}/actions`.
pub(super) async fn actions(State(hub): State<HubApi>, caller: Caller, At(at): At<Organization>) -> Answer {
    // For who may see the trail.
    trail::acts(&hub.api.store, &caller.actor, Some(&at.organization), &Acts::default(), 1).await?;
    let of_organizations = ActKind::all().iter().filter(|kind| kind.is_of_an_organization());
    let row = |(name, label): (String, String)| json!({ "name": name, "description": label, "label": label });
    let actions: Vec<Value> = of_organizations.map(|kind| row(words(*kind))).collect();
    Ok(answers::ok(&json!({ "actions": { "org": { "label": "Organization", "actions": actions } } })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_docker_s_tools_write_it() {
        let which = Which::read("action=org.member&name=a%2Fb+c&actor=&from=2026-01-02T03:04:05Z&page=2&page_size=7");
        let expected = Which {
            action: "org.member".to_owned(),
            name: "a/b c".to_owned(),
            since_ms: Some(1_767_323_045_000),
            page: 2,
            size: 7,
            ..Which::default()
        };
        assert_eq!(which.unwrap(), expected);
        for bad in ["from=yesterday", "to=2026", "page=0", "page_size=x", "page=5000000000", "page=101&page_size=100"] {
            assert!(Which::read(bad).is_err(), "{bad}");
        }
        assert_eq!(percent(b"%zz%4%41%ff"), "%zz%4A\u{fffd}");
    }
}
