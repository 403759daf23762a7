//! A made-up engine: what it says is made of the samples of the seam, once for each of many hosts,
//! with a token at every place where a text can stand.
//!
//! In: what a console asks. Out: events, answers, outcomes, problems.
//! Never: knows a text; the wire puts them in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fluxnoc::engine::{Ask, Watcher};
use fluxnoc::model::spec::Kind;
use fluxnoc::model::{Check, CheckKey, Metric, Observation, Span, State, Timestamp, Unit};
use fluxnoc::protocol::query::Point;
use fluxnoc::protocol::{
    Answer, Command, Event, LogPage, Outcome, Problem, ProblemKind, Query, Target,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use crate::fields::{self, Fields};
use crate::kinds;
use crate::rows::{
    alerts, changes, comments, destinations, edges, hosts, log, many, paths, planned, promises,
    ran, remembered, rules, series, settings, windows,
};
use crate::samples;
use crate::stage::JOINED;

/// Hosts of one world, each with a check, an alert and a window.
pub const VARIANTS: usize = 60;
/// Rows of one answer beside a single thing.
const FEW: usize = 6;
/// When a live result says that the next comes; the stored one says another time.
const AFTER_LIVE: Timestamp = Timestamp::from_millis(1_772_003_600_123);
/// What is on screen then.
pub const LIVE: &str = "next 07:13:20";

/// A sample with tokens for variant 0, and for which it is remade.
struct Template<T>(String, std::marker::PhantomData<T>);

impl<T: Serialize + DeserializeOwned + 'static> Template<T> {
    fn new(fields: &mut Fields, root: &str, sample: &T) -> Self {
        let planted = fields.plant(root, sample, 0);
        Self(serde_json::to_string(&planted).unwrap(), std::marker::PhantomData)
    }

    fn of(&self, variant: usize) -> T {
        let mut text = self.0.clone();
        for (from, to) in [
            ("000Z".to_owned(), format!("{variant:03}Z")),
            ("h000Q".to_owned(), format!("h{variant:03}Q")),
            ("s000Q".to_owned(), format!("s{variant:03}Q")),
            ("c000Q".to_owned(), format!("c{variant:03}Q")),
            ("v000Q".to_owned(), format!("v{variant:03}Q")),
            (fields::alert_id(0).to_string(), fields::alert_id(variant).to_string()),
            (fields::window_id(0).to_string(), fields::window_id(variant).to_string()),
        ] {
            text = text.replace(&from, &to);
        }
        serde_json::from_str(&text).unwrap()
    }
}

/// The made-up engine.
pub struct World {
    pub fields: Fields,
    events: BTreeMap<String, Template<Event>>,
    answers: BTreeMap<String, Template<Answer>>,
    outcomes: Vec<Template<Outcome>>,
    checks: Vec<Template<Check>>,
    problem: Template<Problem>,
    watchers: Mutex<Vec<mpsc::Sender<Arc<Event>>>>,
    now: Timestamp,
    /// Which kind and which strings an open page is told, [`NO_TURN`] for those of its host.
    turn: AtomicUsize,
    /// Where somebody stood last.
    stood: AtomicUsize,
}

const NO_TURN: usize = usize::MAX;
/// Kinds of checks.
pub const KINDS: usize = Kind::ALL.len();

fn tag<T: Serialize>(value: &T, name: &str) -> String {
    let json = serde_json::to_value(value).unwrap();
    json[name].as_str().unwrap().to_owned()
}

pub fn problem() -> Problem {
    Problem::invalid("field `end`: not after `start`")
}

impl World {
    pub fn new(now: Timestamp) -> Self {
        let mut fields = Fields::new();
        let mut events = BTreeMap::new();
        for event in samples::events() {
            let name = tag(&event, "event");
            let root = format!("Event.{name}");
            // Of several samples of a kind the first is the full one.
            let made = Template::new(&mut fields, &root, &event);
            events.entry(name).or_insert(made);
        }
        let mut answers = BTreeMap::new();
        for query in Query::samples() {
            let answer = samples::answer_to(&query);
            let name = tag(&answer, "answer");
            let root = format!("Answer.{name}");
            answers.entry(name).or_insert_with(|| Template::new(&mut fields, &root, &answer));
        }
        // Each kind of check has parameters of its own.
        let checks = Kind::ALL.iter().map(|kind| {
            let mut check = samples::check();
            check.spec = Arc::new(samples::spec(*kind));
            Template::new(&mut fields, &format!("Check.{kind}"), &check)
        });
        let checks = checks.collect();
        let outcomes = samples::outcomes();
        let outcomes = outcomes.iter().map(|outcome| {
            let root = format!("Outcome.{}", tag(outcome, "outcome"));
            Template::new(&mut fields, &root, outcome)
        });
        let outcomes = outcomes.collect();
        let problem = Template::new(&mut fields, "Problem", &problem());
        let watchers = Mutex::default();
        let [turn, stood] = [NO_TURN; 2].map(AtomicUsize::new);
        Self { fields, events, answers, outcomes, checks, problem, watchers, now, turn, stood }
    }

    /// From now on every check that is asked for is of the turn's kind, and says which turn it is.
    pub fn turn(&self, turn: Option<usize>) {
        self.turn.store(turn.unwrap_or(NO_TURN), Ordering::Relaxed);
    }

    /// The present turn.
    pub fn turned(&self) -> Option<usize> {
        Some(self.turn.load(Ordering::Relaxed)).filter(|turn| *turn != NO_TURN)
    }

    /// An event of a variant.
    pub fn event(&self, name: &str, variant: usize) -> Event {
        let mut event = self.events[name].of(variant);
        let ago = Span::from_secs(86_400 * 3 + 3600 * variant as u64);
        let state = [State::Critical, State::Unknown, State::Warning][variant % 3];
        match &mut event {
            Event::Alert(alert) => {
                let alert = Arc::make_mut(alert);
                (alert.resolved, alert.in_maintenance, alert.state) = (None, false, state);
                (alert.opened, alert.since) = (self.now - ago, self.now - ago);
                alert.fired = Some(alert.since);
                if !variant.is_multiple_of(3) {
                    alert.ack = None;
                }
                // What nobody has and nothing explains is gone through by key.
                if variant % 3 == 2 {
                    alert.cause = None;
                }
                if let Some(ack) = &mut alert.ack {
                    (ack.at, ack.expires) = (alert.since, None);
                }
            }
            Event::Check(row) => {
                let row = Arc::make_mut(row);
                (row.status.state, row.status.hard_state) = (state, state);
                (row.status.since, row.status.last_result) = (self.now - ago, Some(self.now));
                row.kind = kind(variant);
                // Its view is there where a check measures one itself.
                if row.kind == Kind::Fluxbase {
                    row.rule = None;
                }
                row.interval = Span::from_secs(86_400);
            }
            Event::Live(live) => {
                let live = Arc::make_mut(live);
                live.next = Some(AFTER_LIVE);
                self.plug(variant, &mut live.observation);
            }
            // Their order is by moments, as that of alerts, never by names.
            Event::Agent(agent) => Arc::make_mut(agent).since = self.now - ago,
            Event::Maintenance(window) => {
                let window = Arc::make_mut(window);
                // Later, so that no state is hidden under it.
                window.start = self.now + Span::from_secs(86_400 * 9);
                window.end = window.start + ago;
            }
            _ => {}
        }
        event
    }

    /// Has an observation show the interfaces of several variants.
    fn plug(&self, variant: usize, seen: &mut Observation) {
        let mut aliases = BTreeMap::new();
        for n in 0..FEW {
            let Event::Live(other) = self.events["live"].of((variant + n) % VARIANTS) else {
                return;
            };
            let other = &other.observation;
            let name = other.metrics.iter().find_map(|metric| metric.instance.clone());
            let alias = other.aliases.as_ref().and_then(|aliases| aliases.values().next().cloned());
            let Some((name, alias)) = name.zip(alias) else { return };
            for figure in ["link_state", "octets_in", "octets_out", "network_speed"] {
                seen.metrics.push(Metric::new(figure, 1.0, Unit::BitsPerSecond).of(&name));
            }
            aliases.insert(name, alias);
        }
        seen.aliases = Some(Arc::new(aliases));
    }

    /// Everything, as a stream begins.
    fn picture(&self) -> Vec<Arc<Event>> {
        let mut all = vec![Event::Hello { stream: 7, hosts: 0 }];
        all.push(self.event("engine", 0));
        for name in ["host", "check", "alert", "maintenance", "agent"] {
            all.extend((0..VARIANTS).map(|variant| self.event(name, variant)));
        }
        all.push(self.event("remembered", 0));
        all.push(Event::Ready);
        all.into_iter().map(Arc::new).collect()
    }

    /// True for a host whose check shows interfaces.
    pub fn has_interfaces(&self, variant: usize) -> bool {
        matches!(kind(variant), Kind::Snmp | Kind::System)
    }

    /// Sends what changes while somebody stands on a variant.
    pub fn stand_on(&self, variant: usize) {
        self.stood.store(variant, Ordering::Relaxed);
        for name in ["engine", "live", "trace", "path", "remembered", "directives", "told"] {
            self.tell(&Arc::new(self.event(name, variant)));
        }
    }

    /// The trace there again: a console whose hand rested forgets it and asks anew.
    pub fn trace_again(&self) {
        let variant = self.stood.load(Ordering::Relaxed);
        if variant != NO_TURN {
            self.tell(&Arc::new(self.event("trace", variant)));
        }
    }

    /// Somebody has every alert now.
    pub fn take_all(&self) {
        for variant in 0..VARIANTS {
            let Event::Alert(sample) = self.events["alert"].of(variant) else { return };
            let Event::Alert(mut alert) = self.event("alert", variant) else { return };
            let change = Arc::make_mut(&mut alert);
            change.cause = None;
            change.ack.clone_from(&sample.ack);
            if let Some(ack) = &mut change.ack {
                (ack.at, ack.expires) = (change.since, None);
            }
            self.tell(&Arc::new(Event::Alert(alert)));
        }
    }

    fn tell(&self, event: &Arc<Event>) {
        let mut watchers = self.watchers.lock().unwrap();
        watchers.retain(|watcher| watcher.try_send(Arc::clone(event)).is_ok());
    }

    /// The answer about a variant's check.
    pub fn detail(&self, variant: usize) -> Answer {
        let key = CheckKey::new(fields::host_name(variant), fields::check_name(variant));
        self.answer(&Query::Check { key }).unwrap()
    }

    fn answer(&self, query: &Query) -> Result<Answer, Problem> {
        let answers = |variant: usize| {
            let name = tag(&samples::answer_to(query), "answer");
            self.answers[&name].of(variant)
        };
        let standing = match query {
            Query::Check { key } | Query::History { key, .. } => number(&key.host),
            Query::Comments { host, .. } | Query::PathChanges { host, .. } => number(host),
            Query::Alert { id } => (0..VARIANTS).find(|v| fields::alert_id(*v) == *id),
            _ => Some(0),
        };
        let Some(standing) = standing else { return Err(self.problem.of(0)) };
        let mut answer = answers(standing);
        match (&mut answer, query) {
            (Answer::Hosts(all), _) => *all = many(VARIANTS, answers, hosts),
            (Answer::Alerts(all), _) => *all = many(VARIANTS, answers, alerts),
            (Answer::Maintenance(all), _) => *all = many(VARIANTS, answers, windows),
            (Answer::Edges(all), _) => *all = many(VARIANTS, answers, edges),
            (Answer::Paths(all), _) => *all = many(VARIANTS, answers, paths),
            (Answer::Settings(all), _) => *all = many(VARIANTS, answers, settings),
            (Answer::Check(detail), _) => {
                let turn = self.turned().unwrap_or(standing);
                detail.check = self.checks[turn % KINDS].of(standing);
                detail.row.kind = kind(turn);
                detail.last.iter_mut().for_each(|seen| self.plug(standing, seen));
                if let Some(turn) = self.turned() {
                    detail.last = Some(Observation::seen(kinds::turn_mark(turn), Vec::new()));
                }
            }
            (Answer::Rules(page), _) => page.rows = many(VARIANTS, answers, rules),
            // What is in JSON is wrong, all else is tried.
            (Answer::TryRules(told), Query::TryRules { name, .. }) => {
                let wrong = name.ends_with(".json");
                let all = (0..VARIANTS).map(answers).filter_map(|answer| match answer {
                    Answer::TryRules(told) => Some(told),
                    _ => None,
                });
                let all: Vec<_> = all.collect();
                told.problems.clear();
                told.trials.clear();
                for one in all {
                    if wrong {
                        told.problems.extend(one.problems);
                    } else {
                        told.trials.extend(one.trials);
                    }
                }
            }
            (Answer::Tests(all), _) => {
                *all = (0..VARIANTS).flat_map(|n| ran(n, answers(n))).collect()
            }
            (Answer::Schedules(all), _) => {
                *all = (0..VARIANTS).flat_map(|n| planned(n, answers(n))).collect();
            }
            (Answer::SeriesList(page), _) => page.rows = many(VARIANTS, answers, series),
            (Answer::Notifications(page), _) => {
                page.destinations = many(VARIANTS, answers, destinations);
                page.rows = many(VARIANTS, answers, promises);
            }
            (Answer::Handover(page), _) => {
                page.parts[0].rows = many(VARIANTS, answers, crate::kinds::handed);
            }
            (Answer::Config(text), _) => {
                *text = many(VARIANTS, answers, |answer| match answer {
                    Answer::Config(text) => Some(vec![text]),
                    _ => None,
                })
                .join("\n");
                *text += &flux_notify(text);
            }
            (Answer::Remembered(kept), _) => {
                *kept = (0..VARIANTS).flat_map(|n| remembered(answers(n))).collect();
            }
            (Answer::Log(page), _) => {
                let entries = many(VARIANTS, answers, log);
                *page = LogPage { entries, next: None };
            }
            (Answer::Comments(all), _) => {
                *all = many(FEW, |n| answers((standing + n) % VARIANTS), comments);
            }
            (Answer::PathChanges(all), _) => {
                *all = many(FEW, |n| answers((standing + n) % VARIANTS), changes);
            }
            (Answer::History { series, .. }, Query::History { from, .. }) => {
                for series in series {
                    let points = (0..120_u32).map(|n| {
                        let at = *from - Span::from_secs(400) + Span::from_secs(u64::from(n) * 20);
                        // Flat, so that a moment more or less changes no dot.
                        Point::one(at, 3.0)
                    });
                    series.points = points.collect();
                }
            }
            _ => {}
        }
        Ok(answer)
    }

    fn execute(&self, command: &Command) -> Result<Outcome, Problem> {
        let target = match command {
            Command::Acknowledge { targets, .. }
            | Command::Comment { targets, .. }
            | Command::Unacknowledge { targets }
            | Command::Recheck { targets } => targets.first(),
            Command::AddMaintenance(wanted) => {
                // The form writes a host as a pattern.
                let pattern = wanted.host_pattern.as_ref().map(ToString::to_string);
                let host = wanted.checks.first().map(|key| &key.host).or(wanted.hosts.first());
                let name = host.map(ToString::to_string).or(pattern);
                let variant = name.and_then(|name| number(&name)).unwrap_or(0);
                return Ok(self.outcome("maintenance", variant));
            }
            Command::Claim(_) => return Ok(self.outcome("assigned", 0)),
            Command::Report(_) => return Ok(self.outcome("directives", 0)),
            Command::TestNotify { name } => {
                let at = CHANNELS.iter().position(|channel| **channel == **name).unwrap_or(0);
                return Ok(self.tested(at));
            }
            _ => return Ok(Outcome::done(1)),
        };
        let variant = match target {
            Some(Target::Alert(id)) => (0..VARIANTS).find(|v| fields::alert_id(*v) == *id),
            Some(Target::Host(host)) => number(host),
            Some(Target::Check(CheckKey { host, .. })) => number(host),
            None => None,
        };
        match variant {
            Some(variant) if !matches!(command, Command::Recheck { .. }) => {
                Ok(self.outcome("done", variant))
            }
            variant => {
                let problem: Problem = self.problem.of(variant.unwrap_or(0));
                Err(Problem { kind: ProblemKind::Conflict, ..problem })
            }
        }
    }

    fn outcome(&self, name: &str, variant: usize) -> Outcome {
        let of = |variant: usize| {
            let mut all = self.outcomes.iter().map(|template| template.of(variant));
            all.find(|outcome| tag(outcome, "outcome") == name).unwrap()
        };
        let mut outcome = of(variant);
        if let Outcome::Done { failures, .. } = &mut outcome {
            for n in 1..FEW {
                let Outcome::Done { failures: more, .. } = of((variant + n) % VARIANTS) else {
                    break;
                };
                failures.extend(more);
            }
        }
        outcome
    }

    /// What is answered to a test: as many answers as are shown, other ones by each channel.
    fn tested(&self, channel: usize) -> Outcome {
        let all = (channel * SHOWN..).take(SHOWN).flat_map(|n| {
            match self.outcome("tested", n * JOINED % VARIANTS) {
                Outcome::Tested { answers, .. } => answers,
                _ => Vec::new(),
            }
        });
        Outcome::Tested { answers: all.collect(), taken: false }
    }

    /// Answers whoever asks, until nobody can any more.
    pub async fn serve(self: Arc<Self>, mut asks: mpsc::Receiver<Ask>) {
        while let Some(ask) = asks.recv().await {
            match ask {
                Ask::Query(_, query, reply) => drop(reply.send(self.answer(&query))),
                Ask::ExecuteIf(..) => panic!("a console ties nothing to a version"),
                Ask::Execute(request, reply) => drop(reply.send(self.execute(&request.command))),
                Ask::Watch(_, reply) | Ask::Resume(_, _, reply) => {
                    let (watcher, changes) = mpsc::channel(1024);
                    self.watchers.lock().unwrap().push(watcher);
                    drop(reply.send(Ok(Watcher::new(self.picture(), changes))));
                }
            }
        }
    }
}

/// Channels of the service that a test can be sent through.
pub const CHANNELS: [&str; 3] = ["first", "second", "third"];
/// Answers of a test that are shown.
const SHOWN: usize = 4;

/// The service's settings with these texts among them, and its channels, as the engine writes them.
fn flux_notify(texts: &str) -> String {
    let mut out = "\n[flux_notify]\n".to_owned();
    for text in texts.lines() {
        out += &format!("{text} = \"{text}\"  # {text}\n");
    }
    for name in CHANNELS {
        out += &format!("[[channel]]\nname = \"{name}\"\nkind = \"flux_notify\"\n");
    }
    out
}

/// Each kind in its turn.
fn kind(variant: usize) -> Kind {
    Kind::ALL[variant % Kind::ALL.len()]
}

/// The number in a name, which stands before what is hostile in it.
fn number(name: &str) -> Option<usize> {
    name.get(1..4)?.parse().ok().filter(|n| *n < VARIANTS)
}
