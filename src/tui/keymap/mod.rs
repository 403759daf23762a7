//! Which key means what, where: chords to actions per context, read from data.
//!
//! In: a preset (embedded), the configuration's `[keys]` and `[[action]]`, chords as they arrive.
//! Out: an action, "part of a sequence" with its continuations, or nothing; keys for help and hints.
//! Never: decides whether an action is allowed or does it.

pub mod chord;
mod custom;
mod load;

use std::collections::BTreeMap;

pub use chord::Chord;

use super::action::Action;
use crate::config::console::CustomAction;

/// Where a key is pressed; the sections of the keymap file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Wherever no dialog is open.
    Global,
    /// Anything with rows.
    List,
    /// Rows that are hosts, alerts or checks.
    Objects,
    /// Rows that are notifications.
    Notifications,
    /// Rows that are agents; what is not here is as with other objects.
    Agents,
    /// Speedtests.
    Speed,
    /// Schedules of tests.
    Schedules,
    /// The other views of network tests.
    Tests,
    /// Hosts side by side.
    Grid,
    /// Graphs.
    Graph,
    /// An input line.
    Line,
    /// A question with answers.
    Question,
    /// The wall, where nothing else counts.
    Wall,
    /// A form.
    Form,
    /// A card of text.
    Card,
}

impl Context {
    /// All contexts.
    pub const ALL: [Self; 15] = [
        Self::Global,
        Self::List,
        Self::Objects,
        Self::Notifications,
        Self::Agents,
        Self::Speed,
        Self::Schedules,
        Self::Tests,
        Self::Grid,
        Self::Graph,
        Self::Line,
        Self::Question,
        Self::Wall,
        Self::Form,
        Self::Card,
    ];

    /// Its section in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::List => "list",
            Self::Objects => "objects",
            Self::Notifications => "notifications",
            Self::Agents => "agents",
            Self::Speed => "speed",
            Self::Schedules => "schedules",
            Self::Tests => "tests",
            Self::Grid => "grid",
            Self::Graph => "graph",
            Self::Line => "line",
            Self::Question => "question",
            Self::Wall => "wall",
            Self::Form => "form",
            Self::Card => "card",
        }
    }

    /// True for a dialog and the wall: no other context counts while it is open.
    #[must_use]
    pub const fn is_dialog(self) -> bool {
        matches!(self, Self::Line | Self::Question | Self::Wall | Self::Form | Self::Card)
    }

    /// True when keys of both can count at the same time.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        let rows = |context| matches!(context, Self::Objects | Self::Grid);
        // An agent is an object too; where both have a key its own one counts.
        let own = |context| {
            let of_rows = matches!(context, Self::Notifications | Self::Agents);
            of_rows || matches!(context, Self::Speed | Self::Schedules | Self::Tests)
        };
        let apart = (own(self) && (rows(other) || own(other)) && self != other)
            || (own(other) && rows(self));
        self == other || !(self.is_dialog() || other.is_dialog() || apart)
    }
}

/// What a key is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bound {
    /// An action of the console.
    Action(Action),
    /// A custom action, by its place among them.
    Custom(usize),
}

/// What the keys pressed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An action.
    Action(Action),
    /// A custom action, by its place in [`Keymap::custom`].
    Custom(usize),
    /// The beginning of at least one sequence.
    Begun,
    /// Nothing.
    Nothing,
}

/// A key that may follow those pressed so far.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Continuation {
    /// The key as people read it.
    pub key: String,
    /// What comes of it.
    pub label: String,
    /// The action; `None` for a custom one and where more keys must follow.
    pub action: Option<Action>,
}

/// One line of the sheet of all keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// Where.
    pub context: Context,
    /// The keys as people read them.
    pub keys: Vec<String>,
    /// The action's name, as `[keys]` takes it.
    pub name: String,
    /// What it does.
    pub about: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Binding {
    context: Context,
    chords: Vec<Chord>,
    bound: Bound,
}

/// The keys of every context.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<Binding>,
    titles: BTreeMap<Vec<Chord>, String>,
    custom: Vec<CustomAction>,
    /// True to write keys in ASCII: `Enter` for `⏎`.
    pub plain: bool,
}

impl Keymap {
    /// The default keys. A test shows that they load; were they broken, no key would be bound.
    #[must_use]
    pub fn standard() -> Self {
        Self::preset("default").unwrap_or_else(|problem| {
            tracing::error!(%problem, "the embedded keymap cannot be read");
            Self::empty()
        })
    }

    fn empty() -> Self {
        Self { bindings: Vec::new(), titles: BTreeMap::new(), custom: Vec::new(), plain: false }
    }

    /// The custom actions, in the order of the configuration.
    #[must_use]
    pub fn custom(&self) -> &[CustomAction] {
        &self.custom
    }

    /// What `pressed` means; earlier contexts win.
    #[must_use]
    pub fn find(&self, contexts: &[Context], pressed: &[Chord]) -> Found {
        for context in contexts {
            let here = || self.bindings.iter().filter(|binding| binding.context == *context);
            if let Some(binding) = here().find(|binding| binding.chords == pressed) {
                return match binding.bound {
                    Bound::Action(action) => Found::Action(action),
                    Bound::Custom(at) => Found::Custom(at),
                };
            }
            if here().any(|binding| binding.chords.starts_with(pressed)) {
                return Found::Begun;
            }
        }
        Found::Nothing
    }

    /// What the sequence begun is called: `go to`.
    #[must_use]
    pub fn title(&self, pressed: &[Chord]) -> Option<&str> {
        self.titles.get(pressed).map(String::as_str)
    }

    /// The keys that may follow `pressed`, in the order of the keyboard's letters; none when it is
    /// no beginning.
    #[must_use]
    pub fn continuations(&self, contexts: &[Context], pressed: &[Chord]) -> Vec<Continuation> {
        if pressed.is_empty() || self.find(contexts, pressed) != Found::Begun {
            return Vec::new();
        }
        let mut found: Vec<Continuation> = Vec::new();
        for binding in self.bindings.iter().filter(|b| contexts.contains(&b.context)) {
            let Some((next, more)) =
                binding.chords.strip_prefix(pressed).and_then(<[Chord]>::split_first)
            else {
                continue;
            };
            let key = self.written(std::slice::from_ref(next));
            if found.iter().any(|have| have.key == key) {
                continue;
            }
            let until = binding.chords.len() - more.len();
            let so_far = binding.chords.get(..until).unwrap_or_default();
            let (label, action) = match self.find(contexts, so_far) {
                Found::Action(action) => (action.label().to_owned(), Some(action)),
                Found::Custom(at) => {
                    (self.custom.get(at).map_or(String::new(), |own| own.name.clone()), None)
                }
                Found::Begun => (self.title(so_far).unwrap_or("…").to_owned(), None),
                Found::Nothing => continue,
            };
            found.push(Continuation { key, label, action });
        }
        found.sort_by_key(|one| (one.key.to_lowercase(), one.key.clone()));
        found
    }

    /// The keys as people read them.
    fn written(&self, chords: &[Chord]) -> String {
        let one = |chord: &Chord| if self.plain { chord.plain() } else { chord.to_string() };
        let texts: Vec<String> = chords.iter().map(one).collect();
        // `gg` reads well, `gEnter` does not.
        let short = texts.iter().all(|text| text.chars().count() == 1);
        texts.join(if short { "" } else { " " })
    }

    fn keys_of(&self, contexts: &[Context], bound: Bound) -> Vec<String> {
        let found = match bound {
            Bound::Action(action) => Found::Action(action),
            Bound::Custom(at) => Found::Custom(at),
        };
        let mut keys: Vec<String> = contexts
            .iter()
            .flat_map(|context| {
                self.bindings
                    .iter()
                    .filter(move |binding| binding.context == *context && binding.bound == bound)
                    .filter(|binding| self.find(contexts, &binding.chords) == found)
            })
            .map(|binding| self.written(&binding.chords))
            .collect();
        keys.sort_by_key(|key| {
            // What a keyboard has everywhere comes first: no Ctrl, and brackets before their
            // stand-ins.
            let first = key.chars().next().unwrap_or(' ');
            let many = key.chars().count() > 1;
            let modified = (first == '^' && many) || key.starts_with("Alt-");
            (modified, key.chars().count(), "()=".contains(first), key.clone())
        });
        keys.dedup();
        keys
    }

    /// The keys of an action in these contexts, as people read them; the shortest first.
    #[must_use]
    pub fn keys(&self, contexts: &[Context], action: Action) -> Vec<String> {
        self.keys_of(contexts, Bound::Action(action))
    }

    /// The key that a hint shows.
    #[must_use]
    pub fn key(&self, contexts: &[Context], action: Action) -> Option<String> {
        self.keys(contexts, action).into_iter().next()
    }

    /// The keys of a custom action, by its place among them.
    #[must_use]
    pub fn custom_keys(&self, contexts: &[Context], at: usize) -> Vec<String> {
        self.keys_of(contexts, Bound::Custom(at))
    }

    /// Every key of every context, in the order of contexts and of the help.
    #[must_use]
    pub fn sheet(&self) -> Vec<SheetRow> {
        let mut rows = Vec::new();
        for context in Context::ALL {
            for action in Action::ALL {
                let keys = self.keys(&[context], *action);
                if !keys.is_empty() {
                    let (name, about) = (action.name().to_owned(), action.about().to_owned());
                    rows.push(SheetRow { context, keys, name, about });
                }
            }
            for (at, own) in self.custom.iter().enumerate() {
                let keys = self.custom_keys(&[context], at);
                if !keys.is_empty() {
                    let about = format!("run {}", own.command.join(" "));
                    rows.push(SheetRow { context, keys, name: own.name.clone(), about });
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests;
