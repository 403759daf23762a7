//! Asking an endpoint for figures: the request of an `http` check with a login by reference.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::context::{Context, Shared};
use super::{http, secret};
use crate::model::spec::{Endpoint, HttpSpec, Spec};
use crate::model::{Check, Failure, FailureKind, Span};

/// The request for an endpoint; `more` are header fields of the kind, which the configuration's
/// own ones override.
///
/// # Errors
/// [`FailureKind::Config`] for a secret that cannot be read.
pub(super) async fn request(
    endpoint: &Endpoint,
    more: &[(&str, String)],
    context: &Context,
) -> Result<HttpSpec, Failure> {
    let mut spec = HttpSpec::get(&endpoint.url);
    spec.headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    for (name, value) in &endpoint.headers {
        // Names of headers have no case, keys of the map do.
        spec.headers.retain(|have, _| !have.eq_ignore_ascii_case(name));
        spec.headers.insert(name.clone(), value.clone());
    }
    if let Some(login) = login(endpoint, context).await? {
        spec.headers.retain(|have, _| !have.eq_ignore_ascii_case("authorization"));
        spec.headers.insert("authorization".to_owned(), login);
    }
    spec.max_body = endpoint.max_body;
    spec.redirects = endpoint.redirects;
    spec.insecure = endpoint.insecure;
    spec.family = endpoint.family;
    Ok(spec)
}

async fn login(endpoint: &Endpoint, context: &Context) -> Result<Option<String>, Failure> {
    if let Some(token) = &endpoint.token {
        return Ok(Some(format!("Bearer {}", secret::resolve(token, context).await?)));
    }
    let Some(user) = &endpoint.user else { return Ok(None) };
    let password = match &endpoint.password {
        Some(password) => secret::resolve(password, context).await?,
        None => String::new(),
    };
    Ok(Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))))
}

/// What an endpoint answered to a question that is no check.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The media type, as it came.
    pub media_type: Option<String>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Asks an endpoint, with the header fields `more`, within `patience`.
///
/// # Errors
/// What went wrong, also when the body is above its limit.
pub async fn ask(
    endpoint: &Endpoint,
    more: &[(&str, String)],
    patience: Duration,
    shared: &Arc<Shared>,
) -> Result<Answer, Failure> {
    let context = Context::new(shared, patience);
    let spec = request(endpoint, more, &context).await?;
    let mut check = Check::new("", "", "", Spec::Http(spec.clone()));
    check.timeout = Span::from_millis(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX));
    let (_, page) = http::fetch(&check, &spec, &context, None, true).await?;
    let page = page?;
    if page.cut {
        let why = format!("the answer is above {} bytes", endpoint.max_body);
        return Err(Failure::new(FailureKind::Unreadable, why));
    }
    Ok(Answer { status: page.status.as_u16(), media_type: page.media_type, body: page.body })
}
