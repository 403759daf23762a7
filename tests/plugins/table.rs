//! The table: every target with what we and the plugin must say of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// Fewest targets of a kind.
const FEWEST: usize = 8;

/// The kinds that the table must cover.
pub const KINDS: [&str; 9] =
    ["ping", "tcp", "udp", "http", "dns", "mysql", "process", "custom", "system"];

/// What the fixture file holds: the targets of each kind.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Table(pub BTreeMap<String, Vec<Entry>>);

/// One target.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name, unique in its kind.
    pub target: String,
    /// What follows `fluxnoc check`.
    pub ours: String,
    /// The plugin's name, or a program's path, and its arguments.
    pub plugin: String,
    /// What both say.
    pub state: Option<Outcome>,
    /// What we say, where the plugin says something else.
    pub our_state: Option<Outcome>,
    /// What the plugin says then.
    pub plugin_state: Option<Outcome>,
    /// Why that is right: an id of SPEC.md or a section of the documents, and the reason.
    pub decision: Option<String>,
    /// What our output must contain.
    pub text: String,
    /// Environment of our side.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Files of the kernel that both see with this content.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
}

/// How a plugin can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Outcome {
    /// Exit code 0.
    Ok,
    /// Exit code 1.
    Warning,
    /// Exit code 2.
    Critical,
    /// Exit code 3.
    Unknown,
    /// Another exit code, which means nothing.
    Exit(i32),
    /// Killed by a signal.
    Signal(i32),
    /// It was still running when nobody would wait any longer.
    Endless,
    /// It could not be started.
    Unstartable,
}

impl Outcome {
    /// What an exit code means.
    pub const fn of_code(code: i32) -> Self {
        match code {
            0 => Self::Ok,
            1 => Self::Warning,
            2 => Self::Critical,
            3 => Self::Unknown,
            other => Self::Exit(other),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.pad("OK"),
            Self::Warning => f.pad("WARNING"),
            Self::Critical => f.pad("CRITICAL"),
            Self::Unknown => f.pad("UNKNOWN"),
            Self::Exit(code) => f.pad(&format!("exit {code}")),
            Self::Signal(number) => f.pad(&format!("signal {number}")),
            Self::Endless => f.pad("endless"),
            Self::Unstartable => f.pad("unstartable"),
        }
    }
}

impl TryFrom<String> for Outcome {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number = |rest: &str| rest.parse().map_err(|_| format!("`{text}` has no number"));
        match text.as_str() {
            "OK" => Ok(Self::Ok),
            "WARNING" => Ok(Self::Warning),
            "CRITICAL" => Ok(Self::Critical),
            "UNKNOWN" => Ok(Self::Unknown),
            "endless" => Ok(Self::Endless),
            "unstartable" => Ok(Self::Unstartable),
            _ => match text.split_once(' ') {
                Some(("exit", rest)) => number(rest).map(Self::Exit),
                Some(("signal", rest)) => number(rest).map(Self::Signal),
                _ => Err(format!("`{text}` is no outcome")),
            },
        }
    }
}

impl Entry {
    /// What each side must say, ours first.
    pub fn expected(&self) -> (Outcome, Outcome) {
        match (self.state, self.our_state, self.plugin_state) {
            (Some(both), None, None) => (both, both),
            (None, Some(ours), Some(plugin)) => (ours, plugin),
            _ => unreachable!("the table was checked"),
        }
    }

    fn fault(&self) -> Option<&'static str> {
        match (self.state, self.our_state, self.plugin_state, &self.decision) {
            (Some(_), None, None, None) => None,
            (None, Some(ours), Some(plugin), _) if ours == plugin => {
                Some("our_state and plugin_state are the same: write state")
            }
            (None, Some(_), Some(_), Some(why)) if is_decision(why) => None,
            (None, Some(_), Some(_), Some(_)) => {
                Some("the decision must begin with where it stands, such as `D-27: `")
            }
            (None, Some(_), Some(_), None) => Some("a difference without its decision"),
            _ => Some("write state, or our_state, plugin_state and decision"),
        }
    }
}

/// `D-27: why`, `FM-14: why`, `FACTS 4: why`, `DESIGN 11: why`, `issue 2: why`.
fn is_decision(text: &str) -> bool {
    let known = ["D-", "FM-", "FS-", "FACTS ", "DESIGN ", "issue "];
    text.split_once(": ").is_some_and(|(place, why)| {
        why.len() > 10
            && known.iter().any(|prefix| {
                place.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(char::is_numeric))
            })
    })
}

/// Reads the table and panics with everything that is wrong in it.
pub fn read(text: &str) -> Table {
    let table: Table = toml::from_str(text).unwrap_or_else(|error| panic!("table.toml: {error}"));
    let mut faults = Vec::new();
    for kind in table.0.keys().filter(|kind| !KINDS.contains(&kind.as_str())) {
        faults.push(format!("{kind} is no kind that has a plugin"));
    }
    for kind in KINDS {
        let entries = table.0.get(kind).map_or(&[][..], Vec::as_slice);
        if entries.len() < FEWEST {
            faults.push(format!("{kind} has {} targets, not {FEWEST}", entries.len()));
        }
        for (index, entry) in entries.iter().enumerate() {
            if entries[..index].iter().any(|other| other.target == entry.target) {
                faults.push(format!("{kind} {}: there twice", entry.target));
            }
            if let Some(fault) = entry.fault() {
                faults.push(format!("{kind} {}: {fault}", entry.target));
            }
        }
    }
    assert!(faults.is_empty(), "table.toml:\n{}", faults.join("\n"));
    table
}
