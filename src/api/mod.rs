//! The REST face of the engine: HTTP and JSON in front of [`Handle`].
//!
//! In: HTTP requests over the Unix socket of the data directory, from this user or root.
//! Out: commands and queries to the engine; its outcomes, answers, problems and events as JSON.
//! Never: decides, validates what the engine validates, stores, probes.
//!
//! Which routes there are, what each takes and answers and who may ask it, says the document that is
//! made of them: `/api/openapi.json`, for people `/api/docs`. A route without a place in it, or the
//! reverse, fails a test (`tests/openapi`).
//!
//! An error is problem details (RFC 9457) with `kind`, under the status of that. A command may carry its id in
//! `Idempotency-Key`; the same id again is answered from memory.

mod actor;
mod body;
mod condition;
mod document;
mod exposed;
mod front;
pub mod health;
mod net;
mod observe;
mod pack;
mod paging;
mod problem;
mod receive;
mod routes;
mod serve;
mod tls;

use std::sync::Arc;

use axum::Router;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::engine::Handle;

pub use actor::Caller;
pub use exposed::Exposed;
pub use front::{Front, Relay};
pub use health::{HealthSource, serve_health};
pub use net::{Tls, front_net, serve_net};
pub use serve::{front_socket, serve};
pub use tls::Certificates;

/// What every handler gets.
#[derive(Clone, Debug)]
struct Face {
    handle: Handle,
    /// Ends event streams when the engine stops.
    stop: CancellationToken,
    document: Arc<document::Document>,
}

/// The router for connections over the network; whoever accepts them puts a [`Caller`] into the
/// extensions of each request.
pub fn network_router(handle: Handle, stop: CancellationToken) -> Router {
    router(handle, stop).layer(pack::layer())
}

/// The router, with the document of its routes.
fn router(handle: Handle, stop: CancellationToken) -> Router {
    let (router, api) = documented().split_for_parts();
    let face = Face { handle, stop, document: Arc::new(document::Document::new(api)) };
    router
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::middleware::from_fn_with_state(face.clone(), observe::observe))
        .with_state(face)
}

/// One line per path: its handlers say where they are, and are documented there.
fn documented() -> OpenApiRouter<Face> {
    use routes::{
        accounts, agents, alerts, checks, engine, events, fluxbase, handover, log, maintenance,
        monitoring, notifications, operator, reports, review, rules, schedules, series, speed,
        tests, work,
    };
    OpenApiRouter::default()
        .routes(routes!(checks::hosts))
        .routes(routes!(checks::check))
        .routes(routes!(checks::history))
        .routes(routes!(checks::recheck))
        .routes(routes!(alerts::test_notify))
        .routes(routes!(alerts::list))
        .routes(routes!(alerts::acknowledge))
        .routes(routes!(alerts::unacknowledge))
        .routes(routes!(alerts::escalate))
        .routes(routes!(alerts::one))
        .routes(routes!(alerts::comments, alerts::comment))
        .routes(routes!(alerts::edges))
        .routes(routes!(log::log))
        .routes(routes!(log::paths))
        .routes(routes!(log::path_changes))
        .routes(routes!(series::list))
        .routes(routes!(series::past))
        .routes(routes!(fluxbase::page))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::resend))
        .routes(routes!(notifications::give_up))
        .routes(routes!(notifications::contacts))
        .routes(routes!(rules::list, rules::save))
        .routes(routes!(rules::delete))
        .routes(routes!(rules::attempt))
        .routes(routes!(notifications::hold))
        .routes(routes!(notifications::resume))
        .routes(routes!(handover::show))
        .routes(routes!(handover::note))
        .routes(routes!(handover::sign_off))
        .routes(routes!(review::show))
        .routes(routes!(operator::undo))
        .routes(routes!(operator::remembered, operator::remember))
        .routes(routes!(maintenance::list, maintenance::add))
        .routes(routes!(maintenance::add_short))
        .routes(routes!(maintenance::one))
        .routes(routes!(maintenance::end))
        .routes(routes!(maintenance::cancel))
        .routes(routes!(maintenance::extend))
        .routes(routes!(maintenance::edit))
        .routes(routes!(engine::status))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::me))
        .routes(routes!(accounts::renew))
        .routes(routes!(accounts::change_password))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::users, accounts::add_user))
        .routes(routes!(accounts::one_user, accounts::edit_user, accounts::remove_user))
        .routes(routes!(accounts::tokens, accounts::add_token))
        .routes(routes!(accounts::revoke_token))
        .routes(routes!(engine::settings))
        .routes(routes!(engine::config))
        .routes(routes!(engine::reload))
        .routes(routes!(engine::stop))
        .routes(routes!(work::claim))
        .routes(routes!(work::report))
        .routes(routes!(work::heartbeat))
        .routes(routes!(agents::register))
        .routes(routes!(agents::list))
        .routes(routes!(agents::one, agents::remove))
        .routes(routes!(tests::list, tests::run))
        .routes(routes!(tests::one))
        .routes(routes!(tests::cancel))
        .routes(routes!(tests::nodes))
        .routes(routes!(tests::list_short))
        .routes(routes!(tests::one_short))
        .routes(routes!(speed::speedtest))
        .routes(routes!(speed::trace))
        .routes(routes!(speed::probe))
        .routes(routes!(speed::dns))
        .routes(routes!(speed::nodes))
        .routes(routes!(reports::trend))
        .routes(routes!(reports::report))
        .routes(routes!(reports::report_short))
        .routes(routes!(schedules::list, schedules::add))
        .routes(routes!(schedules::edit, schedules::remove))
        .routes(routes!(schedules::run))
        .routes(routes!(schedules::list_short, schedules::add_short))
        .routes(routes!(schedules::remove_short))
        .routes(routes!(monitoring::exposition))
        .routes(routes!(monitoring::metrics))
        .routes(routes!(monitoring::health))
        .routes(routes!(events::stream))
        .routes(routes!(events::look))
        .routes(routes!(document::openapi))
        .routes(routes!(document::docs))
}
