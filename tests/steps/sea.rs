//! One story: a small site, and what happens to it by the seed.
//!
//! In: a seed and how many steps. Out: what came how often, or a panic. Never: two on one store.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::config::{Env, Machine, apply_rules, parse};
use fluxnoc::engine::Inventory;
use fluxnoc::model::{
    CheckKey, Failure, FailureKind, MaintenanceId, Metric, Observation, RequestId, Span, State,
    Unit,
};
use fluxnoc::protocol::command::EscalateOne;
use fluxnoc::protocol::{Command, NewMaintenance, NotificationScope, Outcome, Query, Target};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::judge::{self, DATABASE, Silence};
use crate::lab::{Lab, START, good, noc, refused, slow};
use crate::ledger::{Ledger, MOODS};

/// Kinds of steps and how often each comes.
pub const STEPS: [(&str, u32); 22] = [
    ("result", 120),
    ("result again", 3),
    ("to and fro", 2),
    ("acknowledge", 8),
    ("give back", 3),
    ("comment", 3),
    ("undo", 9),
    ("window", 5),
    ("end window", 3),
    ("extend window", 2),
    ("edit rules", 3),
    ("host goes or comes", 2),
    ("a moment", 16),
    ("hours", 4),
    ("clock set", 2),
    ("restart", 2),
    ("receiver", 6),
    ("resend", 2),
    ("drop", 2),
    ("hold", 2),
    ("resume", 2),
    ("escalate", 3),
];
const HOSTS: usize = 5;
/// The first two are told of everything, the third one only by a step of an escalation.
const RECEIVERS: [&str; 3] = ["one", "two", "three"];
/// The steps: after how many minutes which list is told, and its channel.
const ESCALATE: [(u32, &str, &str); 2] = [(10, "lead", "two"), (25, "boss", "three")];
/// How long the engine has for what follows from a moved clock.
const PATIENCE: Duration = Duration::from_secs(20);

struct Sea {
    lab: Lab,
    rng: StdRng,
    ledgers: Vec<Ledger>,
    /// What each check's next results are like.
    moods: BTreeMap<CheckKey, usize>,
    /// Hosts that are configured.
    there: [bool; HOSTS],
    rules: String,
    windows: Vec<MaintenanceId>,
    silences: Vec<Silence>,
    last_request: Option<(RequestId, Option<MaintenanceId>)>,
    /// The wall was set: moments no longer follow each other.
    set: bool,
}

/// Plays it and judges it; on a database of PostgreSQL when there is one.
pub async fn story(
    seed: u64,
    steps: usize,
    counts: &mut BTreeMap<String, usize>,
    database: Option<&str>,
) {
    let dir = tempfile::tempdir().unwrap();
    if let Some(database) = database {
        std::fs::write(dir.path().join(DATABASE), database).unwrap();
    }
    let _ = tracing_subscriber::fmt().with_test_writer().try_init();
    let mut ledgers = Vec::new();
    for _ in RECEIVERS {
        ledgers.push(Ledger::start().await);
    }
    let there = [true; HOSTS];
    let wanted = inventory(&there, "", &ledgers);
    let lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
    let mut sea = Sea {
        lab,
        rng: StdRng::seed_from_u64(seed),
        ledgers,
        moods: BTreeMap::new(),
        there,
        rules: String::new(),
        windows: Vec::new(),
        silences: Vec::new(),
        last_request: None,
        set: false,
    };
    let all: u32 = STEPS.iter().map(|(_, weight)| weight).sum();
    for _ in 0..steps {
        let mut drawn = sea.rng.random_range(0..all);
        let found = STEPS.into_iter().find(|(_, weight)| {
            let here = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            here
        });
        let (name, _) = found.unwrap();
        *counts.entry(format!("step {name}")).or_default() += 1;
        sea = sea.step(name, dir.path()).await;
    }
    sea.settle(dir.path()).await;
    let Sea { lab, ledgers, silences, set, .. } = sea;
    lab.stop().await;
    let silences = if set { Vec::new() } else { silences };
    let told = judge::read(dir.path(), counts).await;
    for (ledger, name) in ledgers.iter().zip(RECEIVERS) {
        judge::ledger(&told, name, &ledger.entries());
    }
    judge::alerts(&told, &silences, &RECEIVERS[..2], &ESCALATE.map(|(_, list, to)| (list, to)));
}

/// What the configuration of now says.
fn inventory(there: &[bool; HOSTS], rules: &str, ledgers: &[Ledger]) -> Inventory {
    let mut text = String::from("[alerting]\ncontact_list = \"all\"\n");
    for (ledger, name) in ledgers.iter().zip(RECEIVERS) {
        text += &format!(
            "[[channel]]\nname = \"{name}\"\nkind = \"webhook\"\nformat = \"fluxnoc\"\n\
             url = \"{}\"\nstorm = {}\n",
            ledger.url,
            // A storm is quickly there for one of them, and never for the other.
            if name == "one" { 4 } else { 0 }
        );
    }
    for (_, list, channel) in ESCALATE {
        text += &format!("[[contact_list]]\nname = \"{list}\"\nchannels = [\"{channel}\"]\n");
    }
    text += "[[contact_list]]\nname = \"all\"\nchannels = [\"one\", \"two\"]\n";
    // The same steps, so that what was told can be judged, but sooner where there is a rule.
    let each = ESCALATE.map(|(after, list, _)| {
        let after = if rules.contains("r2") { after } else { 2 * after };
        format!("{{ after = \"{after}m\", to = \"{list}\" }}")
    });
    text += &format!("escalate = [{}]\n", each.join(", "));
    // By the rules of now, so that it comes and goes while notifications wait.
    if rules.contains("r1") {
        text += "group_by = [\"host\"]\ngroup_wait = \"5s\"\ngroup_interval = \"2m\"\n";
    }
    for n in (0..HOSTS).filter(|n| there[*n]) {
        let attempts = 1 + n % 3;
        text += &format!(
            "[[host]]\nname = \"h{n}\"\naddress = \"127.0.0.1\"\n\
             [[host.check]]\nkind = \"ping\"\nattempts = {attempts}\n\
             [[host.check]]\nkind = \"system\"\n"
        );
    }
    let config = parse("c", &(text + rules), &Machine::default(), &Env::default());
    let config = config.unwrap_or_else(|all| panic!("{all}"));
    let mut inventory = fluxnoc::cli::setup::inventory(&config);
    assert!(apply_rules(&config.rules, &mut inventory.checks).is_empty());
    inventory
}

impl Sea {
    fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n)
    }

    fn now(&self) -> fluxnoc::model::Timestamp {
        self.lab.clock.now().wall
    }

    /// A check that a worker makes.
    fn a_check(&mut self) -> Option<CheckKey> {
        let mut all = self.lab.assigned();
        all.sort();
        (!all.is_empty()).then(|| all.swap_remove(self.below(all.len())))
    }

    /// A check whose alert is open.
    fn a_problem(&mut self) -> Option<CheckKey> {
        let mut all: Vec<CheckKey> =
            self.lab.world.open_alerts().map(|alert| alert.check.clone()).collect();
        all.sort();
        (!all.is_empty()).then(|| all.swap_remove(self.below(all.len())))
    }

    async fn step(mut self, name: &str, dir: &Path) -> Self {
        // Shown only when it fails.
        println!("{} {name}", self.now());
        match name {
            "result" => self.result().await,
            "result again" => self.again().await,
            "to and fro" => self.flutter().await,
            "acknowledge" | "give back" | "comment" | "undo" => self.operator(name).await,
            "window" | "end window" | "extend window" => self.window(name).await,
            "edit rules" => self.edit().await,
            "host goes or comes" => self.host().await,
            "a moment" => {
                let seconds = 1 + self.below(90);
                self.advance(seconds).await;
            }
            "hours" => {
                let seconds = 60 * (5 + self.below(85));
                self.advance(seconds).await;
                self.nothing_old_is_good().await;
            }
            "clock set" => {
                let seconds = i64::try_from(self.below(7200)).unwrap() - 3600;
                let wall = self.now().millis() + seconds * 1000;
                self.lab.clock.set_wall(fluxnoc::model::Timestamp::from_millis(wall));
                self.set = true;
                self.lab.drain();
            }
            "restart" => return self.restart(dir).await,
            "receiver" => {
                let (which, mood) = (self.below(RECEIVERS.len()), self.below(MOODS + 3));
                // Well more often than not.
                self.ledgers[which].mood(if mood < MOODS { mood } else { 0 });
            }
            "hold" | "resume" => self.paging(name == "hold").await,
            "escalate" => self.escalate().await,
            _ => self.notifications(name).await,
        }
        self
    }

    async fn result(&mut self) {
        let Some(key) = self.a_check() else { return };
        if self.below(8) == 0 {
            // One more for no answer at all.
            let mood = [0, 1, 2, 3, 4, 5, 3][self.below(7)];
            self.moods.insert(key.clone(), mood);
        }
        // Good more often than not, else as its mood is.
        let mood = self.moods.get(&key).copied().unwrap_or(0);
        let observation = match (&*key.name, mood) {
            ("system", 1) => load(80.0),
            ("system", 2) => load(95.0),
            (_, 1) => slow(),
            (_, 2) => refused(),
            (_, 3) => Observation::failed(Failure::new(FailureKind::Timeout, "no answer in 1 s")),
            // So much to and fro that it flaps.
            (_, 4) if self.below(2) == 0 => refused(),
            ("system", _) => load(10.0),
            _ => good(),
        };
        // A rule may judge the load in the place of its check.
        let fine = observation.failure.is_none() && (&*key.name == "system" || mood != 1);
        println!("  {key}: {}", observation.output);
        // No check is made twice in a second.
        self.lab.clock.advance(Span::from_secs(1));
        self.lab.report(&key.to_string(), observation).await;
        self.heard().await;
        let (state, _) = self.lab.state(&key.to_string());
        assert!(state != State::Ok || fine, "{key} is OK by a result that was not good");
    }

    /// A check that cannot make up its mind.
    async fn flutter(&mut self) {
        let Some(key) = self.a_check() else { return };
        for turn in 0..12 {
            let bad = turn % 2 == 0;
            let observation = match (&*key.name, bad) {
                ("system", true) => load(95.0),
                ("system", false) => load(10.0),
                (_, true) => refused(),
                (_, false) => good(),
            };
            self.lab.clock.advance(Span::from_secs(1));
            self.lab.report(&key.to_string(), observation).await;
            self.heard().await;
        }
    }

    /// The same message once more: counted once.
    async fn again(&mut self) {
        // What time alone brings may come in between.
        let of_time = ["reminded", "ack_expired", "window_", "escalated", "cause_"];
        let is_result = |kind: &&String| !of_time.iter().any(|word| kind.starts_with(word));
        let of_results = |edges: Vec<String>| edges.iter().filter(is_result).count();
        self.heard().await;
        let before = of_results(self.lab.edges().await);
        if let Some(key) = self.lab.repeat_last().await {
            self.lab.drain();
            let after = of_results(self.lab.edges().await);
            assert_eq!(after, before, "{key}: a result counted twice");
        }
    }

    async fn operator(&mut self, name: &str) {
        let Some(key) = self.a_problem() else { return };
        let targets = vec![Target::Check(key)];
        let expires = (self.below(5) > 0).then(|| {
            // Most run out before it is over.
            let most = [300, 900, 7200][self.below(3)];
            let seconds = 30 + self.below(most);
            self.now() + Span::from_secs(u64::try_from(seconds).unwrap())
        });
        let mut undone = None;
        let command = match name {
            "acknowledge" => Command::Acknowledge {
                targets,
                comment: "on it".to_owned(),
                expires,
                sticky: self.below(2) == 0,
                notify: self.below(2) == 0,
            },
            "give back" => Command::Unacknowledge { targets },
            "comment" => Command::Comment { targets, text: "seen".to_owned() },
            _ => match self.last_request.take() {
                Some((request, window)) => {
                    undone = window;
                    Command::Undo { request }
                }
                None => return,
            },
        };
        // What is refused (nobody has it, too late to undo) changes nothing.
        let (id, outcome) = self.lab.execute_as(noc(), command).await;
        self.last_request = outcome.is_ok().then_some((id, None));
        if outcome.is_ok() && undone.is_some() {
            self.silences.retain(|silence| Some(silence.id) != undone);
        }
    }

    async fn window(&mut self, name: &str) {
        let now = self.now();
        if name == "window" {
            let host = format!("h{}", self.below(HOSTS));
            let start =
                now + Span::from_secs(u64::try_from(self.below(2) * self.below(3600)).unwrap());
            let end = start + Span::from_secs(u64::try_from(60 + self.below(5400)).unwrap());
            let suppress = self.below(4) > 0;
            let made = Command::AddMaintenance(NewMaintenance {
                name: "patching".to_owned(),
                host_pattern: host.parse().ok(),
                check: None,
                hosts: std::collections::BTreeSet::new(),
                checks: std::collections::BTreeSet::new(),
                start,
                end,
                children: false,
                repeats: None,
                suppress_notifications: suppress,
                created_by: None,
            });
            let (id, outcome) = self.lab.execute_as(noc(), made).await;
            let Ok(Outcome::Maintenance(window)) = outcome else { panic!("{outcome:?}") };
            self.windows.push(window.id);
            self.silences.push(Silence { id: window.id, host, start, end, suppress });
            self.last_request = Some((id, Some(window.id)));
        } else if !self.windows.is_empty() {
            let which = self.below(self.windows.len());
            let id = self.windows[which];
            let by = Span::from_secs(u64::try_from(60 + self.below(3600)).unwrap());
            let ends = name == "end window";
            let command = match ends {
                true => Command::EndMaintenance { id },
                false => Command::ExtendMaintenance { id, by },
            };
            let (_, outcome) = self.lab.execute_as(noc(), command).await;
            let known = self.silences.iter_mut().find(|silence| silence.id == id);
            if let (Ok(_), Some(known)) = (outcome, known) {
                known.end = if ends { now.min(known.end) } else { known.end + by };
                // What was said for a time that has not come is not asked about.
                known.suppress &= ends || known.start <= now;
            }
        }
    }

    async fn edit(&mut self) {
        self.rules.clear();
        for (n, host) in ["h1", "h2", "h[034]"].into_iter().enumerate() {
            if self.below(3) == 0 {
                continue;
            }
            let minutes = self.below(4);
            let (re_alert, tell) = (3 + self.below(12), self.below(4) > 0);
            let threshold = 70 + self.below(20);
            self.rules += &format!(
                "[[rule]]\nrule_name = \"r{n}\"\nhost_pattern = \"{host}\"\n\
                 metric = \"cpu_usage\"\ncondition = \">\"\nwarning_threshold = {threshold}\n\
                 critical_threshold = 92\nduration_minutes = {minutes}\n\
                 re_alert_minutes = {re_alert}\nauto_notify = {tell}\n"
            );
        }
        self.reload().await;
    }

    async fn host(&mut self) {
        let n = self.below(HOSTS);
        self.there[n] = !self.there[n];
        self.reload().await;
    }

    async fn reload(&mut self) {
        let wanted = inventory(&self.there, &self.rules, &self.ledgers);
        *self.lab.inventory.lock().unwrap() = Ok(wanted);
        self.lab.execute(Command::Reload).await.unwrap();
        self.lab.claim().await;
        self.lab.drain();
    }

    async fn advance(&mut self, seconds: usize) {
        // In pieces: a longer one is a pause of the whole machine.
        for from in (0..seconds).step_by(8) {
            let piece = (seconds - from).min(8);
            self.lab.clock.advance(Span::from_secs(u64::try_from(piece).unwrap()));
            self.heard().await;
        }
    }

    /// The engine has seen the clock, which it looks at between two questions, and what followed
    /// is here.
    async fn heard(&mut self) {
        for _ in 0..2 {
            self.lab.query(Query::Engine).await;
        }
        self.lab.drain();
    }

    /// What nobody has looked at for minutes is never green.
    async fn nothing_old_is_good(&mut self) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.lab.drain();
            let green = |key: &CheckKey| {
                self.lab.world.check(key).is_some_and(|row| row.status.state == State::Ok)
            };
            let green: Vec<CheckKey> = self.lab.assigned().into_iter().filter(green).collect();
            if green.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "still green with no result: {green:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn restart(mut self, dir: &Path) -> Self {
        let wanted = inventory(&self.there, &self.rules, &self.ledgers);
        let (_, clock) = self.lab.stop().await;
        self.lab = Lab::start(dir, wanted, clock).await;
        self
    }

    async fn notifications(&mut self, name: &str) {
        let to = RECEIVERS[self.below(RECEIVERS.len())].to_owned();
        let which = NotificationScope::Destination(to);
        let command = match name {
            "resend" => Command::ResendNotifications { which },
            _ => Command::DropNotifications { which },
        };
        // There may be none.
        let _ = self.lab.execute_as(noc(), command).await;
    }

    /// Nobody is told of anything for a time, or is again.
    async fn paging(&mut self, hold: bool) {
        let seconds = u64::try_from(1 + self.below(3600)).unwrap();
        let reason = "a switch is replaced".to_owned();
        let command = match hold {
            true => Command::HoldPaging { length: Span::from_secs(seconds), reason },
            false => Command::ResumePaging,
        };
        // It may not be held.
        let _ = self.lab.execute_as(noc(), command).await;
    }

    /// The next step of an alert is sent now; what it is may have changed since it was seen.
    async fn escalate(&mut self) {
        let Some(key) = self.a_problem() else { return };
        let alert = self.lab.world.alert_of(&key).cloned();
        let next = alert.as_ref().and_then(|alert| alert.escalation.as_ref()?.next.clone());
        let (Some(alert), Some(next)) = (alert, next) else { return };
        let step = if self.below(8) == 0 { next.step + 1 } else { next.step };
        let which = vec![EscalateOne { alert: alert.id, step }];
        let (_, outcome) = self.lab.execute_as(noc(), Command::Escalate { which }).await;
        assert!(step == next.step || outcome.is_err(), "a step that was not next was sent");
    }

    /// All receivers are well, paging is on, and time goes on until nothing waits.
    async fn settle(&mut self, dir: &Path) {
        for ledger in &self.ledgers {
            ledger.mood(0);
        }
        self.paging(false).await;
        let until = Instant::now() + PATIENCE;
        loop {
            self.advance(61).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            if judge::waiting(dir).await == 0 {
                return;
            }
            assert!(Instant::now() < until, "{}", judge::still_there(dir, self.now()).await);
        }
    }
}

fn load(percent: f64) -> Observation {
    Observation::seen("looked at", vec![Metric::new("cpu_usage", percent, Unit::Percent)])
}
