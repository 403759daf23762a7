//! The settings besides hosts and checks, with their defaults.

use crate::model::flux_notify::{Gate, Severity};
use crate::model::{AckExpiry, FlapLimits, Secret, Shifts, Span, State};

pub use super::cluster::Cluster;
pub use super::exposure::{Health, Metrics};
pub use super::promql::Promql;
pub use super::server::Server;
pub use super::setting_table::{Form, SETTINGS, Setting};
pub use super::speed::Speed;
pub use super::times::zone_offset;
pub use crate::model::access::Access;

/// Everything that is set besides hosts and checks.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Settings {
    /// `[console]`.
    pub console: Console,
    /// `[store]`.
    pub store: Store,
    /// `[series]`.
    pub series: Series,
    /// `[promql]`.
    pub promql: Promql,
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
    /// `[server]`.
    pub server: Server,
    /// `[cluster]`.
    pub cluster: Cluster,
    /// `[speed]`.
    pub speed: Speed,
    /// `[access]`.
    pub access: Access,
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
    /// The `PostgreSQL` database to keep everything in; `None` is `SQLite` in the data directory.
    pub url: Option<Secret>,
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
            url: None,
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
