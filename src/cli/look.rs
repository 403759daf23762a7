//! From configuration and environment to how the console looks: keys, themes, colours, glyphs, zone.

use std::path::PathBuf;
use std::sync::Arc;

use super::setup;
use super::verb::Usual;
use crate::config::settings::zone_offset;
use crate::config::{Config, Problems, locate};
use crate::tui::bell::{Call, Policy};
use crate::tui::external::KEPT;
use crate::tui::glyphs;
use crate::tui::keymap::Keymap;
use crate::tui::look::{Again, Look};
use crate::tui::options::Options;
use crate::tui::theme::{ColourTier, Themes};
use crate::tui::wall::{Plan, Scene};
use crate::tui::zone::Zone;

/// A variable of the environment; an empty one is not set.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The keys in force.
///
/// # Errors
/// Everything in `[keys]` and `[[action]]` that does not fit, with its place.
pub fn keymap(config: &Config) -> Result<Keymap, Problems> {
    Keymap::of(&config.settings.console.keys, &config.keys)
}

/// The directory `themes` beside the configuration file; without one beside where it would be.
fn theme_directory(config: &Config) -> Option<PathBuf> {
    let file = match &config.source {
        Some(file) => file.clone(),
        None => locate::candidates().into_iter().nth(1)?,
    };
    Some(file.parent()?.join("themes"))
}

/// What is usual by a configuration.
#[must_use]
pub fn usual(config: &Config) -> Usual {
    Usual {
        zone: zone(config),
        shifts: config.settings.console.shifts.clone(),
        ack_expiry: config.settings.alerting.ack_expiry,
    }
}

fn zone(config: &Config) -> Zone {
    let text = &config.settings.console.zone;
    match zone_offset(text) {
        Ok(Some(0)) => Zone::utc(),
        Ok(Some(offset)) => Zone::Fixed { offset, name: text.clone() },
        Ok(None) | Err(_) => Zone::system(),
    }
}

/// What the console is told about its looks; everything else is a default.
#[must_use]
pub fn options(config: &Config, again: &setup::Again) -> Options {
    let console = &config.settings.console;
    let charset = glyphs::choose(&console.glyphs, variable);
    let (colours, _) = ColourTier::choose(&console.color, variable);
    let read = Arc::clone(again);
    Options {
        theme: console.theme.clone(),
        theme_directory: theme_directory(config),
        glyphs: charset.tier,
        utf8: charset.utf8,
        colours,
        // Reading the configuration has shown that they are good.
        keymap: keymap(config).unwrap_or_else(|_| Keymap::standard()),
        environment: KEPT
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
            .collect(),
        again: Some(Again(Arc::new(move || look(&read, colours)))),
        zone: zone(config),
        shifts: console.shifts.clone(),
        ack_expiry: config.settings.alerting.ack_expiry,
        ack_warning: config.settings.alerting.ack_warning,
        wall: wall(config),
        bell: bell(config),
        ..Options::default()
    }
}

fn wall(config: &Config) -> Plan {
    let views = config.settings.wall.views.iter().filter_map(|word| Scene::named(word));
    Plan { rotate: config.settings.wall.rotate, scenes: views.collect() }
}

fn bell(config: &Config) -> Policy {
    let bell = &config.settings.bell;
    Policy {
        critical: Call::named(&bell.critical),
        warning: Call::named(&bell.warning),
        unknown: Call::named(&bell.unknown),
        ack: Call::named(&bell.ack),
        quiet: bell.quiet,
    }
}

fn look(read: &setup::Again, colours: ColourTier) -> Result<Look, String> {
    // A line on the screen has room for one problem; `fluxnoc config check` says all.
    let first =
        |problems: Problems| problems.list.first().map_or_else(String::new, ToString::to_string);
    let config = read(None).map_err(first)?;
    let keymap = keymap(&config).map_err(first)?;
    let (themes, problems) = Themes::load(theme_directory(&config).as_deref(), colours);
    Ok(Look { keymap, themes, theme: config.settings.console.theme, problems })
}
