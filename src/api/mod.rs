//! The REST face of the engine: HTTP and JSON in front of [`Handle`].
//!
//! In: HTTP requests over the Unix socket of the data directory, from this user or root.
//! Out: commands and queries to the engine; its outcomes, answers, problems and events as JSON.
//! Never: decides, validates what the engine validates, stores, probes.
//!
//! | route | does |
//! |---|---|
//! | `GET /api/v1/hosts?pattern=GLOB` | hosts with their checks |
//! | `GET /api/v1/alerts?all=true` | pending and firing alerts; resolved ones too |
//! | `POST /api/v1/alerts/ack` | `{targets, comment, expires, sticky, notify}`; `expires: null` is never |
//! | `POST /api/v1/alerts/unack` | `{targets}` |
//! | `GET /api/v1/alerts/{id}` | everything about one alert |
//! | `GET /api/v1/comments?host=&check=&limit=`, `POST /api/v1/comments` | comments; `{targets, text}` |
//! | `POST /api/v1/undo` | `{request}`: takes back what that request did |
//! | `GET /api/v1/remembered`, `POST /api/v1/remembered` | an operator's own things; `{key, value}` |
//! | `GET /api/v1/log?from=&to=&hosts=&actor=&kinds=&text=&before=&limit=` | all that happened |
//! | `GET /api/v1/paths?host=&limit=` | `trace` checks with their last report |
//! | `GET /api/v1/path-changes?host=&check=&limit=` | how paths changed |
//! | `GET /api/v1/series?host=&check=&text=&limit=` | scraped series, and how much is kept |
//! | `GET /api/v1/series/{host}/{check}?series=&from=&to=&points=` | the past of one |
//! | `GET /api/v1/maintenance?all=true` | windows; ended ones too |
//! | `POST /api/v1/maintenance`, `POST /api/maintenance` | the body of SPEC FM-29; answers 201 |
//! | `POST /api/v1/maintenance/{id}/end`, `.../cancel`, `.../extend`, `.../edit` | nothing; nothing; `{by_ms}`; `{name, start, end}` |
//! | `GET /api/v1/notifications?destination=&limit=` | what is on its way, given up, taken |
//! | `POST /api/v1/notifications/resend`, `.../drop` | `{which}`: `{keys}` or `{destination}` |
//! | `GET /api/v1/rules?limit=` | the rules in force, and what each does now |
//! | `POST /api/v1/rules`, `POST /api/v1/rules/delete` | `{text, was}`: saves a rule; `{was}` |
//! | `POST /api/v1/rules/try` | `{name, text, since}`: what a draft would have made of the stored past |
//! | `POST /api/v1/paging/hold`, `.../resume` | `{for_ms, reason}`: tell nobody for a time; nothing |
//! | `GET /api/v1/handover?since=&shift=&before=` | what a team hands over to the next one |
//! | `POST /api/v1/handover/notes`, `.../sign-off` | `{text}`; `{to}`: who takes over |
//! | `POST /api/v1/recheck` | `{targets}` |
//! | `POST /api/v1/notify/test` | `{name}` of a channel or contact list |
//! | `GET /api/v1/checks/{host}/{check}` | everything about one check |
//! | `GET /api/v1/history/{host}/{check}?from=&to=&points=` | its numbers and states |
//! | `GET /api/v1/edges?host=&alert=&limit=` | recorded changes |
//! | `GET /api/v1/engine`, `GET /api/v1/config`, `GET /api/v1/settings` | its state; TOML in force; each setting |
//! | `POST /api/auth/login` | `{username, password}`: a session; needs no other proof |
//! | `GET /api/v1/auth/me`, `POST /api/v1/auth/renew` | who asks; the session for another while |
//! | `POST /api/v1/auth/password`, `.../logout` | `{old, new}`; nothing: ends every session |
//! | `GET /api/v1/users`, `POST` | who may log in; `{name, role, password}` |
//! | `PATCH /api/v1/users/{name}`, `DELETE` | `{role, password}`, what is not said stays; nothing |
//! | `GET /api/v1/tokens`, `POST`, `DELETE /api/v1/tokens/{name}` | tokens; `{name, role, scopes, expires}`; nothing |
//! | `POST /api/v1/reload`, `POST /api/v1/stop` | nothing |
//! | `POST /api/v1/work/claim`, `POST /api/v1/work/report` | a worker's calls |
//! | `GET /metrics` | the program's own meters, in Prometheus's text format |
//! | `GET /api/v1/monitoring/metrics`, `.../health` | the same for people; what works: 200 or 503 |
//! | `GET /api/v1/events` | server-sent events, each an `Event` as JSON |
//! | `POST /api/v1/events/{stream}/interest` | what that stream looks at |
//!
//! An error is problem details (RFC 9457) with `kind`, under the status of that. A command may carry its id in
//! `Idempotency-Key`; the same id again is answered from memory.

mod actor;
mod body;
mod exposed;
pub mod health;
mod net;
mod observe;
mod pack;
mod problem;
mod receive;
mod routes;
mod serve;
mod tls;

use axum::Router;
use axum::routing::{delete, get, patch, post};
use tokio_util::sync::CancellationToken;

use crate::engine::Handle;

pub use actor::Caller;
pub use exposed::Exposed;
pub use health::{HealthSource, serve_health};
pub use net::{Tls, serve_net};
pub use serve::serve;
pub use tls::Certificates;

/// What every handler gets.
#[derive(Clone, Debug)]
struct Face {
    handle: Handle,
    /// Ends event streams when the engine stops.
    stop: CancellationToken,
}

/// The router for connections over the network; whoever accepts them puts a [`Caller`] into the
/// extensions of each request.
pub fn network_router(handle: Handle, stop: CancellationToken) -> Router {
    router(handle, stop).layer(pack::layer())
}

/// The router: one line per route.
fn router(handle: Handle, stop: CancellationToken) -> Router {
    use routes::{
        accounts, alerts, checks, engine, events, handover, log, maintenance, monitoring,
        notifications, operator, rules, series, speed, work,
    };
    let face = Face { handle, stop };
    Router::new()
        .route("/api/v1/hosts", get(checks::hosts))
        .route("/api/v1/checks/{host}/{check}", get(checks::check))
        .route("/api/v1/history/{host}/{check}", get(checks::history))
        .route("/api/v1/recheck", post(checks::recheck))
        .route("/api/v1/notify/test", post(alerts::test_notify))
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/ack", post(alerts::acknowledge))
        .route("/api/v1/alerts/unack", post(alerts::unacknowledge))
        .route("/api/v1/alerts/escalate", post(alerts::escalate))
        .route("/api/v1/alerts/{id}", get(alerts::one))
        .route("/api/v1/comments", get(alerts::comments).post(alerts::comment))
        .route("/api/v1/edges", get(alerts::edges))
        .route("/api/v1/log", get(log::log))
        .route("/api/v1/paths", get(log::paths))
        .route("/api/v1/path-changes", get(log::path_changes))
        .route("/api/v1/series", get(series::list))
        .route("/api/v1/series/{host}/{check}", get(series::past))
        .route("/api/v1/notifications", get(notifications::list))
        .route("/api/v1/notifications/resend", post(notifications::resend))
        .route("/api/v1/notifications/drop", post(notifications::give_up))
        .route("/api/v1/rules", get(rules::list).post(rules::save))
        .route("/api/v1/rules/delete", post(rules::delete))
        .route("/api/v1/rules/try", post(rules::attempt))
        .route("/api/v1/paging/hold", post(notifications::hold))
        .route("/api/v1/paging/resume", post(notifications::resume))
        .route("/api/v1/handover", get(handover::show))
        .route("/api/v1/handover/notes", post(handover::note))
        .route("/api/v1/handover/sign-off", post(handover::sign_off))
        .route("/api/v1/undo", post(operator::undo))
        .route("/api/v1/remembered", get(operator::remembered).post(operator::remember))
        .route("/api/v1/maintenance", get(maintenance::list).post(maintenance::add))
        .route("/api/maintenance", post(maintenance::add))
        .route("/api/v1/maintenance/{id}/end", post(maintenance::end))
        .route("/api/v1/maintenance/{id}/cancel", post(maintenance::cancel))
        .route("/api/v1/maintenance/{id}/extend", post(maintenance::extend))
        .route("/api/v1/maintenance/{id}/edit", post(maintenance::edit))
        .route("/api/speed/test", post(speed::later))
        .route("/api/speed/results", get(speed::later))
        .route("/api/speed/results/{id}", get(speed::later))
        .route("/api/speed/trace", post(speed::later))
        .route("/api/speed/probe", post(speed::later))
        .route("/api/speed/dns", post(speed::later))
        .route("/api/speed/nodes", get(speed::later))
        .route("/api/speed/schedules", get(speed::later).post(speed::later))
        .route("/api/speed/schedules/{id}", delete(speed::later))
        .route("/api/speed/report", get(speed::later))
        .route("/api/v1/engine", get(engine::status))
        .route("/api/auth/login", post(accounts::login))
        .route("/api/v1/auth/me", get(accounts::me))
        .route("/api/v1/auth/renew", post(accounts::renew))
        .route("/api/v1/auth/password", post(accounts::change_password))
        .route("/api/v1/auth/logout", post(accounts::logout))
        .route("/api/v1/users", get(accounts::users).post(accounts::add_user))
        .route("/api/v1/users/{name}", patch(accounts::edit_user).delete(accounts::remove_user))
        .route("/api/v1/tokens", get(accounts::tokens).post(accounts::add_token))
        .route("/api/v1/tokens/{name}", delete(accounts::revoke_token))
        .route("/api/v1/settings", get(engine::settings))
        .route("/api/v1/config", get(engine::config))
        .route("/api/v1/reload", post(engine::reload))
        .route("/api/v1/stop", post(engine::stop))
        .route("/api/v1/work/claim", post(work::claim))
        .route("/api/v1/work/report", post(work::report))
        .route("/metrics", get(monitoring::exposition))
        .route("/api/v1/monitoring/metrics", get(monitoring::metrics))
        .route("/api/v1/monitoring/health", get(monitoring::health))
        .route("/api/v1/events", get(events::stream))
        .route("/api/v1/events/{stream}/interest", post(events::look))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::middleware::from_fn_with_state(face.clone(), observe::observe))
        .with_state(face)
}
