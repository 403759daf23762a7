//! PromQL: our own cases in the language of Prometheus's test scripts, and a comparison with a real
//! Prometheus.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "promql/alerts.rs"]
mod alerts;
#[path = "promql/bounds.rs"]
mod bounds;
#[path = "promql/combining.rs"]
mod combining;
#[path = "promql/compare.rs"]
mod compare;
#[path = "promql/expressions.rs"]
mod expressions;
#[path = "promql/history.rs"]
mod history;
#[path = "promql/making.rs"]
mod making;
#[path = "promql/memory.rs"]
mod memory;
#[path = "promql/refused.rs"]
mod refused;
#[path = "promql/script.rs"]
mod script;
#[path = "promql/scripts.rs"]
mod scripts;
#[path = "promql/server.rs"]
mod server;
#[path = "promql/templates.rs"]
mod templates;
