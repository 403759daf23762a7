//! API polling: figures and states of a JSON document, health documents, Kubernetes-style probes.
//!
//! In: an endpoint, paths with what they mean. Out: metrics, a state where the document says one.
//! Never: reads a document that is cut, deeper or larger than the limits.

mod health;
mod values;

use hyper::StatusCode;
use serde_json::Value;

use super::context::Context;
use super::http::{self, Page};
use super::{endpoint, http::Seen};
use crate::model::spec::{HttpSpec, JsonForm, JsonSpec};
use crate::model::{Check, Failure, FailureKind, Metric, Observation, SafeText, State};

/// Deepest nesting of a document.
const DEPTH_LIMIT: usize = 64;
/// Bodies above this are read beside the other probes.
const LARGE: usize = 64 * 1024;

/// What a document says.
#[derive(Debug, Default)]
struct Said {
    /// For people, behind the status.
    line: String,
    /// One line for each part.
    long: Vec<String>,
    metrics: Vec<Metric>,
    state: Option<State>,
}

/// Asks the endpoint once.
///
/// # Errors
/// A failure before anything could be measured; later ones are in the observation.
pub(super) async fn run(
    check: &Check,
    spec: &JsonSpec,
    context: &Context,
) -> Result<Observation, Failure> {
    let accept = match spec.form {
        JsonForm::Json => "application/json, */*;q=0.5",
        JsonForm::Health => "application/health+json, application/json, */*;q=0.5",
        JsonForm::Probe => "*/*",
    };
    let mut request: HttpSpec =
        endpoint::request(&spec.endpoint, &[("accept", accept.to_owned())], context).await?;
    request.status.clone_from(&spec.status);
    let (seen, page) = http::fetch(check, &request, context, None, true).await?;
    let outcome = match page {
        Ok(page) => judge(spec, page).await,
        Err(failure) => Err(failure),
    };
    Ok(observation(&seen, outcome))
}

fn observation(seen: &Seen, outcome: Result<Said, Failure>) -> Observation {
    match outcome {
        Ok(said) => {
            let more =
                if said.line.is_empty() { String::new() } else { format!("{}; ", said.line) };
            let mut observation = seen.observation(&format!("{more}{}", seen.text()), Ok(()));
            observation.metrics.extend(said.metrics);
            observation.claimed = said.state;
            observation.long = SafeText::text(&said.long.join("\n"));
            observation
        }
        Err(failure) => seen.observation("", Err(failure)),
    }
}

async fn judge(spec: &JsonSpec, page: Page) -> Result<Said, Failure> {
    if spec.form == JsonForm::Probe {
        return probe(spec, &page);
    }
    let media = page.media_type.as_deref().unwrap_or("").split(';').next().unwrap_or("").trim();
    let is_health =
        spec.form == JsonForm::Health || media.eq_ignore_ascii_case("application/health+json");
    // A health document that says "fail" comes with a failing status: it speaks for itself.
    let is_expected = spec.status.contains(page.status.as_u16());
    if !is_expected && !is_health {
        let why = format!("{} in {}{}", page.said(), page.took, excerpt(&page.body));
        return Err(Failure::new(FailureKind::Mismatch, why));
    }
    if page.cut {
        let limit = spec.endpoint.max_body;
        let why = format!("the document is above max_body ({limit} bytes)");
        return Err(Failure::new(FailureKind::Unreadable, why));
    }
    let (status, said, took) = (page.status, page.said(), page.took.clone());
    let spec = spec.clone();
    let large = page.body.len() > LARGE;
    let work = move || {
        let document = parse(&page.body)?;
        if !is_health {
            return values::read(&spec.values, &document);
        }
        let mut said = health::read(&document, status)?;
        let own = values::read(&spec.values, &document)?;
        said.metrics.extend(own.metrics);
        said.state = said.state.map(|state| state.worst(own.state.unwrap_or(State::Ok)));
        Ok(said)
    };
    let outcome = if large {
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?
    } else {
        work()
    };
    match outcome {
        // Not a health document after all: the status decides as for anything else.
        Err(failure) if !is_expected => {
            let why = format!("{said} in {took}; {}", failure.message);
            Err(Failure::new(FailureKind::Mismatch, why))
        }
        outcome => outcome,
    }
}

/// A Kubernetes-style probe: `/healthz?verbose` lists what failed with `[-]`.
fn probe(spec: &JsonSpec, page: &Page) -> Result<Said, Failure> {
    let text = String::from_utf8_lossy(&page.body);
    if spec.status.contains(page.status.as_u16()) {
        let first = text.lines().next().unwrap_or("").chars().take(200).collect();
        let long = text.lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect();
        return Ok(Said { line: first, long, ..Said::default() });
    }
    let failed: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("[-]")).take(8).collect();
    let more = if failed.is_empty() {
        excerpt(&page.body)
    } else {
        let failed: Vec<String> =
            failed.iter().map(|line| line.chars().take(100).collect()).collect();
        format!(": {}", failed.join("; "))
    };
    let why = format!("{} in {}{more}", page.said(), page.took);
    Err(Failure::new(FailureKind::Mismatch, why))
}

/// The beginning of a body, for people: `: no leader`.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(400)).unwrap_or_default());
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line: String = line.chars().take(160).collect();
    if line.is_empty() || line.starts_with('<') { String::new() } else { format!(": {line}") }
}

fn parse(body: &[u8]) -> Result<Value, Failure> {
    let unreadable = |why: String| Failure::new(FailureKind::Unreadable, why);
    if deepest(body) > DEPTH_LIMIT {
        return Err(unreadable(format!("the document is nested deeper than {DEPTH_LIMIT}")));
    }
    serde_json::from_slice(body).map_err(|error| {
        let text = if body.iter().all(u8::is_ascii_whitespace) {
            "the body is empty".to_owned()
        } else {
            format!("no JSON: {error}{}", excerpt(body))
        };
        unreadable(text)
    })
}

/// How deep brackets are nested outside of texts; what is no JSON gives some number.
fn deepest(body: &[u8]) -> usize {
    let (mut depth, mut most, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                most = most.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// True for the statuses of success and redirection.
fn is_good(status: StatusCode) -> bool {
    (200..400).contains(&status.as_u16())
}
