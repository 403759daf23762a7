//! The file: read with a limit, parsed once with recovery, handed on table by table.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use toml::de::DeTable;

use super::hosts::Machine;
use super::layers::{Env, Layers};
use super::problem::{Problem, Problems, Sink};
use super::reader::Reader;
use super::{Config, console, inventory, keys, rule_files, rules, targets};
use crate::model::spec::{JsonSpec, ScrapeSpec};
use crate::model::{Check, Secret, Spec};

/// Largest file, in bytes.
pub const FILE_LIMIT: u64 = 16 << 20;

/// Reads a file's text.
pub(super) fn read(path: &Path) -> Result<String, Problems> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| {
        let mend = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "; name another file with --config, or write one: \
                                             see config.toml.example"
            }
            std::io::ErrorKind::PermissionDenied => "; make it readable for this user",
            _ => "",
        };
        Problems::one(&name, format!("cannot read it: {error}{mend}"))
    };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(Problems::one(&name, "it is a directory, not a file"));
    }
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Problems::one(&name, format!("it is larger than {} MiB", FILE_LIMIT >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..at).unwrap_or_default();
        let good = String::from_utf8_lossy(before);
        let place = super::problem::Text::new(&name, &good).place(at);
        let message = "this byte is no UTF-8; save the file as UTF-8".to_owned();
        Problems { list: vec![Problem { source: name.clone(), place, message }], omitted: 0 }
    })
}

/// True when a password is written in the check itself.
pub(super) fn is_inline(check: &Check) -> bool {
    match &*check.spec {
        Spec::Mysql(spec) => matches!(spec.password, Some(Secret::Inline(_))),
        Spec::Snmp(spec) => spec.has_inline_secret(),
        Spec::Json(JsonSpec { endpoint, .. }) | Spec::Scrape(ScrapeSpec { endpoint, .. }) => {
            let secrets = [&endpoint.token, &endpoint.password];
            secrets.iter().any(|secret| matches!(secret, Some(Secret::Inline(_))))
        }
        Spec::Fluxbase(spec) => {
            let secrets = [&spec.service_key, &spec.token];
            secrets.iter().any(|secret| matches!(secret, Some(Secret::Inline(_))))
        }
        _ => false,
    }
}

/// The warning about a file with passwords in it that others can read.
pub(super) fn exposed(path: &Path, config: &Config) -> Option<Problem> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0 && config.checks.iter().any(is_inline)).then(|| {
        let name = path.display().to_string();
        let message = format!(
            "a password is in it and others may read it (mode {mode:04o}): chmod 600 {name}"
        );
        Problem::of(&name, message)
    })
}

/// Reads a text as a configuration; `name` is what messages call it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(name: &str, text: &str, machine: &Machine, env: &Env) -> Result<Config, Problems> {
    parse_in(name, text, machine, env, Path::new(""))
}

/// The same; the files of rules that it names are found from `base`.
pub(super) fn parse_in(
    name: &str,
    text: &str,
    machine: &Machine,
    env: &Env,
    base: &Path,
) -> Result<Config, Problems> {
    let sink = Sink::new(name, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut errors: Vec<(usize, String)> = errors
        .iter()
        .map(|error| {
            let span = error.span().unwrap_or_default();
            (span.start, plain(error.message(), text.get(span).unwrap_or_default()))
        })
        .collect();
    errors.sort();
    for (at, message) in errors {
        sink.syntax(at, &message);
    }
    let top = Reader::new(&sink, document.get_ref(), 0..0, "the file");
    top.refuse_unknown(keys::TOP);
    let mut layers = Layers::default();
    layers.file(&top);
    layers.env(env, super::channels::has_flux_notify(&top), &sink);
    layers.check(&sink);
    let mut routes = super::channels::read(&top, &layers.settings);
    routes.watchdog = super::watchdog::read(&top);
    layers.settings.defaults.contact_lists = super::channels::names(&routes);
    let (mut hosts, mut checks) = inventory::read(&top, &layers.settings.defaults, machine);
    let jobs = targets::read(&top, &layers.settings.defaults);
    let jobs = targets::expand_listed(jobs, &mut hosts, &mut checks, &sink);
    super::fluxbase::read(&top, &layers.settings.defaults, &mut hosts, &mut checks);
    let watched = super::fluxmq::read(&top, &layers.settings.defaults, &mut hosts, &mut checks);
    let lists = &layers.settings.defaults.contact_lists;
    let mut rule_groups = super::promql::read(&top, &layers.settings.promql, lists, base);
    rule_groups.extend(super::fluxbase::groups(&hosts, &checks));
    let (written, rule_files) = rule_files::read(&top, base);
    let known = rules::Known {
        hosts: &hosts,
        checks: &checks,
        jobs: &jobs,
        lists: &layers.settings.defaults.contact_lists,
        rules: &watched,
    };
    let written = rules::settle(written, &known, &sink);
    let rules = [watched, written].concat();
    let written = console::read(&top);
    let contexts = super::contexts::read(&top);
    let targets = super::speed_targets::read(&top);
    let traffic_caps = super::traffic_caps::read(&top);
    let lists = &layers.settings.defaults.contact_lists;
    let known = super::schedules::Known { lists, targets: &targets };
    let schedules = super::schedules::read(&top, &known);
    let slas = super::slas::read(&top);
    let remote_write = super::remote_write::read(&top);
    let Layers { settings, origins } = layers;
    let warnings = sink.finish()?;
    Ok(Config {
        settings,
        hosts,
        checks,
        jobs,
        routes,
        rules,
        rule_groups,
        rule_files,
        rules_dir: None,
        invented: false,
        keys: written,
        contexts,
        targets,
        traffic_caps,
        schedules,
        slas,
        remote_write,
        source: None,
        warnings,
        origins,
    })
}

/// The parser's words with the place's text or a hint for the most frequent mistake.
fn plain(message: &str, at: &str) -> String {
    let message = message.lines().collect::<Vec<_>>().join(" ");
    let words = message.split(", expected ").next().unwrap_or_default();
    let unquoted = ["string values must be quoted", "invalid float", "invalid integer"];
    if unquoted.iter().any(|known| words.starts_with(known)) || words.contains("datetime") {
        return format!("{words}; texts, durations and addresses stand in quotes: \"30s\"");
    }
    if words == "duplicate key" {
        let key: String = at.chars().take(64).collect();
        return format!("duplicate key `{key}`; write it once");
    }
    message
}
