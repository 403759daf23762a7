//! The documented paths of network tests. Their tests are not built yet: who may ask gets a clear
//! 501, everybody else what they get everywhere.

use axum::http::{Method, StatusCode, Uri};
use axum::routing::{MethodFilter, on};
use serde_json::json;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, ResponseBuilder, Type, extensions::Extensions};
use utoipa_axum::PathItemExt as _;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::document::EXPLICIT;
use crate::api::problem::Failure;
use crate::protocol::{Problem, Role};

/// The reserved paths. A type has no word for `{id}` yet.
const RESERVED: [(HttpMethod, &str, &str); 11] = [
    (HttpMethod::Post, "/api/speed/test", "speed_test"),
    (HttpMethod::Get, "/api/speed/results", "speed_results"),
    (HttpMethod::Get, "/api/speed/results/{id}", "speed_result"),
    (HttpMethod::Post, "/api/speed/trace", "speed_trace"),
    (HttpMethod::Post, "/api/speed/probe", "speed_probe"),
    (HttpMethod::Post, "/api/speed/dns", "speed_dns"),
    (HttpMethod::Get, "/api/speed/nodes", "speed_nodes"),
    (HttpMethod::Get, "/api/speed/schedules", "speed_schedules"),
    (HttpMethod::Post, "/api/speed/schedules", "speed_schedule"),
    (HttpMethod::Delete, "/api/speed/schedules/{id}", "speed_unschedule"),
    (HttpMethod::Get, "/api/speed/report", "speed_report"),
];

/// The router with the reserved paths, each documented.
pub(in crate::api) fn reserve(router: OpenApiRouter<Face>) -> OpenApiRouter<Face> {
    RESERVED
        .into_iter()
        .fold(router, |router, (method, path, id)| router.routes(reserved(method, path, id)))
}

fn reserved(method: HttpMethod, path: &str, id: &str) -> UtoipaMethodRouter<Face> {
    let filter: MethodFilter = method.to_method_filter();
    let role = if method == HttpMethod::Get { Role::Viewer } else { Role::Operator };
    let operation = OperationBuilder::new()
        .operation_id(Some(id))
        .tag("Network tests")
        .summary(Some("Comes with a later version."))
        .response("501", ResponseBuilder::new().build())
        .extensions(Some([(EXPLICIT, json!(role.word()))].into_iter().collect::<Extensions>()));
    let named = path.contains("{id}").then(|| {
        ParameterBuilder::new()
            .name("id")
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some("The id."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
    });
    let operation = named.into_iter().fold(operation, OperationBuilder::parameter);
    let mut paths = utoipa::openapi::Paths::new();
    paths.add_path_operation(path, vec![method], operation.build());
    (Vec::new(), paths, on(filter, later))
}

/// The answer until network tests are there.
async fn later(asker: Asker, method: Method, uri: Uri) -> Failure {
    // Whoever may only look may ask only for results, now as later.
    if method != Method::GET && !asker.actor.is_at_least(Role::Operator) {
        return Problem::forbidden(format!("{method} {} needs the role Operator", uri.path()))
            .into();
    }
    let problem = Problem::unavailable(format!(
        "{} is not in this version: network tests come with a later one",
        uri.path()
    ));
    Failure::with(StatusCode::NOT_IMPLEMENTED, problem)
}
