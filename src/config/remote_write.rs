//! `[[remote_write]]`: who is sent every number and state.

use std::fmt::Write as _;

use super::reader::Reader;
use super::show::{Keys, mask};
use super::{keys, kinds};
use crate::model::remote_write::BATCH_LIMIT;
use crate::model::rule_words::is_label_name;
use crate::model::{Name, RemoteWrite, Span, id::valid_name};

/// Most receivers.
const RECEIVERS: usize = 8;
/// Longest name, in bytes: it is a label of the program's own meters.
const NAME_BYTES: usize = 64;
/// Most labels of a receiver.
const LABELS: usize = 32;
const INTERVAL: Span = Span::from_secs(5);
const TIMEOUT: Span = Span::from_secs(30);
const QUEUE: usize = 500_000;

/// Reads every `[[remote_write]]`.
pub(super) fn read(top: &Reader<'_>) -> Vec<RemoteWrite> {
    let mut found: Vec<RemoteWrite> = Vec::new();
    for entry in top.tables("remote_write", "[[remote_write]]") {
        entry.refuse_unknown(keys::REMOTE_WRITE);
        let Some(to) = receiver(&entry) else { continue };
        if found.iter().any(|known| known.name == to.name) {
            entry.wrong("name", format!("a [[remote_write]] `{}` exists already", to.name));
        } else if found.len() == RECEIVERS {
            entry.wrong("name", format!("more than {RECEIVERS} receivers"));
            break;
        } else {
            found.push(to);
        }
    }
    found
}

fn receiver(entry: &Reader<'_>) -> Option<RemoteWrite> {
    entry.require("name", "name = \"prometheus\"");
    entry.require("url", "url = \"https://prometheus.example/api/v1/write\"");
    let url = entry.text("url");
    if let Some(Err(why)) = url.map(kinds::valid_url) {
        entry.wrong("url", why);
    }
    let token = kinds::secret(entry, "token");
    let password = kinds::secret(entry, "password");
    if token.is_some() && entry.has("user") {
        entry.wrong("token", "has no meaning beside `user`; write one of them");
    }
    if password.is_some() && !entry.has("user") {
        entry.wrong("password", "needs `user`; a bearer token is written as `token`");
    }
    let mut labels = entry.map("labels");
    if labels.len() > LABELS {
        entry.wrong("labels", format!("has more than {LABELS} labels"));
    }
    labels.retain(|label, _| {
        let good = is_label_name(label) && !label.starts_with("__");
        if !good {
            entry.wrong("labels", format!("`{label}` is no name of a label; write site or a_b"));
        }
        good
    });
    let day = Span::from_secs(86_400);
    let limit = i64::try_from(BATCH_LIMIT).unwrap_or(i64::MAX);
    let name = name(entry)?;
    Some(RemoteWrite {
        name,
        url: url?.to_owned(),
        headers: kinds::headers(entry),
        token,
        user: entry.text("user").map(str::to_owned),
        password,
        ca_file: entry.text("ca_file").map(str::to_owned),
        labels,
        interval: entry.duration("interval", Span::from_millis(100)..=day).unwrap_or(INTERVAL),
        timeout: entry
            .duration("timeout", Span::from_secs(1)..=Span::from_secs(300))
            .unwrap_or(TIMEOUT),
        batch: count(entry, "batch", 1..=limit).unwrap_or(BATCH_LIMIT),
        queue: count(entry, "queue", 1_000..=50_000_000).unwrap_or(QUEUE),
    })
}

fn count(entry: &Reader<'_>, key: &str, within: std::ops::RangeInclusive<i64>) -> Option<usize> {
    entry.number(key, within)
}

fn name(entry: &Reader<'_>) -> Option<Name> {
    let name = entry.text("name")?;
    let good = match valid_name(name) {
        Ok(()) if name.len() > NAME_BYTES => Err(format!("is longer than {NAME_BYTES} bytes")),
        other => other,
    };
    good.map_err(|why| entry.wrong("name", format!("{name:?} {why}"))).ok().map(|()| name.into())
}

/// Writes them, secrets masked.
pub(super) fn write(out: &mut String, all: &[RemoteWrite]) {
    for to in all {
        let _ = write!(out, "\n[[remote_write]]\n");
        let mut keys = Keys { out };
        keys.text("name", &to.name);
        keys.text("url", &to.url);
        keys.map("headers", &mask(&to.headers));
        keys.secret("token", to.token.as_ref());
        keys.optional("user", to.user.as_ref());
        keys.secret("password", to.password.as_ref());
        keys.optional("ca_file", to.ca_file.as_ref());
        keys.map("labels", &to.labels);
        keys.text("interval", &to.interval.to_string());
        keys.text("timeout", &to.timeout.to_string());
        keys.put("batch", &to.batch.to_string());
        keys.put("queue", &to.queue.to_string());
    }
}
