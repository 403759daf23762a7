//! The three ways to send a probe, and how each finds the probe that an answer belongs to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use socket2::{Protocol, Type};

use super::packet::{self, Family, Nonce, Payload};
use super::socket::{Attempt, Connected, Port, Received};
use super::tracker::{Arrival, Cause};
use crate::model::spec::TraceProtocol;
use crate::model::{Failure, FailureKind};

/// Answers taken in one go before the timers have their turn.
const BATCH: usize = 256;
/// Destination port of UDP probes.
const UDP_PORT: u16 = 33_434;
/// Destination port of TCP probes.
const TCP_PORT: u16 = 443;
/// The kernel repeats a SYN after a second; an answer to the second one would be a wrong time.
const TCP_PATIENCE: Duration = Duration::from_millis(950);
/// TCP attempts in flight at most.
const ATTEMPTS: usize = 512;

/// Where probes go out and answers come in.
pub(super) struct Wire {
    target: IpAddr,
    nonce: Nonce,
    kind: Kind,
}

enum Kind {
    /// A ping socket; the kernel owns the identifier and sorts by it.
    Ping(Port, Family),
    /// A raw socket, with the identifier that we chose.
    Raw(Port, Family, u16),
    Udp(Port),
    Tcp(u16, FuturesUnordered<BoxFuture<'static, Option<Arrival>>>),
}

impl Wire {
    /// Opens what the protocol needs; must be called inside a runtime.
    ///
    /// # Errors
    /// [`FailureKind::Denied`] with the mend, [`FailureKind::NoRoute`], [`FailureKind::Local`].
    pub fn open(
        target: IpAddr,
        protocol: TraceProtocol,
        port: Option<u16>,
    ) -> Result<Self, Failure> {
        let kind = match protocol {
            TraceProtocol::Icmp => open_icmp(target)?,
            TraceProtocol::Udp => {
                let to = SocketAddr::new(target, port.unwrap_or(UDP_PORT));
                let port = Port::open(Type::DGRAM, Protocol::UDP, to);
                Kind::Udp(port.map_err(|error| failure(target, &error))?)
            }
            TraceProtocol::Tcp => Kind::Tcp(port.unwrap_or(TCP_PORT), FuturesUnordered::new()),
        };
        Ok(Self { target, nonce: rand::random(), kind })
    }

    /// How long this protocol may wait for an answer, at most.
    pub const fn patience(&self) -> Duration {
        match self.kind {
            Kind::Tcp(..) => TCP_PATIENCE,
            _ => Duration::from_secs(2),
        }
    }

    /// Sends a probe.
    pub fn send(&self, ttl: u8, sequence: u16) -> io::Result<()> {
        match &self.kind {
            Kind::Ping(port, family) => {
                port.send(ttl, &packet::echo_request(*family, 0, sequence, self.nonce))
            }
            Kind::Raw(port, family, id) => {
                port.send(ttl, &packet::echo_request(*family, *id, sequence, self.nonce))
            }
            Kind::Udp(port) => port.send(ttl, &packet::datagram(sequence, self.nonce)),
            Kind::Tcp(port, attempts) => {
                if attempts.len() >= ATTEMPTS {
                    return Err(io::Error::other("too many connection attempts at once"));
                }
                let attempt = Attempt::start(SocketAddr::new(self.target, *port), ttl)?;
                attempts.push(Box::pin(connect(attempt, self.target, sequence)));
                Ok(())
            }
        }
    }

    /// Waits for answers and puts them into `into`. Nothing is lost when it is dropped.
    pub async fn receive(&mut self, into: &mut Vec<Arrival>) -> io::Result<()> {
        let (target, nonce) = (self.target, self.nonce);
        match &mut self.kind {
            Kind::Ping(port, family) => {
                let family = *family;
                let take = |r| into.extend(echo(target, family, None, false, nonce, r));
                port.receive(BATCH, take).await
            }
            Kind::Raw(port, family, id) => {
                let (family, id) = (*family, Some(*id));
                let take = |r| into.extend(echo(target, family, id, true, nonce, r));
                port.receive(BATCH, take).await
            }
            Kind::Udp(port) => {
                port.receive(BATCH, |r| into.extend(datagram(target, nonce, r))).await
            }
            Kind::Tcp(_, attempts) => {
                match attempts.next().await {
                    Some(arrival) => into.extend(arrival),
                    // Nothing is in flight, so nothing can come.
                    None => std::future::pending().await,
                }
                Ok(())
            }
        }
    }
}

async fn connect(attempt: Attempt, target: IpAddr, sequence: u16) -> Option<Arrival> {
    let end = tokio::time::timeout(TCP_PATIENCE, attempt.end()).await.ok()?;
    let at = Instant::now();
    let sequence = Some(sequence);
    match end {
        Connected::Answered => Some(Arrival { sequence, from: target, cause: Cause::Reply, at }),
        Connected::Error(from, cause) => Some(Arrival { sequence, from, cause, at }),
        Connected::Nothing => None,
    }
}

fn echo(
    target: IpAddr,
    family: Family,
    id: Option<u16>,
    raw: bool,
    nonce: Nonce,
    received: Received,
) -> Option<Arrival> {
    let at = Instant::now();
    match received {
        Received::Error(from, cause, quote) => {
            let sequence = Some(packet::quoted_sequence(family, &quote, id, nonce)?);
            Some(Arrival { sequence, from, cause, at })
        }
        Received::Data(from, bytes) if from == Some(target) => {
            let bytes = match family {
                Family::V4 if raw => packet::after_ipv4_header(&bytes)?,
                _ => &bytes,
            };
            let sequence = Some(packet::reply_sequence(family, bytes, id, nonce)?);
            Some(Arrival { sequence, from: target, cause: Cause::Reply, at })
        }
        _ => None,
    }
}

fn datagram(target: IpAddr, nonce: Nonce, received: Received) -> Option<Arrival> {
    let at = Instant::now();
    match received {
        Received::Error(from, cause, quote) => {
            let sequence = match packet::payload_sequence(&quote, nonce) {
                Payload::Sequence(sequence) => Some(sequence),
                Payload::Short => None,
                Payload::Foreign => return None,
            };
            Some(Arrival { sequence, from, cause, at })
        }
        // A service answered, in its own words or with ours.
        Received::Data(_, bytes) => {
            let sequence = match packet::payload_sequence(&bytes, nonce) {
                Payload::Sequence(sequence) => Some(sequence),
                _ => None,
            };
            Some(Arrival { sequence, from: target, cause: Cause::Reply, at })
        }
        Received::Noise => None,
    }
}

fn open_icmp(target: IpAddr) -> Result<Kind, Failure> {
    let to = SocketAddr::new(target, 0);
    let (family, protocol) = match target {
        IpAddr::V4(_) => (Family::V4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Family::V6, Protocol::ICMPV6),
    };
    match Port::open(Type::DGRAM, protocol, to) {
        Ok(port) => return Ok(Kind::Ping(port, family)),
        Err(error) if is_denied(&error) => {}
        Err(error) => return Err(failure(target, &error)),
    }
    match Port::open(Type::RAW, protocol, to) {
        Ok(port) => Ok(Kind::Raw(port, family, rand::random())),
        Err(error) if is_denied(&error) => Err(Failure::new(
            FailureKind::Denied,
            "no permission for ICMP: run `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"`, \
             or give the program CAP_NET_RAW; traces with udp or tcp need no privilege",
        )),
        Err(error) => Err(failure(target, &error)),
    }
}

fn is_denied(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EACCES | libc::EPERM | libc::EPROTONOSUPPORT | libc::ESOCKTNOSUPPORT)
    )
}

/// A failure of this machine to send to `target`.
pub(super) fn failure(target: IpAddr, error: &io::Error) -> Failure {
    let kind = match error.raw_os_error() {
        Some(libc::ENETUNREACH | libc::EHOSTUNREACH | libc::EADDRNOTAVAIL | libc::ENETDOWN) => {
            FailureKind::NoRoute
        }
        Some(libc::EACCES | libc::EPERM) => FailureKind::Denied,
        Some(libc::EAFNOSUPPORT) => {
            return Failure::new(FailureKind::Local, "this machine has no IPv6");
        }
        Some(libc::EINVAL) => FailureKind::Config,
        _ => FailureKind::Local,
    };
    Failure::new(kind, format!("cannot send to {target}: {}", words(error)))
}

/// The system's words without the number.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}
