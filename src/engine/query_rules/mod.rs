//! Rules in `PromQL`: evaluated over the scraped series beside everything else, their alerts judged
//! with all other alerts.
//!
//! | who | does what |
//! |---|---|
//! | `compile` | reads expressions and templates, says what is wrong |
//! | `turn` | evaluates a group: phases of alerts, recorded series |
//! | `task` | knows when which group is due, and lets one at a time have a thread |
//! | `news` | takes what came out of it into checks and alerts, on the engine's own task |
//! | `about` | says what is said of an alert, and which labels a target has |
//! | `back` | puts back what a change replaced that the store did not take |
//! | `place` | says which host an alert is of, and what it is called there |

mod about;
mod back;
mod compile;
mod news;
mod place;
mod rows;
mod task;
mod turn;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::handle::Door;
use super::or_all_stop;

use crate::model::{Check, CheckKey, Name, SafeText, Span, Spec, Steady, Timestamp};
use crate::promql::alerting::{AlertRule, Installation, RecordRule};
use crate::promql::{Labels, Options};

pub(super) use about::target_labels;
pub(super) use back::QueriesBefore;
pub use compile::compile;
pub(super) use news::why_gone;
pub(super) use turn::{News, Recorded};

/// Alerts that are known at most, of all rules together.
const ALERTS: usize = 10_000;
/// How long the check of an alert that is over stays.
const STAYS: Span = Span::from_secs(15 * 60);
/// Iterations that wait for the engine; one more waits where it was made.
const WAITING: usize = 4;

/// All rules, ready to be evaluated.
#[derive(Debug)]
pub struct QueryRules {
    pub(super) groups: Vec<Arc<Group>>,
    options: Options,
    installation: Installation,
    /// The host of alerts that are of no other.
    host: Name,
    contact_list: Option<Name>,
}

impl Default for QueryRules {
    /// No rule.
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            options: Options::default(),
            installation: Installation::default(),
            host: "promql".into(),
            contact_list: None,
        }
    }
}

/// Rules that are evaluated one after the other, with one time.
#[derive(Debug)]
pub(super) struct Group {
    source: Name,
    name: Name,
    interval: Span,
    /// Where in the interval it is evaluated: not all groups at once.
    offset: Span,
    limit: usize,
    query_offset: i64,
    host: Option<Name>,
    contact_list: Option<Name>,
    rules: Vec<Rule>,
}

/// A rule.
#[derive(Debug)]
struct Rule {
    name: Name,
    line: usize,
    expr: Arc<str>,
    hold: Span,
    keep: Span,
    labels: Vec<(String, String)>,
    annotations: Vec<(String, String)>,
    /// How far back its expression looks, in milliseconds.
    reach: i64,
    body: Body,
}

/// What a rule makes.
#[derive(Debug)]
enum Body {
    Alert(Box<AlertRule>),
    Record(Box<RecordRule>),
}

/// A group of some source, and a rule's place in it.
type RuleId = (Name, Name, usize);

/// How a rule was evaluated last.
#[derive(Clone, Debug, Default)]
struct Health {
    at: Option<Timestamp>,
    took_us: u64,
    error: Option<SafeText>,
    /// Evaluations that failed, since the start.
    errors: u64,
    /// Series that it recorded, or alerts that found no room.
    series: u64,
    left_out: u64,
}

/// What the engine knows of the rules.
pub(super) struct Queries {
    rules: Arc<QueryRules>,
    told: watch::Sender<Arc<QueryRules>>,
    health: HashMap<RuleId, Health>,
    /// Iterations that were skipped because the one before took too long, by group.
    missed: HashMap<(Name, Name), u64>,
    /// The checks of alerts, by rule and labels.
    known: HashMap<RuleId, HashMap<Labels, CheckKey>>,
    /// Those of before the start that no rule has found since.
    before: HashSet<CheckKey>,
    /// Since when an alert is over, by its check.
    over: HashMap<CheckKey, Steady>,
    /// The hosts of targets, by what their series have as `instance`.
    instances: HashMap<String, Name>,
    /// Hosts by address.
    addresses: HashMap<Name, Name>,
}

impl Queries {
    /// What the checks of the alerts of each alerting rule begin with.
    pub(super) fn alert_names(&self) -> Vec<Name> {
        let rules = self.rules.groups.iter().flat_map(|group| &group.rules);
        let alerts = rules.filter(|rule| matches!(rule.body, Body::Alert(_)));
        alerts.map(|rule| place::plain(&rule.name).into()).collect()
    }
}

/// What the engine's own task hears of evaluations.
pub(super) type Inbox = mpsc::Receiver<News>;

impl Core {
    /// Starts the engine's own task, and the one that evaluates rules for it.
    pub(super) fn start(mut self, tasks: &mut JoinSet<()>, door: Door, stop: &CancellationToken) {
        let (out, news) = mpsc::channel(WAITING);
        let evaluation = task::Task {
            memory: Arc::clone(&self.series),
            clock: self.clock.clone(),
            rules: self.queries.told.subscribe(),
            befores: self.alerts_before(),
            news: out,
            stop: stop.clone(),
        };
        tasks.spawn(or_all_stop(stop, self.run(door, news)));
        tasks.spawn(or_all_stop(stop, task::run(evaluation)));
    }
}

impl Queries {
    /// Alerts that are known.
    fn count(&self) -> usize {
        self.known.values().map(HashMap::len).sum()
    }

    /// Knows an alert of a rule no more.
    fn forget(&mut self, id: &RuleId, key: &CheckKey) {
        if let Some(of_rule) = self.known.get_mut(id) {
            of_rule.retain(|_, known| known != key);
        }
        self.over.remove(key);
    }

    /// With no rule yet.
    pub fn new() -> Self {
        Self {
            rules: Arc::default(),
            told: watch::Sender::new(Arc::default()),
            health: HashMap::new(),
            missed: HashMap::new(),
            known: HashMap::new(),
            before: HashSet::new(),
            over: HashMap::new(),
            instances: HashMap::new(),
            addresses: HashMap::new(),
        }
    }
}

/// True for the check of an alert of a rule.
pub(super) fn is_alert(check: &Check) -> bool {
    matches!(&*check.spec, Spec::Query(_))
}

/// Under which key the memory of series has what a rule makes.
fn series_key(rules: &QueryRules, group: &Group, at: usize) -> CheckKey {
    let name = group.rules.get(at).map_or("", |rule| &*rule.name);
    let source = crate::model::hash::fnv1a(group.source.as_bytes()) & 0xffff;
    let called = format!("{name} ({} {at}, {source:04x})", group.name);
    CheckKey::new(Name::clone(&rules.host), place::plain(&called))
}
