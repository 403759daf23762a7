//! The words of the filter language as data: parser, completion and help are derived from here.

use crate::model::{ShownState, State};

macro_rules! words {
    ($(#[$outer:meta])* $name:ident: $($(#[$doc:meta])* $variant:ident = $word:literal, $example:literal, $meaning:literal;)*) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as it is written.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// A term that shows its use.
            #[must_use]
            pub const fn example(self) -> &'static str {
                match self { $(Self::$variant => $example,)* }
            }

            /// What a row must be to pass, in a few words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// The one of that word, in whatever case.
            #[must_use]
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word().eq_ignore_ascii_case(word))
            }
        }
    };
}

words! {
    /// What may stand before a `:`.
    Key:
    /// The state that is shown.
    State = "state", "state:crit,warn", "shows one of these states";
    /// The judged state, also under a window.
    Judged = "judged", "judged:crit", "is in this state, also while a window covers it";
    /// The host's name.
    Host = "host", "host:db-*", "host by name; `*` any text, `?` one character, `{a,b}` either";
    /// The check's name; a host passes with one such check.
    Check = "check", "check:http*", "check by name; a host that has such a check";
    /// The check's kind.
    Kind = "kind", "kind:ping", "check by kind; a host that has such a check";
    /// A group of the host.
    Group = "group", "group:databases", "host of this group";
    /// The label `site`, or without it the first group.
    Site = "site", "site:dal", "label `site`, or without one the first group";
    /// A label, with or without its value.
    Tag = "tag", "tag:role=web", "label with this value; `tag:role` has the label at all";
    /// Who acknowledged.
    By = "by", "by:noc-2", "acknowledged by this operator";
    /// The output.
    Output = "output", "output:timeout", "text in the output of the check";
    /// A flag.
    Is = "is", "is:acked", "one of the flags below";
    /// In this state for less than.
    Since = "since", "since:2h", "the state changed within this time";
    /// In this state for longer than.
    Before = "before", "before:2h", "the state is older than this time";
    /// Somebody has it for less than.
    Ends = "ends", "ends:8h", "its acknowledgement ends within this time";
    /// Either of the two before.
    Age = "age", "age:>2h", "the state is older (`>`) or younger (`<`) than this time";
}

words! {
    /// What a row can be besides its state. The bare word is the flag; in quotes it is text.
    Flag:
    /// Somebody has it.
    Acked = "acked", "!acked", "acknowledged by somebody";
    /// Nobody has it.
    Unhandled = "unhandled", "unhandled", "firing, nobody has it, no window and no other alert explains it, not snoozed";
    /// Soft.
    Pending = "pending", "pending", "a problem that is not confirmed yet (soft)";
    /// Hard.
    Firing = "firing", "firing", "a confirmed problem (hard)";
    /// Results are overdue.
    Stale = "stale", "stale", "its results are overdue";
    /// It has another one's cause.
    Explained = "explained", "!explained", "another alert explains it, or may; nobody is told";
    /// Changes too often.
    Flapping = "flapping", "!flapping", "its state changes too often; its alert is held open";
    /// Put aside by me.
    Snoozed = "snoozed", "!snoozed", "snoozed by me";
    /// Mine.
    Mine = "mine", "mine", "acknowledged by me";
    /// Under a window.
    Window = "window", "window", "in a maintenance window";
    /// Never run.
    Disabled = "disabled", "!disabled", "a check that is never run; a host with no other";
}

words! {
    /// What may stand behind `state:` and `judged:`; any beginning of it will do.
    StateWord:
    /// CRITICAL.
    Critical = "critical", "state:crit", "CRITICAL";
    /// UNKNOWN.
    Unknown = "unknown", "state:unkn", "UNKNOWN";
    /// WARNING.
    Warning = "warning", "state:warn", "WARNING";
    /// OK.
    Ok = "ok", "state:ok", "OK";
    /// MAINTENANCE.
    Maintenance = "maintenance", "state:maint", "MAINTENANCE";
    /// Any of the first three.
    Problem = "problem", "state:problem", "CRITICAL, UNKNOWN or WARNING";
}

impl StateWord {
    /// As it is usually written and shown.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Critical => "crit",
            Self::Unknown => "unkn",
            Self::Warning => "warn",
            Self::Ok => "ok",
            Self::Maintenance => "maint",
            Self::Problem => "problem",
        }
    }

    /// The one that begins with `text`.
    #[must_use]
    pub fn beginning(text: &str) -> Option<Self> {
        let starts = |word: &str| {
            word.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text))
        };
        Self::ALL.iter().copied().find(|one| !text.is_empty() && starts(one.word()))
    }

    /// True when a row that shows `state` is meant.
    #[must_use]
    pub const fn means(self, state: ShownState) -> bool {
        match self {
            Self::Critical => matches!(state, ShownState::Critical),
            Self::Unknown => matches!(state, ShownState::Unknown),
            Self::Warning => matches!(state, ShownState::Warning),
            Self::Ok => matches!(state, ShownState::Ok),
            Self::Maintenance => matches!(state, ShownState::Maintenance),
            Self::Problem => !matches!(state, ShownState::Ok | ShownState::Maintenance),
        }
    }

    /// True when a row that was judged `state` is meant.
    #[must_use]
    pub const fn means_judged(self, state: State) -> bool {
        self.means(ShownState::of(state, false))
    }
}

/// One line of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelpLine {
    /// What is written.
    pub example: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

/// How terms are put together; [`help`] has it first.
pub const GRAMMAR: [HelpLine; 4] = [
    HelpLine { example: "web 10.0", meaning: "every term must hold; a word is text of the row" },
    HelpLine { example: "\"acked by\"", meaning: "in quotes everything is text, also a flag" },
    HelpLine { example: "!host:db-*", meaning: "`!` before a term: must not hold" },
    HelpLine { example: "site:dal,fra", meaning: "a comma inside a term: one of them holds" },
];

/// The whole language: grammar, keys, states, flags.
pub fn help() -> impl Iterator<Item = HelpLine> {
    let keys = Key::ALL.iter().map(|k| HelpLine { example: k.example(), meaning: k.meaning() });
    let states =
        StateWord::ALL.iter().map(|s| HelpLine { example: s.example(), meaning: s.meaning() });
    let flags = Flag::ALL.iter().map(|f| HelpLine { example: f.example(), meaning: f.meaning() });
    GRAMMAR.into_iter().chain(keys).chain(states).chain(flags)
}

/// The known word that `typed` was probably meant to be.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase();
    let near = known
        .map(|word| {
            let starts = word.len() > 1 && typed.len() > 1 && word.starts_with(&typed);
            let far = strsim::damerau_levenshtein(&typed, word);
            (if starts { 0 } else { far }, word)
        })
        .min_by_key(|(far, _)| *far)?;
    (near.0 <= 1 + near.1.len() / 4).then_some(near.1)
}
