//! `[[target]]`: where speedtests may go by name.

use std::fmt::Write as _;

use super::keys;
use super::reader::Reader;
use super::show::Keys;
use crate::model::{NamedTarget, SpeedTarget, id::valid_name};

/// Most targets.
const TARGETS: usize = 200;

/// Reads every `[[target]]`.
pub(super) fn read(top: &Reader<'_>) -> Vec<NamedTarget> {
    let mut found: Vec<NamedTarget> = Vec::new();
    for entry in top.tables("target", "[[target]]") {
        entry.refuse_unknown(keys::TARGET);
        entry.require("name", "name = \"lan-1\"");
        entry.require("place", "place = \"10.0.0.9:5201\", or a URL");
        let link = entry.text("link").map(ToOwned::to_owned);
        if let Some(why) = link.as_deref().and_then(|link| valid_name(link).err()) {
            entry.wrong("link", why);
        }
        let (Some(name), Some(place)) = (entry.text("name"), entry.text("place")) else { continue };
        if let Err(why) = valid_name(name) {
            entry.wrong("name", why);
            continue;
        }
        if found.iter().any(|known| known.name == name) {
            entry.wrong("name", format!("there is a target `{name}` already"));
        }
        let target: SpeedTarget = match place.parse() {
            Ok(target) => target,
            Err(why) => {
                entry.wrong("place", why);
                continue;
            }
        };
        if target.engine == crate::model::Engine::Http
            && let Err(why) = super::kinds::valid_url(place)
        {
            entry.wrong("place", why);
        }
        if found.len() == TARGETS {
            entry.wrong("name", format!("more than {TARGETS} targets"));
            break;
        }
        found.push(NamedTarget { name: name.to_owned(), target, link });
    }
    found
}

/// Writes them.
pub(super) fn write(out: &mut String, targets: &[NamedTarget]) {
    for named in targets {
        let _ = write!(out, "\n[[target]]\n");
        let mut keys = Keys { out };
        keys.text("name", &named.name);
        keys.text("place", &named.target.place);
        if let Some(link) = &named.link {
            keys.text("link", link);
        }
    }
}
