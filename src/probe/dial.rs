//! Connecting to a TCP port, with honest words for every way that fails.
//!
//! Addresses are tried in order under one deadline: one that stays silent gets its share of the
//! time and no more, so that a dead IPv6 path does not hide a living IPv4 one.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::context::Context;
use super::errno;
use crate::model::{Failure, FailureKind, Span};

/// An open connection and what it took.
#[derive(Debug)]
pub(super) struct Dialed {
    /// The connection, without Nagle's delay.
    pub stream: TcpStream,
    /// Where it leads.
    pub peer: SocketAddr,
    /// How long the successful attempt took.
    pub took: Duration,
}

/// Connects to the first of `addresses` that answers.
///
/// # Errors
/// The most telling failure: refused before silent before everything else. `timeout` is the
/// check's whole time, for the text.
pub(super) async fn dial(
    addresses: &[IpAddr],
    port: u16,
    timeout: Span,
    context: &Context,
) -> Result<Dialed, Failure> {
    let mut worst: Option<Failure> = None;
    for (tried, address) in addresses.iter().enumerate() {
        let peer = SocketAddr::new(*address, port);
        let left = addresses.len() - tried;
        let share = context.remaining() / u32::try_from(left).unwrap_or(u32::MAX);
        let start = Instant::now();
        let failure = match tokio::time::timeout(share, TcpStream::connect(peer)).await {
            Ok(Ok(stream)) => {
                let took = start.elapsed();
                // Without it small requests wait for acknowledgements and the timings lie.
                let _ = stream.set_nodelay(true);
                return Ok(Dialed { stream, peer, took });
            }
            Ok(Err(error)) => connect_failure(&error, peer),
            Err(_) => silent(peer, timeout),
        };
        if worst.as_ref().is_none_or(|known| rank(known.kind) < rank(failure.kind)) {
            worst = Some(failure);
        }
    }
    Err(worst.unwrap_or_else(|| Failure::new(FailureKind::Resolve, "there is no address to try")))
}

/// How much a failure says about the target.
const fn rank(kind: FailureKind) -> u8 {
    match kind {
        FailureKind::Refused => 3,
        FailureKind::Timeout => 2,
        FailureKind::NoRoute => 1,
        _ => 0,
    }
}

fn silent(peer: SocketAddr, timeout: Span) -> Failure {
    Failure::new(
        FailureKind::Timeout,
        format!("no answer from {peer} within {timeout} (filtered or down)"),
    )
}

/// What an error of `connect` means.
fn connect_failure(error: &io::Error, peer: SocketAddr) -> Failure {
    let words = errno::words(error);
    let (kind, text) = match error.kind() {
        ErrorKind::ConnectionRefused => {
            (FailureKind::Refused, format!("connection refused by {peer}"))
        }
        ErrorKind::ConnectionReset => {
            (FailureKind::Refused, format!("connection reset by {peer} while connecting"))
        }
        ErrorKind::TimedOut => {
            (FailureKind::Timeout, format!("no answer from {peer} (filtered or down)"))
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            (FailureKind::NoRoute, format!("no route to {peer}: {words}"))
        }
        ErrorKind::PermissionDenied => (
            FailureKind::Denied,
            format!("this machine forbids connecting to {peer} (a local firewall or sandbox)"),
        ),
        ErrorKind::InvalidInput => {
            (FailureKind::NoRoute, format!("cannot connect to {peer}: {words}"))
        }
        _ => (FailureKind::Local, format!("cannot connect to {peer}: {words}")),
    };
    Failure::new(kind, text)
}

/// The context with a deadline a little earlier, so that a probe's own words about a time-out come
/// before those of the net under it.
pub(super) fn early(context: &Context) -> Context {
    let margin = (context.remaining() / 20).min(Duration::from_millis(15));
    let deadline = context.deadline.checked_sub(margin).unwrap_or(context.deadline);
    Context { deadline, shared: context.shared.clone() }
}

/// Runs one step until the context's deadline; `Err` carries what `late` says.
pub(super) async fn within<T>(
    context: &Context,
    step: impl Future<Output = T>,
    late: impl FnOnce() -> String,
) -> Result<T, Failure> {
    let deadline = tokio::time::Instant::from_std(context.deadline);
    tokio::time::timeout_at(deadline, step)
        .await
        .map_err(|_| Failure::new(FailureKind::Timeout, late()))
}

/// A round trip for people: `0.4 ms`, `31 ms`, `12.3 s`.
pub(super) fn shown(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 9.95 {
        format!("{millis:.1} ms")
    } else if millis < 9999.5 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1000.0)
    }
}

#[cfg(test)]
#[path = "dial_tests.rs"]
mod tests;
