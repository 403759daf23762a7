//! What a probe saw: numbers, a text, and how it failed. No verdict.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::Name;
use super::metric::Metric;
use super::safe_text::SafeText;
use super::scrape::Scrape;
use super::state::State;
use super::trace::TraceReport;

/// How a check failed; the rules turn it into a state (SPEC D-27).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The service did not answer within the deadline.
    Timeout,
    /// The port is closed: the host answered with a reset or "port unreachable".
    Refused,
    /// No answer to any ping.
    Unreachable,
    /// The network says there is no way to the host.
    NoRoute,
    /// The name does not resolve.
    Resolve,
    /// The TLS handshake failed, or the certificate is not trusted.
    Tls,
    /// The peer broke its protocol, closed early or sent garbage.
    Protocol,
    /// The answer is not the expected one.
    Mismatch,
    /// The login was refused.
    Login,
    /// The answer is larger than the limit.
    TooLarge,
    /// The answer came and cannot be read: another format, broken, or above a limit of ours.
    Unreadable,
    /// This machine may not do what the check needs.
    Denied,
    /// The plugin is missing, not executable or refused as unsafe.
    Missing,
    /// The plugin broke its contract: exit code beyond 3, killed, ran past its deadline.
    Plugin,
    /// This machine ran short of something (descriptors, processes, memory, ports).
    Local,
    /// A parameter or secret cannot be used.
    Config,
    /// The probe itself failed.
    Internal,
    /// No result came in time.
    Stale,
}

impl FailureKind {
    /// True when the service was reached, or should have answered, and is bad: CRITICAL. False
    /// when the check could not be made: UNKNOWN. [`Self::Unreachable`] is the host's to decide.
    #[must_use]
    pub const fn blames_target(self) -> bool {
        matches!(
            self,
            Self::Timeout
                | Self::Refused
                | Self::Tls
                | Self::Protocol
                | Self::Mismatch
                | Self::Login
                | Self::TooLarge
        )
    }

    /// True when nothing came back from the host at all, not even a refusal.
    #[must_use]
    pub const fn is_silence(self) -> bool {
        matches!(self, Self::Timeout | Self::Unreachable | Self::NoRoute)
    }
}

/// A failure with its honest text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Failure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// What happened, with address and mend: `connection refused by 10.0.0.1:3306`.
    pub message: SafeText,
}

impl Failure {
    /// A failure; the message is sanitised.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl AsRef<str>) -> Self {
        Self { kind, message: SafeText::line(message.as_ref()) }
    }
}

/// What a device's own operators call its interfaces, by instance.
pub type Aliases = Arc<BTreeMap<Name, SafeText>>;

/// What one run of a probe saw.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Observation {
    /// How long the run took, in microseconds.
    pub duration_us: u64,
    /// One line for people, without a state word: `HTTP 200 in 31 ms, 5321 bytes`.
    pub output: SafeText,
    /// Further lines (a plugin's long text, one line per resolver, ...).
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub long: SafeText,
    /// The numbers, at most [`series_limit`](super::metric::series_limit) of the kind.
    pub metrics: Vec<Metric>,
    /// How it failed; `None` when it ran to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What a plugin's exit code says; `None` for the other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<State>,
    /// What a device's own operators call its interfaces, by instance, for `snmp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, SafeText>>)]
    pub aliases: Option<Aliases>,
    /// The hops, for `trace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Arc<TraceReport>>,
    /// The samples, for `scrape`, `fluxmq` and `fluxbase`; the engine takes them into its series and keeps them nowhere
    /// else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scrape: Option<Arc<Scrape>>,
}

impl Observation {
    /// A run that failed and measured nothing.
    #[must_use]
    pub fn failed(failure: Failure) -> Self {
        Self { output: failure.message.clone(), failure: Some(failure), ..Self::default() }
    }

    /// A run that went to its end.
    #[must_use]
    pub fn seen(output: impl AsRef<str>, metrics: Vec<Metric>) -> Self {
        Self { output: SafeText::line(output.as_ref()), metrics, ..Self::default() }
    }

    /// The value of a metric without instance.
    #[must_use]
    pub fn value(&self, metric: &str) -> Option<f64> {
        self.metrics.iter().find(|m| &*m.name == metric && m.instance.is_none()).map(|m| m.value)
    }
}

/// The innermost reason of an error of a library, which is the one that says something.
#[must_use]
pub fn root_cause<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> &'a (dyn std::error::Error + 'static) {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    inner
}
