//! Speedtests against real servers, our own endpoint, a link of a known rate, and hostile peers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "common/netns.rs"]
mod netns;
#[path = "common/nginx.rs"]
mod nginx;
#[path = "common/shaper.rs"]
mod shaper;
#[path = "common/tls.rs"]
mod tls;

#[path = "speed/command.rs"]
mod command;
#[path = "speed/endpoint.rs"]
mod endpoint;
#[path = "speed/hostile.rs"]
mod hostile;
#[path = "speed/http.rs"]
mod http;
#[path = "speed/iperf3.rs"]
mod iperf3;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fluxnoc::model::Networks;
use fluxnoc::model::speed::{Direction, SpeedResult, SpeedSpec, SpeedTarget};
use fluxnoc::probe::Shared;
use fluxnoc::probe::speed::{self, Limits, SpeedFailure, Vantage};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const PROGRAM: &str = env!("CARGO_BIN_EXE_fluxnoc");

/// What is asked for; the engine takes any length.
fn spec(direction: Direction, seconds: u32) -> SpeedSpec {
    SpeedSpec { direction, duration_seconds: seconds, ..SpeedSpec::default() }
}

fn vantage(networks: &Networks) -> Vantage {
    let program = PathBuf::from(PROGRAM);
    Vantage { program, ..Vantage::here(&Shared::start().unwrap(), networks) }
}

/// A test from here to one place, with everything that was told meanwhile.
async fn run_at(
    spec: &SpeedSpec,
    place: &str,
    vantage: &Vantage,
) -> (Result<SpeedResult, SpeedFailure>, Vec<SpeedResult>) {
    let (tell, mut told) = watch::channel(None);
    let gather = tokio::spawn(async move {
        let mut all = Vec::new();
        while told.changed().await.is_ok() {
            all.extend(told.borrow_and_update().clone());
        }
        all
    });
    let targets = [place.parse::<SpeedTarget>().unwrap()];
    let ended = speed::run(spec, &targets, vantage, &tell).await;
    drop(tell);
    (ended, gather.await.unwrap())
}

async fn run(spec: &SpeedSpec, place: &str) -> Result<SpeedResult, SpeedFailure> {
    run_at(spec, place, &vantage(&Networks::default())).await.0
}

/// An endpoint of ours; dropped, it stops.
struct Endpoint {
    address: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl Endpoint {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(speed::serve(listener, limits, stop.clone()));
        Self { address, _stop: stop.drop_guard() }
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

/// A peer that does with each connection what it is told to.
async fn peer<F, Fut>(behave: F) -> SocketAddr
where
    F: Fn(tokio::net::TcpStream) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let behave = Arc::new(behave);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(behave(stream));
        }
    });
    address
}

/// A port where nobody listens.
fn closed_port() -> SocketAddr {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// Within so many per cent.
fn near(measured: f64, truth: f64, percent: f64) -> bool {
    (measured - truth).abs() <= truth * percent / 100.0
}

/// Fails with what it was when it takes longer than that.
async fn soon<T>(what: &str, limit: Duration, wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(limit, wait).await.unwrap_or_else(|_| panic!("{what}: above {limit:?}"))
}
