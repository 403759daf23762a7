//! Network tests under the paths of the document (SPEC FS-23 to FS-25, FS-39).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::{Reply, done, told};
use crate::api::Face;
use crate::api::actor::Asker;
use crate::api::body::Body;
use crate::model::spec::TraceProtocol;
use crate::model::test::{Expect, PortProtocol};
use crate::model::{
    Direction, LookupSpec, Name, PathSpec, PortSpec, SpeedSpec, Test, TestSpec, Transport,
};
use crate::protocol::{Answer, Command, Node, Outcome, Query};

async fn ask(face: &Face, asker: Asker, agent: Option<Name>, spec: TestSpec, wait: bool) -> Reply {
    match asker.execute(face, Command::RunTest { agent, spec, wait }).await? {
        Outcome::Test(test) => Ok((StatusCode::ACCEPTED, Json(test)).into_response()),
        other => Ok(done(other)),
    }
}

/// A speedtest, and where it is run.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct SpeedtestBody {
    /// The vantage; without it the server's own.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    agent: Option<Name>,
    /// A configured target, `HOST[:PORT]` of an iperf3 server, or a URL; without it the nearest of
    /// the configured ones.
    #[serde(default)]
    target: Option<String>,
    /// TCP or UDP.
    #[serde(default)]
    protocol: Transport,
    /// Which way.
    #[serde(default)]
    direction: Direction,
    /// How long each way is measured: 10, 20, 30 or 60 s; 20 without it.
    #[serde(default)]
    duration_seconds: Option<u32>,
    /// Parallel streams, 1 to 8; 4 without it.
    #[serde(default)]
    streams: Option<u32>,
    /// What UDP sends, in Mbit/s.
    #[serde(default)]
    bitrate_mbps: Option<f64>,
    /// Whether it waits for a vantage that is not there now.
    #[serde(default)]
    wait: bool,
}

/// Triggers a speedtest.
#[utoipa::path(
    post,
    path = "/api/speed/test",
    operation_id = "run_test.speedtest",
    tag = "Network tests",
    request_body = SpeedtestBody,
    responses((status = 202, body = Test), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn speedtest(
    State(face): State<Face>,
    asker: Asker,
    Body(wanted): Body<SpeedtestBody>,
) -> Reply {
    let usual = SpeedSpec::default();
    let spec = TestSpec::Speedtest(SpeedSpec {
        target: wanted.target,
        protocol: wanted.protocol,
        direction: wanted.direction,
        duration_seconds: wanted.duration_seconds.unwrap_or(usual.duration_seconds),
        streams: wanted.streams.unwrap_or(usual.streams),
        bitrate_mbps: wanted.bitrate_mbps,
    });
    ask(&face, asker, wanted.agent, spec, wanted.wait).await
}

/// A trace, and where it is run.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct TraceBody {
    /// The vantage; without it the server's own.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    agent: Option<Name>,
    /// A name or an address.
    target: String,
    /// Rounds, 1 to 1000; 30 without it.
    #[serde(default)]
    count: Option<u32>,
    /// Between two rounds, in milliseconds, 50 to 10,000; 100 without it.
    #[serde(default)]
    interval_ms: Option<u32>,
    /// What is sent.
    #[serde(default)]
    protocol: TraceProtocol,
    /// Destination port of UDP and TCP.
    #[serde(default)]
    port: Option<u16>,
    /// Highest TTL, 1 to 64; 30 without it.
    #[serde(default)]
    max_hops: Option<u8>,
    /// Whether it waits for a vantage that is not there now.
    #[serde(default)]
    wait: bool,
}

/// Runs a traceroute, each hop many times.
#[utoipa::path(
    post,
    path = "/api/speed/trace",
    operation_id = "run_test.trace",
    tag = "Network tests",
    request_body = TraceBody,
    responses((status = 202, body = Test), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn trace(
    State(face): State<Face>,
    asker: Asker,
    Body(wanted): Body<TraceBody>,
) -> Reply {
    let spec = TestSpec::Trace(PathSpec {
        target: wanted.target,
        count: wanted.count.unwrap_or(30),
        interval_ms: wanted.interval_ms.unwrap_or(100),
        protocol: wanted.protocol,
        port: wanted.port,
        max_hops: wanted.max_hops.unwrap_or(30),
    });
    ask(&face, asker, wanted.agent, spec, wanted.wait).await
}

/// A port probe, and where it is run.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ProbeBody {
    /// The vantage; without it the server's own.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    agent: Option<Name>,
    /// A name or an address.
    target: String,
    /// The port, 1 to 65535.
    port: u16,
    /// TCP or UDP.
    #[serde(default)]
    protocol: PortProtocol,
    /// How long an answer is waited for, in milliseconds, 10 to 60,000; 2000 without it.
    #[serde(default)]
    timeout_ms: Option<u32>,
    /// What UDP must do.
    #[serde(default)]
    expect: Expect,
    /// Whether it waits for a vantage that is not there now.
    #[serde(default)]
    wait: bool,
}

/// Probes a TCP or UDP port.
#[utoipa::path(
    post,
    path = "/api/speed/probe",
    operation_id = "run_test.probe",
    tag = "Network tests",
    request_body = ProbeBody,
    responses((status = 202, body = Test), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn probe(
    State(face): State<Face>,
    asker: Asker,
    Body(wanted): Body<ProbeBody>,
) -> Reply {
    let spec = TestSpec::Probe(PortSpec {
        target: wanted.target,
        port: wanted.port,
        protocol: wanted.protocol,
        timeout_ms: wanted.timeout_ms.unwrap_or(2000),
        expect: wanted.expect,
    });
    ask(&face, asker, wanted.agent, spec, wanted.wait).await
}

/// A DNS timing, and where it is run.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct DnsBody {
    /// The vantage; without it the server's own.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    agent: Option<Name>,
    /// The name to ask for.
    hostname: String,
    /// `ADDRESS[:PORT]` of each resolver; without one those of the vantage.
    #[serde(default)]
    resolvers: Vec<String>,
    /// Record type; A without it.
    #[serde(default)]
    record_type: Option<String>,
    /// How long each is waited for, in milliseconds, 10 to 60,000; 2000 without it.
    #[serde(default)]
    timeout_ms: Option<u32>,
    /// Whether it waits for a vantage that is not there now.
    #[serde(default)]
    wait: bool,
}

/// Times the answers of resolvers.
#[utoipa::path(
    post,
    path = "/api/speed/dns",
    operation_id = "run_test.dns",
    tag = "Network tests",
    request_body = DnsBody,
    responses((status = 202, body = Test), (status = 404), (status = 409)),
)]
pub(in crate::api) async fn dns(
    State(face): State<Face>,
    asker: Asker,
    Body(wanted): Body<DnsBody>,
) -> Reply {
    let spec = TestSpec::Dns(LookupSpec {
        hostname: wanted.hostname,
        resolvers: wanted.resolvers,
        record_type: wanted.record_type.map_or("A".to_owned(), |word| word.to_ascii_uppercase()),
        timeout_ms: wanted.timeout_ms.unwrap_or(2000),
    });
    ask(&face, asker, wanted.agent, spec, wanted.wait).await
}

/// The registered test agents, after the server's own vantage.
#[utoipa::path(
    get,
    path = "/api/speed/nodes",
    operation_id = "nodes.short",
    tag = "Network tests",
    responses((status = 200, body = Vec<Node>)),
)]
pub(in crate::api) async fn nodes(State(face): State<Face>, asker: Asker) -> Reply {
    match asker.query(&face, Query::Nodes).await? {
        Answer::Nodes(nodes) => Ok(Json(nodes.nodes).into_response()),
        other => Ok(told(other)),
    }
}
