//! `[watchdog]`: where a heartbeat goes.

use std::fmt::Write as _;

use super::reader::Reader;
use super::show::{Keys, mask};
use super::{keys, kinds};
use crate::model::watchdog::{Method, Watchdog};
use crate::model::{Secret, Span};

/// The time between two, unless written.
const INTERVAL: Span = Span::from_secs(60);
/// What can be written.
const BOUNDS: std::ops::RangeInclusive<Span> = Span::from_secs(10)..=Span::from_secs(24 * 3600);

/// Reads the section, when there is one.
pub(super) fn read(top: &Reader<'_>) -> Option<Watchdog> {
    let mut reader = top.table("watchdog")?;
    "[watchdog]".clone_into(&mut reader.what);
    reader.refuse_unknown(keys::WATCHDOG);
    reader.require("url", "url = { env = \"WATCHDOG_URL\" }");
    let interval = reader.duration("interval", BOUNDS).unwrap_or(INTERVAL);
    let method = reader.choice("method", &Method::WORDS).unwrap_or_default();
    let headers = kinds::headers(&reader);
    let url = if reader.get("url")?.get_ref().is_str() {
        let text = reader.text("url")?;
        kinds::valid_url(text).map_err(|why| reader.wrong("url", why)).ok()?;
        Secret::Inline(text.to_owned())
    } else {
        kinds::secret(&reader, "url")?
    };
    Some(Watchdog { url, interval, method, headers })
}

/// Writes it, the URL masked: whoever has it can beat in our place.
pub(super) fn write(out: &mut String, watchdog: &Watchdog) {
    let _ = write!(out, "\n[watchdog]\n");
    let mut keys = Keys { out };
    keys.secret("url", Some(&watchdog.url));
    keys.text("interval", &watchdog.interval.to_string());
    keys.text("method", watchdog.method.word());
    keys.map("headers", &mask(&watchdog.headers));
}
