//! Reads theme files: a palette of named colours, and styles for roles made of them.
//!
//! ```toml
//! inherits = "default"
//! [palette]
//! red = "#ff5f5f"
//! [roles]
//! "state.critical" = { fg = "red", bold = true }
//! "text.muted" = "#8a8f98"
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use super::Role;

/// Largest theme file and most files of a directory.
const SIZE_LIMIT: u64 = 64 * 1024;
const FILE_LIMIT: usize = 100;
/// Longest chain of `inherits`.
const DEPTH_LIMIT: usize = 8;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    inherits: Option<String>,
    #[serde(default)]
    palette: BTreeMap<String, String>,
    #[serde(default)]
    roles: BTreeMap<String, Entry>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Entry {
    Colour(String),
    Style(Parts),
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the file")]
struct Parts {
    fg: Option<String>,
    bg: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underline: bool,
    #[serde(default)]
    reverse: bool,
}

/// The theme files of a directory as (name, text), and a sentence for each that is unreadable.
pub(super) fn directory(path: &Path) -> (Vec<(String, String)>, Vec<String>) {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    let Ok(entries) = std::fs::read_dir(path) else { return (files, problems) };
    for entry in entries.flatten().take(FILE_LIMIT) {
        let path = entry.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        let (Some(name), true) = (name, path.extension().is_some_and(|e| e == "toml")) else {
            continue;
        };
        let small = entry.metadata().is_ok_and(|meta| meta.len() <= SIZE_LIMIT);
        match std::fs::read_to_string(&path) {
            Ok(text) if small => files.push((name, text)),
            Ok(_) => problems.push(format!("{}: larger than 64 KiB", path.display())),
            Err(error) => problems.push(format!("{}: {error}", path.display())),
        }
    }
    (files, problems)
}

/// The styles of the theme `name`, in the order of [`Role::ALL`].
pub(super) fn theme(name: &str, sources: &[(String, String)]) -> Result<Vec<Style>, String> {
    let mut palette = BTreeMap::new();
    let mut roles: BTreeMap<String, Entry> = BTreeMap::new();
    let mut next = Some(name.to_owned());
    let mut depth = 0;
    while let Some(name) = next {
        depth += 1;
        if depth > DEPTH_LIMIT {
            return Err(format!("more than {DEPTH_LIMIT} themes inherit from each other"));
        }
        let text = sources.iter().find(|(have, _)| *have == name).map(|(_, text)| text);
        let text = text.ok_or_else(|| format!("inherits from `{name}`, which does not exist"))?;
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        for role in file.roles.keys() {
            if !Role::ALL.iter().any(|have| have.name() == role) {
                return Err(format!("`{role}` is no role"));
            }
        }
        // The heir's words come first and win.
        for (key, value) in file.palette {
            palette.entry(key).or_insert(value);
        }
        for (key, value) in file.roles {
            roles.entry(key).or_insert(value);
        }
        next = file.inherits;
    }
    Role::ALL.iter().map(|role| style(*role, &roles, &palette)).collect()
}

/// The style of a role: its own, else that of the name before its last dot, else none.
fn style(
    role: Role,
    roles: &BTreeMap<String, Entry>,
    palette: &BTreeMap<String, String>,
) -> Result<Style, String> {
    let mut name = role.name();
    let entry = loop {
        match (roles.get(name), name.rsplit_once('.')) {
            (Some(entry), _) => break entry,
            (None, Some((before, _))) => name = before,
            (None, None) => return Ok(Style::new()),
        }
    };
    let parts = match entry {
        Entry::Colour(fg) => Parts { fg: Some(fg.clone()), ..Parts::default() },
        Entry::Style(parts) => parts.clone(),
    };
    let colour = |text: &Option<String>| {
        text.as_deref().map(|text| colour(text, palette).ok_or_else(|| bad(name, text))).transpose()
    };
    let mut style = Style { fg: colour(&parts.fg)?, bg: colour(&parts.bg)?, ..Style::new() };
    for (wanted, modifier) in [
        (parts.bold, Modifier::BOLD),
        (parts.dim, Modifier::DIM),
        (parts.italic, Modifier::ITALIC),
        (parts.underline, Modifier::UNDERLINED),
        (parts.reverse, Modifier::REVERSED),
    ] {
        if wanted {
            style = style.add_modifier(modifier);
        }
    }
    Ok(style)
}

fn colour(text: &str, palette: &BTreeMap<String, String>) -> Option<Color> {
    palette.get(text).map_or(text, String::as_str).parse().ok()
}

fn bad(role: &str, text: &str) -> String {
    format!(
        "`{role}`: `{text}` is neither in [palette] nor a colour such as \"red\" or \"#ff5f5f\""
    )
}
