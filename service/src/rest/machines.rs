//! Machines on which members are signed in.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At, at_most},
    page::{Listed, Page},
    path::Organization,
    refusal::Refusals,
};
use crate::{
    acts::machines::{self, Position},
    clock,
    model::{Guard, OpenWay},
    names::Name,
    store::MachineRow,
};

/// A signed-in user of a machine.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Account.
    user: String,
    /// The machine's own id.
    machine_id: String,
    /// Local user there.
    uid: i64,
    /// Version of the agent.
    agent_version: String,
    /// When the session there was sealed, seconds since the Unix epoch.
    session_issued_at: i64,
    /// When it ends, seconds since the Unix epoch.
    session_expires_at: i64,
    /// Policy generation of the newest decision that it reported: at least that one is in force there. Null: none.
    generation: Option<i64>,
    /// When that decision was received, milliseconds since the Unix epoch; null: none.
    last_record_at_ms: Option<i64>,
    /// Records that were lost there, as it says.
    records_dropped: i64,
    /// Records of it that were not taken.
    records_refused: i64,
    /// Accounts of unrelated organizations reported this machine: one of them may be lying.
    disputed: bool,
    /// What guards the machine, as its agent said last; null: it never did.
    posture: Option<Posture>,
    /// Whether its ways in are guarded, as far as it let itself be heard.
    guard: Guard,
}

/// What guards a machine, as its agent says: a claim, which whoever administers the machine can make. It is told within
/// a minute of a change, and each hour.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Posture {
    /// When it was told, milliseconds since the Unix epoch.
    reported_at_ms: i64,
    /// Version of the plugin; empty: the plugin did not answer the agent, and nothing is known of the rest.
    plugin_version: String,
    /// Version of the engine, as it says so in its requests; empty: it made none yet.
    engine_version: String,
    /// Generations of the policies in force there, by organization: only of the one that is asked about.
    policies: BTreeMap<String, i64>,
    /// Nobody uses the engine there without being signed in.
    sign_in_enforced: bool,
    /// Containers there are kept from registries too.
    containers_kept: bool,
    /// What of the plugin's own sandbox the system there does not enforce, in words.
    sandbox_faults: Vec<String>,
    /// What the engine there may dial past the registry door by the administrator's word, `ADDRESS:PORT`: a registry
    /// there is not judged. At most 16.
    exceptions: Vec<String>,
    /// Ways in that nothing there is known to guard; empty: the machine guards all of them.
    open: Vec<OpenWay>,
}

impl Posture {
    fn of(row: &MachineRow) -> Option<Self> {
        let (posture, reported_at_ms) = (row.posture.clone()?, row.posture_at_ms?);
        let open = posture.open();
        Some(Self {
            reported_at_ms,
            plugin_version: posture.plugin_version,
            engine_version: posture.engine_version,
            policies: posture.policies,
            sign_in_enforced: posture.sign_in_enforced,
            containers_kept: posture.containers_kept,
            sandbox_faults: posture.sandbox_faults,
            exceptions: posture.exceptions,
            open,
        })
    }
}

impl From<MachineRow> for Machine {
    fn from(row: MachineRow) -> Self {
        let posture = Posture::of(&row);
        Self {
            user: row.user,
            machine_id: row.machine_id,
            uid: row.uid,
            agent_version: row.agent_version,
            session_issued_at: row.session_issued_at,
            session_expires_at: row.session_expires_at,
            generation: row.generation,
            last_record_at_ms: row.last_record_at_ms,
            records_dropped: row.records_dropped,
            records_refused: row.records_refused,
            disputed: row.disputed,
            posture,
            guard: row.guard,
        }
    }
}

/// Machines of an organization.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Machines {
    /// By user, machine and local user.
    items: Vec<Machine>,
    /// The `cursor` of the next page; null on the last one.
    next: Option<String>,
    /// The newest generation of the policy; null: a first one comes in a moment.
    published_generation: Option<i64>,
    /// How many of all of them say that every way in is guarded.
    whole: i64,
    /// How many say that some are not.
    open: i64,
    /// Of how many nothing is known, whatever they said last: their session ended, or nothing was heard for 2 hours.
    silent: i64,
    /// How many told nothing yet.
    untold: i64,
}

/// Which machines.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of this user.
    user: Option<Name>,
    /// Guarded like this, as they say.
    #[param(inline)]
    guard: Option<Guard>,
    /// As the page before says in `next`; without it, the first page.
    #[serde(default, deserialize_with = "at_most::<1000, _>")]
    #[param(max_length = 1000)]
    cursor: Option<String>,
    /// Most things of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// Machines of members
#[utoipa::path(get, path = "/organizations/{organization}/machines", tag = "activity", params(Organization, Which),
    responses((status = 200, body = Machines), Refusals))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(which): Asked<Which>,
) -> Answer {
    let page = Page { cursor: which.cursor, limit: which.limit };
    let (after, limit) = (page.after::<Position>()?, page.limit()?);
    let (store, actor, more) = (&api.store, &caller.actor, limit.saturating_add(1));
    let which = machines::Which { user: which.user.as_ref(), guard: which.guard };
    let found = machines::list(store, actor, &at.organization, which, after, more, clock::now()).await?;
    let key = |row: &MachineRow| (row.user.clone(), row.machine_id.clone(), row.uid);
    let Listed { items, next } = Listed::of(found.rows, limit, key).map(Machine::from);
    let count = |guard| machines::guarded(&found.guards, guard);
    let (whole, open) = (count(Guard::Whole), count(Guard::Open));
    let (silent, untold) = (count(Guard::Silent), count(Guard::Untold));
    answer::ok(&Machines { items, next, published_generation: found.published, whole, open, silent, untold })
}
