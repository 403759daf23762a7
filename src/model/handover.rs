//! What a team hands over to the next one: notes, who took over, and what of a time matters.

use serde::{Deserialize, Serialize};

use super::id::CheckKey;
use super::safe_text::SafeText;
use super::state::State;
use super::time::{Span, Timestamp};

/// Longest note, in characters.
pub const NOTE_LIMIT: usize = 500;
/// Longest name of who takes over, in characters.
pub const NAME_LIMIT: usize = 80;
/// Most rows of a topic; how many more there are is said.
pub const ROWS: usize = 50;
/// What ends within so long is said.
pub const SOON: Span = Span::from_secs(8 * 3600);

/// What an entry of the duty log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DutyKind {
    /// Somebody wrote something down for the next ones.
    Note,
    /// Somebody went, and said who took over.
    SignOff,
    /// The engine did not run.
    Off,
    /// The engine ran and saw nothing: no canary answered.
    Blind,
}

impl DutyKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Note, Self::SignOff, Self::Off, Self::Blind];

    /// The word in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::SignOff => "sign_off",
            Self::Off => "off",
            Self::Blind => "blind",
        }
    }

    /// The kind of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// An entry of the duty log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// When it was or began.
    pub at: Timestamp,
    /// When it ended; `None` while it lasts, and for what has no length.
    pub until: Option<Timestamp>,
    /// What it is.
    pub kind: DutyKind,
    /// Who wrote it.
    pub author: Option<SafeText>,
    /// The note; who took over.
    pub text: SafeText,
}

/// What a handover tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Problems that nobody has.
    Open,
    /// Problems that somebody has.
    Acknowledged,
    /// Acknowledgements and windows that end soon.
    Ending,
    /// Problems that began.
    New,
    /// Problems that are over.
    Recovered,
    /// What changes its state too often, or did.
    Flapping,
    /// When nobody watched.
    Unwatched,
    /// What was written down.
    Notes,
}

impl Topic {
    /// All topics, in the order in which they are told: what is to be done first, what can be long
    /// last.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Acknowledged,
        Self::Ending,
        Self::Notes,
        Self::Unwatched,
        Self::Flapping,
        Self::New,
        Self::Recovered,
    ];

    /// Its heading.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Open => "Open, nobody has it",
            Self::Acknowledged => "Acknowledged",
            Self::Ending => "Ends within 8 h",
            Self::New => "New",
            Self::Recovered => "Recovered",
            Self::Flapping => "Flapping",
            Self::Unwatched => "Not watched",
            Self::Notes => "Notes",
        }
    }
}

/// One line of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HandoverRow {
    /// When it was or began.
    pub at: Timestamp,
    /// When it ends or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The state that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// The check that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckKey>,
    /// Who has it, or wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<SafeText>,
    /// What, in words.
    pub text: SafeText,
}

impl HandoverRow {
    /// A row of a moment with its words alone.
    #[must_use]
    pub const fn new(at: Timestamp, text: SafeText) -> Self {
        Self { at, until: None, state: None, check: None, who: None, text }
    }
}

/// A topic with its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HandoverPart {
    /// Which.
    pub topic: Topic,
    /// How many there are.
    pub count: usize,
    /// The first [`ROWS`] of them.
    pub rows: Vec<HandoverRow>,
}

/// Why a handover begins where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// It was asked for.
    Asked,
    /// The last sign-off.
    SignOff,
    /// The shift began.
    Shift,
    /// The shift before began, and nobody has signed off since.
    ShiftBefore,
    /// Nobody works in shifts and nobody has signed off: [`SOON`] ago.
    Hours,
}

impl Since {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Asked => "as asked for",
            Self::SignOff => "the last sign-off",
            Self::Shift => "the begin of the shift",
            Self::ShiftBefore => "the begin of the shift before, of which nobody has signed off",
            Self::Hours => "8 h ago: there is no shift and no sign-off",
        }
    }
}

/// A handover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Handover {
    /// The machine of the engine.
    pub machine: SafeText,
    /// From this moment.
    pub from: Timestamp,
    /// To this moment.
    pub to: Timestamp,
    /// Why from that moment.
    pub since: Since,
    /// Who took over last, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_duty: Option<SafeText>,
    /// True when more happened than is looked through: only the newest of it is told.
    #[serde(default)]
    pub cut: bool,
    /// The topics, each of them.
    pub parts: Vec<HandoverPart>,
}
