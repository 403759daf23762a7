//! One request to a receiver, and what its answer means.
//!
//! The receiver is hostile: its answer is read up to a limit, within the one time that the request
//! has, and a redirect is followed nowhere.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Certificate, Client, Response};

use crate::model::http_reply::{Reply, retry_after};
use crate::model::observation::root_cause;
use crate::model::safe_text::truncate;
use crate::model::{RemoteWrite, SafeText, Secret, Span};
use crate::secrets;

/// Bytes of an answer of which a message quotes something.
const READ: usize = 4096;
/// Columns of foreign words that a message quotes.
const QUOTED: usize = 200;
/// Largest file of certificates.
const FILE: u64 = 1 << 20;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The receiver took it.
    Taken,
    /// Not now.
    Retry {
        /// The reason.
        why: String,
        /// When the receiver wants to be asked again.
        after: Option<Span>,
    },
    /// Never; the reason.
    Refused(String),
}

impl Delivery {
    const fn retry(why: String) -> Self {
        Self::Retry { why, after: None }
    }
}

/// The way to one receiver.
#[derive(Debug)]
pub(super) struct Way {
    /// Made for the first request: it reads certificates.
    http: Option<Client>,
}

impl Way {
    pub const fn new() -> Self {
        Self { http: None }
    }

    /// Sends a body, within the receiver's time.
    pub async fn send(&mut self, to: &RemoteWrite, body: &[u8]) -> Delivery {
        let time = to.timeout.to_std();
        let deadline = Instant::now() + time;
        let sending = async {
            match self.request(to, body, deadline).await {
                Ok(response) => judged(response).await,
                Err(why) => Delivery::retry(why),
            }
        };
        let given = tokio::time::timeout_at(deadline.into(), sending).await;
        given.unwrap_or_else(|_| Delivery::retry(format!("no answer within {}", to.timeout)))
    }

    async fn http(&mut self, to: &RemoteWrite) -> Result<Client, String> {
        if let Some(http) = &self.http {
            return Ok(http.clone());
        }
        let authorities = match &to.ca_file {
            Some(path) => authorities(path).await?,
            None => Vec::new(),
        };
        let builder = Client::builder()
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("fluxnoc/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(Duration::from_secs(90))
            .tls_certs_merge(authorities);
        let made = builder.build().map_err(|error| format!("no HTTP client: {error}"))?;
        self.http = Some(made.clone());
        Ok(made)
    }

    async fn request(
        &mut self,
        to: &RemoteWrite,
        body: &[u8],
        deadline: Instant,
    ) -> Result<Response, String> {
        let value = async |secret: &Option<Secret>| match secret {
            Some(secret) => secrets::resolve(secret, deadline).await.map(Some),
            None => Ok(None),
        };
        let http = self.http(to).await?;
        let mut request = http.post(&to.url).headers(headers(to)?).body(body.to_vec());
        if let Some(token) = value(&to.token).await? {
            let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| "the token cannot be sent in a header".to_owned())?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        } else if let Some(user) = &to.user {
            request = request.basic_auth(user, value(&to.password).await?);
        }
        let sent = request.send().await;
        sent.map_err(|error| {
            let error = error.without_url();
            SafeText::line(&root_cause(&error).to_string()).as_str().to_owned()
        })
    }
}

fn headers(to: &RemoteWrite) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &to.headers {
        let name = HeaderName::try_from(name).map_err(|_| format!("no header: `{name}`"))?;
        let value = HeaderValue::try_from(value);
        headers.insert(name, value.map_err(|_| "a header's value cannot be sent".to_owned())?);
    }
    let own = [
        (CONTENT_TYPE, "application/x-protobuf"),
        (CONTENT_ENCODING, "snappy"),
        (HeaderName::from_static("x-prometheus-remote-write-version"), "0.1.0"),
    ];
    headers.extend(own.map(|(name, value)| (name, HeaderValue::from_static(value))));
    Ok(headers)
}

/// The certificates of a file.
async fn authorities(path: &str) -> Result<Vec<Certificate>, String> {
    let unreadable = |why: &dyn std::fmt::Display| format!("ca_file {path}: {why}");
    let meta = tokio::fs::metadata(Path::new(path)).await.map_err(|error| unreadable(&error))?;
    if !meta.is_file() || meta.len() > FILE {
        return Err(unreadable(&"is no file of certificates"));
    }
    let pem = tokio::fs::read(path).await.map_err(|error| unreadable(&error))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| unreadable(&error))?;
    if found.is_empty() { Err(unreadable(&"has no certificate in it")) } else { Ok(found) }
}

/// What an answer means by its status; of a success the body is not waited for.
async fn judged(mut response: Response) -> Delivery {
    let code = response.status().as_u16();
    let reply = Reply::of(code);
    if reply == Reply::Taken {
        return Delivery::Taken;
    }
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(retry_after);
    let mut said = Vec::new();
    while said.len() < READ
        && let Ok(Some(chunk)) = response.chunk().await
    {
        said.extend_from_slice(&chunk);
    }
    said.truncate(READ);
    let said = SafeText::line_from_bytes(&said);
    let said = truncate(said.as_str().trim(), QUOTED);
    let why = if said.is_empty() { format!("HTTP {code}") } else { format!("HTTP {code}: {said}") };
    match reply {
        Reply::Taken => Delivery::Taken,
        Reply::Later => Delivery::Retry { why, after },
        Reply::Elsewhere => {
            Delivery::Refused(format!("{why}; it redirects: configure the URL it ends at"))
        }
        Reply::Refused => Delivery::Refused(why),
    }
}
