//! A UDP port: answered, closed, or silent, which is open or filtered (SPEC D-24).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;

use super::context::Context;
use super::{errno, resolve};
use crate::model::spec::{UdpExpect, UdpSpec};
use crate::model::{Check, Failure, FailureKind, Metric, Observation, Span, Unit};

/// How long silence is listened to when silence is good: what comes back at all, comes soon.
const SILENCE: Duration = Duration::from_secs(2);
/// Room for any datagram.
const DATAGRAM_LIMIT: usize = 65_536;

pub(super) async fn run(
    check: &Check,
    spec: &UdpSpec,
    context: &Context,
) -> Result<Observation, Failure> {
    let addresses = resolve::addresses(&check.address, spec.family, context).await?;
    let (socket, peer) = open_any(&addresses, spec.port).await?;
    let wait = match spec.expect {
        UdpExpect::Reply => context.remaining(),
        UdpExpect::Any => SILENCE.min(check.timeout.to_std() / 2).min(context.remaining()),
    };
    let payload = spec.send.as_deref().unwrap_or_default().as_bytes();
    let start = Instant::now();
    socket.send(payload).await.map_err(|error| failure(peer, &error))?;
    let mut buffer = vec![0_u8; DATAGRAM_LIMIT];
    let until = match spec.expect {
        UdpExpect::Reply => context.deadline,
        UdpExpect::Any => start + wait,
    };
    match tokio::time::timeout_at(until.into(), socket.recv(&mut buffer)).await {
        Ok(Ok(bytes)) => {
            let took = start.elapsed();
            let text =
                format!("port {} answered in {} with {bytes} bytes", spec.port, errno::time(took));
            let time = Metric::new("time", took.as_secs_f64(), Unit::Seconds);
            Ok(Observation::seen(text, vec![time]))
        }
        Ok(Err(error)) => Err(failure(peer, &error)),
        Err(_) => match spec.expect {
            UdpExpect::Reply => {
                let text = format!("no answer from {peer} (UDP) within {}", check.timeout);
                Err(Failure::new(FailureKind::Timeout, text))
            }
            UdpExpect::Any => {
                let waited = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                let waited = Span::from_millis(waited);
                let text = format!("open or filtered: no answer in {waited}");
                Ok(Observation::seen(text, Vec::new()))
            }
        },
    }
}

/// A socket connected to the first address that has a route; only a connected socket is told that
/// a port is unreachable, and hears nobody else.
async fn open_any(addresses: &[IpAddr], port: u16) -> Result<(UdpSocket, SocketAddr), Failure> {
    let mut last = Failure::new(FailureKind::Internal, "no address to try");
    for ip in addresses {
        let peer = SocketAddr::new(*ip, port);
        match connected(peer).await {
            Ok(socket) => return Ok((socket, peer)),
            Err(error) => last = failure(peer, &error),
        }
    }
    Err(last)
}

/// A fresh socket that talks with `peer` alone.
pub(super) async fn connected(peer: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match peer {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(peer).await?;
    Ok(socket)
}

fn failure(peer: SocketAddr, error: &io::Error) -> Failure {
    let words = errno::words(error);
    let text = match errno::kind(error) {
        Some(FailureKind::Refused) => {
            format!("UDP port {} closed: port unreachable, said by {}", peer.port(), peer.ip())
        }
        Some(FailureKind::NoRoute) => format!("no route to {peer}: {words}"),
        Some(FailureKind::Local) => {
            format!("this machine cannot send UDP to {peer}: {words}")
        }
        _ => format!("cannot send UDP to {peer}: {words}"),
    };
    Failure::new(errno::kind(error).unwrap_or(FailureKind::Internal), text)
}

#[cfg(test)]
#[path = "udp_tests.rs"]
mod tests;
