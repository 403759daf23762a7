//! The heartbeat that lets another system notice that this one died.

use std::collections::BTreeMap;

use super::secret::Secret;
use super::time::Span;

/// Where a heartbeat is sent, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watchdog {
    /// Where to; of most services the URL is the secret.
    pub url: Secret,
    /// The time between two.
    pub interval: Span,
    /// The request's method.
    pub method: Method,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
}

/// The method of a heartbeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// HEAD.
    Head,
    /// POST, without a body.
    Post,
}

impl Method {
    /// All methods with their words in the configuration.
    pub const WORDS: [(&str, Self); 3] =
        [("GET", Self::Get), ("HEAD", Self::Head), ("POST", Self::Post)];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
        }
    }
}
