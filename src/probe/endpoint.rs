//! Asking an endpoint for figures: the request of an `http` check with a login by reference.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::context::Context;
use super::secret;
use crate::model::Failure;
use crate::model::spec::{Endpoint, HttpSpec};

/// The request for an endpoint; `more` are header fields of the kind, which the configuration's
/// own ones override.
///
/// # Errors
/// [`FailureKind::Config`](crate::model::FailureKind::Config) for a secret that cannot be read.
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
