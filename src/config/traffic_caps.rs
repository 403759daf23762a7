//! `[[traffic_cap]]`: vantages whose speedtests may move otherwise much than `[speed]` says.

use std::fmt::Write as _;

use super::keys;
use super::reader::Reader;
use super::show::Keys;
use super::speed::{cap, show_cap};
use crate::model::{Caps, Pattern};

/// Most of them.
const CAPS: usize = 1000;

/// Reads every `[[traffic_cap]]`.
pub(super) fn read(top: &Reader<'_>) -> Vec<(String, Caps)> {
    let mut found: Vec<(String, Caps)> = Vec::new();
    for entry in top.tables("traffic_cap", "[[traffic_cap]]") {
        entry.refuse_unknown(keys::TRAFFIC_CAP);
        entry.require("agent", "agent = \"HQ-CORE\"");
        let bytes = |key: &str| match cap(entry.text(key)?) {
            Ok(bytes) => Some(bytes),
            Err(why) => {
                entry.wrong(key, why);
                None
            }
        };
        let caps = Caps { daily: bytes("daily_cap"), monthly: bytes("monthly_cap") };
        let Some(agent) = entry.text("agent") else { continue };
        if let Err(why) = agent.parse::<Pattern>() {
            entry.wrong("agent", why.to_string());
            continue;
        }
        if found.iter().any(|(known, _)| known == agent) {
            entry.wrong("agent", format!("`{agent}` has caps of its own already"));
        }
        if found.len() == CAPS {
            entry.wrong("agent", format!("more than {CAPS} of them"));
            break;
        }
        found.push((agent.to_owned(), caps));
    }
    found
}

/// Writes them.
pub(super) fn write(out: &mut String, all: &[(String, Caps)]) {
    for (agent, caps) in all {
        let _ = write!(out, "\n[[traffic_cap]]\n");
        let mut keys = Keys { out };
        keys.text("agent", agent);
        for (key, bytes) in [("daily_cap", caps.daily), ("monthly_cap", caps.monthly)] {
            if let Some(bytes) = bytes {
                keys.text(key, &show_cap(bytes));
            }
        }
    }
}
