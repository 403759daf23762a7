//! The settings besides hosts and checks, with their defaults: one table for file, environment,
//! flags and `config show`.

use crate::model::flux_notify::{Gate, Severity};
use crate::model::{AckExpiry, FlapLimits, Secret, Shifts, Span, State};

use super::exposure::{Health, Metrics};
use super::flux_notify::{gate, severity};
use super::kinds::valid_url;
pub use super::times::zone_offset;
use super::times::{expiry, quiet, show_expiry, show_quiet, warning};
use super::value::{INTERVAL, TIMEOUT, bounded_span, show_size, size};

/// Everything that is set besides hosts and checks.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Settings {
    /// `[console]`.
    pub console: Console,
    /// `[store]`.
    pub store: Store,
    /// `[series]`.
    pub series: Series,
    /// `[defaults]`.
    pub defaults: Defaults,
    /// `[alerting]`.
    pub alerting: Alerting,
    /// `[flux_notify]`.
    pub flux_notify: FluxNotify,
    /// `[wall]`.
    pub wall: Wall,
    /// `[bell]`.
    pub bell: Bell,
    /// `[metrics]`.
    pub metrics: Metrics,
    /// `[health]`.
    pub health: Health,
}

/// The words of `color`.
pub const COLORS: [&str; 5] = ["auto", "never", "16", "256", "true"];
/// The words of `glyphs`.
pub const GLYPHS: [&str; 4] = ["auto", "braille", "block", "ascii"];
/// The presets of `keys`.
pub const PRESETS: [&str; 3] = ["default", "vim", "k9s"];

/// `[console]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Console {
    /// Who sits here, as history shows it; the login name without it.
    pub operator: Option<String>,
    /// Name of the theme.
    pub theme: String,
    /// How many colours; `auto` asks the terminal.
    pub color: String,
    /// What is drawn with; `auto` asks the terminal.
    pub glyphs: String,
    /// Name of the preset of keys.
    pub keys: String,
    /// The zone of times on screen: `local`, `utc` or an offset.
    pub zone: String,
    /// When shifts begin, in that zone.
    pub shifts: Shifts,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            operator: None,
            theme: "default".to_owned(),
            color: COLORS[0].to_owned(),
            glyphs: GLYPHS[0].to_owned(),
            keys: PRESETS[0].to_owned(),
            zone: "local".to_owned(),
            shifts: Shifts::default(),
        }
    }
}

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Size in bytes above which the oldest results are dropped first.
    pub max_size: u64,
    /// How long every result is kept.
    pub raw: Span,
    /// How long daily summaries, alerts and audit are kept.
    pub daily: Span,
}

impl Default for Store {
    fn default() -> Self {
        let day = 86_400;
        Self {
            max_size: 4 << 30,
            raw: Span::from_secs(15 * day),
            daily: Span::from_secs(400 * day),
        }
    }
}

/// `[series]`: what is kept of scraped series, in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Age of the oldest sample.
    pub max_age: Span,
    /// Samples of all series together.
    pub max_samples: u64,
    /// Series of all targets together.
    pub max_series: u64,
}

impl Default for Series {
    fn default() -> Self {
        Self { max_age: Span::from_secs(6 * 3600), max_samples: 50_000_000, max_series: 500_000 }
    }
}

/// `[defaults]`: what a check has that says nothing (SPEC D-25).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// Time between two runs.
    pub interval: Span,
    /// Total deadline of a run; bounded by the check's interval.
    pub timeout: Span,
    /// Problems in a row that make a problem hard.
    pub attempts: u32,
    /// Time between runs while a problem is soft; bounded by the check's interval.
    pub retry: Span,
    /// What "no answer to ping" means (SPEC D-27).
    pub unreachable: State,
    /// Whether a check is held to flap, as `[alerting]` says.
    pub flapping: bool,
    /// When it does, as `[alerting]` says.
    pub flap_limits: FlapLimits,
    /// The contact lists that there are.
    pub contact_lists: Vec<crate::model::Name>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            interval: Span::from_secs(60),
            timeout: Span::from_secs(10),
            attempts: 3,
            retry: Span::from_secs(15),
            unreachable: State::Unknown,
            flapping: true,
            flap_limits: FlapLimits::default(),
            contact_lists: Vec::new(),
        }
    }
}

impl Defaults {
    /// The deadline of a check with this interval that writes none.
    #[must_use]
    pub fn timeout_for(&self, interval: Span) -> Span {
        self.timeout.min(interval)
    }

    /// The retry time of a check with this interval that writes none.
    #[must_use]
    pub fn retry_for(&self, interval: Span) -> Span {
        self.retry.min(interval)
    }
}

/// `[alerting]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alerting {
    /// When an acknowledgement ends by itself, unless it says otherwise.
    pub ack_expiry: AckExpiry,
    /// How long before that the console says so; `None` is not at all.
    pub ack_warning: Option<Span>,
    /// Whether checks are held to flap.
    pub flapping: bool,
    /// The share of change, in per cent, above which flapping begins.
    pub flapping_start: u8,
    /// The share at which it stops.
    pub flapping_stop: u8,
    /// The contact list of what names none.
    pub contact_list: Option<String>,
}

impl Default for Alerting {
    fn default() -> Self {
        let FlapLimits { start, stop } = FlapLimits::default();
        Self {
            ack_expiry: AckExpiry::default(),
            ack_warning: Some(Span::from_secs(15 * 60)),
            flapping: true,
            flapping_start: start,
            flapping_stop: stop,
            contact_list: None,
        }
    }
}

/// `[flux_notify]`: the service that incidents are opened at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FluxNotify {
    /// Where it is; `None` is no such service.
    pub url: Option<String>,
    /// Its key.
    pub api_key: Option<Secret>,
    /// What opens an incident.
    pub incident_severity: Gate,
    /// The severity of what has no state of its own.
    pub default_severity: Severity,
    /// The contact list of what names none, there and, where `[alerting]` names none, here.
    pub contact_list: Option<String>,
}

impl Default for FluxNotify {
    fn default() -> Self {
        let (incident_severity, default_severity) = (Gate::default(), Severity::High);
        Self { url: None, api_key: None, incident_severity, default_severity, contact_list: None }
    }
}

/// What the wall can show, in the words of `views`.
pub const WALL_VIEWS: [&str; 7] =
    ["board", "overview", "alerts", "hosts", "checks", "paths", "maintenance"];

/// `[wall]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    /// How long each view stands.
    pub rotate: Span,
    /// The views in their order.
    pub views: Vec<String>,
}

impl Default for Wall {
    fn default() -> Self {
        let views = ["board", "overview"].map(str::to_owned).to_vec();
        Self { rotate: Span::from_secs(20), views }
    }
}

/// The words of a severity in `[bell]`.
pub const CALLS: [&str; 4] = ["off", "bell", "visual", "message"];

/// `[bell]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bell {
    /// How a new CRITICAL calls.
    pub critical: String,
    /// How a new WARNING calls.
    pub warning: String,
    /// How a new UNKNOWN calls.
    pub unknown: String,
    /// How an acknowledgement calls that is about to end.
    pub ack: String,
    /// From and to which minute of the day nothing sounds.
    pub quiet: Option<(u16, u16)>,
}

impl Default for Bell {
    fn default() -> Self {
        let [off, bell, visual, _] = CALLS.map(str::to_owned);
        Self { critical: bell, warning: off.clone(), unknown: off, ack: visual, quiet: None }
    }
}

/// How a setting is written in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In quotes.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// A list of texts; with commas between where there is only one.
    List,
    /// A reference to a secret; outside the file the secret itself, which is never shown.
    Secret,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The table it stands in.
    pub section: &'static str,
    /// Its key there.
    pub key: &'static str,
    /// How it is written.
    pub form: Form,
    /// Takes a written value.
    pub set: fn(&mut Settings, &str) -> Result<(), String>,
    /// Its value as it would be written; `None` when there is none.
    pub show: fn(&Settings) -> Option<String>,
}

impl Setting {
    /// The variable that sets it: `FLUXNOC_STORE__MAX_SIZE`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("FLUXNOC_{}__{}", self.section, self.key).to_ascii_uppercase()
    }
}

const DAY: Span = Span::from_secs(86_400);
const CENTURY: Span = Span::from_secs(36_500 * 86_400);

fn name(text: &str) -> Result<String, String> {
    crate::model::id::valid_name(text).map_err(|why| format!("{text:?}: {why}"))?;
    Ok(text.to_owned())
}

fn one_of(text: &str, words: &[&str]) -> Result<String, String> {
    if words.contains(&text) {
        Ok(text.to_owned())
    } else {
        let cut: String = text.chars().take(40).collect();
        Err(format!("`{cut}` is unknown{}", super::problem::allowed(text, words)))
    }
}

fn store_size(text: &str) -> Result<u64, String> {
    let bytes = size(text)?;
    let bounds = (16 << 20)..=(1 << 50);
    if bounds.contains(&bytes) {
        Ok(bytes)
    } else {
        Err(format!("{text} is not within 16MiB to 1024TiB"))
    }
}

fn unreachable(text: &str) -> Result<State, String> {
    let words = super::hosts::UNREACHABLE;
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, state)| *state);
    found.ok_or_else(|| {
        let names = words.map(|(word, _)| word);
        format!("`{text}` is unknown{}", super::problem::allowed(text, &names))
    })
}

/// Most views on a wall.
const WALL_LIMIT: usize = 20;

fn wall_views(text: &str) -> Result<Vec<String>, String> {
    let words: Vec<&str> = text.split(',').map(str::trim).collect();
    if words.len() > WALL_LIMIT {
        return Err(format!("more than {WALL_LIMIT} views"));
    }
    words.into_iter().map(|word| one_of(word, &WALL_VIEWS)).collect()
}

fn number(text: &str) -> Result<u32, String> {
    let found = text.parse().ok().filter(|n| (1..=100).contains(n));
    found.ok_or_else(|| format!("{text} is not within 1 to 100"))
}

fn switch(text: &str) -> Result<bool, String> {
    let cut: String = text.chars().take(40).collect();
    text.parse().map_err(|_| format!("`{cut}` is neither true nor false"))
}

fn percent(text: &str) -> Result<u8, String> {
    let found = text.parse().ok().filter(|n| (1..=99).contains(n));
    found.ok_or_else(|| format!("{text} is not within 1 to 99"))
}

fn amount(text: &str, most: u64) -> Result<u64, String> {
    let found = text.parse().ok().filter(|n| (1000..=most).contains(n));
    found.ok_or_else(|| format!("{text} is not within 1000 to {most}"))
}

macro_rules! setting {
    ($section:ident . $key:ident, $form:ident, $parse:expr, $show:expr) => {
        Setting {
            section: stringify!($section),
            key: stringify!($key),
            form: Form::$form,
            set: |settings, text| {
                settings.$section.$key = ($parse)(text)?;
                Ok(())
            },
            show: |settings| ($show)(&settings.$section.$key),
        }
    };
}

/// All settings, in the order of the example.
pub const SETTINGS: [Setting; 39] = [
    setting!(console.operator, Text, |text| name(text).map(Some), Option::clone),
    setting!(console.theme, Text, name, |theme: &String| Some(theme.clone())),
    setting!(console.color, Text, |t| one_of(t, &COLORS), |t: &String| Some(t.clone())),
    setting!(console.glyphs, Text, |t| one_of(t, &GLYPHS), |t: &String| Some(t.clone())),
    setting!(console.keys, Text, |t| one_of(t, &PRESETS), |t: &String| Some(t.clone())),
    setting!(console.zone, Text, |t| zone_offset(t).map(|_| t.to_owned()), |t: &String| Some(
        t.clone()
    )),
    setting!(console.shifts, List, Shifts::parse, |all: &Shifts| {
        (!all.is_empty()).then(|| all.text())
    }),
    setting!(store.max_size, Text, store_size, |bytes: &u64| Some(show_size(*bytes))),
    setting!(store.raw, Text, |t| bounded_span(t, DAY..=CENTURY), |s: &Span| Some(s.to_string())),
    setting!(store.daily, Text, |t| bounded_span(t, DAY..=CENTURY), |s: &Span| Some(s.to_string())),
    setting!(
        series.max_age,
        Text,
        |t| bounded_span(t, Span::from_secs(600)..=Span::from_secs(7 * 86_400)),
        |s: &Span| Some(s.to_string())
    ),
    setting!(series.max_samples, Number, |t| amount(t, 10_000_000_000), |n: &u64| Some(
        n.to_string()
    )),
    setting!(series.max_series, Number, |t| amount(t, 10_000_000), |n: &u64| Some(n.to_string())),
    setting!(defaults.interval, Text, |t| bounded_span(t, INTERVAL), |s: &Span| Some(
        s.to_string()
    )),
    setting!(defaults.timeout, Text, |t| bounded_span(t, TIMEOUT), |s: &Span| Some(s.to_string())),
    setting!(defaults.attempts, Number, number, |n: &u32| Some(n.to_string())),
    setting!(defaults.retry, Text, |t| bounded_span(t, INTERVAL), |s: &Span| Some(s.to_string())),
    setting!(defaults.unreachable, Text, unreachable, |state: &State| Some(
        state.word().to_ascii_lowercase()
    )),
    setting!(alerting.ack_expiry, Text, expiry, |end: &AckExpiry| Some(show_expiry(*end))),
    setting!(alerting.ack_warning, Text, warning, |span: &Option<Span>| Some(
        span.map_or("never".to_owned(), |span| span.to_string())
    )),
    setting!(alerting.flapping, Switch, switch, |on: &bool| Some(on.to_string())),
    setting!(alerting.flapping_start, Number, percent, |n: &u8| Some(n.to_string())),
    setting!(alerting.flapping_stop, Number, percent, |n: &u8| Some(n.to_string())),
    setting!(alerting.contact_list, Text, |text| name(text).map(Some), Option::clone),
    setting!(flux_notify.url, Text, |t| valid_url(t).map(|()| Some(t.to_owned())), Option::clone),
    setting!(
        flux_notify.api_key,
        Secret,
        |t: &str| Ok::<_, String>(Some(Secret::Inline(t.to_owned()))),
        |key: &Option<Secret>| key.as_ref().map(super::show::secret)
    ),
    setting!(flux_notify.incident_severity, Text, gate, |g: &Gate| Some(g.word().to_owned())),
    setting!(flux_notify.default_severity, Text, severity, |s: &Severity| Some(
        s.word().to_owned()
    )),
    setting!(flux_notify.contact_list, Text, |text| name(text).map(Some), Option::clone),
    setting!(
        wall.rotate,
        Text,
        |t| bounded_span(t, Span::from_secs(5)..=Span::from_secs(3600)),
        |s: &Span| Some(s.to_string())
    ),
    setting!(wall.views, List, wall_views, |views: &Vec<String>| Some(views.join(","))),
    setting!(bell.critical, Text, |t| one_of(t, &CALLS), |t: &String| Some(t.clone())),
    setting!(bell.warning, Text, |t| one_of(t, &CALLS), |t: &String| Some(t.clone())),
    setting!(bell.unknown, Text, |t| one_of(t, &CALLS), |t: &String| Some(t.clone())),
    setting!(bell.ack, Text, |t| one_of(t, &CALLS), |t: &String| Some(t.clone())),
    setting!(bell.quiet, Text, quiet, |q: &Option<(u16, u16)>| Some(show_quiet(*q))),
    setting!(metrics.require_auth, Switch, switch, |on: &bool| Some(on.to_string())),
    setting!(metrics.compat, Switch, switch, |on: &bool| Some(on.to_string())),
    setting!(health.require_auth, Switch, switch, |on: &bool| Some(on.to_string())),
];
