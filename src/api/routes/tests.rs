//! Network tests: asked for, looked at, taken back (SPEC FS-23 to FS-25, FS-39).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::{Asked, Body, Segment};
use crate::model::{Name, ScheduleId, Test, TestId, TestKind, TestPhase, TestSpec, Timestamp};
use crate::protocol::{Command, Nodes, Outcome, Problem, Query, TestFilter};

/// A test that is asked for, and where it is run.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Wanted {
    /// The vantage; without it the server's own.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    agent: Option<Name>,
    /// What is run.
    spec: TestSpec,
    /// Whether it waits for a vantage that is not there now.
    #[serde(default)]
    wait: bool,
}

/// Runs a test once, soon.
#[utoipa::path(
    post,
    path = "/api/v1/tests",
    operation_id = "run_test",
    tag = "Network tests",
    request_body = Wanted,
    responses((status = 202, body = Outcome), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn run(
    State(face): State<Face>,
    asker: Asker,
    Body(Wanted { agent, spec, wait }): Body<Wanted>,
) -> Reply {
    let outcome = asker.execute(&face, Command::RunTest { agent, spec, wait }).await?;
    Ok((StatusCode::ACCEPTED, done(outcome)).into_response())
}

/// Takes a test back that waits, or ends one that runs.
#[utoipa::path(
    post,
    path = "/api/v1/tests/{id}/cancel",
    operation_id = "cancel_test",
    tag = "Network tests",
    params(("id" = TestId, Path, description = "The id of the test.")),
    responses((status = 200, body = Outcome), (status = 404)),
)]
pub(in crate::api) async fn cancel(
    State(face): State<Face>,
    asker: Asker,
    Segment(id): Segment<String>,
) -> Reply {
    let id = test_id(&id)?;
    Ok(done(asker.execute(&face, Command::CancelTest { id }).await?))
}

/// Which results are asked for; what is not said does not matter.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Results {
    /// Only of this vantage.
    #[param(value_type = Option<String>)]
    agent: Option<Name>,
    /// Only of this target, as it was written.
    target: Option<String>,
    /// Only of this kind: `speedtest`, `trace`, `probe` or `dns`.
    test_type: Option<TestKind>,
    /// Only of this schedule.
    schedule: Option<ScheduleId>,
    /// Only such as are so far: `queued`, `running`, `done`, `failed`, `cancelled` or `missed`.
    phase: Option<TestPhase>,
    /// Only such as were asked for at this moment (RFC 3339) or on this day (UTC), or later.
    start: Option<String>,
    /// Only such as were asked for before this moment; of a day it is the last (SPEC D-21).
    end: Option<String>,
    /// Only what is older than this result: the last of the page before.
    before: Option<TestId>,
    /// At most so many, 1 to 1000.
    #[serde(default = "hundred")]
    limit: u32,
}

impl Results {
    fn parts(self) -> Result<(TestFilter, u32), Problem> {
        let moment = |field: &str, text: Option<String>, is_end: bool| {
            text.map(|text| {
                Timestamp::of_day_or_moment(&text, is_end)
                    .map_err(|why| Problem::invalid(format!("`{field}`: {why}")))
            })
            .transpose()
        };
        let filter = TestFilter {
            agent: self.agent,
            target: self.target,
            test_type: self.test_type,
            schedule: self.schedule,
            phase: self.phase,
            start: moment("start", self.start, false)?,
            end: moment("end", self.end, true)?,
            before: self.before,
        };
        Ok((filter, self.limit))
    }
}

fn test_id(text: &str) -> Result<TestId, Problem> {
    text.parse().map_err(|_| {
        Problem::not_found(format!("there is no test {}", crate::model::SafeText::line(text)))
    })
}

const fn hundred() -> u32 {
    100
}

/// Tests, the newest first, without everything they measured.
#[utoipa::path(
    get,
    path = "/api/v1/tests",
    operation_id = "tests",
    tag = "Network tests",
    params(Results),
    responses((status = 200, body = Vec<Test>)),
)]
pub(in crate::api) async fn list(
    State(face): State<Face>,
    asker: Asker,
    Asked(wish): Asked<Results>,
) -> Reply {
    results(&face, asker, wish).await
}

/// Test results, the newest first: the same under the path of the document.
#[utoipa::path(
    get,
    path = "/api/speed/results",
    operation_id = "tests.short",
    tag = "Network tests",
    params(Results),
    responses((status = 200, body = Vec<Test>)),
)]
pub(in crate::api) async fn list_short(
    State(face): State<Face>,
    asker: Asker,
    Asked(wish): Asked<Results>,
) -> Reply {
    results(&face, asker, wish).await
}

async fn results(face: &Face, asker: Asker, wish: Results) -> Reply {
    let (filter, limit) = wish.parts()?;
    Ok(told(asker.query(face, Query::Tests { filter, limit }).await?))
}

/// One test with everything it measured, so far when it runs.
#[utoipa::path(
    get,
    path = "/api/v1/tests/{id}",
    operation_id = "test",
    tag = "Network tests",
    params(("id" = TestId, Path, description = "The id of the test.")),
    responses((status = 200, body = Test), (status = 404)),
)]
pub(in crate::api) async fn one(
    State(face): State<Face>,
    asker: Asker,
    Segment(id): Segment<String>,
) -> Reply {
    let id = test_id(&id)?;
    Ok(told(asker.query(&face, Query::Test { id }).await?))
}

/// Full detail of one test run: the same under the path of the document.
#[utoipa::path(
    get,
    path = "/api/speed/results/{id}",
    operation_id = "test.short",
    tag = "Network tests",
    params(("id" = TestId, Path, description = "The id of the test.")),
    responses((status = 200, body = Test), (status = 404)),
)]
pub(in crate::api) async fn one_short(
    State(face): State<Face>,
    asker: Asker,
    Segment(id): Segment<String>,
) -> Reply {
    let id = test_id(&id)?;
    Ok(told(asker.query(&face, Query::Test { id }).await?))
}

/// Where tests are run from, and the configured targets.
#[utoipa::path(
    get,
    path = "/api/v1/nodes",
    operation_id = "nodes",
    tag = "Network tests",
    responses((status = 200, body = Nodes)),
)]
pub(in crate::api) async fn nodes(State(face): State<Face>, asker: Asker) -> Reply {
    Ok(told(asker.query(&face, Query::Nodes).await?))
}
