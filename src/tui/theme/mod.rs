//! Themes: a style for every role, from files that inherit from each other.
//!
//! In: theme files, embedded or from a directory; how many colours the terminal has.
//! Out: a style per role. A state's glyph and word never depend on a theme.
//! Never: knows a widget.

mod colour;
mod load;
mod role;
mod tier;

use std::path::Path;

use ratatui::style::Style;

pub use role::Role;
pub use tier::ColourTier;

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
        let styles = load::theme(MONO, &embedded()).unwrap_or_default();
        Self { name: MONO.to_owned(), styles }
    }

    /// The same with the colours that a terminal of this tier has.
    #[must_use]
    pub fn at(&self, tier: ColourTier) -> Self {
        Self { name: self.name.clone(), styles: tier::bring_down(&self.styles, tier) }
    }
}

/// The themes that can be chosen.
#[derive(Clone, Debug)]
pub struct Themes {
    all: Vec<Theme>,
}

/// The theme without colours.
const MONO: &str = "mono";

const EMBEDDED: [(&str, &str); 6] = [
    ("colour-blind", include_str!("../../../themes/colour-blind.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
    ("default", include_str!("../../../themes/default.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    (MONO, include_str!("../../../themes/mono.toml")),
];

fn embedded() -> Vec<load::Source> {
    let source = |(name, text): &(&str, &str)| load::Source {
        name: (*name).to_owned(),
        file: format!("themes/{name}.toml"),
        text: (*text).to_owned(),
    };
    EMBEDDED.iter().map(source).collect()
}

impl Themes {
    /// The embedded themes, and those of `directory`, which win over an embedded one of the same
    /// name, as far as they are good; all with the colours of the tier. Also one sentence for each
    /// file that cannot be used, which begins with its place.
    #[must_use]
    pub fn load(directory: Option<&Path>, tier: ColourTier) -> (Self, Vec<String>) {
        let (mut sources, mut problems) = directory.map_or_else(Default::default, load::directory);
        let own: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
        for source in embedded() {
            if !own.contains(&source.name) {
                sources.push(source);
            }
        }
        let mut all = Vec::new();
        for source in &sources {
            let styles = load::theme(&source.name, &sources).or_else(|problem| {
                // A bad file does not take away what it wanted to replace.
                problems.push(problem);
                load::theme(&source.name, &embedded())
            });
            if let Ok(styles) = styles {
                all.push(Theme { name: source.name.clone(), styles }.at(tier));
            }
        }
        if tier == ColourTier::Never {
            // Bold and reverse are all that such a terminal has.
            all.retain(|theme| theme.name == MONO);
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
