//! Tables with texts and numbers that fill their columns: between two columns is a blank at least.

use std::sync::Arc;

use fluxnoc::protocol::Event;
use fluxnoc::protocol::query::Answer;
use fluxnoc::tui::Options;
use fluxnoc::tui::glyphs::GlyphTier;
use serde_json::Value;

use crate::invariants::{SIZES, VIEWS};
use crate::{Console, actor, fixture, options};

/// Keys whose texts may be as long as somebody writes them.
const TEXTS: [&str; 22] = [
    "actor",
    "author",
    "check",
    "comment",
    "created_by",
    "destination",
    "host",
    "location",
    "machine",
    "message",
    "metric",
    "name",
    "origin",
    "output",
    "reason",
    "text",
    "verdict",
    "version",
    "who",
    "what",
    "error",
    "contact_list",
];
/// Behind each of them.
const MORE: &str = "-and-so-on-and-so-forth-until-nobody-reads-any-more-of-it";

fn lengthen(value: &mut Value, key: &str) {
    match value {
        Value::Object(all) => {
            for (key, value) in all.iter_mut() {
                lengthen(value, key);
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|value| lengthen(value, key)),
        Value::String(text) if TEXTS.contains(&key) || key == "key" => {
            // `host/check` keeps its parts.
            let parts: Vec<String> = text.split('/').map(|part| format!("{part}{MORE}")).collect();
            let is_key = text.matches('/').count() == 1 && !text.contains(' ');
            if key == "key" && !is_key {
                return;
            }
            *text = if is_key { parts.join("/") } else { format!("{text}{MORE}") };
        }
        Value::Number(number) if key.ends_with("_ms") && number.is_f64() => {
            *value = Value::from(866.4);
        }
        Value::Number(number) if key == "loss_pct" && number.is_f64() => {
            *value = Value::from(100.0)
        }
        _ => {}
    }
}

/// The same with long texts and large numbers; as it was where that is no such thing any more.
pub fn long<T: serde::Serialize + serde::de::DeserializeOwned>(one: T) -> T {
    let mut value = serde_json::to_value(&one).unwrap();
    lengthen(&mut value, "");
    serde_json::from_value(value).unwrap_or(one)
}

pub fn long_answer(answer: Answer) -> Answer {
    long(answer)
}

fn world(size: (u16, u16), keys: &str, options: Options) -> Console {
    let mut console = Console::new(size, actor(fluxnoc::protocol::Role::Operator), options);
    console.long = true;
    let events: Vec<Event> = fixture::picture().into_iter().map(long).collect();
    let names = events.iter().filter(|event| matches!(event, Event::Host(_))).count();
    assert!(names > 150);
    console.feed(events);
    console.rest();
    if let Some(host) = console.app.host.clone() {
        let trace = long(fixture::trace(&host, 0));
        console.on(fluxnoc::tui::msg::Msg::Event(Arc::new(trace)));
    }
    console.press(keys);
    console.rest();
    console
}

/// Places in a line where a text that was cut, or a number with its unit, touches what follows.
fn glued(line: &str) -> Vec<String> {
    let letters: Vec<char> = line.chars().collect();
    let apart = |c: char| c.is_whitespace() || "│┤├╮╯┃|─-,.;:)]}×+".contains(c);
    let mut found = Vec::new();
    for (at, letter) in letters.iter().enumerate() {
        let Some(next) = letters.get(at + 1) else { continue };
        let tail: String = letters[..=at].iter().rev().take(3).rev().collect();
        let unit = [" %", " ms", "b/s", "iB", " s"].iter().any(|unit| tail.ends_with(unit));
        // A text that is cut may have a unit; words behind one are its own.
        let own = unit && (next.is_alphabetic() || *next == '…');
        if (*letter == '…' || unit) && !apart(*next) && !own {
            let near: String =
                letters[at.saturating_sub(12)..(at + 12).min(letters.len())].iter().collect();
            found.push(near);
        }
    }
    found
}

#[test]
fn two_columns_are_always_apart() {
    let mut cut = 0;
    for size in SIZES {
        for (name, keys) in VIEWS {
            // It is opened from a device of its own.
            if name == "interfaces" {
                continue;
            }
            for glyphs in [GlyphTier::Braille, GlyphTier::Block] {
                let mut console = world(size, keys, Options { glyphs, ..options() });
                let screen = console.screen();
                for line in screen.lines() {
                    let found = glued(line);
                    assert!(found.is_empty(), "{name} at {size:?}: {found:?}\n{screen}");
                }
                cut += screen.matches('…').count();
            }
        }
    }
    assert!(cut > 1000, "the columns are full: {cut}");
}

#[test]
fn what_is_glued_is_found() {
    assert_eq!(glued("│ core-dal…100 % │").len(), 1);
    assert_eq!(glued("│ core-dal-1   2 %166.5 ms │").len(), 1);
    assert!(glued("│ core-dal-1   2 % 166.5 ms │ a…│").is_empty());
}
