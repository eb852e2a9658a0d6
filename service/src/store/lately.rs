//! What the people of organizations did of late, kept in memory by day: a draft of a policy is held against ninety of
//! them, and a day that is over hardly changes.
//!
//! INVARIANT: what is given is what the asking transaction sees. A day is kept with what `daily_counts` says of it, which
//! moves in the transaction that counts a decision, and goes last where decisions are forgotten; a day of which it says
//! something else is read again.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use sqlx::FromRow;

use super::{Reading, StoreError, sql::query_as};

/// Most organizations that are kept; the one that was asked for longest ago goes.
const MOST_ORGANIZATIONS: usize = 8;
/// So long after it was asked for, an organization is kept.
const KEPT: Duration = Duration::from_secs(3600);
/// Most of one that is kept, 12 bytes each. More is read, and read again when it is asked for again.
const MOST_KEPT: usize = 4_000_000;
/// Names of things and people that may be kept though nothing of them is of late.
const STALE_NAMES: usize = 10_000;

/// Something that machines decided on, as often as they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// Stable word.
    pub action: Arc<str>,
    /// Normalised reference; empty: none was named.
    pub image: Arc<str>,
    /// Decisions.
    pub times: i64,
    /// The newest of them: days since the Unix epoch.
    pub last_day: i64,
    /// Whose agents reported it: places in [`Summary::accounts`], ascending.
    pub accounts: Vec<u32>,
}

/// Each distinct thing once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// What most people did on most days first.
    pub things: Vec<Done>,
    /// There were more than were wanted.
    pub cut: bool,
    /// The oldest day of which anything is known, since the Unix epoch.
    pub first_day: Option<i64>,
    /// Whose agents reported anything at all, also what was cut.
    pub accounts: Vec<Arc<str>>,
}

/// What tells whether a day changed: how many decisions, and when the newest was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
struct Stamp {
    day: i64,
    times: i64,
    last_ms: i64,
}

/// What somebody's agents reported of a thing on a day. Numbers of names.
#[derive(Clone, Copy, Debug)]
struct Row {
    thing: u32,
    account: u32,
    times: u32,
}

/// Numbers for names.
#[derive(Clone, Debug, Default)]
struct Names {
    numbers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        // Names are fewer than rows, which are fewer than 2^32.
        let (number, name) = (u32::try_from(self.names.len()).unwrap_or(u32::MAX), Arc::<str>::from(name));
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }
}

/// Days of an organization.
#[derive(Clone, Debug, Default)]
pub(crate) struct Days {
    /// Of each action, its images, by the number of the thing.
    numbers: HashMap<Arc<str>, HashMap<Arc<str>, u32>>,
    things: Vec<(Arc<str>, Arc<str>)>,
    accounts: Names,
    days: BTreeMap<i64, (Stamp, Arc<[Row]>)>,
    /// Of the last that asked, with how many things they wanted.
    summary: OnceLock<(usize, Arc<Summary>)>,
}

impl Days {
    /// Each distinct thing once, at most so many. Some hundredths of a second for a million rows.
    pub(crate) fn summary(&self, most: usize) -> Arc<Summary> {
        let (wanted, kept) = self.summary.get_or_init(|| (most, Arc::new(self.summarised(most))));
        if *wanted == most { Arc::clone(kept) } else { Arc::new(self.summarised(most)) }
    }

    fn summarised(&self, most: usize) -> Summary {
        #[derive(Clone, Copy, Default)]
        struct Counted {
            rows: usize,
            times: i64,
            last_day: i64,
        }
        const CUT: usize = usize::MAX;

        let mut counted = vec![Counted::default(); self.things.len()];
        let mut is_active = vec![false; self.accounts.names.len()];
        for (day, (_, rows)) in &self.days {
            for row in rows.iter() {
                let of = &mut counted[row.thing as usize];
                *of = Counted { rows: of.rows + 1, times: of.times + i64::from(row.times), last_day: *day };
                is_active[row.account as usize] = true;
            }
        }

        let mut order: Vec<usize> = (0..counted.len()).filter(|thing| counted[*thing].rows > 0).collect();
        order.sort_unstable_by(|one, other| {
            counted[*other].rows.cmp(&counted[*one].rows).then_with(|| self.things[*one].cmp(&self.things[*other]))
        });
        let cut = order.len() > most;
        order.truncate(most);

        let mut accounts = Vec::new();
        let places: Vec<u32> = std::iter::zip(&self.accounts.names, is_active)
            .map(|(name, is_active)| {
                let place = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
                if is_active {
                    accounts.push(Arc::clone(name));
                }
                place
            })
            .collect();

        let mut ranks = vec![CUT; counted.len()];
        for (rank, thing) in order.iter().enumerate() {
            ranks[*thing] = rank;
        }
        let mut people: Vec<Vec<u32>> = order.iter().map(|thing| Vec::with_capacity(counted[*thing].rows)).collect();
        for row in self.days.values().flat_map(|(_, rows)| rows.iter()) {
            if let Some(people) = people.get_mut(ranks[row.thing as usize]) {
                people.push(places[row.account as usize]);
            }
        }
        let done = |(thing, mut accounts): (usize, Vec<u32>)| {
            accounts.sort_unstable();
            accounts.dedup();
            let ((action, image), Counted { times, last_day, .. }) = (self.things[thing].clone(), counted[thing]);
            Done { action, image, times, last_day, accounts }
        };
        let things = order.into_iter().zip(people).map(done).collect();
        Summary { things, cut, first_day: self.days.keys().next().copied(), accounts }
    }

    fn is_as(&self, stamps: &[Stamp]) -> bool {
        self.days.values().map(|(stamp, _)| stamp).eq(stamps)
    }

    fn number(&mut self, action: &str, image: &str) -> u32 {
        if let Some(number) = self.numbers.get(action).and_then(|images| images.get(image)) {
            return *number;
        }
        let known = self.numbers.get_key_value(action).map(|(action, _)| Arc::clone(action));
        let (action, image) = (known.unwrap_or_else(|| action.into()), Arc::<str>::from(image));
        let number = u32::try_from(self.things.len()).unwrap_or(u32::MAX);
        self.things.push((Arc::clone(&action), Arc::clone(&image)));
        self.numbers.entry(action).or_default().insert(image, number);
        number
    }

    fn rows(&self) -> usize {
        self.days.values().map(|(_, rows)| rows.len()).sum()
    }

    /// Whether keeping it costs no more than reading it again would.
    fn is_worth_keeping(&self) -> bool {
        let rows = self.rows();
        rows <= MOST_KEPT && self.things.len() + self.accounts.names.len() <= 2 * rows + STALE_NAMES
    }
}

/// One organization's, and when it was asked for last. Who asks while it is read waits.
type Slot = (Instant, Arc<tokio::sync::Mutex<Arc<Days>>>);

/// What is kept of all organizations.
#[derive(Clone, Debug, Default)]
pub(super) struct Lately(Arc<Mutex<HashMap<String, Slot>>>);

impl Lately {
    fn of(&self, organization: &str) -> Arc<tokio::sync::Mutex<Arc<Days>>> {
        let now = Instant::now();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (asked, _)| now.duration_since(*asked) < KEPT);
        if !kept.contains_key(organization) && kept.len() >= MOST_ORGANIZATIONS {
            let oldest = kept.iter().min_by_key(|(_, (asked, _))| *asked).map(|(name, _)| name.clone());
            kept.remove(&oldest.unwrap_or_default());
        }
        let (asked, days) = kept.entry(organization.to_owned()).or_insert_with(|| (now, Arc::default()));
        *asked = now;
        Arc::clone(days)
    }
}

impl Reading {
    /// What was decided on in an organization since a day.
    pub(crate) async fn lately(&mut self, organization: &str, since_day: i64) -> Result<Arc<Days>, StoreError> {
        let kept = self.1.of(organization);
        let mut kept = kept.lock().await;
        let sql = "SELECT day, CAST(SUM(times) AS BIGINT) AS times, MAX(last_ms) AS last_ms FROM daily_counts \
                   WHERE organization = $1 AND subject = 'all' AND day >= $2 GROUP BY day ORDER BY day";
        let stamps: Vec<Stamp> = query_as(sql).bind(organization).bind(since_day).fetch_all(&mut self.0).await?;
        if kept.is_as(&stamps) {
            return Ok(Arc::clone(&kept));
        }
        let mut days = Days { summary: OnceLock::new(), ..(**kept).clone() };
        days.days.retain(|_, (stamp, _)| stamps.contains(stamp));
        for stamp in stamps {
            if !days.days.contains_key(&stamp.day) {
                let rows = self.day(organization, stamp.day, &mut days).await?;
                days.days.insert(stamp.day, (stamp, rows));
            }
        }
        let days = Arc::new(days);
        *kept = if days.is_worth_keeping() { Arc::clone(&days) } else { Arc::default() };
        Ok(days)
    }

    /// One row for each account: a row costs more than what is in it.
    async fn day(&mut self, organization: &str, day: i64, days: &mut Days) -> Result<Arc<[Row]>, StoreError> {
        let sql = "SELECT account, STRING_AGG(action || ' ' || times || ' ' || image, '\n') AS done FROM \
                   (SELECT account, action, image, SUM(times) AS times FROM decision_counts \
                   WHERE organization = $1 AND day = $2 GROUP BY account, action, image) AS things GROUP BY account";
        let mut rows = Vec::new();
        let take = |(account, done): (String, String)| {
            let account = days.accounts.number(&account);
            rows.extend(done.split('\n').filter_map(|line| {
                let (action, times, image) = read(line)?;
                Some(Row { thing: days.number(action, image), account, times })
            }));
            Ok::<(), StoreError>(())
        };
        query_as(sql).bind(organization).bind(day).each(&mut self.0, take).await?;
        Ok(rows.into())
    }
}

/// `ACTION TIMES IMAGE`. Actions are words, and nothing that is stored of a record has a line break.
fn read(line: &str) -> Option<(&str, u32, &str)> {
    let (action, rest) = line.split_once(' ')?;
    let (times, image) = rest.split_once(' ')?;
    Some((action, times.parse::<u64>().ok()?.try_into().unwrap_or(u32::MAX), image))
}
