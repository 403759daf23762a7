//! `fluxnoc keys`: the sheet of all keys in force, as text or Markdown.

use std::fmt::Write as _;
use std::process::ExitCode;

use super::args::Global;
use super::{config_cmd, look, print};
use crate::config::Problems;
use crate::model::safe_text::width;
use crate::tui::action::Action;
use crate::tui::glyphs;
use crate::tui::keymap::{Context, Keymap, SheetRow};

/// Runs it; 2 when the configuration is bad.
#[must_use]
pub fn run(global: &Global, preset: Option<&str>, md: bool) -> ExitCode {
    match keymap(global, preset) {
        Ok(keymap) => {
            print::out(sheet(&keymap, md).trim_end());
            ExitCode::SUCCESS
        }
        Err(problems) => config_cmd::refused(&problems),
    }
}

fn keymap(global: &Global, preset: Option<&str>) -> Result<Keymap, Problems> {
    let mut config = config_cmd::read(global)?;
    if let Some(name) = preset {
        Keymap::preset(name)
            .map_err(|why| Problems::one("command line", format!("--preset: {why}")))?;
        name.clone_into(&mut config.settings.console.keys);
    }
    let mut keymap = look::keymap(&config)?;
    let charset = glyphs::choose(&config.settings.console.glyphs, look::variable);
    keymap.plain = charset.tier == glyphs::GlyphTier::Ascii;
    Ok(keymap)
}

/// Where the keys of a context count.
const fn heading(context: Context) -> &'static str {
    match context {
        Context::Global => "Everywhere",
        Context::List => "Lists",
        Context::Objects => "Hosts, alerts, checks",
        Context::Notifications => "Notifications",
        Context::Agents => "Agents",
        Context::Speed => "Speedtests",
        Context::Schedules => "Schedules of tests",
        Context::Tests => "Calendar, probes, DNS, trends",
        Context::Grid => "Hosts side by side",
        Context::Graph => "Graphs",
        Context::Line => "Input lines",
        Context::Question => "Questions",
        Context::Wall => "On the wall",
        Context::Form => "Forms",
        Context::Card => "Cards",
    }
}

/// The whole sheet: what each key does, context by context, then what only the palette offers.
#[must_use]
pub fn sheet(keymap: &Keymap, md: bool) -> String {
    let rows = keymap.sheet();
    let mut out = String::new();
    for context in Context::ALL {
        let here: Vec<&SheetRow> = rows.iter().filter(|row| row.context == context).collect();
        table(&mut out, heading(context), &here, md);
    }
    let bound = |name: &str| rows.iter().any(|row| row.name == name);
    let own = keymap
        .custom()
        .iter()
        .map(|own| (own.name.clone(), format!("run {}", own.command.join(" "))));
    let unbound: Vec<SheetRow> = Action::ALL
        .iter()
        .filter(|action| !action.is_of_dialogs())
        .map(|action| (action.name().to_owned(), action.about().to_owned()))
        .chain(own)
        .filter(|(name, _)| !bound(name))
        .map(|(name, about)| SheetRow {
            context: Context::Global,
            keys: vec![format!(":{name}")],
            name,
            about,
        })
        .collect();
    table(&mut out, "In the palette only", &unbound.iter().collect::<Vec<_>>(), md);
    out
}

fn table(out: &mut String, title: &str, rows: &[&SheetRow], md: bool) {
    if rows.is_empty() {
        return;
    }
    if md {
        let _ = writeln!(out, "## {title}\n\n| Key | Action | What it does |\n|---|---|---|");
        for row in rows {
            let keys: Vec<String> = row.keys.iter().map(|key| code(key)).collect();
            let (name, about) = (code(&row.name), row.about.replace('|', "\\|"));
            let _ = writeln!(out, "| {} | {name} | {about} |", keys.join(" "));
        }
    } else {
        let _ = writeln!(out, "{title}");
        let keys: Vec<String> = rows.iter().map(|row| row.keys.join("  ")).collect();
        let wide = keys.iter().map(|keys| width(keys)).max().unwrap_or(0).min(30);
        let names = rows.iter().map(|row| width(&row.name)).max().unwrap_or(0).min(30);
        for (row, keys) in rows.iter().zip(&keys) {
            let gap = " ".repeat(wide.saturating_sub(width(keys)) + 2);
            let name_gap = " ".repeat(names.saturating_sub(width(&row.name)) + 2);
            let _ = writeln!(out, "  {keys}{gap}{}{name_gap}{}", row.name, row.about);
        }
    }
    out.push('\n');
}

/// Text as code of Markdown, inside a table.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
