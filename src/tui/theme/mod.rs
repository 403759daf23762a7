//! Themes: a style for every role, from files that inherit from each other.
//!
//! In: theme files, embedded or from a directory; the wish for no colour.
//! Out: a style per role. A state's glyph and word never depend on a theme.
//! Never: knows a widget.

mod load;
mod role;

use std::path::Path;

use ratatui::style::{Modifier, Style};

pub use role::Role;

use crate::model::ShownState;

/// A style for every role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    name: String,
    styles: Vec<Style>,
}

impl Theme {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        let at = Role::ALL.iter().position(|have| *have == role);
        at.and_then(|at| self.styles.get(at)).copied().unwrap_or_default()
    }

    /// The theme for terminals without colour: bold, dim and reverse only.
    #[must_use]
    pub fn mono() -> Self {
        let style = |role: &Role| match role {
            Role::Strong
            | Role::TitleFocused
            | Role::Key
            | Role::Prompt
            | Role::Bad
            | Role::Accent
            | Role::BorderFocused
            | Role::StateCritical => Style::new().add_modifier(Modifier::BOLD),
            Role::Muted | Role::Stale | Role::Border | Role::Axis | Role::KeyOff => {
                Style::new().add_modifier(Modifier::DIM)
            }
            Role::Selection => Style::new().add_modifier(Modifier::REVERSED),
            Role::SelectionQuiet => Style::new().add_modifier(Modifier::UNDERLINED),
            _ => Style::new(),
        };
        Self { name: "mono".to_owned(), styles: Role::ALL.iter().map(style).collect() }
    }
}

/// The themes that can be chosen.
#[derive(Clone, Debug)]
pub struct Themes {
    all: Vec<Theme>,
}

const EMBEDDED: [(&str, &str); 2] = [
    ("default", include_str!("../../../themes/default.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
];

impl Themes {
    /// The embedded themes, and those of `directory`, which win over an embedded one of the same
    /// name. Also one sentence for each file that cannot be used.
    #[must_use]
    pub fn load(directory: Option<&Path>) -> (Self, Vec<String>) {
        let (files, mut problems) = directory.map_or_else(Default::default, load::directory);
        let mut sources: Vec<(String, String)> = files;
        for (name, text) in EMBEDDED {
            if !sources.iter().any(|(have, _)| have == name) {
                sources.push((name.to_owned(), text.to_owned()));
            }
        }
        let mut all = vec![Theme::mono()];
        for (name, _) in &sources {
            match load::theme(name, &sources) {
                Ok(styles) => all.push(Theme { name: name.clone(), styles }),
                Err(problem) => problems.push(format!("theme `{name}`: {problem}")),
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        (Self { all }, problems)
    }

    /// The theme of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Theme> {
        self.all.iter().find(|theme| theme.name == name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(Theme::name)
    }
}

/// The sign of a state, beside its colour and word.
#[must_use]
pub const fn glyph(state: ShownState) -> &'static str {
    match state {
        ShownState::Critical => "●",
        ShownState::Unknown => "?",
        ShownState::Warning => "▲",
        ShownState::Maintenance => "◇",
        ShownState::Ok => "✓",
    }
}

/// The word of a state in a narrow column.
#[must_use]
pub const fn short(state: ShownState) -> &'static str {
    match state {
        ShownState::Critical => "CRIT",
        ShownState::Unknown => "UNKN",
        ShownState::Warning => "WARN",
        ShownState::Maintenance => "MAINT",
        ShownState::Ok => "OK",
    }
}

#[cfg(test)]
#[path = "theme_tests.rs"]
mod tests;
