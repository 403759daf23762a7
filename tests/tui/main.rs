//! The console driven by keys, as an operator sees it: screens at several sizes, and the stories
//! of acknowledging, windows, filters and leaving.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking, and its helpers are read where they are used"
)]

mod affected;
mod agents;
mod answers;
mod calendar;
mod columns;
mod contexts;
mod escalate;
mod expiring;
mod finding;
mod fixture;
mod flapping;
mod fluxbase;
mod forms;
mod handover;
mod hints;
mod hold;
mod interfaces;
mod invariants;
mod link;
mod lists;
mod look;
mod looks;
mod notifications;
mod overlays;
mod pages;
mod present;
mod probes;
mod queue;
mod reports;
mod rules;
mod saved_rule;
mod schedules;
mod sequences;
mod series;
mod speed;
mod stories;
mod told;
mod traces;
mod trend;
mod triage;
mod trial;
mod views;
mod wall;

use std::collections::BTreeMap;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use fluxnoc::clock::Clock;
use fluxnoc::model::{Now, RequestId, SafeText, Span, Steady};
use fluxnoc::protocol::{Actor, Command, Event, Role};
use fluxnoc::tui::app::App;
use fluxnoc::tui::effect::{Effect, Reply};
use fluxnoc::tui::msg::Msg;
use fluxnoc::tui::update::update;
use fluxnoc::tui::view::view;
use fluxnoc::tui::zone::Zone;
use fluxnoc::tui::{Leave, Options, layout};
use ratatui::buffer::Buffer;

/// A console with a fake engine that answers at once, and everything that it was asked.
pub(crate) struct Console {
    pub app: App,
    pub commands: Vec<Command>,
    pub left: Option<Leave>,
    /// What the world outside was asked besides the engine.
    pub asked: Vec<Effect>,
    /// False: answers wait until [`Console::answer`].
    pub answers: bool,
    /// True: the texts and numbers of answers fill their columns.
    pub long: bool,
    waiting: BTreeMap<u64, Effect>,
}

/// How long a person looks at a frame before a key answers it.
const SEEN: Span = Span::from_millis(300);

pub(crate) fn options() -> Options {
    Options {
        zone: Zone::Fixed { offset: 3600, name: "CET".to_owned() },
        clock: Clock::manual(fixture::now()),
        ..Options::default()
    }
}

pub(crate) fn actor(role: Role) -> Actor {
    Actor::Local { name: SafeText::line("noc-2"), role }
}

impl Console {
    pub fn new(size: (u16, u16), actor: Actor, options: Options) -> Self {
        let now = Now { steady: Steady::from_millis(100_000), wall: fixture::now() };
        let app = App::new(actor, options, now, size);
        let (commands, waiting) = (Vec::new(), BTreeMap::new());
        Self { app, commands, left: None, asked: Vec::new(), answers: true, long: false, waiting }
    }

    /// A console that has the fixture's world and its live numbers.
    pub fn open(size: (u16, u16)) -> Self {
        let mut console = Self::new(size, actor(Role::Operator), options());
        console.feed(fixture::picture());
        console.rest();
        console
    }

    pub fn feed(&mut self, events: Vec<Event>) {
        for event in events {
            self.on(Msg::Event(Arc::new(event)));
        }
        self.pass(Span::ZERO);
    }

    pub fn on(&mut self, msg: Msg) {
        for effect in update(&mut self.app, msg) {
            match effect {
                Effect::Leave(how) => self.left = Some(how),
                Effect::Redraw => {}
                Effect::Play(play) => self.on(Msg::Played(Box::new(play.run()))),
                Effect::Execute { id, ref command } => {
                    if !matches!(command, Command::Look { .. }) {
                        self.commands.push(command.clone());
                    }
                    let bytes = [u8::try_from(id % 251).unwrap(); 10];
                    let request = RequestId::from_parts(fixture::now().millis(), bytes);
                    self.app.requested(id, request, command);
                    self.waiting.insert(id, effect);
                }
                Effect::Query { id, .. } => {
                    self.waiting.insert(id, effect);
                }
                other => self.asked.push(other),
            }
        }
        if self.answers {
            self.answer();
        }
    }

    pub fn answer(&mut self) {
        while let Some((id, effect)) = self.waiting.pop_first() {
            let result = match &effect {
                Effect::Execute { command, .. } => Ok(Reply::Outcome(fixture::outcome(command))),
                Effect::Query { query, .. } => {
                    let answer = fixture::answer(query);
                    let answer = if self.long { answer.map(columns::long_answer) } else { answer };
                    answer.map(Reply::Answer)
                }
                _ => unreachable!("only requests wait"),
            };
            self.on(Msg::Reply { id, result });
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, span: Span) {
        let now = self.app.now;
        self.on(Msg::Tick(Now { steady: now.steady + span, wall: now.wall + span }));
    }

    /// Lets the cursor rest, so that what it looks at arrives.
    pub fn rest(&mut self) {
        self.pass(Span::from_millis(300));
        if let Some(host) = self.app.host.clone() {
            self.on(Msg::Event(Arc::new(fixture::trace(&host, 0))));
        }
        self.pass(Span::ZERO);
    }

    /// Presses keys, each after the frame before it was painted.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.screen();
            self.key_at(key, self.app.now.steady + SEEN);
        }
        self
    }

    /// Presses one key without a frame before it.
    pub fn key(&mut self, key: &str) {
        self.key_at(key, self.app.now.steady);
    }

    fn key_at(&mut self, key: &str, at: Steady) {
        let (code, modifiers) = match key {
            "enter" => (KeyCode::Enter, KeyModifiers::NONE),
            "esc" => (KeyCode::Esc, KeyModifiers::NONE),
            "tab" => (KeyCode::Tab, KeyModifiers::NONE),
            "shift-tab" => (KeyCode::BackTab, KeyModifiers::SHIFT),
            "space" => (KeyCode::Char(' '), KeyModifiers::NONE),
            "backspace" => (KeyCode::Backspace, KeyModifiers::NONE),
            "left" => (KeyCode::Left, KeyModifiers::NONE),
            "right" => (KeyCode::Right, KeyModifiers::NONE),
            "pgup" => (KeyCode::PageUp, KeyModifiers::NONE),
            "home" => (KeyCode::Home, KeyModifiers::NONE),
            key if key.starts_with("ctrl-") => {
                (KeyCode::Char(key.chars().last().unwrap()), KeyModifiers::CONTROL)
            }
            "delete" => (KeyCode::Delete, KeyModifiers::NONE),
            "down" => (KeyCode::Down, KeyModifiers::NONE),
            "up" => (KeyCode::Up, KeyModifiers::NONE),
            "pgdn" => (KeyCode::PageDown, KeyModifiers::NONE),
            "end" => (KeyCode::End, KeyModifiers::NONE),
            key => (KeyCode::Char(key.chars().next().unwrap()), KeyModifiers::NONE),
        };
        self.on(Msg::Key { key: KeyEvent::new(code, modifiers), at });
    }

    /// Types a text, letter by letter.
    pub fn write(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            self.on(Msg::Key { key, at: self.app.now.steady });
        }
        self
    }

    /// Paints a frame and returns it as text.
    pub fn screen(&mut self) -> String {
        text(&self.frame())
    }

    /// Paints a frame.
    pub fn frame(&mut self) -> Buffer {
        let mut frame = Buffer::empty(layout::screen(self.app.wall.outer));
        view(&self.app, &mut frame);
        self.on(Msg::Painted(self.app.now.steady));
        frame
    }

    /// The last line of the screen.
    pub fn foot(&mut self) -> String {
        self.screen().lines().last().unwrap_or("").trim_end().to_owned()
    }
}

fn text(frame: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..frame.area.height {
        let mut skip = 0;
        let mut line = String::new();
        for x in 0..frame.area.width {
            let symbol = frame[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = fluxnoc::model::safe_text::width(symbol);
            }
            skip = skip.saturating_sub(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[test]
fn dc_02_the_four_panes_are_visible_at_once_at_120x40() {
    let screen = Console::open((120, 40)).screen();
    for title in ["Hosts by site", "Alerts: unhandled 5", "Throughput", "Hops to fra-01"] {
        assert!(screen.contains(title), "{title}\n{screen}");
    }
    insta::assert_snapshot!("overview_120x40", screen);
}

#[test]
fn the_overview_at_other_sizes() {
    insta::assert_snapshot!("overview_200x60", Console::open((200, 60)).screen());
    insta::assert_snapshot!("overview_80x24", Console::open((80, 24)).screen());
    insta::assert_snapshot!("too_small_40x10", Console::open((40, 10)).screen());
}

#[test]
fn the_panes_of_a_small_screen() {
    let mut console = Console::open((80, 24));
    for name in ["throughput_80x24", "hops_80x24", "hosts_80x24"] {
        console.press("tab");
        console.rest();
        insta::assert_snapshot!(name, console.screen());
    }
}

#[test]
fn the_host_view() {
    for (size, name) in [((120, 40), "host_120x40"), ((80, 24), "host_80x24")] {
        let mut console = Console::open(size);
        console.press("enter enter");
        console.rest();
        insta::assert_snapshot!(name, console.screen());
    }
}

#[test]
fn live_results_continue_the_numbers_on_screen() {
    let mut console = Console::open((120, 40));
    console.press("enter enter");
    console.rest();
    assert!(!console.screen().contains("> 200 ms / > 500 ms"));
    let key = fluxnoc::model::CheckKey::new("fra-01", "mysql");
    let at = fixture::now() + Span::from_millis(300);
    console.feed(vec![fixture::live(&key, at)]);
    let screen = console.screen();
    assert!(screen.contains("next 21:05:30") && screen.contains("> 200 ms / > 500 ms"), "{screen}");
    assert!(screen.contains("HTTP 200 in 31 ms, 5321 bytes"), "the last output\n{screen}");
}

#[test]
fn throughput_of_the_machine_itself() {
    let mut console = Console::open((120, 40));
    console.press("/").write("jump").press("enter shift-tab g g");
    console.rest();
    let screen = console.screen();
    assert!(screen.contains("Throughput: jump-02 eth0, 15 min"), "{screen}");
    insta::assert_snapshot!("throughput_120x40", screen);
    let next = console.press("]").screen();
    assert!(next.contains("jump-02 eth1, 15 min"), "{next}");
}
