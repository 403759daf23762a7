//! Reads keymap files: the embedded presets, which inherit from each other.
//!
//! ```toml
//! inherits = "default"
//! [titles]
//! "g" = "go to"
//! [list]
//! "g g" = "top"
//! "ctrl-d" = "none"
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Action, Binding, Bound, Chord, Context, Keymap};

const PRESETS: [(&str, &str); 3] = [
    ("default", include_str!("default.toml")),
    ("vim", include_str!("vim.toml")),
    ("k9s", include_str!("k9s.toml")),
];

/// Longest chain of `inherits`.
const DEPTH_LIMIT: usize = 4;

#[derive(Deserialize)]
struct File {
    inherits: Option<String>,
    #[serde(default)]
    titles: BTreeMap<String, String>,
    #[serde(flatten)]
    contexts: BTreeMap<String, BTreeMap<String, String>>,
}

/// Keys with blanks between.
pub(super) fn chords(text: &str) -> Result<Vec<Chord>, String> {
    let chords = text.split_whitespace().map(str::parse).collect::<Result<Vec<Chord>, _>>()?;
    if chords.is_empty() { Err("a key is empty".to_owned()) } else { Ok(chords) }
}

impl Keymap {
    /// The names of the embedded presets.
    pub fn presets() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|(name, _)| *name)
    }

    /// An embedded preset.
    ///
    /// # Errors
    /// A sentence, when there is none of that name.
    pub fn preset(name: &str) -> Result<Self, String> {
        let text = PRESETS.iter().find(|(have, _)| *have == name).map(|(_, text)| *text);
        let names = || Self::presets().collect::<Vec<_>>().join(", ");
        let text =
            text.ok_or_else(|| format!("there is no preset `{name}`; allowed: {}", names()))?;
        Self::parse_within(text, DEPTH_LIMIT)
    }

    /// Reads a keymap file.
    ///
    /// # Errors
    /// A sentence naming the section, key or action that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::parse_within(text, DEPTH_LIMIT)
    }

    fn parse_within(text: &str, depth: usize) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut keymap = match &file.inherits {
            None => Self::empty(),
            Some(_) if depth == 0 => {
                return Err("too many keymaps inherit from each other".to_owned());
            }
            Some(name) => {
                let base = PRESETS.iter().find(|(have, _)| have == name);
                let base = base.ok_or_else(|| format!("inherits from `{name}`, which is none"))?;
                Self::parse_within(base.1, depth - 1)?
            }
        };
        for (keys, title) in &file.titles {
            keymap
                .titles
                .insert(chords(keys).map_err(|why| format!("[titles] {why}"))?, title.clone());
        }
        let mut own: Vec<Binding> = Vec::new();
        for (section, keys) in &file.contexts {
            let context = Context::ALL
                .into_iter()
                .find(|context| context.name() == section)
                .ok_or_else(|| format!("[{section}] is no context of keys"))?;
            for (keys, action) in keys {
                let chords = chords(keys).map_err(|why| format!("[{section}] {why}"))?;
                keymap
                    .bindings
                    .retain(|have| have.context != context || !clash(&have.chords, &chords));
                if action == "none" {
                    continue;
                }
                let action = Action::from_name(action)
                    .ok_or_else(|| format!("[{section}] {keys}: `{action}` is no action"))?;
                let other = own.iter().find(|o| o.context == context && clash(&o.chords, &chords));
                if let Some(Bound::Action(other)) = other.map(|other| other.bound) {
                    return Err(format!(
                        "[{section}] {keys}: bound to both `{}` and `{}`",
                        other.name(),
                        action.name()
                    ));
                }
                own.push(Binding { context, chords, bound: Bound::Action(action) });
            }
        }
        keymap.bindings.extend(own);
        Ok(keymap)
    }
}

/// True when one of them can never be pressed to its end.
pub(super) fn clash(a: &[Chord], b: &[Chord]) -> bool {
    a.starts_with(b) || b.starts_with(a)
}
