//! HTTP endpoints that are asked for figures: where they are, how to be let in, what is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::metric::Unit;
use super::secret::Secret;
use super::selector::Selector;
use super::spec::{Family, StatusList};

/// Where an endpoint is, and how to be let in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Endpoint {
    /// Absolute `http://` or `https://` URL; as for an `http` check, the monitored host's name in
    /// it is connected to at the host's address.
    pub url: String,
    /// Header fields.
    pub headers: BTreeMap<String, String>,
    /// Sent as `Authorization: Bearer ...`.
    pub token: Option<Secret>,
    /// Login name of `Authorization: Basic ...`.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// Bytes of body that are read at most, also after unpacking.
    pub max_body: u64,
    /// Redirects followed at most, 0 to 20.
    pub redirects: u8,
    /// Accept any certificate.
    pub insecure: bool,
    /// Address family.
    #[serde(default)]
    pub family: Family,
}

impl Endpoint {
    /// The defaults for a URL.
    #[must_use]
    pub fn get(url: &str, max_body: u64) -> Self {
        Self {
            url: url.to_owned(),
            headers: BTreeMap::new(),
            token: None,
            user: None,
            password: None,
            max_body,
            redirects: 5,
            insecure: false,
            family: Family::Auto,
        }
    }

    /// The secrets, to be masked or read.
    pub fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        [self.token.as_mut(), self.password.as_mut()].into_iter().flatten()
    }
}

/// How the answer of a `json` check is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JsonForm {
    /// A document with values at paths; a health document when its media type says so.
    #[default]
    Json,
    /// `application/health+json`: status, checks and their outputs make the state.
    Health,
    /// A Kubernetes-style probe: the status code makes the state, the body is only shown.
    Probe,
}

/// A value of a JSON document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JsonValue {
    /// The metric's name.
    pub name: String,
    /// `JSONPath` (RFC 9535), such as `$.pools[*].used`.
    pub path: String,
    /// Key beside the value whose text names the instance, where the path finds several.
    pub label: Option<String>,
    /// The texts of which it must be one; then it is no number.
    pub expect: Vec<String>,
    /// What it counts.
    pub unit: Unit,
}

/// Parameters of `json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JsonSpec {
    /// Where.
    pub endpoint: Endpoint,
    /// How the answer is read.
    pub form: JsonForm,
    /// Expected status codes.
    pub status: StatusList,
    /// What is read from it.
    pub values: Vec<JsonValue>,
}

impl JsonSpec {
    /// Bytes of body that are read by default.
    pub const MAX_BODY: u64 = 1 << 20;
}

/// The formats of an exposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Exposition {
    /// Prometheus text 0.0.4.
    Text,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

/// Scraped series that become a metric of the check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SeriesMetric {
    /// The metric's name.
    pub name: String,
    /// Which series; each is an instance.
    pub series: Selector,
    /// True: its growth per second instead of its value, a reset counted as a start from zero.
    pub rate: bool,
    /// What it counts.
    pub unit: Unit,
}

/// Parameters of `scrape`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ScrapeSpec {
    /// Where.
    pub endpoint: Endpoint,
    /// The format of an answer whose media type is missing or unknown; without it such an answer
    /// is an error (Prometheus: `fallback_scrape_protocol`).
    pub fallback: Option<Exposition>,
    /// Samples of one scrape at most; beyond it the whole scrape is an error.
    pub max_samples: u32,
    /// What is judged and kept in the check's history.
    pub metrics: Vec<SeriesMetric>,
}

impl ScrapeSpec {
    /// Bytes of body that are read by default.
    pub const MAX_BODY: u64 = 16 << 20;
    /// Samples by default.
    pub const MAX_SAMPLES: u32 = 50_000;

    /// The defaults for a URL.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self {
            endpoint: Endpoint::get(url, Self::MAX_BODY),
            fallback: None,
            max_samples: Self::MAX_SAMPLES,
            metrics: Vec::new(),
        }
    }
}
