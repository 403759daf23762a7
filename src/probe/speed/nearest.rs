//! The nearest of several targets: the lowest median of a few round trips (SPEC FS-17).
//!
//! A web server is asked for TCP connections. An iperf3 server serves one client at a time and
//! would take a connection for one, so it is pinged where that is possible.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::net::TcpStream;

use super::reach::addresses;
use super::stats::{median, millis};
use super::{Stop, Vantage};
use crate::model::speed::{Engine, SpeedTarget};
use crate::probe::http::target::Target;
use crate::probe::icmp;

/// Round trips to each.
const TRIES: u16 = 5;
/// How long one may take.
const LIMIT: Duration = Duration::from_secs(2);
/// Between two pings.
const GAP: Duration = Duration::from_millis(50);

/// Chooses.
pub(super) async fn choose<'a>(
    targets: &'a [SpeedTarget],
    vantage: &Vantage,
) -> Result<&'a SpeedTarget, Stop> {
    let asked = targets.iter().map(|target| async move { (target, far(target, vantage).await) });
    let mut best: Option<(&SpeedTarget, f64)> = None;
    let mut why = None;
    for (target, far) in join_all(asked).await {
        match far {
            Ok(far) if best.is_none_or(|(_, known)| far < known) => best = Some((target, far)),
            Ok(_) => {}
            Err(stop) => why = why.or(Some(format!("{}: {}", target.place, stop.words))),
        }
    }
    best.map(|(target, _)| target).ok_or_else(|| match why {
        Some(why) => Stop::new(format!("none of {} targets answers; {why}", targets.len())),
        None => Stop::new("there is no target; write a URL, or HOST[:PORT] of an iperf3 server"),
    })
}

/// How far a target is, in milliseconds.
async fn far(target: &SpeedTarget, vantage: &Vantage) -> Result<f64, Stop> {
    let (host, port) = match target.engine {
        Engine::Http => {
            let target = Target::parse(&target.place).map_err(Stop::new)?;
            (target.host, target.port)
        }
        Engine::Iperf3 => {
            let read = target.host_port().map(|(host, port)| (host.to_owned(), port));
            read.ok_or_else(|| Stop::new("it is no HOST:PORT"))?
        }
    };
    let found = addresses(&host, false, vantage).await?;
    let Some(address) = found.first().copied() else { return Err(Stop::new("it has no address")) };
    if target.engine == Engine::Iperf3
        && let Some(far) = pinged(address, vantage).await
    {
        return Ok(far);
    }
    connected(address, port).await
}

async fn pinged(address: IpAddr, vantage: &Vantage) -> Option<f64> {
    let seen = icmp::round_trips(address, (TRIES, GAP), LIMIT, &vantage.shared).await.ok()?;
    median(&seen.into_iter().flatten().map(millis).collect::<Vec<_>>())
}

async fn connected(address: IpAddr, port: u16) -> Result<f64, Stop> {
    let mut times = Vec::new();
    for _ in 0..TRIES {
        let start = Instant::now();
        match tokio::time::timeout(LIMIT, TcpStream::connect((address, port))).await {
            Ok(Ok(_)) => times.push(millis(start.elapsed())),
            // Whatever keeps the first one away keeps the others away.
            Ok(Err(error)) if times.is_empty() => {
                return Err(Stop::new(crate::probe::errno::words(&error)));
            }
            Err(_) if times.is_empty() => return Err(Stop::new("no answer")),
            _ => {}
        }
    }
    median(&times).ok_or_else(|| Stop::new("no answer"))
}
