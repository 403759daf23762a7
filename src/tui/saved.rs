//! Saved views: a filter, a grouping and an order under a letter.
//!
//! The defaults are data; an operator's own are kept as one text per operator.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::protocol::filter::Filter;
use crate::tui::groups::GroupBy;

/// Most views that an operator can keep: one under each letter.
pub const VIEW_LIMIT: usize = 26;
/// Longest name, in characters.
pub const NAME_LIMIT: usize = 40;
/// Longest text of all views, in bytes.
const TEXT_LIMIT: usize = 256 * 1024;

/// The list that a saved view opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Open alerts.
    Alerts,
    /// Hosts.
    Hosts,
    /// Checks.
    Checks,
    /// Maintenance windows.
    Maintenance,
}

/// What rows are ordered by; within equals by host and check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// The worst first, in each what waits longest.
    #[default]
    Severity,
    /// The newest change first.
    Newest,
    /// The oldest change first.
    Oldest,
    /// By host and check.
    Name,
}

impl Sort {
    /// All, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Severity, Self::Newest, Self::Oldest, Self::Name];

    /// The word in the menu and in the title.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Name => "name",
        }
    }
}

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedView {
    /// The letter that opens it, `a` to `z`.
    pub letter: char,
    /// Its name.
    pub name: String,
    /// The list that it opens.
    pub target: Target,
    /// What rows must be; `{since}` stands for the time since the operator left.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// What rows are grouped by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupBy>,
    /// The order.
    #[serde(default)]
    pub sort: Sort,
}

/// Stands in a filter for the time since the operator left.
const SINCE: &str = "{since}";

impl SavedView {
    /// The text of the filter to put in force at `now` for an operator who left at `left`; one who
    /// never left sees the last 8 hours.
    #[must_use]
    pub fn filter_at(&self, now: Timestamp, left: Option<Timestamp>) -> String {
        if !self.filter.contains(SINCE) {
            return self.filter.clone();
        }
        let shift = crate::model::Span::from_secs(8 * 3600);
        // Whole seconds, at least one: an age of nothing finds nothing.
        let secs = left.map_or(shift, |left| now.since(left)).millis().div_ceil(1000).max(1);
        let away = crate::model::Span::from_secs(secs);
        self.filter.replace(SINCE, &away.to_string())
    }

    /// Looks whether it can be used.
    ///
    /// # Errors
    /// What is wrong and what would be right.
    pub fn validate(&self) -> Result<(), String> {
        letter(self.letter)?;
        name(&self.name)?;
        let text = self.filter.replace(SINCE, "1h");
        Filter::parse(&text)
            .map_err(|errors| format!("the filter of view `{}`: {errors}", self.letter))?;
        Ok(())
    }
}

fn letter(letter: char) -> Result<(), String> {
    if letter.is_ascii_lowercase() {
        return Ok(());
    }
    let shown = crate::model::SafeText::line(&letter.to_string());
    Err(format!("`{shown}` is not a letter for a view; write one of a to z"))
}

fn name(name: &str) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err("the view has no name; write it behind the letter: save-view a name".to_owned());
    }
    if name.chars().count() > NAME_LIMIT {
        return Err(format!("the name of a view has at most {NAME_LIMIT} characters"));
    }
    if crate::model::safe_text::sanitize(name, usize::MAX) != name {
        return Err("the name of a view must not contain invisible characters".to_owned());
    }
    Ok(())
}

/// The views that everybody begins with.
#[must_use]
pub fn defaults() -> Vec<SavedView> {
    use Target::{Alerts, Checks, Maintenance};
    let view = |letter, name: &str, target, filter: &str, sort| SavedView {
        letter,
        name: name.to_owned(),
        target,
        filter: filter.to_owned(),
        group: None,
        sort,
    };
    vec![
        view('u', "Unhandled", Alerts, "unhandled", Sort::Severity),
        view('p', "All problems", Checks, "judged:problem !disabled", Sort::Severity),
        view('m', "Mine", Alerts, "mine", Sort::Oldest),
        SavedView {
            group: Some(GroupBy::Site),
            ..view('s', "By site", Alerts, "firing", Sort::Severity)
        },
        view('l', "Since I left", Checks, "since:{since}", Sort::Newest),
        view('w', "Windows", Maintenance, "", Sort::Newest),
        view('e', "Expiring acks", Alerts, "ends:8h", Sort::Oldest),
        view('d', "Ack debt", Alerts, "acked", Sort::Oldest),
        view('f', "Flapping", Checks, "flapping", Sort::Oldest),
        view('t', "Stale", Checks, "stale", Sort::Oldest),
    ]
}

/// An operator's views, by letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Views(Vec<SavedView>);

impl Default for Views {
    fn default() -> Self {
        Self(defaults())
    }
}

impl Views {
    /// Reads what [`Self::to_text`] wrote, over the defaults: a view replaces the one under its
    /// letter. What cannot be used is left out and said; the rest is taken.
    #[must_use]
    pub fn from_text(text: &str) -> (Self, Vec<String>) {
        let mut views = Self::default();
        let mut problems = Vec::new();
        if text.trim().is_empty() {
            return (views, problems);
        }
        if text.len() > TEXT_LIMIT {
            problems.push(format!("the saved views have more than {TEXT_LIMIT} bytes"));
            return (views, problems);
        }
        let list: Vec<serde_json::Value> = match serde_json::from_str(text) {
            Ok(list) => list,
            Err(error) => {
                problems.push(format!("the saved views cannot be read: {error}"));
                return (views, problems);
            }
        };
        for (at, value) in list.into_iter().enumerate() {
            let view = serde_json::from_value::<SavedView>(value).map_err(|e| e.to_string());
            match view.and_then(|view| views.put(view)) {
                Ok(_) => {}
                Err(why) => problems.push(format!("saved view {}: {why}", at + 1)),
            }
        }
        (views, problems)
    }

    /// All that differ from the defaults, as JSON.
    ///
    /// # Errors
    /// Never for views that were validated.
    pub fn to_text(&self) -> Result<String, String> {
        let defaults = defaults();
        let own: Vec<&SavedView> = self.0.iter().filter(|view| !defaults.contains(view)).collect();
        serde_json::to_string(&own).map_err(|error| error.to_string())
    }

    /// Keeps a view; the one that was under its letter.
    ///
    /// # Errors
    /// What is wrong with the view; then nothing changes.
    pub fn put(&mut self, view: SavedView) -> Result<Option<SavedView>, String> {
        view.validate()?;
        // Letters are unique, so that there are never more than the alphabet has.
        if let Some(slot) = self.0.iter_mut().find(|have| have.letter == view.letter) {
            return Ok(Some(std::mem::replace(slot, view)));
        }
        self.0.push(view);
        self.0.sort_by_key(|view| view.letter);
        Ok(None)
    }

    /// The view under a letter.
    ///
    /// # Errors
    /// That there is none, and which there are.
    pub fn get(&self, letter: char) -> Result<&SavedView, String> {
        self.0.iter().find(|view| view.letter == letter).ok_or_else(|| {
            let all: Vec<String> =
                self.0.iter().map(|view| format!("{} {}", view.letter, view.name)).collect();
            let shown = crate::model::SafeText::line(&letter.to_string());
            format!("no view is saved under `{shown}`; there are {}", all.join(", "))
        })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &SavedView> {
        self.0.iter()
    }
}

/// Reads what stands behind `:save-view`: the letter and the name.
///
/// # Errors
/// What is wrong and what would be right.
pub fn save_command(rest: &str) -> Result<(char, String), String> {
    let rest = rest.trim();
    let mut parts = rest.splitn(2, char::is_whitespace);
    let first = parts.next().unwrap_or("");
    let mut letters = first.chars();
    let (Some(one), None) = (letters.next(), letters.next()) else {
        return Err("write a letter and a name: save-view a name".to_owned());
    };
    letter(one)?;
    let named = parts.next().unwrap_or("").trim();
    name(named)?;
    Ok((one, named.to_owned()))
}

#[cfg(test)]
#[path = "saved_tests.rs"]
mod tests;
