//! Plays the alert stories of `tests/scenarios/*.toml` through the public rules.
//!
//! Each story is one test of the same name. `tests/scenarios/README.md` explains the format; a
//! story that goes wrong names its file, the line of the step, and what was expected.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::Path;

use fluxnoc::model::spec::{CustomCommand, CustomSpec, Kind, PingSpec, SystemSpec};
use fluxnoc::model::{
    Acknowledgement, Alert, AlertId, Check, CheckKey, Condition, EdgeKind, EscalationStep, Failure,
    FailureKind, Host, Maintenance, MaintenanceId, Metric, Name, Need, NextStep, Observation,
    Phase, Policy, Reason, Recurrence, Rule, Ruled, SafeText, Span, Spec, State, Status, Steady,
    Timestamp, Unit,
};
use fluxnoc::rules::attempts::{advance, freshness, late, resumed, stale};
use fluxnoc::rules::notify::{Audience, Notice};
use fluxnoc::rules::reach::{self, Heard, Net};
use fluxnoc::rules::reading::{Reading, part, read};
use fluxnoc::rules::{
    Cover, Freshness, Input, Moment as Instant, Step, alert, cover, duration, evaluate,
};
use serde::Deserialize;

/// The moment `0s` of every story.
const BEGIN: i64 = 1_771_984_800_000; // 2026-02-25T02:00:00Z

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    #[serde(rename = "about")]
    _about: String,
    #[serde(default)]
    check: CheckAsWritten,
    rule: Option<RuleAsWritten>,
    /// The steps of the contact list.
    #[serde(default)]
    escalate: Vec<StepAsWritten>,
    #[serde(default)]
    host: Vec<HostAsWritten>,
    #[serde(default)]
    window: Vec<Window>,
    step: Vec<Moment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CheckAsWritten {
    host: String,
    name: String,
    kind: Kind,
    attempts: u32,
    unreachable: State,
    flapping: bool,
}

impl Default for CheckAsWritten {
    fn default() -> Self {
        Self {
            host: "db-prod-1".to_owned(),
            name: "script".to_owned(),
            kind: Kind::Custom,
            attempts: 3,
            unreachable: State::Unknown,
            flapping: true,
        }
    }
}

/// A step of an escalation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepAsWritten {
    after: String,
    to: String,
}

/// A host on the way; its check `ping` tells whether it can be reached.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct HostAsWritten {
    name: String,
    #[serde(default)]
    parents: Vec<String>,
    #[serde(default)]
    parents_need: Need,
    /// False: no check tells it.
    #[serde(default = "yes")]
    alive: bool,
}

fn yes() -> bool {
    true
}

/// What the check `ping` of a host on the way says.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Answers,
    /// No answer, not confirmed.
    Silent,
    /// No answer, confirmed.
    Down,
    /// The same, and its own alert is explained by its parents, or was until now.
    Explained,
}

/// A rule over `cpu_usage` of the check `system`; the story is that of the rule's own check.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RuleAsWritten {
    condition: Condition,
    warning_threshold: Option<f64>,
    critical_threshold: Option<f64>,
    duration_minutes: u64,
    re_alert_minutes: Option<u64>,
    auto_notify: bool,
    notify_recovery: bool,
    attempts: u32,
    of_last: Option<u32>,
}

impl Default for RuleAsWritten {
    fn default() -> Self {
        Self {
            condition: Condition::Above,
            warning_threshold: Some(75.0),
            critical_threshold: Some(90.0),
            duration_minutes: 5,
            re_alert_minutes: None,
            auto_notify: true,
            notify_recovery: true,
            attempts: 1,
            of_last: None,
        }
    }
}

impl HostAsWritten {
    fn host(&self) -> Host {
        Host {
            parents: self.parents.iter().map(|parent| parent.as_str().into()).collect(),
            parents_need: self.parents_need,
            alive: self.alive.then(|| "ping".into()),
            ..Host::new(&self.name, "192.0.2.1")
        }
    }
}

impl RuleAsWritten {
    fn rule(&self) -> Rule {
        let minutes = |minutes| Span::from_secs(60 * minutes);
        let thresholds = (self.warning_threshold, self.critical_threshold);
        let hosts = "*".parse().unwrap();
        Rule {
            duration: minutes(self.duration_minutes),
            re_alert: self.re_alert_minutes.map(minutes),
            notify: self.auto_notify,
            notify_recovery: self.notify_recovery,
            attempts: self.attempts,
            of_last: self.of_last,
            ..Rule::new("High CPU", hosts, "cpu_usage", self.condition, thresholds)
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Window {
    name: String,
    hosts: String,
    check: Option<String>,
    start: String,
    end: String,
    suppress: bool,
    repeats: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ack {
    by: String,
    #[serde(default)]
    comment: String,
    expires: Option<String>,
    #[serde(default)]
    sticky: bool,
    #[serde(default)]
    notify: bool,
}

/// One step: when, at most one thing that happens, and what must then be so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Moment {
    at: String,
    result: Option<State>,
    text: Option<String>,
    /// The same `times` times, `every` so often; what is expected is of the last.
    times: Option<u32>,
    every: Option<String>,
    see: Option<BTreeMap<String, f64>>,
    fail: Option<FailureKind>,
    #[serde(default)]
    no_result: bool,
    ack: Option<Ack>,
    unack: Option<String>,
    window: Option<Window>,
    end_window: Option<String>,
    removed: Option<String>,
    /// Who has the next step of the escalation sent.
    escalate: Option<String>,
    /// Paging is held from now on, or no more.
    hold: Option<bool>,
    /// The engine, which was killed with the last step, starts now.
    #[serde(default)]
    restart: bool,
    /// What hosts on the way say, in a run that began now.
    #[serde(default)]
    hear: BTreeMap<String, Word>,
    /// When the run of this result began, if not now.
    began: Option<String>,

    #[serde(default)]
    edges: Vec<EdgeKind>,
    #[serde(default)]
    told: Vec<Reason>,
    /// Whom, for each of them: contacts, everybody, escalated, or the list of a step.
    to: Option<Vec<String>>,
    /// The step that comes next, or `none`: `step 2 of 2 to Management`.
    next: Option<String>,
    /// The time of the escalation stands still.
    paused: Option<bool>,
    phase: Option<String>,
    state: Option<State>,
    attempt: Option<String>,
    acked: Option<bool>,
    unhandled: Option<bool>,
    maintenance: Option<bool>,
    suppressed: Option<bool>,
    late: Option<bool>,
    flapping: Option<bool>,
    changes: Option<u32>,
    says: Option<String>,
    edge_says: Option<String>,
    edge_in_maintenance: Option<bool>,
    wake: Option<String>,
    retest: Option<String>,
    /// Which check explains the alert, and how sure that is: `core-1/ping down`, or `none`.
    cause: Option<String>,
}

fn offset(text: &str) -> Timestamp {
    Timestamp::from_millis(BEGIN) + text.parse::<Span>().unwrap()
}

struct Play {
    check: Check,
    unreachable: State,
    windows: Vec<Maintenance>,
    status: Status,
    alert: Option<Alert>,
    last: Timestamp,
    wake: Option<Timestamp>,
    now: Timestamp,
    hosts: Vec<Host>,
    heard: BTreeMap<CheckKey, Heard>,
    began: Option<Timestamp>,
    policy: Policy,
    held: bool,
}

impl Net for Play {
    fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| &*host.name == name)
    }

    fn canaries(&self) -> &[Name] {
        &[]
    }

    fn heard(&self, check: &CheckKey) -> Option<Heard> {
        if *check == self.check.key {
            let (silent, hard) = (self.status.silent, self.status.hard);
            return Some(Heard { silent, hard, explained: false, began: self.began });
        }
        self.heard.get(check).copied()
    }
}

impl Play {
    fn new(story: &Story) -> Self {
        let written = &story.check;
        let spec = match written.kind {
            Kind::Ping => Spec::Ping(PingSpec::default()),
            Kind::System => Spec::System(SystemSpec::default()),
            Kind::Custom => Spec::Custom(CustomSpec {
                command: CustomCommand::Argv(vec!["/bin/true".to_owned()]),
                env: BTreeMap::new(),
            }),
            other => panic!("the stories know no check of kind {other}"),
        };
        let mut check = Check::new(&written.host, &written.name, "192.0.2.1", spec);
        check.attempts = written.attempts;
        check.flapping = check.flapping.filter(|_| written.flapping);
        check.limits = Check::default_limits(written.kind);
        if let Some(rule) = &story.rule {
            let rule = std::sync::Arc::new(rule.rule());
            check.attempts = rule.attempts;
            check.rule = Some(Box::new(Ruled { rule, source: "system".into() }));
        }
        let begin = Timestamp::from_millis(BEGIN);
        let step = |step: &StepAsWritten| EscalationStep {
            after: step.after.parse().unwrap(),
            to: step.to.as_str().into(),
        };
        let steps: Vec<EscalationStep> = story.escalate.iter().map(step).collect();
        let escalate = (!steps.is_empty()).then(|| steps.into());
        let policy = Policy { escalate, ..check.policy() };
        let mut play = Self {
            check,
            unreachable: written.unreachable,
            windows: Vec::new(),
            status: Status::waiting(begin),
            alert: None,
            last: begin,
            wake: None,
            now: begin,
            hosts: story.host.iter().map(HostAsWritten::host).collect(),
            heard: BTreeMap::new(),
            began: None,
            policy,
            held: false,
        };
        for key in play.hosts.iter().filter_map(reach::alive) {
            let heard = Heard { silent: false, hard: true, explained: false, began: None };
            play.heard.insert(key, heard);
        }
        story.window.iter().for_each(|window| play.add(window));
        play
    }

    fn add(&mut self, window: &Window) {
        let no = u8::try_from(self.windows.len()).unwrap();
        let mut window_ = Maintenance {
            id: MaintenanceId::from_parts(self.now.millis(), [no; 10]),
            name: SafeText::line(&window.name),
            host_pattern: window.hosts.parse().ok(),
            check: window.check.as_ref().map(|check| check.parse().unwrap()),
            hosts: std::collections::BTreeSet::new(),
            checks: std::collections::BTreeSet::new(),
            start: offset(&window.start),
            end: offset(&window.end),
            children: None,
            recurrence: None,
            previous: None,
            suppress_notifications: window.suppress,
            created_by: None,
            author: SafeText::line("noc"),
            created: self.now,
        };
        if let Some(text) = &window.repeats {
            let repeats = text.parse().unwrap();
            let (made, first) = Recurrence::new(repeats, window_.start, window_.end).unwrap();
            window_.recurrence = Some(Box::new(made));
            (window_.start, window_.end) = (first.start, first.end);
        }
        self.windows.push(window_);
    }

    fn play(&mut self, moment: &Moment) -> Step {
        self.now = offset(&moment.at);
        // What ended before, while nobody looked, is at its next occurrence.
        for window in self.windows.iter_mut().filter(|window| window.end < self.now) {
            if let Some(next) = window.advanced(self.now) {
                *window = next;
            }
        }
        for _ in 1..moment.times.unwrap_or(1) {
            let step = self.result(observation(moment).expect("a result to repeat"));
            assert!(step.edges.is_empty() && step.notices.is_empty(), "{:?}", step.edges);
            self.now = self.now + moment.every.as_deref().unwrap_or("60s").parse::<Span>().unwrap();
        }
        if let Some(wake) = self.wake {
            assert!(self.now <= wake, "the engine would have looked at {wake}: write that step");
        }
        self.change_windows(moment);
        if moment.restart {
            self.status = resumed(&self.status, &self.check, self.now);
        }
        self.held = moment.hold.unwrap_or(self.held);
        for (name, word) in &moment.hear {
            let silent = !matches!(word, Word::Answers);
            let hard = !matches!(word, Word::Silent);
            let explained = matches!(word, Word::Explained);
            let heard = Heard { silent, hard, explained, began: Some(self.now) };
            assert!(self.host(name).is_some(), "the story has no host {name}");
            self.heard.insert(CheckKey::new(name.as_str(), "ping"), heard);
        }
        if moment.result.is_some() || moment.see.is_some() || moment.fail.is_some() {
            self.began = Some(moment.began.as_deref().map_or(self.now, offset));
        }
        if let Some(seen) = observation(moment) {
            return self.result(seen);
        }
        if moment.no_result {
            return self.no_result();
        }
        if let Some(ack) = &moment.ack {
            return self.input(Input::Acknowledge {
                ack: Acknowledgement {
                    author: SafeText::line(&ack.by),
                    comment: SafeText::line(&ack.comment),
                    at: self.now,
                    expires: ack.expires.as_deref().map(offset),
                    sticky: ack.sticky,
                },
                notify: ack.notify,
            });
        }
        if let Some(who) = &moment.unack {
            return self.input(Input::Unacknowledge { actor: SafeText::line(who) });
        }
        if let Some(who) = &moment.escalate {
            return self.input(Input::Escalate { actor: SafeText::line(who) });
        }
        if let Some(why) = &moment.removed {
            return self.input(Input::Removed { why: SafeText::line(why) });
        }
        self.input(Input::Tick)
    }

    fn change_windows(&mut self, moment: &Moment) {
        if let Some(window) = &moment.window {
            self.add(window);
        }
        if let Some(name) = &moment.end_window {
            let now = self.now;
            let window = self.windows.iter_mut().find(|window| window.name.as_str() == name);
            let window = window.expect("a window of that name");
            match window.advanced(now) {
                Some(next) => *window = next,
                None => window.end = now,
            }
        }
    }

    fn result(&mut self, mut seen: Observation) -> Step {
        if let Some(ruled) = self.check.rule.clone() {
            return self.judge(&ruled, &seen);
        }
        let verdict = evaluate(&self.check, self.unreachable, &mut seen);
        self.status =
            advance(&self.status, self.check.attempts, self.check.flapping, &verdict, self.now);
        self.last = self.now;
        self.report()
    }

    /// What the engine does with a result of the check that a rule judges.
    fn judge(&mut self, ruled: &Ruled, seen: &Observation) -> Step {
        match read(ruled, &part(ruled, seen)) {
            Reading::Value(verdict) => {
                let (flapping, now) = (self.check.flapping, Instant::from(self.now));
                self.status = duration::advance(&self.status, &ruled.rule, flapping, &verdict, now);
                self.last = self.now;
                return self.report();
            }
            Reading::Nothing(verdict) => {
                self.status = duration::hold(&self.status, &verdict, self.now);
                self.last = self.now;
            }
            Reading::Absent => {
                let steady = |at: Timestamp| Steady::from_millis(at.millis());
                let heard = self.status.last_result.unwrap_or(self.last);
                if freshness(&self.check, steady(heard), steady(self.now)) == Freshness::Stale {
                    self.status =
                        duration::absent(&self.status, &self.check, ruled, heard, self.now);
                    return self.report();
                }
            }
        }
        self.input(Input::Tick)
    }

    /// What the engine does at a deadline of freshness.
    fn no_result(&mut self) -> Step {
        let steady = |at: Timestamp| Steady::from_millis(at.millis());
        let fresh = freshness(&self.check, steady(self.last), steady(self.now));
        if fresh == Freshness::Stale {
            self.began = Some(self.now);
        }
        self.status = match fresh {
            Freshness::Fresh => self.status.clone(),
            Freshness::Late => late(&self.status),
            Freshness::Stale => stale(&self.status, self.last, self.check.attempts, self.now),
        };
        self.report()
    }

    fn report(&mut self) -> Step {
        let (key, status) = (self.check.key.clone(), self.status.clone());
        let attempts = self.check.attempts;
        self.input(Input::Status { check: &key, status: &status, attempts })
    }

    fn input(&mut self, input: Input<'_>) -> Step {
        let key: &CheckKey = &self.check.key;
        let since = self.alert.as_ref().map_or(self.now, |alert| alert.opened);
        let (reach, began) = (reach::of_check(self, key, since), self.began);
        let cover = Cover { reach, began, held: self.held, ..cover(&self.windows, key, self.now) };
        let id = AlertId::from_parts(self.now.millis(), [9; 10]);
        let (policy, before) = (&self.policy, self.alert.as_ref());
        let step = alert::step(before, input, &cover, policy, self.now, || id);
        self.alert = step.alert.clone().filter(Alert::is_open);
        // As the engine does: what was over goes to its next occurrence after the edges.
        for window in &mut self.windows {
            if let Some(next) =
                Some(&*window).filter(|w| w.is_over(self.now)).and_then(|w| w.advanced(self.now))
            {
                *window = next;
            }
        }
        self.wake = step.wake_at;
        step
    }
}

fn observation(moment: &Moment) -> Option<Observation> {
    let text = moment.text.as_deref().unwrap_or("said the script");
    if let Some(kind) = moment.fail {
        return Some(Observation::failed(Failure::new(kind, text)));
    }
    if let Some(numbers) = &moment.see {
        let metric = |(name, value): (&String, &f64)| Metric::new(name, *value, Unit::Percent);
        return Some(Observation::seen(text, numbers.iter().map(metric).collect()));
    }
    let claimed = Some(moment.result?);
    Some(Observation { claimed, ..Observation::seen(text, Vec::new()) })
}

/// Compares what is expected with what is; `place` is file and line of the step.
fn expect(moment: &Moment, play: &Play, step: &Step, place: &str) {
    macro_rules! same {
        ($what:literal, $expected:expr, $actual:expr) => {
            if let Some(expected) = $expected {
                assert_eq!($actual, expected, "{place}: {} (right is expected)", $what);
            }
        };
    }
    let edges: Vec<EdgeKind> = step.edges.iter().map(|edge| edge.kind).collect();
    let told: Vec<Reason> = step.notices.iter().map(|notice| notice.reason).collect();
    same!("edges", Some(&moment.edges), &edges);
    same!("told", Some(&moment.told), &told);
    let whom = |notice: &Notice| match &notice.to {
        Audience::Contacts => "contacts".to_owned(),
        Audience::Everybody => "everybody".to_owned(),
        Audience::Escalated => "escalated".to_owned(),
        Audience::Step(list) => list.to_string(),
    };
    same!("to", moment.to.clone(), step.notices.iter().map(whom).collect::<Vec<_>>());
    let escalation = step.alert.as_ref().and_then(|alert| alert.escalation.as_ref());
    let next = escalation.and_then(|known| known.next.as_ref());
    same!("next", moment.next.clone(), next.map_or("none".to_owned(), NextStep::words));
    same!("paused", moment.paused, escalation.is_some_and(|known| known.since.is_none()));
    let alert = step.alert.as_ref();
    let phase = alert.map_or("none", |alert| alert.phase.word());
    same!("phase", moment.phase.as_deref(), phase);
    let state = alert.map_or(play.status.state, |alert| alert.state);
    same!("state", moment.state, state);
    let attempt = format!("{}/{}", play.status.attempt, play.check.attempts);
    same!("attempt", moment.attempt.clone(), attempt);
    same!("acked", moment.acked, alert.is_some_and(|alert| alert.ack.is_some()));
    same!("unhandled", moment.unhandled, alert.is_some_and(Alert::is_unhandled));
    same!("maintenance", moment.maintenance, alert.is_some_and(|alert| alert.in_maintenance));
    same!("suppressed", moment.suppressed, alert.is_some_and(|alert| alert.suppressed));
    same!("late", moment.late, play.status.late);
    let flapping = alert.and_then(|alert| alert.flapping);
    same!("flapping", moment.flapping, flapping.is_some());
    same!("changes", moment.changes, flapping.map_or(0, |flapping| flapping.changes));
    let due = play.check.rule.as_ref().and_then(|r| duration::due(&play.status, &r.rule));
    same!("retest", moment.retest.as_deref().map(offset), due.unwrap_or_default());
    let cause = alert.and_then(|alert| alert.cause.as_ref()).map_or("none".to_owned(), |cause| {
        format!("{} {}", cause.check, format!("{:?}", cause.stage).to_lowercase())
    });
    same!("cause", moment.cause.clone(), cause);
    same!("wake", moment.wake.as_deref().map(offset), step.wake_at.unwrap_or_default());
    let last = step.edges.last();
    same!(
        "edge_in_maintenance",
        moment.edge_in_maintenance,
        last.is_some_and(|e| e.in_maintenance)
    );
    let contains = |what: &str, text: &str, part: Option<&String>| {
        let found = part.is_none_or(|part| text.contains(part.as_str()));
        assert!(found, "{place}: {what} is `{text}`, without {part:?}");
    };
    contains("output", play.status.output.as_str(), moment.says.as_ref());
    let edge_text = last.map_or("", |edge| edge.text.as_str());
    contains("the last edge", edge_text, moment.edge_says.as_ref());
    let seq = alert.filter(|alert| alert.phase != Phase::Pending).map(|alert| alert.edge_seq);
    assert!(last.is_none_or(|edge| Some(edge.seq) == seq), "{place}: edges are numbered");
}

fn play(name: &str) {
    let file = format!("tests/scenarios/{name}.toml");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"));
    let story: Story = toml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut lines = text.lines().zip(1..).filter(|(line, _)| line.trim() == "[[step]]");
    let mut on = Play::new(&story);
    for moment in &story.step {
        let line = lines.next().map_or(0, |(_, line)| line);
        let place = format!("{file}:{line} (at {})", moment.at);
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| on.play(moment)));
        let step = played.unwrap_or_else(|_| panic!("{place}: see the message above"));
        expect(moment, &on, &step, &place);
    }
}

macro_rules! stories {
    ($($name:ident,)*) => {
        $(#[test]
        fn $name() {
            play(stringify!($name));
        })*

        /// The names above, to find a file that no test plays.
        const STORIES: &[&str] = &[$(stringify!($name),)*];
    };
}

stories! {
    ack_runs_out,
    ack_runs_out_inside_a_window,
    ack_taken_back,
    ack_that_is_not_sticky_ends_with_the_state,
    ack_that_is_sticky_stays_until_recovery,
    ack_while_pending_is_forgotten_with_it,
    ack_while_pending_stays_when_it_fires,
    d_03_a_window_that_does_not_suppress_tags_and_sends,
    d_03_a_window_that_suppresses_hides_and_sends_nothing,
    d_04_a_result_at_the_very_end_counts_first,
    d_04_begun_in_the_window_and_bad_at_its_end,
    d_04_begun_in_the_window_and_over_before_its_end,
    d_04_told_before_the_window_and_bad_at_its_end,
    d_04_told_before_the_window_recovers_inside_it,
    d_04_worse_at_the_very_end_is_told_once,
    d_05_a_child_that_is_removed_is_closed,
    d_05_a_host_that_answers_is_not_cut_off_by_its_parents,
    d_05_a_rule_of_three_of_the_last_five,
    d_05_a_rule_of_three_results_in_a_row,
    d_05_a_silent_child_is_told_after_its_parent,
    d_05_a_slow_answer_is_the_hosts_own,
    d_05_a_window_ends_while_the_parent_is_down,
    d_05_an_ack_runs_out_while_the_parent_is_down,
    d_05_child_down_first_and_the_parent_answers,
    d_05_child_down_first_waits_for_what_the_parent_says,
    d_05_child_in_doubt_for_too_long_is_told,
    d_05_child_known_and_left_after_the_parent_is_told_once,
    d_05_child_told_first_then_the_parent_is_down,
    d_05_explained_no_more_and_never_run_is_told,
    d_05_escalation_beside_reminders,
    d_05_escalation_by_hand_at_the_very_time_of_a_step,
    d_05_escalation_by_hand_sends_the_next_step_now,
    d_05_escalation_by_hand_where_nobody_was_told,
    d_05_escalation_goes_on_with_what_counted_when_an_ack_runs_out,
    d_05_escalation_of_a_rule_that_tells_nobody,
    d_05_escalation_step_by_step_and_the_recovery_reaches_all,
    d_05_escalation_that_an_ack_ends_and_unack_resumes,
    d_05_escalation_waits_for_a_hold_of_paging,
    d_05_escalation_waits_for_a_window,
    d_05_escalation_waits_while_the_parent_is_down,
    d_05_flapping_begins_while_a_window_is_silent,
    d_05_flapping_begins_without_a_hard_state,
    d_05_flapping_holds_one_alert_open_and_ends_in_ok,
    d_05_flapping_switched_off_tells_every_episode,
    d_05_flapping_that_ends_in_a_problem_says_so,
    d_05_flapping_that_gets_worse_is_recorded_and_not_told,
    d_05_flapping_that_somebody_has_is_not_told,
    d_05_flapping_then_silence_is_unknown,
    d_05_parent_back_and_the_child_is_not,
    d_05_parent_down_again_before_the_child_was_run,
    d_05_parent_down_first_the_child_is_collapsed,
    d_05_parents_all_and_one_is_in_doubt,
    d_05_parents_all_are_needed,
    d_05_parents_any_is_enough,
    d_05_parents_of_parents_the_root_is_the_cause,
    d_05_the_hosts_own_ping_explains_its_other_checks,
    d_05_the_parent_is_back_inside_a_window,
    d_05_who_has_the_child_is_not_told_when_the_parent_is_back,
    d_06_worse_is_told_better_is_recorded,
    d_25_soft_three_times_is_hard_and_recovery_is_told,
    d_27_refused_is_critical_at_its_last_attempt,
    d_27_unreachable_may_be_critical,
    fm_03_all_good_makes_no_alert,
    fm_04_a_warning_fires_and_is_recorded,
    fm_06_a_silent_check_becomes_unknown,
    fm_06_no_answer_is_unknown_and_names_connectivity,
    fm_07_a_problem_inside_a_window_is_recorded_and_silent,
    fm_20_at_most_alerts_at_its_threshold,
    fm_21_a_duration_that_clears_one_second_before_its_end,
    fm_21_a_duration_that_is_over_fires_once,
    fm_21_a_metric_that_stays_away_is_an_alert_of_its_own,
    fm_21_a_removed_rule_closes_its_alert,
    fm_21_a_restart_after_too_long_begins_a_duration_again,
    fm_21_a_restart_inside_a_duration_changes_nothing,
    fm_21_critical_has_a_duration_of_its_own,
    fm_21_no_duration_fires_at_once,
    fm_21_unknown_for_longer_than_the_duration_begins_again,
    fm_21_unknown_inside_a_duration_neither_clears_nor_fires,
    fm_21_unknown_inside_a_duration_then_good_is_over,
    fm_21_unknown_while_it_fires_is_no_recovery,
    fm_22_a_window_silences_the_reminder,
    fm_22_told_again_while_nobody_has_it,
    fm_22_who_has_it_is_not_told_again,
    fm_22_without_a_time_nobody_is_told_again,
    fm_23_a_rule_that_notifies_nobody_still_alerts,
    fm_23_recovery_may_stay_untold,
    fm_28_a_rule_that_fires_inside_a_window_is_told_at_its_end,
    fm_28_a_window_over_other_hosts_silences_nothing,
    fm_30_the_end_is_outside,
    fm_30_the_start_is_inside,
    one_attempt_fires_at_once,
    removed_check_closes_its_alert,
    removed_check_forgets_its_pending_alert,
    soft_problem_that_changes_counts_on,
    soft_problem_that_recovers_leaves_nothing,
    two_windows_the_quiet_one_ends_first,
    window_ended_early_tells_at_once,
    window_over_a_running_problem,
    window_repeats_and_is_ended_early,
    window_repeats_berlin_back,
    window_repeats_berlin_forward,
    window_repeats_kathmandu_in_autumn,
    window_repeats_kathmandu_in_spring,
    window_repeats_lord_howe_back,
    window_repeats_lord_howe_forward,
    window_repeats_new_york_back,
    window_repeats_new_york_forward,
    window_repeats_over_a_fixed_one,
}

#[test]
fn every_file_is_played() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "toml") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(STORIES.contains(&name.as_str()), "{name}.toml is in no `stories!` line");
        }
    }
}
