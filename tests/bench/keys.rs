//! From a key to the bytes of its frame, in process: 10,000 hosts with six checks each, 200x60.
//!
//! Limit: p99 below 5 ms, with the World at rest, with results coming in between two keys, and in a
//! storm 10 ms: 10,000 alerts a second come and go, and the key waits until those of one commit are
//! taken in. (`stormkeys` measures the whole program.)

#![allow(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fluxnoc::clock::Clock;
use fluxnoc::model::{
    Alert, AlertId, CheckKey, Host, Kind, Phase, SafeText, Span, State, Status, Steady, Timestamp,
};
use fluxnoc::protocol::{Actor, CheckRow, EngineStatus, Event, Role};
use fluxnoc::tui::Options;
use fluxnoc::tui::app::App;
use fluxnoc::tui::msg::Msg;
use fluxnoc::tui::terminal::picture::{Picture, Skills};
use fluxnoc::tui::update::update;
use fluxnoc::tui::view::view;
use fluxnoc::tui::{layout, zone::Zone};
use ratatui::buffer::Buffer;

mod common;
use common::{Comparison, short, verdict};

const SIZE: (u16, u16) = (200, 60);
const HOSTS: usize = 10_000;
/// Every so many hosts one has an alert.
const SICK: usize = 25;
/// Results between two keys: what arrives in a tenth of a second.
const BURST: usize = 100;
/// Alerts that come or go in a tenth of a second of a storm, and those that the engine tells at once:
/// the most that are taken in before a key gets its turn.
const STORM: usize = 1000;
const COMMIT: usize = 512;
/// Milliseconds that a key may take.
const LIMIT: f64 = 5.0;
/// The same with one commit of a storm before it.
const STORM_LIMIT: f64 = 10.0;

fn main() -> ExitCode {
    let keys = if short() { 400 } else { 4000 };
    let mut console = Console::new();
    let quiet = console.drive(keys, 0, 0);
    let busy = console.drive(keys, BURST, 0);
    let storm = console.drive(keys, 0, STORM);
    let within = |what, ours, peer| Comparison {
        what,
        unit: "ms",
        ours,
        peer_name: "limit",
        peer,
        floor: 1.0,
        at_most: true,
    };
    let row = |what, ours| within(what, ours, LIMIT);
    verdict(&[
        row("key to frame, p50", quiet.0),
        row("key to frame, p99", quiet.1),
        row("key to frame, results coming in, p50", busy.0),
        row("key to frame, results coming in, p99", busy.1),
        within("key to frame, 10,000 alerts a second, p50", storm.0, STORM_LIMIT),
        within("key to frame, 10,000 alerts a second, p99", storm.1, STORM_LIMIT),
    ])
}

struct Console {
    app: App,
    picture: Picture,
    clock: Clock,
    next: usize,
}

impl Console {
    fn new() -> Self {
        let clock = Clock::System;
        let actor = Actor::Local { name: SafeText::line("noc-2"), role: Role::Operator };
        let zone = Zone::Fixed { offset: 0, name: "UTC".to_owned() };
        let options = Options { zone, clock: clock.clone(), ..Options::default() };
        let app = App::new(actor, options, clock.now(), SIZE);
        let shown = Picture::new(Skills { sync: true, ground: true, repeat: false });
        let mut console = Self { app, picture: shown, clock, next: 0 };
        for event in picture(console.app.wall()) {
            console.on(Msg::Event(Arc::new(event)));
        }
        console.frame();
        console
    }

    fn on(&mut self, msg: Msg) {
        // Nobody answers: the time of the engine is not measured here.
        drop(update(&mut self.app, msg));
    }

    /// What the console's loop does for a frame; the bytes of it.
    fn frame(&mut self) -> usize {
        let now = self.clock.now();
        self.on(Msg::Tick(now));
        let mut frame = Buffer::empty(layout::screen(SIZE));
        let cursor = view(&self.app, &mut frame);
        self.picture.want(frame, cursor, true);
        let bytes = self.picture.chunk(usize::MAX).map_or(0, |chunk| chunk.bytes.len());
        self.on(Msg::Painted(now.steady));
        bytes
    }

    /// Presses cursor keys in all lists while so many results and alerts come before each; p50 and
    /// p99 of key to frame in milliseconds.
    fn drive(&mut self, keys: usize, burst: usize, alerts: usize) -> (f64, f64) {
        let moves = [KeyCode::Down, KeyCode::Down, KeyCode::Down, KeyCode::PageDown, KeyCode::Up];
        let mut times = Vec::with_capacity(keys);
        let mut bytes = 0;
        for n in 0..keys {
            if n % 100 == 99 {
                // Another pane, and back to the top of its list.
                self.press(KeyCode::Tab);
                self.press(KeyCode::Home);
                self.frame();
            }
            for _ in 0..burst {
                let event = result(self.next * 7 % HOSTS, self.app.wall(), self.next);
                self.next += 1;
                self.on(Msg::Event(Arc::new(event)));
            }
            let code = moves.get(n % moves.len()).copied().unwrap_or(KeyCode::Down);
            let mut coming = storm(n * alerts, alerts, self.app.wall());
            let last = coming.split_off(coming.len().saturating_sub(2 * COMMIT));
            coming.into_iter().for_each(|event| self.on(Msg::Event(event)));
            let start = Instant::now();
            last.into_iter().for_each(|event| self.on(Msg::Event(event)));
            self.press(code);
            bytes += self.frame();
            times.push(start.elapsed());
        }
        println!(
            "{} bytes a key, {burst} results and {alerts} alerts between keys",
            bytes / keys.max(1)
        );
        times.sort_unstable();
        let at =
            |part: usize| times.get(times.len() * part / 100).copied().unwrap_or(Duration::MAX);
        (at(50).as_secs_f64() * 1e3, at(99).as_secs_f64() * 1e3)
    }

    fn press(&mut self, code: KeyCode) {
        let at: Steady = self.clock.now().steady;
        self.on(Msg::Key { key: KeyEvent::new(code, KeyModifiers::NONE), at });
    }
}

const CHECKS: [(&str, Kind); 6] = [
    ("ping", Kind::Ping),
    ("tcp", Kind::Tcp),
    ("http", Kind::Http),
    ("dns", Kind::Dns),
    ("system", Kind::System),
    ("custom", Kind::Custom),
];

fn name(n: usize) -> String {
    format!("host-{n:05}")
}

/// A result of the host's first check.
fn result(host: usize, now: Timestamp, round: usize) -> Event {
    let sick = host.is_multiple_of(SICK);
    check(host, 0, if sick { State::Critical } else { State::Ok }, now, round)
}

fn check(host: usize, at: usize, state: State, now: Timestamp, round: usize) -> Event {
    let (check, kind) = CHECKS.get(at).copied().unwrap_or(("ping", Kind::Ping));
    Event::Check(Arc::new(CheckRow {
        key: CheckKey::new(name(host), check),
        kind,
        interval: Span::from_secs(60),
        attempts: 3,
        enabled: true,
        about: None,
        rule: None,
        status: Status {
            state,
            hard: true,
            hard_state: state,
            since: now - Span::from_secs(1000),
            last_result: Some(now),
            output: SafeText::line(&format!("5 of 5 answered, {round} us")),
            ..Status::default()
        },
    }))
}

fn picture(now: Timestamp) -> Vec<Event> {
    let mut events = vec![
        Event::Hello { stream: 1, hosts: 0 },
        Event::Engine(Arc::new(EngineStatus {
            host: SafeText::line("jump-02"),
            started: now - Span::from_secs(86_400),
            ..EngineStatus::default()
        })),
    ];
    for n in 0..HOSTS {
        let mut host = Host::new(&name(n), "127.0.0.1");
        host.labels.insert("site".to_owned(), format!("site-{:02}", n / 400));
        events.push(Event::Host(Arc::new(host)));
        for at in 0..CHECKS.len() {
            let sick = at == 0 && n.is_multiple_of(SICK);
            let state = if sick { State::Critical } else { State::Ok };
            events.push(check(n, at, state, now, 0));
        }
        if n.is_multiple_of(SICK) {
            events.push(Event::Alert(Arc::new(alert(n, now))));
        }
    }
    events.push(Event::Ready);
    events
}

/// `count` alerts from the `from`-th on, each with its check's new state: all of them come, then
/// all go, and so on.
fn storm(from: usize, count: usize, now: Timestamp) -> Vec<Arc<Event>> {
    let mut events = Vec::with_capacity(2 * count);
    for n in from..from + count {
        let (host, comes) = (n % HOSTS, (n / HOSTS).is_multiple_of(2));
        let state = if comes { State::Critical } else { State::Ok };
        let mut alert = alert(host, now);
        if !comes {
            (alert.phase, alert.state, alert.resolved) = (Phase::Resolved, state, Some(now));
        }
        events.push(Arc::new(check(host, 0, state, now, n)));
        events.push(Arc::new(Event::Alert(Arc::new(alert))));
    }
    events
}

/// The alert of a host; it has the same id whenever it comes.
fn alert(n: usize, now: Timestamp) -> Alert {
    let since = now - Span::from_secs(u64::try_from(n).unwrap_or(0) + 60);
    let mut entropy = [0; 10];
    for (byte, of) in entropy.iter_mut().zip(n.to_le_bytes()) {
        *byte = of;
    }
    Alert {
        phase: Phase::Firing,
        state: State::Critical,
        fired: Some(since),
        output: SafeText::line("no answer from 127.0.0.1 to 5 pings"),
        attempt: 3,
        edge_seq: 1,
        notified: Some(State::Critical),
        ..Alert::opened(
            AlertId::from_parts(1_700_000_000_000, entropy),
            &CheckKey::new(name(n), "ping"),
            &Status::waiting(since),
            3,
            since,
        )
    }
}
