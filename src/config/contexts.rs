//! `[[context]]`: engines elsewhere that a console can go to by name.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::reader::Reader;
use super::show::Keys;
use super::{keys, kinds};
use crate::model::Secret;

/// Most contexts.
const CONTEXTS: usize = 100;
/// The word for the engine of this machine.
pub const LOCAL: &str = "local";

/// An engine elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// What `--connect` and `:ctx` call it.
    pub name: String,
    /// Where its API is.
    pub url: String,
    /// The token that opens it; without one a name and a password are asked for.
    pub token: Option<Secret>,
    /// A file with the certificates of its authority, PEM; the system's without it.
    pub ca_file: Option<PathBuf>,
    /// Whether the key may travel unencrypted to another machine.
    pub insecure: bool,
}

/// Reads every `[[context]]`.
pub(super) fn read(top: &Reader<'_>) -> Vec<Context> {
    let mut found: Vec<Context> = Vec::new();
    for entry in top.tables("context", "[[context]]") {
        entry.refuse_unknown(keys::CONTEXT);
        entry.require("name", "name = \"office\"");
        entry.require("url", "url = \"https://noc.example:4041\"");
        let token = entry.get("token").and_then(|_| kinds::secret(&entry, "token"));
        let insecure = entry.boolean("insecure").unwrap_or(false);
        let ca_file = entry.text("ca_file").map(PathBuf::from);
        let (Some(name), Some(url)) = (entry.text("name"), entry.text("url")) else { continue };
        if let Err(why) = crate::model::id::valid_name(name) {
            entry.wrong("name", why);
            continue;
        }
        if name == LOCAL {
            entry.wrong("name", format!("`{LOCAL}` is the engine of this machine"));
        }
        if found.iter().any(|known| known.name == name) {
            entry.wrong("name", format!("there is a context `{name}` already"));
        }
        if let Err(why) = kinds::valid_url(url) {
            entry.wrong("url", why);
        }
        if found.len() == CONTEXTS {
            entry.wrong("name", format!("more than {CONTEXTS} contexts"));
            break;
        }
        let (name, url) = (name.to_owned(), url.to_owned());
        found.push(Context { name, url, token, ca_file, insecure });
    }
    found
}

/// Writes them, tokens masked.
pub(super) fn write(out: &mut String, contexts: &[Context]) {
    for context in contexts {
        let _ = write!(out, "\n[[context]]\n");
        let mut keys = Keys { out };
        keys.text("name", &context.name);
        keys.text("url", &context.url);
        keys.secret("token", context.token.as_ref());
        if let Some(path) = &context.ca_file {
            keys.text("ca_file", &path.display().to_string());
        }
        if context.insecure {
            let _ = writeln!(keys.out, "insecure = true");
        }
    }
}
