//! The Flux Notify service as a channel: incidents that are opened, told, updated and resolved.
//!
//! The service publishes no interface, so what is sent where is a mapping that can be configured;
//! the defaults are ours. Severities are those of SPEC D-02.

use std::collections::BTreeMap;

use super::secret::Secret;
use super::state::State;

/// What a channel of this kind is called when only `[flux_notify]` speaks of it.
pub const NAME: &str = "flux-notify";

/// How bad the service holds something to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The least.
    Low,
    /// WARNING.
    Medium,
    /// UNKNOWN.
    High,
    /// CRITICAL.
    Critical,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Its word in the configuration and on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
        }
    }

    /// That of a problem's state; `None` for OK, which is none.
    #[must_use]
    pub const fn of(state: State) -> Option<Self> {
        match state {
            State::Critical => Some(Self::Critical),
            State::Unknown => Some(Self::High),
            State::Warning => Some(Self::Medium),
            State::Ok => None,
        }
    }
}

/// Which severities open an incident; of the others the contact list is told without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Gate {
    /// CRITICAL and HIGH.
    #[default]
    Both,
    /// CRITICAL only.
    Critical,
    /// HIGH only.
    High,
}

impl Gate {
    /// All of them with their words; `CRITICAL,HIGH` is understood as `both`.
    pub const WORDS: [(&str, Self); 5] = [
        ("both", Self::Both),
        ("CRITICAL", Self::Critical),
        ("HIGH", Self::High),
        ("CRITICAL,HIGH", Self::Both),
        ("HIGH,CRITICAL", Self::Both),
    ];

    /// Its word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
        }
    }

    /// True when an incident is opened for it.
    #[must_use]
    pub fn opens(self, severity: Severity) -> bool {
        match self {
            Self::Both => matches!(severity, Severity::Critical | Severity::High),
            Self::Critical => severity == Severity::Critical,
            Self::High => severity == Severity::High,
        }
    }
}

/// One request to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Open an incident.
    Create,
    /// Tell the contact list, of an incident or without one.
    Notify,
    /// The incident has changed.
    Update,
    /// Somebody has it.
    Acknowledge,
    /// It is over.
    Resolve,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Create, Self::Notify, Self::Update, Self::Acknowledge, Self::Resolve];

    /// Its word: a key of `requests`, and the end of the idempotency key.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Notify => "notify",
            Self::Update => "update",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }

    /// Method and path that are sent to unless the configuration says otherwise; `{incident}` is
    /// the incident's id.
    #[must_use]
    pub const fn default_request(self) -> &'static str {
        match self {
            Self::Create => "POST /api/incidents",
            Self::Notify => "POST /api/notifications",
            Self::Update => "POST /api/incidents/{incident}/updates",
            Self::Acknowledge => "POST /api/incidents/{incident}/acknowledge",
            Self::Resolve => "POST /api/incidents/{incident}/resolve",
        }
    }
}

/// The fields of a body, as we call them.
pub const FIELDS: [&str; 16] = [
    "title",
    "message",
    "severity",
    "status",
    "contact_list",
    "incident_id",
    "external_id",
    "source",
    "host",
    "check",
    "state",
    "previous_state",
    "reason",
    "actor",
    "since",
    "at",
];

/// The service and the mapping to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FluxNotify {
    /// Where it is; the paths of [`Self::requests`] are put behind it.
    pub url: String,
    /// Its key.
    pub api_key: Option<Secret>,
    /// The header that carries the key; in `Authorization` it is a bearer's token.
    pub key_header: String,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
    /// What opens an incident.
    pub gate: Gate,
    /// The severity of what has no state of its own.
    pub default_severity: Severity,
    /// Its contact list for what names none of ours.
    pub contact_list: Option<String>,
    /// `METHOD /path` of each step that is not the default.
    pub requests: BTreeMap<Step, String>,
    /// By our name, what a field of the body is called there: dots make objects, nothing leaves
    /// it out.
    pub fields: BTreeMap<String, String>,
    /// Where the id of a new incident stands in the answer, as a JSON pointer.
    pub incident_id: String,
}

impl FluxNotify {
    /// The header that carries the key by default.
    pub const KEY_HEADER: &'static str = "Authorization";
    /// The place of the id by default.
    pub const INCIDENT_ID: &'static str = "/id";

    /// The service at a URL with the default mapping.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            api_key: None,
            key_header: Self::KEY_HEADER.to_owned(),
            headers: BTreeMap::new(),
            gate: Gate::default(),
            default_severity: Severity::High,
            contact_list: None,
            requests: BTreeMap::new(),
            fields: BTreeMap::new(),
            incident_id: Self::INCIDENT_ID.to_owned(),
        }
    }

    /// `METHOD /path` of a step.
    #[must_use]
    pub fn request(&self, step: Step) -> &str {
        self.requests.get(&step).map_or(step.default_request(), String::as_str)
    }
}

/// The incident that a service opened for an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its id there.
    pub id: String,
    /// The key of the notification that opened it.
    pub opened_by: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_02_one_scale_of_severities_and_the_gate_on_it() {
        assert!(Severity::Critical > Severity::High && Severity::Medium > Severity::Low);
        for (state, severity, both, critical, high) in [
            (State::Critical, Severity::Critical, true, true, false),
            (State::Unknown, Severity::High, true, false, true),
            (State::Warning, Severity::Medium, false, false, false),
        ] {
            assert_eq!(Severity::of(state), Some(severity));
            let opens = [Gate::Both, Gate::Critical, Gate::High].map(|gate| gate.opens(severity));
            assert_eq!(opens, [both, critical, high], "{state}");
        }
        assert_eq!(Severity::of(State::Ok), None);
        assert_eq!(Gate::default(), Gate::Both, "unset is both");
    }
}
