//! Which key means what, where: chords to actions per context, read from data.
//!
//! In: the keymap file (embedded) and chords as they arrive.
//! Out: an action, "part of a sequence", or nothing; the keys of an action for help and hints.
//! Never: decides whether an action is allowed or does it.

pub mod chord;

use std::collections::BTreeMap;

pub use chord::Chord;

use super::action::Action;

/// Where a key is pressed; the sections of the keymap file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Wherever no dialog is open.
    Global,
    /// Anything with rows.
    List,
    /// Rows that are hosts, alerts or checks.
    Objects,
    /// Hosts side by side.
    Grid,
    /// Graphs.
    Graph,
    /// An input line.
    Line,
    /// A question with answers.
    Question,
}

impl Context {
    /// All contexts.
    pub const ALL: [Self; 7] = [
        Self::Global,
        Self::List,
        Self::Objects,
        Self::Grid,
        Self::Graph,
        Self::Line,
        Self::Question,
    ];

    /// Its section in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::List => "list",
            Self::Objects => "objects",
            Self::Grid => "grid",
            Self::Graph => "graph",
            Self::Line => "line",
            Self::Question => "question",
        }
    }
}

/// What the keys pressed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An action.
    Action(Action),
    /// The beginning of at least one sequence.
    Begun,
    /// Nothing.
    Nothing,
}

/// The keys of every context.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Context, Vec<Chord>, Action)>,
}

const DEFAULT: &str = include_str!("default.toml");

impl Keymap {
    /// The embedded keymap. A test shows that it loads; were it broken, no key would be bound.
    #[must_use]
    pub fn standard() -> Self {
        Self::parse(DEFAULT).unwrap_or_else(|problem| {
            tracing::error!(%problem, "the embedded keymap cannot be read");
            Self { bindings: Vec::new() }
        })
    }

    /// Reads a keymap file.
    ///
    /// # Errors
    /// A sentence naming the section, key or action that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: BTreeMap<String, BTreeMap<String, String>> =
            toml::from_str(text).map_err(|error| error.to_string())?;
        let mut bindings: Vec<(Context, Vec<Chord>, Action)> = Vec::new();
        for (section, keys) in &table {
            let context = Context::ALL
                .into_iter()
                .find(|context| context.name() == section)
                .ok_or_else(|| format!("[{section}] is no context of keys"))?;
            for (keys, action) in keys {
                let chords = keys
                    .split_whitespace()
                    .map(str::parse)
                    .collect::<Result<Vec<Chord>, _>>()
                    .map_err(|error| format!("[{section}] {error}"))?;
                let action = Action::from_name(action)
                    .ok_or_else(|| format!("[{section}] {keys}: `{action}` is no action"))?;
                if chords.is_empty() {
                    return Err(format!("[{section}] a key of `{}` is empty", action.name()));
                }
                let clash = bindings.iter().find(|(other, have, _)| {
                    *other == context && (have.starts_with(&chords) || chords.starts_with(have))
                });
                if let Some((_, _, other)) = clash {
                    return Err(format!(
                        "[{section}] {keys}: bound to both `{}` and `{}`",
                        other.name(),
                        action.name()
                    ));
                }
                bindings.push((context, chords, action));
            }
        }
        Ok(Self { bindings })
    }

    /// What `pressed` means; earlier contexts win.
    #[must_use]
    pub fn find(&self, contexts: &[Context], pressed: &[Chord]) -> Found {
        for context in contexts {
            let here = || self.bindings.iter().filter(|(at, _, _)| at == context);
            if let Some((_, _, action)) = here().find(|(_, chords, _)| chords == pressed) {
                return Found::Action(*action);
            }
            if here().any(|(_, chords, _)| chords.starts_with(pressed)) {
                return Found::Begun;
            }
        }
        Found::Nothing
    }

    /// The keys of an action in these contexts, as people read them; the shortest first.
    #[must_use]
    pub fn keys(&self, contexts: &[Context], action: Action) -> Vec<String> {
        let mut keys: Vec<String> = contexts
            .iter()
            .flat_map(|context| {
                self.bindings
                    .iter()
                    .filter(move |(at, _, bound)| at == context && *bound == action)
                    .filter(|(_, chords, _)| self.find(contexts, chords) == Found::Action(action))
            })
            .map(|(_, chords, _)| chords.iter().map(ToString::to_string).collect::<String>())
            .collect();
        keys.sort_by_key(|key| {
            // What a keyboard has everywhere comes first: no Ctrl, and brackets before their
            // stand-ins.
            let first = key.chars().next().unwrap_or(' ');
            let control = first == '^' && key.chars().count() > 1;
            (control, key.chars().count(), "()=".contains(first), key.clone())
        });
        keys
    }

    /// The key that a hint shows.
    #[must_use]
    pub fn key(&self, contexts: &[Context], action: Action) -> Option<String> {
        self.keys(contexts, action).into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(keys: &str) -> Vec<Chord> {
        keys.split(' ').map(|key| key.parse().unwrap()).collect()
    }

    #[test]
    fn every_action_is_bound_or_in_the_palette_only() {
        let keymap = Keymap::parse(DEFAULT).unwrap();
        for action in Action::ALL {
            let bound = keymap.bindings.iter().any(|(_, _, have)| have == action);
            assert_eq!(bound, !action.is_palette_only(), "{}", action.name());
        }
    }

    #[test]
    fn names_of_actions_are_unique() {
        for action in Action::ALL {
            assert_eq!(Action::from_name(action.name()), Some(*action));
        }
    }

    #[test]
    fn sequences_and_contexts() {
        let keymap = Keymap::standard();
        let alerts = [Context::Objects, Context::List, Context::Global];
        assert_eq!(keymap.find(&alerts, &press("g")), Found::Begun);
        assert_eq!(keymap.find(&alerts, &press("g g")), Found::Action(Action::Top));
        assert_eq!(keymap.find(&alerts, &press("g o")), Found::Action(Action::Overview));
        assert_eq!(keymap.find(&alerts, &press("g w")), Found::Nothing);
        assert_eq!(keymap.find(&alerts, &press("a")), Found::Action(Action::Ack));
        assert_eq!(keymap.find(&[Context::Global], &press("a")), Found::Nothing);
        assert_eq!(keymap.key(&alerts, Action::Down).as_deref(), Some("j"));
    }

    #[test]
    fn clashes_and_unknown_names_are_errors() {
        for bad in [
            "[global]\n\"x\" = \"fly\"",
            "[nowhere]\n\"x\" = \"up\"",
            "[list]\n\"g\" = \"up\"\n\"g g\" = \"top\"",
            "[list]\n\"hyper-x\" = \"up\"",
            "[list]\n\"\" = \"up\"",
        ] {
            assert!(Keymap::parse(bad).is_err(), "{bad}");
        }
    }
}
