//! `[keys]` and `[[action]]`: what the operator wrote about keys, each with its place.
//!
//! Whether a name is an action and a word a key only the console knows; it says so with the place
//! that stands here.

use std::collections::BTreeMap;

use super::keys;
use super::problem::{Place, Problem, allowed};
use super::reader::Reader;

/// Most custom actions, and longest command of one.
const ACTION_LIMIT: usize = 100;
const ARGUMENT_LIMIT: usize = 64;
/// Most keys of one action.
const KEY_LIMIT: usize = 16;

/// The words that a command's argument may contain, besides `{label.NAME}`.
pub const PLACEHOLDERS: [&str; 5] = ["host", "address", "check", "state", "output"];

/// Everything about keys besides the preset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// The file, as it is named in messages.
    pub source: String,
    /// `[keys]`, in the order of the file.
    pub bindings: Vec<KeyBinding>,
    /// `[[action]]`, in the order of the file.
    pub actions: Vec<CustomAction>,
}

impl Keys {
    /// A problem at a place of this file.
    #[must_use]
    pub fn problem(&self, place: Place, message: String) -> Problem {
        Problem { source: self.source.clone(), place, message }
    }
}

/// One line of `[keys]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBinding {
    /// The action's name as written.
    pub action: String,
    /// Its keys instead of the preset's; none at all unbinds it.
    pub keys: Vec<String>,
    /// Where the name stands.
    pub place: Place,
}

/// On what a custom action can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActionScope {
    /// A host, or the host of a check or an alert.
    Host,
    /// A check, or the check of an alert.
    Check,
    /// An alert.
    Alert,
    /// Anything, also nothing.
    #[default]
    Any,
}

impl ActionScope {
    /// Its words in the file.
    pub const WORDS: [(&'static str, Self); 4] =
        [("host", Self::Host), ("check", Self::Check), ("alert", Self::Alert), ("any", Self::Any)];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, have)| *have == self).map_or("any", |(word, _)| *word)
    }
}

/// Where a custom action runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunIn {
    /// Unseen; its end is a message.
    #[default]
    Background,
    /// On the terminal, which the console gives away and takes back.
    Terminal,
}

impl RunIn {
    /// Its words in the file.
    pub const WORDS: [(&'static str, Self); 2] =
        [("background", Self::Background), ("terminal", Self::Terminal)];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, have)| *have == self).map_or("background", |(word, _)| *word)
    }
}

/// One `[[action]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomAction {
    /// Its name, unique among actions.
    pub name: String,
    /// Its key as written; only the palette offers it without one.
    pub key: Option<String>,
    /// On what.
    pub scope: ActionScope,
    /// Program and arguments, with placeholders.
    pub command: Vec<String>,
    /// True when it asks first.
    pub confirm: bool,
    /// Where it runs.
    pub run: RunIn,
    /// Where its key stands, else the table.
    pub place: Place,
}

/// Reads `[keys]` and all `[[action]]` of a file.
pub(super) fn read(top: &Reader<'_>) -> Keys {
    let mut read = Keys { source: top.sink.text.name.clone(), ..Keys::default() };
    if let Some(table) = top.table("keys") {
        for (name, span) in table.keys() {
            let Some(texts) = table.texts(name) else { continue };
            let keys: Vec<String> = texts.into_iter().map(|(text, _)| text).collect();
            if keys.len() > KEY_LIMIT {
                table.wrong(name, format!("has more than {KEY_LIMIT} keys"));
                continue;
            }
            let none = keys.iter().any(|key| key == "none");
            if keys.is_empty() || (none && keys.len() > 1) {
                table.wrong(name, "write a key, a list of keys, or \"none\" alone to unbind");
                continue;
            }
            let keys = if none { Vec::new() } else { keys };
            let place = top.sink.text.place(span.start);
            read.bindings.push(KeyBinding { action: name.to_owned(), keys, place });
        }
        read.bindings.sort_by_key(|binding| binding.place);
    }
    for table in top.tables("action", "[[action]]") {
        if read.actions.len() >= ACTION_LIMIT {
            top.sink.wrong(&table.span, format!("more than {ACTION_LIMIT} custom actions"));
            break;
        }
        if let Some(action) = action(&table, &read.actions) {
            read.actions.push(action);
        }
    }
    read
}

fn action(table: &Reader<'_>, before: &[CustomAction]) -> Option<CustomAction> {
    table.refuse_unknown(keys::ACTION);
    table.require("name", "name = \"ping from here\"");
    table.require("command", "command = [\"ping\", \"-c3\", \"{address}\"]");
    let name = table.text("name");
    if let Some(name) = name {
        if let Err(why) = crate::model::id::valid_name(name) {
            table.wrong("name", format!("{name:?}: {why}"));
        }
        if before.iter().any(|other| other.name == name) {
            table.wrong("name", format!("there is another action `{name}`"));
        }
    }
    let command = table.checked("command", argument);
    if table.has("command") && command.first().is_none_or(|program| program.trim().is_empty()) {
        table.wrong("command", "names no program; write [\"program\", \"argument\"]");
    }
    if command.len() > ARGUMENT_LIMIT {
        table.wrong("command", format!("has more than {ARGUMENT_LIMIT} arguments"));
    }
    let place = table.sink.text.place(table.place("key").start);
    let scope = table.choice("scope", &ActionScope::WORDS).unwrap_or_default();
    let run = table.choice("run", &RunIn::WORDS).unwrap_or_default();
    let confirm = table.boolean("confirm").unwrap_or(false);
    let key = table.text("key").map(str::to_owned);
    let name = name?.to_owned();
    Some(CustomAction { name, key, scope, command, confirm, run, place })
}

/// An argument whose placeholders are all known.
fn argument(text: &str) -> Result<(), String> {
    let unknown = placeholders(text).into_iter().find(|word| {
        let label = word.strip_prefix("label.").is_some_and(|name| !name.is_empty());
        !label && !PLACEHOLDERS.contains(word)
    });
    match unknown {
        None => Ok(()),
        Some(word) => {
            let mut known = PLACEHOLDERS.to_vec();
            known.push("label.NAME");
            Err(format!("`{{{word}}}` stands for nothing{}", allowed(word, &known)))
        }
    }
}

/// The words in braces; braces around anything but a word are text.
#[must_use]
pub fn placeholders(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('{') {
        let rest = text.get(at + 1..).unwrap_or_default();
        let Some(end) = rest.find(['{', '}']) else { break };
        let word = rest.get(..end).unwrap_or_default();
        let is_word = |c: char| c.is_alphanumeric() || "._-".contains(c);
        if rest.get(end..).is_some_and(|rest| rest.starts_with('}'))
            && word.starts_with(|c: char| c.is_alphabetic())
            && word.chars().all(is_word)
        {
            found.push(word);
        }
    }
    found
}

/// The argument with its placeholders filled in; each value is inserted as it is, once.
#[must_use]
pub fn fill(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let after = rest.get(at..).unwrap_or_default();
        let end = after.find('}').map_or(0, |end| end + 1);
        let braced = after.get(..end).unwrap_or_default();
        let word = braced.trim_start_matches('{').trim_end_matches('}');
        if placeholders(braced) == [word] && braced.len() == word.len() + 2 {
            out.push_str(values.get(word).map_or("", String::as_str));
            rest = after.get(end..).unwrap_or_default();
        } else {
            out.push('{');
            rest = after.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Env, Machine, parse};

    fn machine() -> Machine {
        Machine { hostname: "noc".to_owned(), addresses: Vec::new() }
    }

    #[test]
    fn keys_and_actions_are_read_with_their_places() {
        let text = "[keys]\nack = \"x\"\ntrace = [\"T\", \"ctrl-t\"]\nzoom = \"none\"\n\
                    [[action]]\nname = \"ssh\"\nkey = \"S\"\nscope = \"host\"\nrun = \"terminal\"\n\
                    confirm = true\ncommand = [\"ssh\", \"{address}\"]\n";
        let keys = parse("c", text, &machine(), &Env::default()).unwrap().keys;
        let words: Vec<_> =
            keys.bindings.iter().map(|b| (b.action.as_str(), b.keys.join(" "))).collect();
        assert_eq!(
            words,
            [("ack", "x".to_owned()), ("trace", "T ctrl-t".to_owned()), ("zoom", String::new())]
        );
        assert_eq!(keys.bindings[1].place, Place { line: 3, column: 1 });
        let action = &keys.actions[0];
        assert_eq!((action.scope, action.run), (ActionScope::Host, RunIn::Terminal));
        assert!(action.confirm && action.key.as_deref() == Some("S"));
    }

    #[test]
    fn bad_ones_are_refused_with_place_and_mend() {
        for (text, words) in [
            ("[keys]\nack = 1\n", "c:2:7: keys.ack: expected a list of texts"),
            ("[keys]\nack = [\"x\", \"none\"]\n", "\"none\" alone"),
            ("[[action]]\nname = \"a\"\n", "needs `command`"),
            ("[[action]]\ncommand = [\"x\"]\n", "needs `name`"),
            ("[[action]]\nname = \"a\"\ncommand = []\n", "names no program"),
            ("[[action]]\nname = \"a\"\ncommand = [\"x\", \"{adress}\"]\n", "mean `address`?"),
            ("[[action]]\nname = \"a\"\ncommand = [\"x\"]\nscope = \"hots\"\n", "mean `host`?"),
            ("[[action]]\nname = \"a\"\ncommand = [\"x\"]\nkeys = \"a\"\n", "mean `key`?"),
            (
                "[[action]]\nname = \"a\"\ncommand = \"x\"\n\
              [[action]]\nname = \"a\"\ncommand = \"x\"\n",
                "another action `a`",
            ),
        ] {
            let all = parse("c", text, &machine(), &Env::default()).expect_err(text).to_string();
            assert!(all.contains(words), "{text}: {all}");
        }
    }

    #[test]
    fn placeholders_are_filled_once_and_other_braces_are_text() {
        let values = BTreeMap::from([("host".to_owned(), "{check}".to_owned())]);
        assert_eq!(fill("a {host} {\"x\": 1} {", &values), "a {check} {\"x\": 1} {");
        assert_eq!(fill("{host}{host}{none", &values), "{check}{check}{none");
        assert_eq!(placeholders("{a} {b c} {{d}} {label.x-y}"), ["a", "d", "label.x-y"]);
        assert_eq!(fill("{{host}}", &values), "{{check}}");
    }
}
