//! How tests went over time, and reports of them as files (SPEC FS-36, FS-37).

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::{Reply, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Asked;
use crate::model::{Name, TestKind, Timestamp, Trend, View};
use crate::protocol::{Answer, Problem, Query, ReportFormat, ReportWish, TrendWish};

/// Of which vantage and target, over which stretch.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct TrendOf {
    /// The vantage.
    #[param(value_type = String)]
    agent: Name,
    /// The target, as it was written.
    target: String,
    /// Of which tests: `speedtest`, `trace`, `probe` or `dns`.
    #[serde(default = "speedtest")]
    test_type: TestKind,
    /// `6h` and `24h` by result, `7d` by hour, `30d` by day, `12mo` by week.
    #[serde(default)]
    view: View,
    /// The zone of days and weeks, a name of the IANA database; UTC without it.
    zone: Option<String>,
}

const fn speedtest() -> TestKind {
    TestKind::Speedtest
}

/// How the figures of a vantage and target went.
#[utoipa::path(
    get,
    path = "/api/v1/trend",
    operation_id = "trend",
    tag = "Network tests",
    params(TrendOf),
    responses((status = 200, body = Trend)),
)]
pub(in crate::api) async fn trend(
    State(face): State<Face>,
    asker: Asker,
    Asked(TrendOf { agent, target, test_type, view, zone }): Asked<TrendOf>,
) -> Reply {
    let wish = TrendWish { agent, target, test_type, view, zone };
    Ok(told(asker.query(&face, Query::Trend(wish)).await?))
}

/// What a report is wanted of.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ReportOf {
    /// Only of this vantage.
    #[param(value_type = Option<String>)]
    agent: Option<Name>,
    /// Only of this target.
    target: Option<String>,
    /// Of which tests: `speedtest`, `trace`, `probe` or `dns`.
    #[serde(default = "speedtest")]
    test_type: TestKind,
    /// From this moment (RFC 3339) or this day (UTC) on.
    start: String,
    /// To before this moment; of a day it is the last (SPEC D-21).
    end: String,
    /// The zone of its times, a name of the IANA database; UTC without it.
    zone: Option<String>,
    /// `pdf` or `csv`.
    #[serde(default)]
    #[param(inline)]
    format: ReportFormat,
}

/// A report of tests, as a file.
#[utoipa::path(
    get,
    path = "/api/v1/report",
    operation_id = "test_report",
    tag = "Network tests",
    params(ReportOf),
    responses((status = 200, content(
        (String = "application/pdf"),
        (String = "text/csv; charset=utf-8"),
    )), (status = 409)),
)]
pub(in crate::api) async fn report(
    State(face): State<Face>,
    asker: Asker,
    Asked(wish): Asked<ReportOf>,
) -> Reply {
    made(&face, asker, wish).await
}

/// A summary report: the same under the path of the document.
#[utoipa::path(
    get,
    path = "/api/speed/report",
    operation_id = "test_report.short",
    tag = "Network tests",
    params(ReportOf),
    responses((status = 200, content(
        (String = "application/pdf"),
        (String = "text/csv; charset=utf-8"),
    )), (status = 409)),
)]
pub(in crate::api) async fn report_short(
    State(face): State<Face>,
    asker: Asker,
    Asked(wish): Asked<ReportOf>,
) -> Reply {
    made(&face, asker, wish).await
}

async fn made(face: &Face, asker: Asker, wish: ReportOf) -> Reply {
    let moment = |field: &str, text: &str, is_end: bool| {
        Timestamp::of_day_or_moment(text, is_end)
            .map_err(|why| Problem::invalid(format!("`{field}`: {why}")))
    };
    let (start, end) = (moment("start", &wish.start, false)?, moment("end", &wish.end, true)?);
    let ReportOf { agent, target, test_type, zone, format, .. } = wish;
    let wish = ReportWish { agent, target, test_type, start, end, zone, format };
    match asker.query(face, Query::TestReport(wish)).await? {
        Answer::Report(file) => {
            let kind = match format {
                ReportFormat::Pdf => "application/pdf",
                ReportFormat::Csv => "text/csv; charset=utf-8",
            };
            // No name from outside stands in a header.
            let name = format!("attachment; filename=\"fluxnoc-report.{}\"", format.word());
            let headers = [
                (CONTENT_TYPE, kind.to_owned()),
                (CONTENT_DISPOSITION, name),
                (CACHE_CONTROL, "no-store".to_owned()),
            ];
            Ok((headers, file).into_response())
        }
        other => Ok(told(other)),
    }
}
