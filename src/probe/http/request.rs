//! What is sent: the configured request, checked before anything is connected.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONNECTION, CONTENT_TYPE, HOST, HeaderMap,
    HeaderName, HeaderValue, USER_AGENT,
};
use hyper::{Method, Request, StatusCode};
use regex::bytes::{Regex, RegexBuilder};

use super::target::Target;
use crate::model::spec::HttpSpec;
use crate::model::{Failure, FailureKind};

/// Most memory of a compiled expression, in bytes.
const REGEX_LIMIT: usize = 4 * 1024 * 1024;

/// Headers that belong to the connection and not to the configuration.
const OWN_HEADERS: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The request, without its target.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    method: Method,
    headers: HeaderMap,
    body: Bytes,
}

impl Plan {
    /// Checks the configured request.
    ///
    /// # Errors
    /// [`FailureKind::Config`] that names the parameter, never a header's value.
    pub fn new(spec: &HttpSpec) -> Result<Self, Failure> {
        let bad = |why: String| Failure::new(FailureKind::Config, why);
        let method = Method::from_bytes(spec.method.as_bytes())
            .ok()
            .filter(|method| *method != Method::CONNECT)
            .ok_or_else(|| bad(format!("method `{}` cannot be used", spec.method)))?;
        let mut headers = HeaderMap::new();
        let agent = concat!("fluxnoc/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in &spec.headers {
            let key = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| bad(format!("`{name}` is not a name of a header")))?;
            if OWN_HEADERS.contains(&key.as_str()) {
                return Err(bad(format!("header {name} is set by the check itself; leave it out")));
            }
            let value = HeaderValue::from_bytes(value.as_bytes())
                .map_err(|_| bad(format!("the value of header {name} has a control character")))?;
            headers.insert(key, value);
        }
        let body = spec.body.clone().map(Bytes::from).unwrap_or_default();
        Ok(Self { method, headers, body })
    }

    /// What becomes of the request when `status` sends it from `from` to `to`.
    pub fn redirected(&mut self, status: StatusCode, from: &Target, to: &Target) {
        let becomes_get = match status {
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body = Bytes::new();
            self.headers.remove(CONTENT_TYPE);
        }
        if !to.same_site(from) {
            // Any header may hold a key; a stranger gets only those that cannot.
            let mut kept = HeaderMap::new();
            for name in [USER_AGENT, ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_TYPE] {
                if let Some(value) = self.headers.remove(&name) {
                    kept.insert(name, value);
                }
            }
            self.headers = kept;
        }
    }

    /// True when the same URL again would be the same request again.
    pub const fn is_get(&self) -> bool {
        matches!(self.method, Method::GET)
    }

    /// The request for HTTP/1.1 or HTTP/2.
    ///
    /// # Errors
    /// [`FailureKind::Config`] when the Host header or the URL cannot be sent.
    pub fn request(&self, to: &Target, http2: bool) -> Result<Request<Full<Bytes>>, Failure> {
        let bad = |error: &dyn std::fmt::Display| {
            Failure::new(FailureKind::Config, format!("the request cannot be sent: {error}"))
        };
        let mut headers = self.headers.clone();
        let authority = match headers.get(HOST) {
            Some(host) => host.to_str().map_err(|error| bad(&error))?.to_owned(),
            None => to.authority.clone(),
        };
        let uri = if http2 {
            headers.remove(HOST);
            let scheme = if to.secure { "https" } else { "http" };
            format!("{scheme}://{authority}{}", to.path)
        } else {
            let host = HeaderValue::from_str(&authority).map_err(|error| bad(&error))?;
            headers.insert(HOST, host);
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
            to.path.clone()
        };
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(uri)
            .body(Full::new(self.body.clone()))
            .map_err(|error| bad(&error))?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// What the body must hold.
#[derive(Clone, Debug)]
pub(super) struct Search {
    contains: Option<String>,
    regex: Option<Regex>,
}

impl Search {
    /// Compiles the search.
    ///
    /// # Errors
    /// [`FailureKind::Config`] for an expression that is wrong or too large.
    pub fn new(spec: &HttpSpec) -> Result<Self, Failure> {
        let compile = |pattern: &String| {
            RegexBuilder::new(pattern)
                .size_limit(REGEX_LIMIT)
                .dfa_size_limit(REGEX_LIMIT)
                .build()
                .map_err(|error| {
                    // The last line says what; those above only point into the pattern.
                    let error = error.to_string();
                    let what = error.lines().last().unwrap_or_default();
                    Failure::new(FailureKind::Config, format!("regex cannot be used: {what}"))
                })
        };
        let regex = spec.regex.as_ref().map(compile).transpose()?;
        Ok(Self { contains: spec.contains.clone(), regex })
    }

    /// True when the body must be kept.
    pub const fn is_wanted(&self) -> bool {
        self.contains.is_some() || self.regex.is_some()
    }

    /// What is missing in `body`, in words; `None` when nothing is.
    pub fn missing(&self, body: &[u8]) -> Option<String> {
        if let Some(text) = &self.contains
            && !String::from_utf8_lossy(body).contains(text.as_str())
        {
            return Some(format!("the body does not contain `{}`", short(text)));
        }
        match &self.regex {
            Some(regex) if !regex.is_match(body) => {
                Some(format!("the body does not match `{}`", short(regex.as_str())))
            }
            _ => None,
        }
    }
}

fn short(text: &str) -> String {
    let mut out: String = text.chars().take(80).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// The phases of all hops together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phases {
    /// Name lookups.
    pub dns: Duration,
    /// TCP connects.
    pub connect: Duration,
    /// TLS handshakes; `None` when there was none.
    pub tls: Option<Duration>,
    /// From the sent request to the answer's header section.
    pub first_byte: Duration,
    /// The smallest number of days that a certificate has left.
    pub certificate_days: Option<i64>,
}
