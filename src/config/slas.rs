//! `[[sla]]`: what carriers promised of links, for reports.

use std::fmt::Write as _;

use toml::de::DeValue;

use super::keys;
use super::reader::Reader;
use super::show::Keys;
use crate::model::Sla;

/// Most of them.
const SLAS: usize = 1000;

/// Reads every `[[sla]]`.
pub(super) fn read(top: &Reader<'_>) -> Vec<Sla> {
    let mut found = Vec::new();
    for entry in top.tables("sla", "[[sla]]") {
        entry.refuse_unknown(keys::SLA);
        entry.require("agent", "agent = \"HQ-CORE\"");
        entry.require("target", "target = \"lan-1\"");
        let text = |key: &str| entry.text(key).map(ToOwned::to_owned);
        let figure = |key: &str| {
            let value = entry.get(key)?;
            let number = match value.get_ref() {
                DeValue::Integer(number) => number.to_string().parse().ok(),
                DeValue::Float(number) => number.to_string().parse().ok(),
                _ => None,
            };
            if number.is_none() {
                entry.type_error(key, value, "a number");
            }
            number
        };
        let sla = Sla {
            carrier: text("carrier"),
            customer: text("customer"),
            link: text("link"),
            download_mbps: figure("download_mbps"),
            upload_mbps: figure("upload_mbps"),
            latency_ms: figure("latency_ms"),
            jitter_ms: figure("jitter_ms"),
            loss_pct: figure("loss_pct"),
            availability_pct: figure("availability_pct"),
            agent: text("agent").unwrap_or_default(),
            target: text("target").unwrap_or_default(),
        };
        if sla.agent.is_empty() || sla.target.is_empty() {
            continue;
        }
        if let Err(why) = sla.check() {
            let (field, why) = why
                .strip_prefix('`')
                .and_then(|rest| rest.split_once("`: "))
                .map_or(("agent", why.as_str()), |(field, why)| (field, why));
            entry.wrong(field, why);
            continue;
        }
        if found.len() == SLAS {
            entry.wrong("agent", format!("more than {SLAS} promises"));
            break;
        }
        found.push(sla);
    }
    found
}

/// Writes them.
pub(super) fn write(out: &mut String, slas: &[Sla]) {
    for sla in slas {
        let _ = write!(out, "\n[[sla]]\n");
        let mut keys = Keys { out };
        keys.text("agent", &sla.agent);
        keys.text("target", &sla.target);
        let texts = [("carrier", &sla.carrier), ("customer", &sla.customer), ("link", &sla.link)];
        for (key, text) in texts {
            if let Some(text) = text {
                keys.text(key, text);
            }
        }
        let figures = [
            ("download_mbps", sla.download_mbps),
            ("upload_mbps", sla.upload_mbps),
            ("latency_ms", sla.latency_ms),
            ("jitter_ms", sla.jitter_ms),
            ("loss_pct", sla.loss_pct),
            ("availability_pct", sla.availability_pct),
        ];
        for (key, value) in figures {
            if let Some(value) = value {
                let _ = writeln!(keys.out, "{key} = {value}");
            }
        }
    }
}
