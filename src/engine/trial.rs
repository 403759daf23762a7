//! Rules in force, and rules on trial: what a draft would have made of the stored past.
//!
//! A trial runs beside everything else, in pages, and ends at a limit of time or of results or when
//! nobody waits for it any more; what it did not look at is said.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::core::Core;
use super::queries::Reply;
use crate::config::{self, Drafted, Monitored};
use crate::model::{Check, Host, Metric, Name, Observation, Phase, Rule, SafeText, Span, State};
use crate::model::{Timestamp, safe_text::truncate};
use crate::protocol::query::PAGE_LIMIT;
use crate::protocol::rules::{DRAFT_LIMIT, DRAFT_RULES, TRIAL_ALERTS, TRIAL_ROWS};
use crate::protocol::{
    Answer, DraftAnswer, DraftProblem, Problem, RulePage, RuleRow, RuleTrial, TrialAlert, TrialRow,
};
use crate::rules::trial::{self, Told, Trial};
use crate::store::{Past, Recorded, Store, StoreError};

/// Trials that may be under way at once.
pub(super) const TRIALS: usize = 2;
/// Longest one may take: whoever asked looks on.
const PATIENCE: Duration = Duration::from_secs(8);
/// Most results that one judges, some seconds of a processor.
const RESULTS: u64 = 4_000_000;
/// Checks whose part of the journal is read at once.
const GROUP: usize = 64;
/// Most characters of a draft's name.
const NAME: usize = 200;

impl Core {
    /// The rules in force with what they do now.
    pub(super) fn rule_page(&self, limit: u32) -> Answer {
        let mut counts: HashMap<&str, RuleRow> = HashMap::new();
        for (_, slot) in self.table.iter() {
            let Some(ruled) = &slot.check.rule else { continue };
            let row =
                counts.entry(&ruled.rule.name).or_insert_with(|| empty(Rule::clone(&ruled.rule)));
            row.checks += 1;
            let phase = slot.alert.as_ref().map(|alert| alert.phase);
            row.firing += u64::from(phase == Some(Phase::Firing));
            row.pending += u64::from(phase == Some(Phase::Pending));
            row.unknown += u64::from(slot.status.state == State::Unknown);
        }
        let mut rows: Vec<RuleRow> = Vec::with_capacity(self.rules.len());
        for rule in &*self.rules {
            let known = counts.remove(&*rule.name).unwrap_or_else(|| empty(rule.clone()));
            rows.push(RuleRow { rule: rule.clone(), ..known });
        }
        // None is left where the configuration gave the rules along with their checks.
        let mut rest: Vec<RuleRow> = counts.into_values().collect();
        rest.sort_by(|a, b| a.rule.name.cmp(&b.rule.name));
        rows.extend(rest);
        let found = rows.len() as u64;
        rows.truncate(usize::try_from(limit).unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT));
        let (queries_found, queries) = self.query_rows(limit);
        Answer::Rules(RulePage { found, rows, queries_found, queries })
    }

    /// Tries a draft on the stored past since a moment.
    pub(super) fn try_rules(&self, name: &str, text: String, since: Timestamp, reply: Reply) {
        let now = self.clock.now().wall;
        let room = Arc::clone(&self.trials).try_acquire_owned();
        let refused = if text.len() > DRAFT_LIMIT {
            Some(Problem::invalid(format!("a draft has at most {DRAFT_LIMIT} bytes")))
        } else if since >= now {
            Some(Problem::invalid("`since` must be before now"))
        } else {
            room.is_err().then(|| Problem::conflict("other rules are being tried; try again"))
        };
        if let Some(problem) = refused {
            let _ = reply.send(Err(problem));
            return;
        }
        let own = self.table.iter().filter(|(_, slot)| slot.check.rule.is_none());
        let basis = Basis {
            name: truncate(name, NAME),
            text,
            hosts: self.table.hosts().map(Arc::clone).collect(),
            checks: own.map(|(_, slot)| (slot.no, Arc::clone(&slot.check))).collect(),
            lists: self.routes.borrow().lists.keys().map(Arc::clone).collect(),
            rules: Arc::clone(&self.rules),
        };
        let store = self.store.clone();
        tokio::spawn(async move {
            let mut reply = reply;
            let answer = tokio::select! {
                () = reply.closed() => None,
                answer = tried(basis, store, since, now) => Some(answer),
            };
            if let Some(answer) = answer {
                let _ = reply.send(answer);
            }
            drop(room);
        });
    }
}

const fn empty(rule: Rule) -> RuleRow {
    RuleRow { rule, checks: 0, firing: 0, pending: 0, unknown: 0 }
}

/// A draft with what it is held against.
struct Basis {
    name: String,
    text: String,
    hosts: Vec<Arc<Host>>,
    checks: Vec<(i64, Arc<Check>)>,
    lists: Vec<Name>,
    rules: Arc<Vec<Rule>>,
}

/// A check that a draft would make, its source, and the source's number in the store.
struct Wish {
    no: i64,
    source: Arc<Check>,
    made: Check,
}

struct Wanted {
    rule: Rule,
    warnings: Vec<SafeText>,
    wishes: Vec<Wish>,
}

/// Reads the draft and finds what it would judge; long, for a hundred thousand checks.
fn prepare(basis: &Basis) -> Result<Vec<Wanted>, Vec<DraftProblem>> {
    let hosts: Vec<Host> = basis.hosts.iter().map(|host| Host::clone(host)).collect();
    let checks: Vec<Check> = basis.checks.iter().map(|(_, check)| Check::clone(check)).collect();
    let (lists, rules) = (&basis.lists, &basis.rules);
    let known = Monitored { hosts: &hosts, checks: &checks, lists, rules };
    let drafted = config::draft(&basis.name, &basis.text, &known).map_err(|all| {
        let problem = |problem: &config::Problem| DraftProblem {
            line: problem.place.line as u64,
            column: problem.place.column as u64,
            message: SafeText::line(&problem.message),
        };
        all.list.iter().map(problem).collect::<Vec<_>>()
    })?;
    if drafted.len() > DRAFT_RULES {
        let text = format!(
            "there are {} rules in it; at most {DRAFT_RULES} are tried at once",
            drafted.len()
        );
        return Err(vec![DraftProblem { line: 0, column: 0, message: SafeText::line(&text) }]);
    }
    let wanted = drafted.into_iter().map(|Drafted { rule, checks: made, warnings }| {
        let wish = |(place, made): (usize, Check)| {
            let (no, source) = basis.checks.get(place)?;
            Some(Wish { no: *no, source: Arc::clone(source), made })
        };
        let warnings = warnings.iter().map(|text| SafeText::line(text)).collect();
        Wanted { rule, warnings, wishes: made.into_iter().filter_map(wish).collect() }
    });
    Ok(wanted.collect())
}

/// Why a trial failed.
enum Failed {
    Store(StoreError),
    Inside,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<tokio::task::JoinError> for Failed {
    fn from(_: tokio::task::JoinError) -> Self {
        Self::Inside
    }
}

async fn tried(
    basis: Basis,
    store: Store,
    since: Timestamp,
    now: Timestamp,
) -> Result<Answer, Problem> {
    let mut run = Run { store, since, now, until: Instant::now() + PATIENCE, left: RESULTS };
    let asked = async {
        let wanted = match tokio::task::spawn_blocking(move || prepare(&basis)).await? {
            Ok(wanted) => wanted,
            Err(problems) => return Ok(DraftAnswer { problems, trials: Vec::new() }),
        };
        let mut trials = Vec::with_capacity(wanted.len());
        for one in wanted {
            trials.push(run.rule(one).await?);
        }
        Ok(DraftAnswer { problems: Vec::new(), trials })
    };
    match asked.await {
        Ok(answer) => Ok(Answer::TryRules(answer)),
        Err(Failed::Store(error)) => Err(Problem::unavailable(format!("cannot read: {error}"))),
        Err(Failed::Inside) => Err(Problem::internal("the trial failed inside")),
    }
}

/// A trial under way, with its limits.
struct Run {
    store: Store,
    since: Timestamp,
    now: Timestamp,
    until: Instant,
    left: u64,
}

impl Run {
    async fn rule(&mut self, wanted: Wanted) -> Result<RuleTrial, Failed> {
        let Wanted { rule, warnings, wishes } = wanted;
        let hosts: HashSet<&Name> = wishes.iter().map(|wish| &wish.made.key.host).collect();
        let mut sum = Sum::new(rule, warnings, self.since);
        (sum.told.checks, sum.told.hosts) = (wishes.len() as u64, hosts.len() as u64);
        for group in wishes.chunks(GROUP) {
            if self.stopped(&mut sum) {
                break;
            }
            let metric = sum.told.rule.metric.clone();
            let all: Vec<(i64, &str)> = group.iter().map(|wish| (wish.no, &*metric)).collect();
            let mut past = self.store.past(&all, self.since, self.now).await?;
            let kept = past.kept_from.filter(|kept| *kept > self.since);
            sum.told.daily_before = sum.told.daily_before.max(kept);
            for wish in group {
                match self.check(&mut past, wish, &mut sum).await? {
                    Some(told) => sum.add(wish, &told),
                    None => break,
                }
            }
            sum.told.damaged += u64::from(past.damaged);
        }
        Ok(sum.end())
    }

    /// One check; `None` when a limit was met.
    async fn check(
        &mut self,
        past: &mut Past,
        wish: &Wish,
        sum: &mut Sum,
    ) -> Result<Option<Told>, Failed> {
        let Some(mut trial) = Trial::new(wish.made.clone()) else {
            return Ok(Some(Told::default()));
        };
        let metrics: Arc<[Metric]> = past.metrics(wish.no).into();
        loop {
            if self.stopped(sum) {
                return Ok(None);
            }
            let Some(page) = self.store.past_page(past, wish.no).await? else {
                return Ok(Some(trial.end(self.now)));
            };
            if page.is_empty() {
                continue;
            }
            self.left = self.left.saturating_sub(page.len() as u64);
            let (source, metrics) = (Arc::clone(&wish.source), Arc::clone(&metrics));
            let fed = move || feed(trial, &source, &metrics, &page);
            trial = tokio::task::spawn_blocking(fed).await?;
        }
    }

    fn stopped(&self, sum: &mut Sum) -> bool {
        let why = if self.left == 0 {
            format!("{RESULTS} results were judged, and that is the limit")
        } else if Instant::now() >= self.until {
            format!("{} s are over, and that is the limit", PATIENCE.as_secs())
        } else {
            return false;
        };
        sum.told.stopped = Some(SafeText::line(&why));
        true
    }
}

fn feed(mut trial: Trial, source: &Check, metrics: &[Metric], page: &[Recorded]) -> Trial {
    for one in page.iter().filter(|one| !one.late) {
        let metric = |(place, value): &(usize, f64)| {
            let metric = metrics.get(*place)?;
            Some(Metric { value: *value, ..metric.clone() })
        };
        let seen = Observation {
            metrics: one.values.iter().filter_map(metric).collect(),
            ..Observation::default()
        };
        let seen = trial::stored(source, one.state, one.measured, seen);
        trial.result(one.at, &seen);
    }
    trial
}

/// What all checks of a rule come to.
struct Sum {
    told: RuleTrial,
    /// Checks with alerts.
    with: u64,
    /// Between the first and the last result of each check, and how many steps that were.
    length: u64,
    steps: u64,
}

impl Sum {
    const fn new(rule: Rule, warnings: Vec<SafeText>, since: Timestamp) -> Self {
        let told = RuleTrial {
            rule,
            warnings,
            checks: 0,
            hosts: 0,
            judged: 0,
            without: 0,
            warning: 0,
            critical: 0,
            unknown: 0,
            still: 0,
            told: 0,
            rows: Vec::new(),
            more: 0,
            since,
            first: None,
            last: None,
            results: 0,
            every: None,
            daily_before: None,
            damaged: 0,
            stopped: None,
        };
        Self { told, with: 0, length: 0, steps: 0 }
    }

    fn add(&mut self, wish: &Wish, told: &Told) {
        let sum = &mut self.told;
        sum.judged += 1;
        sum.without += u64::from(told.results == 0);
        let [warning, critical, unknown] = told.alerts;
        sum.warning += warning;
        sum.critical += critical;
        sum.unknown += unknown;
        sum.told += told.notices;
        sum.results += told.results;
        if let (Some(first), Some(last)) = (told.first, told.last) {
            sum.first = Some(sum.first.map_or(first, |known| known.min(first)));
            sum.last = sum.last.max(Some(last));
            self.length += last.since(first).millis();
            self.steps += told.results.saturating_sub(1);
        }
        let alerts = warning + critical + unknown;
        if alerts == 0 {
            return;
        }
        self.with += 1;
        let alert = |one: &trial::Episode| TrialAlert {
            from: one.from,
            to: one.to,
            worst: one.worst,
            peak: one.peak,
        };
        let newest: Vec<TrialAlert> =
            told.episodes.iter().rev().take(TRIAL_ALERTS).map(alert).collect();
        sum.still += u64::from(newest.first().is_some_and(|one| one.to.is_none()));
        let worst = match (critical, unknown) {
            (0, 0) => State::Warning,
            (0, _) => State::Unknown,
            _ => State::Critical,
        };
        sum.rows.push(TrialRow {
            check: wish.made.key.clone(),
            source: wish.source.key.name.clone(),
            worst,
            alerts,
            firing: told.firing,
            newest,
        });
        if sum.rows.len() > 8 * TRIAL_ROWS {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        let rank = |row: &TrialRow| (row.worst.severity(), row.firing, row.alerts);
        self.told.rows.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.check.cmp(&b.check)));
        self.told.rows.truncate(TRIAL_ROWS);
    }

    fn end(mut self) -> RuleTrial {
        self.shorten();
        self.told.more = self.with - self.told.rows.len() as u64;
        self.told.every = self.length.checked_div(self.steps).map(Span::from_millis);
        self.told
    }
}
