//! Where a setting comes from: defaults, then the file, then `FLUXNOC_*`, then flags.

use std::collections::BTreeMap;
use std::fmt;

use toml::de::DeValue;

use super::problem::{Problem, Sink, allowed};
use super::reader::Reader;
use super::settings::{Form, SETTINGS, Setting, Settings};
use super::{database, keys, kinds};
use crate::model::FlapLimits;

/// Where a value was said.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nowhere.
    #[default]
    Default,
    /// In the file: `config.toml:3`.
    File(String),
    /// In a variable of the environment.
    Variable(String),
    /// On the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(text) | Self::Flag(text) => f.write_str(text),
            Self::Variable(name) => write!(f, "environment {name}"),
        }
    }
}

/// What was said outside the file.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// The environment's variables; those that neither begin with `FLUXNOC_` nor are among
    /// the established ones of the suite are ignored.
    pub variables: BTreeMap<String, String>,
    /// Flags: what they are called, `section.key`, and the value.
    pub flags: Vec<(String, String, String)>,
}

impl Env {
    /// The variables of this process; what is not UTF-8 is left out.
    #[must_use]
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let established = |name: &str| ESTABLISHED.iter().any(|(known, _)| *known == name);
        let ours = |(name, _): &(String, String)| name.starts_with("FLUXNOC_") || established(name);
        let variables = std::env::vars_os().filter_map(text).filter(ours).collect();
        Self { variables, flags: Vec::new() }
    }

    /// The same with a flag that was given.
    #[must_use]
    pub fn with_flag(mut self, flag: &str, setting: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.flags.push((flag.to_owned(), setting.to_owned(), value.to_owned()));
        }
        self
    }
}

/// Short names for variables that mirror a flag.
const ALIASES: [(&str, &str); 5] = [
    ("FLUXNOC_DATABASE", "store.url"),
    ("FLUXNOC_AS", "console.operator"),
    ("FLUXNOC_THEME", "console.theme"),
    ("FLUXNOC_COLOR", "console.color"),
    ("FLUXNOC_GLYPHS", "console.glyphs"),
];

/// Names that installations of the suite use already; ours win over them. The general ones count
/// only where the service is spoken of: another program may mean something else by them.
pub const ESTABLISHED: [(&str, &str); 5] = [
    ("FLUX_NOTIFY_URL", "flux_notify.url"),
    ("FLUX_NOTIFY_API_KEY", "flux_notify.api_key"),
    ("AUTO_INCIDENT_SEVERITY", "flux_notify.incident_severity"),
    ("DEFAULT_SEVERITY", "flux_notify.default_severity"),
    ("DEFAULT_CONTACT_LIST", "flux_notify.contact_list"),
];

/// Settings being put together.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub settings: Settings,
    pub origins: BTreeMap<String, Origin>,
}

impl Layers {
    /// Takes the sections of the file.
    pub fn file(&mut self, top: &Reader<'_>) {
        let sections = [
            ("console", keys::CONSOLE),
            ("store", keys::STORE),
            ("series", keys::SERIES),
            ("promql", keys::PROMQL),
            ("defaults", keys::DEFAULTS),
            ("alerting", keys::ALERTING),
            ("flux_notify", keys::FLUX_NOTIFY),
            ("wall", keys::WALL),
            ("bell", keys::BELL),
            ("server", keys::SERVER),
            ("cluster", keys::CLUSTER),
            ("speed", keys::SPEED),
            ("access", keys::ACCESS),
            ("metrics", keys::METRICS),
            ("health", keys::HEALTH),
        ];
        for (section, known) in sections {
            let Some(mut table) = top.table(section) else { continue };
            table.what = format!("[{section}]");
            table.refuse_unknown(known);
            for setting in SETTINGS.iter().filter(|setting| setting.section == section) {
                self.take_from(&table, setting);
            }
        }
    }

    fn take_from(&mut self, table: &Reader<'_>, setting: &Setting) {
        let Some(value) = table.get(setting.key) else { return };
        if setting.form == Form::Secret {
            // Kept as the references that they are.
            let (secret, kept) = match setting.section {
                "store" => (database::written(table, setting.key), &mut self.settings.store.url),
                _ => (kinds::secret(table, setting.key), &mut self.settings.flux_notify.api_key),
            };
            if let Some(secret) = secret {
                *kept = Some(secret);
                let origin = Origin::File(table.sink.text.origin(table.place(setting.key).start));
                self.origins.insert(id(setting), origin);
            }
            return;
        }
        let text = match (value.get_ref(), setting.form) {
            (DeValue::String(_), Form::Text) => table.text(setting.key).map(str::to_owned),
            (DeValue::Integer(number), Form::Number) if number.radix() == 10 => {
                Some(number.as_str().to_owned())
            }
            (DeValue::Boolean(on), Form::Switch) => Some(on.to_string()),
            (_, Form::List) => table
                .texts(setting.key)
                .map(|texts| texts.into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(",")),
            (_, Form::Text | Form::Secret) => {
                table.type_error(setting.key, value, "a text in quotes");
                None
            }
            (_, Form::Switch) => {
                table.type_error(setting.key, value, "true or false");
                None
            }
            (_, Form::Number) => {
                table.type_error(setting.key, value, "a whole number");
                None
            }
        };
        let Some(text) = text else { return };
        let place = table.place(setting.key);
        if let Err(why) = (setting.set)(&mut self.settings, &text) {
            table.wrong(setting.key, why);
            return;
        }
        let origin = Origin::File(table.sink.text.origin(place.start));
        self.origins.insert(id(setting), origin);
    }

    /// Takes the environment and the flags; `written` says that the file has a channel to a Flux
    /// Notify service.
    pub fn env(&mut self, env: &Env, written: bool, sink: &Sink<'_>) {
        let spoken = self.settings.flux_notify.url.is_some()
            || written
            || ["FLUX_NOTIFY_URL", "FLUXNOC_FLUX_NOTIFY__URL"]
                .iter()
                .any(|name| env.variables.get(*name).is_some_and(|value| !value.is_empty()));
        for (variable, wanted) in ESTABLISHED {
            let setting = SETTINGS.iter().find(|setting| id(setting) == wanted);
            let value = env.variables.get(variable).filter(|value| spoken && !value.is_empty());
            if let (Some(setting), Some(value)) = (setting, value) {
                self.take(setting, value, "environment", variable, sink, |name| {
                    Origin::Variable(name.to_owned())
                });
            }
        }
        for (variable, value) in &env.variables {
            let alias = ALIASES.iter().find(|(name, _)| name == variable).map(|(_, id)| *id);
            let setting = SETTINGS.iter().find(|setting| {
                alias.map_or(setting.variable() == *variable, |a| id(setting) == a)
            });
            match setting {
                Some(setting) if !value.is_empty() => {
                    self.take(setting, value, "environment", variable, sink, |name| {
                        Origin::Variable(name.to_owned())
                    });
                }
                None if variable.contains("__") => {
                    let names: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let why = format!("unknown setting `{variable}`{}", allowed(variable, &names));
                    sink.push(Problem::of("environment", why));
                }
                // An empty variable is one that is not set.
                Some(_) | None => {}
            }
        }
        for (flag, wanted, value) in &env.flags {
            if let Some(setting) = SETTINGS.iter().find(|setting| id(setting) == *wanted) {
                self.take(setting, value, "command line", flag, sink, |name| {
                    Origin::Flag(name.to_owned())
                });
            }
        }
    }

    fn take(
        &mut self,
        setting: &Setting,
        value: &str,
        source: &str,
        name: &str,
        sink: &Sink<'_>,
        origin: fn(&str) -> Origin,
    ) {
        match (setting.set)(&mut self.settings, value) {
            Ok(()) => {
                self.origins.insert(id(setting), origin(name));
            }
            Err(why) => sink.push(Problem::of(source, format!("{name}: {why}"))),
        }
    }

    /// Refuses what only shows when all layers are known, and tells the checks' defaults of it.
    pub fn check(&mut self, sink: &Sink<'_>) {
        if self.settings.store.daily < self.settings.store.raw {
            let why = "[store] daily is shorter than raw; summaries must outlive results";
            sink.push(Problem::of(&sink.text.name, why));
        }
        let alerting = &self.settings.alerting;
        let (start, stop) = (alerting.flapping_start, alerting.flapping_stop);
        if stop > start {
            let why =
                format!("[alerting] flapping_stop of {stop} is above flapping_start of {start}");
            sink.push(Problem::of(&sink.text.name, why));
        }
        let api = self.settings.server.address();
        let checks = [self.settings.server.check(), self.settings.speed.check(api)];
        for why in checks.into_iter().filter_map(Result::err) {
            sink.push(Problem::of(&sink.text.name, why));
        }
        self.settings.defaults.flapping = alerting.flapping;
        self.settings.defaults.flap_limits = FlapLimits { start, stop };
    }
}

/// `section.key`.
pub(super) fn id(setting: &Setting) -> String {
    format!("{}.{}", setting.section, setting.key)
}
