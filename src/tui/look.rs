//! How the console looks and which keys it has, as far as the configuration says so: taken at the
//! start, and again whenever the configuration is read again.

use std::fmt;
use std::sync::Arc;

use crate::tui::app::{App, Tone};
use crate::tui::glyphs::GlyphTier;
use crate::tui::keymap::Keymap;
use crate::tui::options::Options;
use crate::tui::theme::{Theme, Themes};

/// What was read.
#[derive(Clone, Debug)]
pub struct Look {
    /// The keys in force.
    pub keymap: Keymap,
    /// The themes that can be chosen.
    pub themes: Themes,
    /// The theme that the configuration wants.
    pub theme: String,
    /// What is wrong with theme files, each with its place.
    pub problems: Vec<String>,
}

/// Reads it again; the words of an error name the place.
#[derive(Clone)]
pub struct Again(pub Arc<dyn Fn() -> Result<Look, String> + Send + Sync>);

impl fmt::Debug for Again {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Again")
    }
}

/// What a console begins with.
pub(crate) struct Start {
    /// The keys.
    pub keymap: Keymap,
    /// The themes.
    pub themes: Themes,
    /// The one in force.
    pub theme: Theme,
    /// The first thing that is wrong with them.
    pub note: Option<String>,
}

/// Keys and themes of the options.
pub(crate) fn start(options: &Options) -> Start {
    let (themes, problems) = Themes::load(options.theme_directory.as_deref(), options.colours);
    let (theme, note) = choose(&themes, &options.theme);
    let mut keymap = options.keymap.clone();
    keymap.plain = options.glyphs == GlyphTier::Ascii;
    Start { keymap, themes, theme, note: problems.into_iter().chain(note).next() }
}

/// The theme of that name, else the default one and why.
pub(crate) fn choose(themes: &Themes, wanted: &str) -> (Theme, Option<String>) {
    if let Some(theme) = themes.get(wanted) {
        return (theme.clone(), None);
    }
    let names = || themes.names().collect::<Vec<_>>().join(", ");
    let only = themes.names().count() == 1;
    // Without colours there is one theme, whatever is wished for.
    let note = (!only).then(|| format!("there is no theme `{wanted}`; there are {}", names()));
    let first = themes.names().next().and_then(|name| themes.get(name));
    let other = themes.get("default").or(first).cloned().unwrap_or_else(Theme::mono);
    (other, note)
}

/// Takes what was read; what is bad leaves in force what was.
pub(crate) fn take(app: &mut App, read: Result<Box<Look>, String>) {
    let look = match read {
        Ok(look) => *look,
        Err(why) => {
            app.say(Tone::Bad, why);
            return;
        }
    };
    app.keymap = look.keymap;
    app.keymap.plain = app.options.glyphs == GlyphTier::Ascii;
    app.pressed.clear();
    app.themes = look.themes;
    // What somebody chose with `:theme` stays, unless the configuration now wants another.
    let wished = look.theme != app.options.theme;
    let wanted = if wished { look.theme.clone() } else { app.theme.name().to_owned() };
    let found = app.themes.get(&wanted).cloned();
    let missing = found.is_none() && wished && app.themes.names().count() > 1;
    if let Some(theme) = found {
        app.theme = theme;
    }
    app.options.theme = look.theme;
    if let Some(problem) = look.problems.first() {
        app.say(Tone::Bad, problem.clone());
    } else if missing {
        let (_, note) = choose(&app.themes, &wanted);
        app.say(Tone::Bad, note.unwrap_or_default());
    }
}
