//! A Fluxbase instance as a check sees it: where its surfaces are, and which of them is judged.

use serde::{Deserialize, Serialize};

use super::secret::Secret;
use super::spec::{Family, ScrapeSpec};

/// The job of the series that an instance's monitoring tells.
pub const MONITORING: &str = "fluxbase_monitoring";

/// The job of an instance's scraped series, as Fluxbase's own documents name it (SPEC FB-10, FB-21).
pub const JOB: &str = "fluxbase";

/// Which surface of an instance a check of kind `fluxbase` judges (SPEC FB-01).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum FluxbasePart {
    /// All of them together.
    #[default]
    All,
    /// The Prometheus exposition.
    Metrics,
    /// `/api/v1/monitoring/metrics`: the system's figures as JSON.
    System,
    /// `/api/v1/monitoring/health`: the services and their states.
    Health,
    /// `/health`, which asks for no login.
    Live,
}

impl FluxbasePart {
    /// The single surfaces, in the order in which they are shown.
    pub const EACH: [Self; 4] = [Self::Live, Self::Health, Self::System, Self::Metrics];

    /// The word in configuration, command line and wire; also the name of its check.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Metrics => "metrics",
            Self::System => "system",
            Self::Health => "health",
            Self::Live => "live",
        }
    }

    /// True when it brings series.
    #[must_use]
    pub const fn has_series(self) -> bool {
        matches!(self, Self::All | Self::Metrics | Self::System)
    }
}

/// Rules that come with an instance (SPEC D-11, D-14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FluxbasePack {
    /// Pages somebody: down, 5 % errors, P95 above 1 s, the pool at 90 %, 10 failed logins a second.
    Critical,
    /// Tells in time: 1 % errors, P95 above 500 ms, the pool at 80 %.
    Warning,
    /// The targets of the manual, missed for ten minutes.
    Slo,
    /// The expressions of the manual as they stand there.
    Literal,
}

impl FluxbasePack {
    /// The word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Slo => "slo",
            Self::Literal => "literal",
        }
    }
}

/// Parameters of `fluxbase`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FluxbaseSpec {
    /// Where the app server is, such as `http://app-1:8080`, without a path of that server.
    pub url: String,
    /// Where the exposition may be, in the order in which it is looked for; 1 to
    /// [`Self::PLACE_LIMIT`].
    pub metrics: Vec<String>,
    /// Which surface is judged.
    pub part: FluxbasePart,
    /// Sent as `X-Service-Key`: a service key, or the token of the service role.
    pub service_key: Option<Secret>,
    /// Sent as `Authorization: Bearer ...`.
    pub token: Option<Secret>,
    /// Its log, a file or a pipe on the machine of the console that shows it; absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The rules that come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<FluxbasePack>,
    /// Samples of one scrape at most; beyond it the whole scrape is an error.
    pub max_samples: u32,
    /// Accept any certificate.
    pub insecure: bool,
    /// Address family.
    #[serde(default)]
    pub family: Family,
}

impl FluxbaseSpec {
    /// Most places where the exposition is looked for.
    pub const PLACE_LIMIT: usize = 4;
    /// Bytes of one JSON answer that are read at most.
    pub const MAX_BODY: u64 = 256 * 1024;
    /// Requests of an address that an instance answers within a minute, under `/api/`.
    pub const RATE_LIMIT: u64 = 100;

    /// An instance at `url`, with the places where its exposition is by itself: the port of its
    /// metrics server, and the app server's own.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            metrics: Self::places(url),
            part: FluxbasePart::All,
            service_key: None,
            token: None,
            log: None,
            rules: Vec::new(),
            max_samples: ScrapeSpec::MAX_SAMPLES,
            insecure: false,
            family: Family::Auto,
        }
    }

    /// Where the exposition of an instance at `url` is looked for by default.
    #[must_use]
    pub fn places(url: &str) -> Vec<String> {
        // The metrics server speaks no TLS, whatever stands before the app server.
        let after = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = after.split('/').next().unwrap_or(after);
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
            _ => authority,
        };
        vec![format!("http://{host}:9090/metrics"), format!("{url}/metrics")]
    }

    /// The host and port of the app server: the instance as its series name it.
    #[must_use]
    pub fn instance(&self) -> String {
        let (scheme, after) = self.url.split_once("://").unwrap_or(("http", &self.url));
        let authority = after.split('/').next().unwrap_or(after);
        let has_port = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
        let port = if scheme == "https" { 443 } else { 80 };
        if has_port { authority.to_owned() } else { format!("{authority}:{port}") }
    }

    /// The secrets, to be masked or read.
    pub fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        [self.service_key.as_mut(), self.token.as_mut()].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fb_10_the_exposition_is_looked_for_at_its_own_port_first_and_then_at_the_apps() {
        for (url, first, second) in [
            ("http://app:8080", "http://app:9090/metrics", "http://app:8080/metrics"),
            ("https://fb.example", "http://fb.example:9090/metrics", "https://fb.example/metrics"),
            ("http://[::1]:8080", "http://[::1]:9090/metrics", "http://[::1]:8080/metrics"),
            ("http://[::1]", "http://[::1]:9090/metrics", "http://[::1]/metrics"),
            ("http://a/base", "http://a:9090/metrics", "http://a/base/metrics"),
        ] {
            assert_eq!(FluxbaseSpec::places(url), [first, second], "{url}");
        }
    }

    #[test]
    fn an_instance_is_a_host_and_a_port() {
        for (url, instance) in [
            ("http://app:8080", "app:8080"),
            ("https://fb.example", "fb.example:443"),
            ("http://[::1]", "[::1]:80"),
            ("http://a/base", "a:80"),
        ] {
            assert_eq!(FluxbaseSpec::at(url).instance(), instance);
        }
    }
}
