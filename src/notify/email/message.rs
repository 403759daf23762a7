//! A notification as a mail: a pure function of it, so that a repeat is the same message.
//!
//! RFC 5322 with the encodings of `lettre`. What comes from outside (names, texts) is made safe
//! first and cut to a size; every header is encoded, so that none of it begins a header of its own.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::digest;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};

use super::super::Late;
use super::super::body::{long_wording, seconds, wording};
use crate::model::safe_text::truncate;
use crate::model::{Email, Notification, Reason, SafeText};

/// Columns of a subject.
const SUBJECT: usize = 160;
/// Bytes of a body; a digest has some hundred lines at most.
const BODY: usize = 64 << 10;
/// The last second that a date of a mail can have: the end of the year 9999.
const LAST: u64 = 253_402_300_799;
/// Bytes of a digest that are enough to tell all messages of the world apart.
const ID: usize = 16;

/// A message, and between whom.
pub struct Written {
    /// Who sends it.
    pub from: Mailbox,
    /// Who gets it.
    pub to: Vec<Mailbox>,
    /// All of it as it goes over the line, before dots are doubled.
    pub bytes: Vec<u8>,
}

/// Writes the message.
///
/// # Errors
/// What cannot be an address or a header, in words.
pub fn message(mail: &Email, notification: &Notification, late: Late) -> Result<Written, String> {
    let address = |text: &String| {
        let cut = SafeText::line(&truncate(text, 80));
        text.parse::<Mailbox>().map_err(|_| format!("`{cut}` is no address"))
    };
    let from = address(&mail.from)?;
    let to: Vec<Mailbox> = mail.to.iter().map(address).collect::<Result<_, _>>()?;
    let domain = from.email.domain();
    let at = u64::try_from(notification.edge.at.millis()).unwrap_or(0) / 1000;
    let mut builder = lettre::Message::builder()
        .from(from.clone())
        .date(UNIX_EPOCH + Duration::from_secs(at.min(LAST)))
        .message_id(Some(id(&notification.key, domain)))
        .subject(subject(notification))
        .header(ContentType::TEXT_PLAIN);
    for to in &to {
        builder = builder.to(to.clone());
    }
    // The messages of an episode are answers to one that is never sent: which of them is the first
    // that a mailbox gets, no single one can know.
    if !matches!(notification.reason, Reason::Test | Reason::Digest) {
        let episode = id(&format!("{}:{}", notification.alert, notification.destination), domain);
        builder = builder.in_reply_to(episode.clone()).references(episode);
    }
    // RFC 3834: no answering machine answers.
    let key = plain(&notification.key);
    let mut own = vec![("Auto-Submitted", "auto-generated"), ("X-Fluxnoc-Key", key.as_str())];
    if late == Late::Delayed {
        own.push(("X-Fluxnoc-Delayed", "1"));
    }
    for (name, value) in own {
        let name =
            HeaderName::new_from_ascii(name.to_owned()).map_err(|error| error.to_string())?;
        builder = builder.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let message = builder.body(text(notification)).map_err(|error| error.to_string())?;
    Ok(Written { from, to, bytes: message.formatted() })
}

/// The identity of what a text names, at the sender's own domain.
fn id(of: &str, domain: &str) -> String {
    let digest = digest::digest(&digest::SHA256, of.as_bytes());
    let mut words = "<".to_owned();
    for byte in digest.as_ref().iter().take(ID) {
        let _ = write!(words, "{byte:02x}");
    }
    let _ = write!(words, "@{domain}>");
    words
}

fn subject(notification: &Notification) -> String {
    truncate(&plain(&wording(notification)), SUBJECT)
}

/// A line for a header. What looks like an encoded word would be read as one.
fn plain(text: &str) -> String {
    SafeText::line(text).as_str().replace("=?", "= ?")
}

fn text(notification: &Notification) -> String {
    let edge = &notification.edge;
    let mut facts = vec![
        ("Host", edge.check.host.to_string()),
        ("Check", edge.check.name.to_string()),
        ("State", format!("{} (was {})", edge.to, edge.from)),
        ("Since", seconds(notification.alert.born())),
        ("At", seconds(edge.at)),
        ("Reason", notification.reason.word().replace('_', " ")),
    ];
    facts.extend(edge.actor.as_ref().map(|actor| ("By", actor.as_str().to_owned())));
    facts.extend(notification.list.as_ref().map(|list| ("List", list.to_string())));
    if edge.in_maintenance {
        facts.push(("Window", "in maintenance".to_owned()));
    }
    let mut out = String::new();
    let lines = long_wording(notification);
    let facts = facts.into_iter().map(|(name, value)| format!("{name:<8}{value}"));
    let lines = lines.lines().map(str::to_owned).chain([String::new()]).chain(facts);
    for line in lines {
        let line = SafeText::line(&line);
        if out.len() + line.as_str().len() > BODY {
            out.push_str("...\r\n");
            break;
        }
        out.push_str(line.as_str());
        out.push_str("\r\n");
    }
    out
}
