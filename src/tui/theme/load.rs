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
use std::ops::Range;
use std::path::Path;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Role;
use crate::config::{nearest, place};

/// Largest theme file and most files of a directory.
const SIZE_LIMIT: u64 = 64 * 1024;
const FILE_LIMIT: usize = 100;
/// Longest chain of `inherits`.
const DEPTH_LIMIT: usize = 8;

/// A theme file.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The theme's name.
    pub name: String,
    /// The file, as messages call it.
    pub file: String,
    /// What it says.
    pub text: String,
}

/// A colour as written, with its place.
#[derive(Clone, Default)]
struct Written {
    text: String,
    place: String,
}

#[derive(Clone, Default)]
struct Entry {
    fg: Option<Written>,
    bg: Option<Written>,
    modifiers: Modifier,
}

#[derive(Default)]
struct File {
    inherits: Option<Written>,
    palette: BTreeMap<String, Written>,
    roles: BTreeMap<String, Entry>,
}

const WORDS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

/// The theme files of a directory, and a sentence for each that is unreadable.
pub(super) fn directory(path: &Path) -> (Vec<Source>, Vec<String>) {
    let mut files = Vec::new();
    let mut problems = Vec::new();
    let Ok(entries) = std::fs::read_dir(path) else { return (files, problems) };
    for entry in entries.flatten().take(FILE_LIMIT) {
        let path = entry.path();
        let name = path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        let (Some(name), true) = (name, path.extension().is_some_and(|e| e == "toml")) else {
            continue;
        };
        let file = path.display().to_string();
        // What is no ordinary file (a pipe, say) could be read for ever.
        let small =
            std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= SIZE_LIMIT);
        if !small {
            problems.push(format!("{file}: no file of at most 64 KiB"));
            continue;
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push(Source { name, file, text }),
            Err(error) => problems.push(format!("{file}: {error}")),
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    (files, problems)
}

/// The styles of the theme `name`, in the order of [`Role::ALL`].
///
/// # Errors
/// A sentence that begins with the file, line and column.
pub(super) fn theme(name: &str, sources: &[Source]) -> Result<Vec<Style>, String> {
    let mut palette = BTreeMap::new();
    let mut roles: BTreeMap<String, Entry> = BTreeMap::new();
    let mut next = Some(Written { text: name.to_owned(), place: String::new() });
    let mut depth = 0;
    while let Some(Written { text: name, place }) = next {
        depth += 1;
        if depth > DEPTH_LIMIT {
            return Err(format!("{place}more than {DEPTH_LIMIT} themes inherit from each other"));
        }
        let source = sources.iter().find(|source| source.name == name).ok_or_else(|| {
            let names = sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>();
            format!("{place}there is no theme `{name}`; there are {}", names.join(", "))
        })?;
        let file = Parser { source }.file()?;
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

struct Parser<'a> {
    source: &'a Source,
}

impl Parser<'_> {
    /// `themes/mine.toml:3:12: `
    fn place(&self, span: &Range<usize>) -> String {
        let at = place(&self.source.text, span.start);
        format!("{}:{}:{}: ", self.source.file, at.line, at.column)
    }

    fn wrong(&self, span: &Range<usize>, why: &str) -> String {
        format!("{}{why}", self.place(span))
    }

    fn file(&self) -> Result<File, String> {
        let document = DeTable::parse(&self.source.text).map_err(|error| {
            let why = error.message().lines().collect::<Vec<_>>().join(" ");
            self.wrong(&error.span().unwrap_or_default(), &why)
        })?;
        let mut file = File::default();
        for (key, value) in document.get_ref() {
            match &**key.get_ref() {
                "inherits" => file.inherits = Some(self.text(value)?),
                "palette" => {
                    for (name, value) in self.table(value)? {
                        let colour = self.text(value)?;
                        if colour.text.parse::<Color>().is_err() {
                            return Err(bad(name.get_ref(), &colour));
                        }
                        file.palette.insert(name.get_ref().to_string(), colour);
                    }
                }
                "roles" => {
                    for (name, value) in self.table(value)? {
                        self.known(&name.span(), name.get_ref())?;
                        file.roles.insert(name.get_ref().to_string(), self.entry(value)?);
                    }
                }
                word => {
                    let why = format!("unknown key `{word}`; allowed: inherits, palette, roles");
                    return Err(self.wrong(&key.span(), &why));
                }
            }
        }
        Ok(file)
    }

    /// A role, or what several begin with.
    fn known(&self, span: &Range<usize>, name: &str) -> Result<(), String> {
        let names = || Role::ALL.iter().map(|role| role.name());
        let begins = |role: &str| role.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        if names().any(|role| role == name || begins(role)) {
            return Ok(());
        }
        let hint = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        };
        Err(self.wrong(span, &format!("`{name}` is no role; {hint}")))
    }

    fn entry(&self, value: &Spanned<DeValue<'_>>) -> Result<Entry, String> {
        if value.get_ref().as_str().is_some() {
            return Ok(Entry { fg: Some(self.text(value)?), ..Entry::default() });
        }
        let mut entry = Entry::default();
        for (key, value) in self.table(value)? {
            let word: &str = key.get_ref();
            let modifier = WORDS.iter().find(|(name, _)| *name == word).map(|(_, m)| *m);
            match (word, modifier, value.get_ref().as_bool()) {
                ("fg", ..) => entry.fg = Some(self.text(value)?),
                ("bg", ..) => entry.bg = Some(self.text(value)?),
                (_, Some(modifier), Some(true)) => entry.modifiers |= modifier,
                (_, Some(_), Some(false)) => {}
                (_, Some(_), None) => {
                    return Err(self.wrong(&value.span(), &format!("{word}: write true or false")));
                }
                (_, None, _) => {
                    let words = WORDS.map(|(name, _)| name).join(", ");
                    let why = format!("unknown key `{word}`; allowed: fg, bg, {words}");
                    return Err(self.wrong(&key.span(), &why));
                }
            }
        }
        Ok(entry)
    }

    fn text(&self, value: &Spanned<DeValue<'_>>) -> Result<Written, String> {
        match value.get_ref().as_str() {
            Some(text) => Ok(Written { text: text.to_owned(), place: self.place(&value.span()) }),
            None => Err(self.wrong(&value.span(), "expected a text such as \"red\"")),
        }
    }

    fn table<'v>(&self, value: &'v Spanned<DeValue<'v>>) -> Result<&'v DeTable<'v>, String> {
        let table = value.get_ref().as_table();
        table.ok_or_else(|| self.wrong(&value.span(), "expected a table such as { fg = \"red\" }"))
    }
}

/// The style of a role: its own, else that of the name before its last dot, else none.
fn style(
    role: Role,
    roles: &BTreeMap<String, Entry>,
    palette: &BTreeMap<String, Written>,
) -> Result<Style, String> {
    let mut name = role.name();
    let entry = loop {
        match (roles.get(name), name.rsplit_once('.')) {
            (Some(entry), _) => break entry,
            (None, Some((before, _))) => name = before,
            (None, None) => return Ok(Style::new()),
        }
    };
    let colour = |written: &Option<Written>| {
        let Some(written) = written else { return Ok(None) };
        let text = palette.get(&written.text).map_or(&written.text, |colour| &colour.text);
        text.parse().map(Some).map_err(|_| bad(name, written))
    };
    let style = Style { fg: colour(&entry.fg)?, bg: colour(&entry.bg)?, ..Style::new() };
    Ok(style.add_modifier(entry.modifiers))
}

fn bad(name: &str, written: &Written) -> String {
    let Written { text, place } = written;
    format!(
        "{place}`{name}`: `{text}` is neither in [palette] nor a colour such as \"red\" or \
         \"#ff5f5f\""
    )
}
