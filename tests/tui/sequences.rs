//! Thousands of random sessions: keys, results, alerts, sizes and broken links in any order. The
//! console stays whole, the way back leads to the overview, and the engine is asked for nothing
//! that no key asked for.
//!
//! The test command runs a short form; the full one is
//! `FLUXNOC_SEQUENCES=10000 cargo test --release --test tui sequences -- --nocapture`.

use std::collections::BTreeMap;
use std::str::FromStr;

use fluxnoc::model::{Phase, Span};
use fluxnoc::protocol::{Command, Event, Role};
use fluxnoc::tui::Options;
use fluxnoc::tui::action::{Action, Need};
use fluxnoc::tui::keymap::{Chord, Context, Found};
use fluxnoc::tui::msg::Msg;
use fluxnoc::tui::views::View;

use crate::{Console, actor, fixture, options};

/// Sequences of the short form, and events of each.
const SHORT: u64 = 60;
const EVENTS: usize = 200;
/// How often the full form must have run each action.
const OFTEN: u64 = 100;
const FULL: u64 = 10_000;
/// How many actions the short form may miss.
const RARE: usize = 3;

/// Numbers that a seed decides (SplitMix64, by Steele, Lea and Flood).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// All keys of the default preset, as they are written.
fn keys() -> Vec<String> {
    let text = include_str!("../../src/tui/keymap/default.toml");
    let tables: toml::Table = text.parse().unwrap();
    let named = tables.iter().filter(|(name, _)| *name != "titles");
    let mut keys: Vec<String> =
        named.flat_map(|(_, table)| table.as_table().unwrap().keys().cloned()).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Keys that are wanted now: an action that few sequences reach is begun on purpose.
fn wanted(console: &Console, dice: &mut Dice, keys: &[String]) -> String {
    let live: Vec<&String> = keys
        .iter()
        .filter(|key| {
            let chords: Vec<Chord> =
                key.split(' ').map(|key| Chord::from_str(key).unwrap()).collect();
            matches!(
                console.app.keymap.find(&console.app.contexts(), &chords),
                Found::Action(action) if !matches!(action, Action::Quit | Action::Interrupt)
            )
        })
        .collect();
    if live.is_empty() { "esc".to_owned() } else { (*dice.pick(&live)).clone() }
}

/// Presses a key of the keymap and notes the action that it means.
fn press(console: &mut Console, keys: &str, counts: &mut BTreeMap<Action, u64>) -> Option<Action> {
    let mut last = None;
    for key in keys.split(' ') {
        let mut chords = console.app.pressed.clone();
        chords.push(Chord::from_str(key).unwrap());
        let found = console.app.keymap.find(&console.app.contexts(), &chords);
        console.press(key);
        if let Found::Action(action) = found {
            *counts.entry(action).or_default() += 1;
            last = Some(action);
        }
    }
    last
}

/// Types the name of an action into the palette.
fn say(console: &mut Console, name: &str, counts: &mut BTreeMap<Action, u64>) {
    let open = console.app.contexts();
    if console.app.keymap.find(&open, &[Chord::from_str(":").unwrap()])
        != Found::Action(Action::Palette)
    {
        return;
    }
    press(console, ":", counts);
    if console.app.contexts() != [Context::Line] {
        return;
    }
    console.write(name);
    press(console, "enter", counts);
    *counts.entry(Action::from_name(name).unwrap()).or_default() += 1;
}

fn happen(console: &mut Console, dice: &mut Dice, picture: &[Event]) {
    let event = dice.pick(picture).clone();
    let gone = match &event {
        Event::Host(host) => Event::HostGone(host.name.clone()),
        Event::Check(row) => Event::CheckGone(row.key.clone()),
        Event::Alert(alert) => Event::AlertGone(alert.id),
        _ => Event::Resync,
    };
    match dice.roll(12) {
        0..6 => console.feed(vec![event]),
        6..8 => console.feed(vec![gone]),
        8 => console.on(Msg::Link(Err("the line broke".to_owned()))),
        9 => {
            console.on(Msg::Link(Ok(())));
            console.feed(picture.to_vec());
        }
        10 => console.on(Msg::Paste("a\rm\r:stop\r\u{1b}[A".repeat(dice.roll(20)))),
        _ => {
            let (width, height) =
                *dice.pick(&[(200, 60), (120, 40), (80, 24), (60, 20), (30, 8), (10, 3)]);
            console.on(Msg::Resize { width, height });
        }
    }
}

/// True for an action that may change the engine, by itself or by what it confirms.
fn may_change(action: Option<Action>) -> bool {
    action.is_some_and(|action| {
        action.need() != Need::Look
            || matches!(
                action,
                Action::Commit
                    | Action::Snooze
                    | Action::SaveView
                    | Action::SavedView
                    // Ctrl-C ends the test that runs under the cursor.
                    | Action::Interrupt
            )
    })
}

fn session(seed: u64, keys: &[String], counts: &mut BTreeMap<Action, u64>) {
    let dice = &mut Dice(seed);
    let picture = fixture::picture();
    let role = if dice.roll(10) == 0 { Role::Viewer } else { Role::Admin };
    let wanted_options = Options { read_only: dice.roll(12) == 0, ..options() };
    let mut console = Console::new((120, 40), actor(role), wanted_options);
    console.feed(picture.clone());
    console.rest();
    let in_palette: Vec<&str> =
        Action::ALL.iter().filter(|action| action.is_palette_only()).map(|a| a.name()).collect();
    for step in 0..EVENTS {
        let before = console.commands.len();
        let action = match dice.roll(20) {
            0..11 => {
                let key = wanted(&console, dice, keys);
                press(&mut console, &key, counts)
            }
            11..14 => {
                let key = dice.pick(keys).clone();
                press(&mut console, &key, counts)
            }
            14 => {
                let name = *dice.pick(&in_palette);
                say(&mut console, name, counts);
                Some(Action::Commit)
            }
            15..18 => {
                happen(&mut console, dice, &picture);
                None
            }
            18 => {
                console.rest();
                None
            }
            _ => {
                console.pass(Span::from_secs(u64::try_from(dice.roll(600)).unwrap()));
                None
            }
        };
        let asked = console.commands.get(before..).unwrap_or(&[]);
        let remembered = asked.iter().all(|command| matches!(command, Command::Remember { .. }));
        assert!(
            remembered || may_change(action),
            "seed {seed}, step {step}: {action:?} asked for {asked:?}"
        );
        let may = remembered || role != Role::Viewer;
        assert!(may, "seed {seed}, step {step}: a viewer asked for {asked:?}");
        if step % 8 == 0 {
            let screen = console.screen();
            assert_eq!(screen.lines().count(), usize::from(console.app.wall.outer.1), "{seed}");
        }
    }
    // The way back.
    let asked = console.commands.len();
    console.on(Msg::Resize { width: 120, height: 40 });
    console.on(Msg::Link(Ok(())));
    console.feed(picture);
    console.pass(Span::from_secs(30));
    console.rest();
    console.press(&"esc ".repeat(10));
    console.press("1");
    let screen = console.screen();
    assert_eq!(console.app.view, View::Overview, "seed {seed}\n{screen}");
    assert!(console.app.overlay.is_none(), "seed {seed}\n{screen}");
    assert_eq!(console.commands.len(), asked, "seed {seed}: the way back changes nothing");
    console.rest();
    if let Some(id) = console.app.alert() {
        assert!(console.app.world.alert(id).is_some(), "seed {seed}: the cursor is on an alert");
    }
    if let Some(host) = &console.app.host {
        assert!(console.app.world.host(host).is_some(), "seed {seed}: the cursor is on a host");
    }
    let open = console.app.world.open_alerts().all(|alert| alert.phase != Phase::Resolved);
    assert!(open, "seed {seed}");
}

#[test]
fn dc_10_any_sequence_of_events_leaves_the_console_whole() {
    let sessions = std::env::var("FLUXNOC_SEQUENCES");
    let sessions: u64 = sessions.map_or(SHORT, |text| text.parse().unwrap());
    let keys = keys();
    let mut counts: BTreeMap<Action, u64> = BTreeMap::new();
    for seed in 0..sessions {
        session(seed, &keys, &mut counts);
    }
    let often = if sessions >= FULL { OFTEN } else { 1 };
    let may_be_rare = if sessions >= FULL { 0 } else { RARE };
    let mut rare: Vec<(&str, u64)> = Action::ALL
        .iter()
        .map(|action| (action.name(), counts.get(action).copied().unwrap_or(0)))
        .collect();
    rare.sort_by_key(|(_, count)| *count);
    let rarest: Vec<String> =
        rare.iter().take(5).map(|(name, count)| format!("{name} {count}")).collect();
    println!("{sessions} sessions, {} actions, the rarest: {}", rare.len(), rarest.join(", "));
    rare.retain(|(_, count)| *count < often);
    assert!(rare.len() <= may_be_rare, "too rare: {rare:?}");
}
