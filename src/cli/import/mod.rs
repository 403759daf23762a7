//! `fluxnoc import`: hosts of other files into the configuration, with a diff and provenance.
//!
//! Each source owns a block of the configuration file between two comment lines; nothing outside
//! it is touched, and what the operator adds inside it stays. What a source no longer has is
//! disabled, not deleted. Readers are pure functions of a text; nothing is run, followed or looked
//! up.

mod ansible;
mod block;
mod csv;
mod entry;
mod hosts;
mod icinga;
mod nagios;
mod prom_yml;
mod rule_files;
mod ssh;
#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use self::block::{Change, Merged};
use self::entry::Found;
use super::args::Global;
use super::{config_cmd, machine, print};
use crate::clock::Clock;
use crate::config::{self, Env, Source, locate};
use crate::model::SafeText;
use crate::model::words::plural;

pub(super) use self::file::write_whole;
mod file;

/// Largest file that is read.
const FILE_LIMIT: u64 = 16 << 20;
/// Most notes that are printed.
const NOTES: usize = 40;

/// What can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// /etc/hosts: addresses and names
    Hosts,
    /// ~/.ssh/config: each Host with its address and port
    SshConfig,
    /// Columns with a header: name, address, groups, contact, notes, runbook, checks; every other
    /// column is a label
    Csv,
    /// An Ansible inventory, INI or YAML
    Ansible,
    /// Nagios objects: hosts, host groups, services that fluxnoc has a kind for
    Nagios,
    /// Icinga 2 objects, or Icinga 1 as Nagios
    Icinga,
    /// A prometheus.yml: scrape jobs with targets, where more are found, files of rules
    Prometheus,
}

impl Format {
    /// As it is typed.
    const fn word(self) -> &'static str {
        match self {
            Self::Hosts => "hosts",
            Self::SshConfig => "ssh-config",
            Self::Csv => "csv",
            Self::Ansible => "ansible",
            Self::Nagios => "nagios",
            Self::Icinga => "icinga",
            Self::Prometheus => "prometheus",
        }
    }
}

/// `fluxnoc import`.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// What the file is
    #[arg(value_enum)]
    pub format: Format,
    /// The file; - is stdin
    pub file: PathBuf,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Reads a text of a format; the files that it names are relative to `base`.
///
/// # Errors
/// Why nothing of it can be used.
pub(super) fn read(format: Format, text: &str, base: &Path) -> Result<Found, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let found = match format {
        Format::Hosts => hosts::read(text),
        Format::SshConfig => ssh::read(text),
        Format::Csv => csv::read(text)?,
        Format::Ansible => ansible::read(text)?,
        Format::Prometheus => prom_yml::read(text, base)?,
        Format::Icinga if icinga::is_dsl(text) => icinga::read(text)?,
        Format::Nagios | Format::Icinga => nagios::read(text)?,
    };
    Ok(found.checked())
}

/// Imports.
///
/// # Errors
/// When the file or the configuration cannot be read or written.
pub fn run(global: &Global, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let (name, text) = source(&args.file)?;
    let base = Path::new(&name).parent().unwrap_or(Path::new(""));
    let mut found = match read(args.format, &text, base) {
        Ok(found) => found,
        Err(why) => bail!("{name}: {why}"),
    };
    let rules = rule_files::look(&mut found);
    notes(&name, &found);
    if found.entries.is_empty() && found.rule_files.is_empty() {
        bail!("{name}: there is no host in it that can be monitored; nothing was changed");
    }
    let target = target(global);
    let old = match &target {
        path if path.exists() => {
            let bytes = limited(std::fs::File::open(path)?, &path.display().to_string())?;
            String::from_utf8(bytes).with_context(|| format!("{} is no UTF-8", path.display()))?
        }
        _ => String::new(),
    };
    let now = Clock::System.now().wall;
    let day = now.to_string().chars().take(10).collect::<String>();
    let origin = block::Origin { format: args.format.word(), file: &name, day: &day };
    let taken = taken(&target, &old, &origin)?;
    let head = rules_head(&found, rules, &taken);
    let merged = block::merge(&old, &origin, &found.entries, &taken.titles, head.as_deref());
    let merged = match merged {
        Ok(merged) => merged,
        Err(why) => bail!("{}: {why}", target.display()),
    };
    for change in &merged.changes {
        print::out(SafeText::line(&change.to_string()).as_str());
    }
    if let Err(problems) = parse(&target, &merged.text) {
        print::error("the configuration with it would be wrong; nothing was changed:");
        return Ok(config_cmd::refused(&problems));
    }
    finish(&merged, &target, &old, args.dry_run)
}

/// The head of the block: what has the rules evaluated. Where the operator has a `[promql]`, what is to
/// be added there is said.
fn rules_head(found: &Found, rules: usize, taken: &Taken) -> Option<String> {
    if found.rule_files.is_empty() {
        return None;
    }
    let lines = rule_files::lines(&found.rule_files);
    let files = found.rule_files.join(", ");
    if taken.promql {
        print::out(&format!("= [promql]  kept: add to its rule_files: {}", SafeText::line(&files)));
        return None;
    }
    let rules = plural(rules, "rule");
    print::out(&format!("+ [promql]  rule_files {}, {rules}", SafeText::line(&files)));
    Some(lines + "\n")
}

fn finish(merged: &Merged, target: &Path, old: &str, dry_run: bool) -> anyhow::Result<ExitCode> {
    let count = |wanted: fn(&Change) -> bool| merged.changes.iter().filter(|c| wanted(c)).count();
    let words = format!(
        "{} new, {} changed, {} disabled, {} kept as they are, {} unchanged",
        count(|c| matches!(c, Change::New { .. })),
        count(|c| matches!(c, Change::Changed { .. })),
        count(|c| matches!(c, Change::Disabled { .. })),
        count(|c| matches!(c, Change::Kept { .. })),
        merged.unchanged,
    );
    let place = target.display();
    if merged.text == old {
        print::out(&format!("{words}: {place} stays as it is"));
    } else if dry_run {
        print::out(&format!("{words}: would be written to {place}"));
    } else {
        file::write_whole(target, &merged.text)?;
        print::out(&format!("{words}: written to {place}"));
        print::out("a running fluxnoc takes it in with :reload");
    }
    Ok(ExitCode::SUCCESS)
}

/// The name and the text of what is imported.
fn source(path: &Path) -> anyhow::Result<(String, String)> {
    let (name, bytes) = if path.as_os_str() == "-" {
        ("stdin".to_owned(), limited(std::io::stdin().lock(), "stdin")?)
    } else {
        let whole = std::fs::canonicalize(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let name = whole.display().to_string();
        if SafeText::line(&name).as_str() != name {
            bail!("the file's name has control characters; give it another one");
        }
        // A pipe or a device may never end; a directory has no text.
        if !std::fs::metadata(&whole)?.is_file() {
            bail!("{name} is no file");
        }
        let bytes = limited(std::fs::File::open(&whole)?, &name)?;
        (name, bytes)
    };
    // Old files are Latin-1 now and then; a letter that is lost is not worth the rest.
    Ok((name, String::from_utf8_lossy(&bytes).into_owned()))
}

fn limited(from: impl std::io::Read, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(FILE_LIMIT + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > FILE_LIMIT {
        bail!("{name} is larger than {} MiB", FILE_LIMIT >> 20);
    }
    Ok(bytes)
}

/// The configuration that is written to: the one in force, else the user's own.
pub(super) fn target(global: &Global) -> PathBuf {
    match locate::find(global.config.as_deref()) {
        Source::File(path) => path,
        Source::BuiltIn => {
            locate::candidates().into_iter().nth(1).unwrap_or_else(|| PathBuf::from("config.toml"))
        }
    }
}

pub(super) fn parse(target: &Path, text: &str) -> Result<config::Config, config::Problems> {
    config::parse(&target.display().to_string(), text, &machine::this(), &Env::default())
}

/// What stands outside the block of this source, which is the operator's or another source's.
struct Taken {
    /// The titles of its hosts and jobs.
    titles: Vec<String>,
    /// Whether there is a `[promql]`.
    promql: bool,
}

fn taken(target: &Path, old: &str, origin: &block::Origin<'_>) -> anyhow::Result<Taken> {
    let rest = block::outside(old, origin).map_err(anyhow::Error::msg)?;
    let written: toml::Table = toml::from_str(&rest).unwrap_or_default();
    let jobs = written.get("scrape").and_then(toml::Value::as_array).into_iter().flatten();
    let jobs = jobs.filter_map(|job| job.get("name").and_then(toml::Value::as_str));
    let jobs = jobs.map(|name| block::title(true, name));
    match parse(target, &rest) {
        Ok(config) => {
            let hosts = config.hosts.iter().map(|host| host.name.to_string());
            let titles = hosts.chain(jobs).collect();
            Ok(Taken { titles, promql: written.contains_key("promql") })
        }
        Err(problems) => {
            print::lines_to_stderr(&problems.to_string());
            bail!("{} is wrong already; nothing was changed", target.display())
        }
    }
}

fn notes(name: &str, found: &Found) {
    for note in found.notes.iter().take(NOTES) {
        match note.line {
            0 => print::lines_to_stderr(&format!("{name}: {}", note.words)),
            line => print::lines_to_stderr(&format!("{name}:{line}: {}", note.words)),
        }
    }
    if found.notes.len() > NOTES {
        print::lines_to_stderr(&format!("{name}: {} more notes", found.notes.len() - NOTES));
    }
}
