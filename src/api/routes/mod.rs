//! The handlers: each builds one command or query and hands on what the engine says.

pub(super) mod accounts;
pub(super) mod agents;
pub(super) mod alerts;
pub(super) mod checks;
pub(super) mod engine;
pub(super) mod events;
pub(super) mod fluxbase;
pub(super) mod handover;
pub(super) mod log;
pub(super) mod maintenance;
pub(super) mod monitoring;
pub(super) mod notifications;
pub(super) mod operator;
pub(super) mod reports;
pub(super) mod review;
pub(super) mod rules;
pub(super) mod schedules;
pub(super) mod series;
pub(super) mod speed;
pub(super) mod tests;
pub(super) mod work;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::problem::Failure;
use crate::protocol::query::{Series, StateSpan};
use crate::protocol::{Answer, Outcome, Target};

/// What a handler gives.
pub(in crate::api) type Reply = Result<Response, Failure>;

/// An outcome as JSON.
fn done(outcome: Outcome) -> Response {
    Json(outcome).into_response()
}

/// An answer as JSON: the data alone, because the route says which it is.
fn told(answer: Answer) -> Response {
    match answer {
        Answer::Hosts(hosts) => Json(hosts).into_response(),
        Answer::Alerts(alerts) => Json(alerts).into_response(),
        Answer::Maintenance(windows) => Json(windows).into_response(),
        Answer::Check(detail) => Json(detail).into_response(),
        Answer::History { series, states } => Json(History { series, states }).into_response(),
        Answer::Edges(edges) => Json(edges).into_response(),
        Answer::Alert(page) => Json(page).into_response(),
        Answer::Comments(comments) => Json(comments).into_response(),
        Answer::Log(page) => Json(page).into_response(),
        Answer::Paths(paths) => Json(paths).into_response(),
        Answer::PathChanges(changes) => Json(changes).into_response(),
        Answer::SeriesList(page) => Json(page).into_response(),
        Answer::SeriesPast(past) => Json(past).into_response(),
        Answer::Fluxbase(page) => Json(page).into_response(),
        Answer::Notifications(page) => Json(page).into_response(),
        Answer::Handover(handover) => Json(handover).into_response(),
        Answer::Review(review) => Json(review).into_response(),
        Answer::Rules(page) => Json(page).into_response(),
        Answer::TryRules(answer) => Json(answer).into_response(),
        Answer::Tests(tests) => Json(tests).into_response(),
        Answer::Test(test) => Json(test).into_response(),
        Answer::Trend(trend) => Json(trend).into_response(),
        Answer::Report(file) => file.into_response(),
        Answer::Schedules(rows) => Json(rows).into_response(),
        Answer::Nodes(nodes) => Json(nodes).into_response(),
        Answer::Contacts(contacts) => Json(contacts).into_response(),
        Answer::Remembered(kept) => Json(kept).into_response(),
        Answer::Users(users) => Json(users).into_response(),
        Answer::Tokens(tokens) => Json(tokens).into_response(),
        Answer::Agents(agents) => Json(agents).into_response(),
        Answer::Settings(settings) => Json(settings).into_response(),
        Answer::Engine(status) => Json(status).into_response(),
        Answer::Config(text) => text.into_response(),
    }
}

/// The numbers and states of a check over the same time.
#[derive(Serialize, utoipa::ToSchema)]
pub(in crate::api) struct History {
    /// One for each metric and instance.
    series: Vec<Series>,
    /// The states.
    states: Vec<StateSpan>,
}

/// A body that only says what is meant.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Targets {
    /// Which alerts, hosts or checks.
    targets: Vec<Target>,
}

/// A query string that says whether old things are wanted, and which part.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Listed {
    /// Also what is over.
    #[serde(default)]
    all: bool,
    /// At most so many rows, 1 to 1000; all of them without it.
    limit: Option<u32>,
    /// Only what comes after this place; the `Link` of the page before has it.
    after: Option<String>,
}

/// A query string that only says which part of a list is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Paging {
    /// At most so many rows, 1 to 1000; all of them without it.
    limit: Option<u32>,
    /// Only what comes after this place; the `Link` of the page before has it.
    after: Option<String>,
}
