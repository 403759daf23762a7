//! One ICMP socket that thousands of hosts share: sends echo requests and hands out the answers.
//!
//! surge-ping decodes what comes in. Its own client is not used: it gives no safe way to raise the
//! receive buffer, and it takes an answer without comparing what the request carried.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use surge_ping::{Icmpv4Packet, Icmpv6Packet};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;

use crate::model::{Failure, FailureKind};
use crate::probe::errno;

/// Asked for; the kernel grants what `net.core.rmem_max` allows. The default holds a tenth of a
/// second of answers at 1,000 hosts.
const RECEIVE_BUFFER: usize = 8 * 1024 * 1024;
/// Room for any datagram.
const DATAGRAM_LIMIT: usize = 65_536;
/// Bytes of ICMP header before the payload.
const HEADER: usize = 8;
/// Bytes at the head of the payload that prove that an answer is to this very request.
const NONCE: usize = 8;

/// An open socket with the requests that wait for an answer.
#[derive(Debug)]
pub(super) struct PingSocket {
    inner: UdpSocket,
    raw: bool,
    /// Ours on a raw socket; on a datagram socket the kernel puts its own.
    identifier: u16,
    waiting: Mutex<Waiting>,
}

/// Who waits for which answer. The sequence number is given out under the same lock, so that two
/// checks of one address never have the same one outstanding.
#[derive(Debug, Default)]
struct Waiting {
    next: u16,
    requests: HashMap<(IpAddr, u16), Request>,
}

#[derive(Debug)]
struct Request {
    nonce: [u8; NONCE],
    answer: oneshot::Sender<Answer>,
}

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The echo, read at this moment.
    Echo(Instant),
    /// An ICMP error in words; `host` when it speaks of the host alone and not of the way.
    Error { text: String, host: bool },
}

/// A request on its way; forgotten by the socket when dropped.
#[derive(Debug)]
pub(super) struct Outstanding {
    socket: Arc<PingSocket>,
    key: (IpAddr, u16),
    nonce: [u8; NONCE],
    answer: oneshot::Receiver<Answer>,
    sent: Instant,
}

impl Outstanding {
    /// The answer, with the round-trip time of an echo. Waits as long as it is polled.
    pub(super) async fn wait(mut self) -> Result<Duration, Answer> {
        match (&mut self.answer).await {
            Ok(Answer::Echo(at)) => Ok(at.saturating_duration_since(self.sent)),
            Ok(error) => Err(error),
            // The socket lives as long as we hold it and only drops what it answered.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Outstanding {
    fn drop(&mut self) {
        let mut waiting = self.socket.waiting();
        // Once answered, the key may already belong to a later request.
        if waiting.requests.get(&self.key).is_some_and(|request| request.nonce == self.nonce) {
            waiting.requests.remove(&self.key);
        }
    }
}

/// Opens a socket for the family of `target`: raw where allowed, because only raw sockets hear
/// ICMP errors, else a datagram socket, which needs no privilege where `ping_group_range` says so.
pub(super) fn open(target: IpAddr) -> io::Result<PingSocket> {
    match open_as(target, Type::RAW) {
        Err(error) if errno::kind(&error) == Some(FailureKind::Denied) => {
            open_as(target, Type::DGRAM)
        }
        done => done,
    }
}

/// Opens a socket of the wanted type. Call inside a runtime.
pub(super) fn open_as(target: IpAddr, kind: Type) -> io::Result<PingSocket> {
    let (domain, protocol) = match target {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    // A smaller buffer loses answers only in bursts; no reason to ping not at all.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    Ok(PingSocket {
        inner: UdpSocket::from_std(socket.into())?,
        raw: kind == Type::RAW,
        identifier: rand::random(),
        waiting: Mutex::new(Waiting { next: rand::random(), requests: HashMap::new() }),
    })
}

/// Why no socket could be opened, with the mend.
pub(super) fn open_failure(target: IpAddr, error: &io::Error) -> Failure {
    let words = errno::words(error);
    match errno::kind(error) {
        Some(FailureKind::Denied) => Failure::new(
            FailureKind::Denied,
            "this process may not send pings: allow it with \
             `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"` or \
             `setcap cap_net_raw+ep` on the fluxnoc program",
        ),
        Some(FailureKind::Local) => Failure::new(
            FailureKind::Local,
            format!("this machine cannot open a ping socket: {words}"),
        ),
        _ => {
            let family = if target.is_ipv4() { "IPv4" } else { "IPv6" };
            let text = format!("this machine has no {family} ping socket: {words}");
            Failure::new(FailureKind::NoRoute, text)
        }
    }
}

impl PingSocket {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Every change of the table is one call, so a panic cannot leave it half-made.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one echo request with `size` bytes of payload, at least the 8 of the nonce.
    pub(super) async fn send(
        self: &Arc<Self>,
        target: IpAddr,
        size: usize,
    ) -> io::Result<Outstanding> {
        let nonce: [u8; NONCE] = rand::random();
        let (answer, receiver) = oneshot::channel();
        let sequence = self.waiting().register(target, Request { nonce, answer })?;
        let mut outstanding = Outstanding {
            socket: Arc::clone(self),
            key: (target, sequence),
            nonce,
            answer: receiver,
            sent: Instant::now(),
        };
        let packet = echo_request(target, self.identifier, sequence, nonce, size);
        self.inner.writable().await?;
        outstanding.sent = Instant::now();
        self.inner.send_to(&packet, SocketAddr::new(target, 0)).await?;
        Ok(outstanding)
    }

    /// Hands out answers for ever.
    pub(super) async fn receive(self: Arc<Self>) {
        let mut buffer = vec![0_u8; DATAGRAM_LIMIT];
        loop {
            match self.inner.recv_from(&mut buffer).await {
                Ok((length, source)) => {
                    let at = Instant::now();
                    let message = buffer.get(..length).unwrap_or_default();
                    self.take(message, source.ip(), at);
                }
                // An error queued on the socket is read away by this; the pause keeps one that
                // stays from eating the thread.
                Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// Finds the request that a message answers. What belongs to nobody (other programs' pings,
    /// late or doubled answers, forged ones) is dropped.
    fn take(&self, message: &[u8], source: IpAddr, at: Instant) {
        let Some(heard) = self.decode(message, source) else { return };
        if self.raw && heard.identifier != self.identifier {
            return;
        }
        let key = (heard.target, heard.sequence);
        let mut waiting = self.waiting();
        let answer = match heard.what {
            What::Echo(nonce) => {
                if waiting.requests.get(&key).is_none_or(|request| request.nonce != nonce) {
                    return;
                }
                Answer::Echo(at)
            }
            What::Error { text, host } => Answer::Error { text, host },
        };
        if let Some(request) = waiting.requests.remove(&key) {
            // Nobody listens any more when the run was given up meanwhile.
            let _ = request.answer.send(answer);
        }
    }

    fn decode(&self, message: &[u8], source: IpAddr) -> Option<Heard> {
        match source {
            IpAddr::V4(source) => {
                let kind = if self.raw { Type::RAW } else { Type::DGRAM };
                let own = Ipv4Addr::UNSPECIFIED;
                let packet = Icmpv4Packet::decode(message, kind, source, own).ok()?;
                // A raw IPv4 socket delivers the IP header, whose length is in its first byte.
                let header = if self.raw { usize::from(message.first()? & 0x0f) * 4 } else { 0 };
                let what = match packet.get_icmp_type().0 {
                    0 => What::Echo(nonce_at(message, header + HEADER)?),
                    kind => {
                        let code = packet.get_icmp_code().0;
                        let (words, host) = error_v4(kind, code)?;
                        What::Error { text: format!("{words}, said by {source}"), host }
                    }
                };
                Some(Heard {
                    target: IpAddr::V4(packet.get_real_dest()),
                    identifier: packet.get_identifier().into_u16(),
                    sequence: packet.get_sequence().into_u16(),
                    what,
                })
            }
            IpAddr::V6(source) => {
                let packet = Icmpv6Packet::decode(message, source).ok()?;
                let what = match packet.get_icmpv6_type().0 {
                    129 => What::Echo(nonce_at(message, HEADER)?),
                    kind => {
                        let code = packet.get_icmpv6_code().0;
                        let (words, host) = error_v6(kind, code)?;
                        What::Error { text: format!("{words}, said by {source}"), host }
                    }
                };
                Some(Heard {
                    target: IpAddr::V6(packet.get_real_dest()),
                    identifier: packet.get_identifier().into_u16(),
                    sequence: packet.get_sequence().into_u16(),
                    what,
                })
            }
        }
    }
}

/// A message that may answer one of our requests.
struct Heard {
    target: IpAddr,
    identifier: u16,
    sequence: u16,
    what: What,
}

enum What {
    Echo([u8; NONCE]),
    Error { text: String, host: bool },
}

impl Waiting {
    /// Gives out a sequence number that no other request to this address has.
    fn register(&mut self, target: IpAddr, request: Request) -> io::Result<u16> {
        for _ in 0..=u16::MAX {
            let sequence = self.next;
            self.next = self.next.wrapping_add(1);
            if let std::collections::hash_map::Entry::Vacant(free) =
                self.requests.entry((target, sequence))
            {
                free.insert(request);
                return Ok(sequence);
            }
        }
        // 65,536 requests to one address are on their way.
        Err(io::Error::from_raw_os_error(libc::ENOBUFS))
    }
}

fn nonce_at(message: &[u8], offset: usize) -> Option<[u8; NONCE]> {
    message.get(offset..offset.checked_add(NONCE)?)?.try_into().ok()
}

/// What an ICMP error of IPv4 means, and whether it speaks of the host alone; `None` for messages that
/// are no error of ours (a redirect: the packet went on).
fn error_v4(kind: u8, code: u8) -> Option<(&'static str, bool)> {
    Some(match (kind, code) {
        (3, 1 | 7) => ("host unreachable", true),
        (3, 2 | 3) => ("ICMP unreachable", true),
        (3, 9 | 10 | 13) => ("forbidden by a filter", false),
        (3, 4) => ("packet too big for the path", false),
        (3, _) => ("network unreachable", false),
        (11, _) => ("time to live exceeded (routing loop)", false),
        (12, _) => ("parameter problem", false),
        _ => return None,
    })
}

/// As [`error_v4`], for IPv6.
fn error_v6(kind: u8, code: u8) -> Option<(&'static str, bool)> {
    Some(match (kind, code) {
        (1, 3) => ("host unreachable", true),
        (1, 4) => ("ICMP unreachable", true),
        (1, 1 | 5) => ("forbidden by a filter", false),
        (1, _) => ("network unreachable", false),
        (2, _) => ("packet too big for the path", false),
        (3, _) => ("hop limit exceeded (routing loop)", false),
        (4, _) => ("parameter problem", false),
        _ => return None,
    })
}

/// The bytes of an echo request. The nonce leads the payload; the rest is the usual counting.
fn echo_request(
    target: IpAddr,
    identifier: u16,
    sequence: u16,
    nonce: [u8; NONCE],
    size: usize,
) -> Vec<u8> {
    let mut packet = Vec::with_capacity(HEADER + size);
    packet.extend([if target.is_ipv4() { 8 } else { 128 }, 0, 0, 0]);
    packet.extend(identifier.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend(nonce);
    packet.extend((NONCE..size).map(|index| u8::try_from(index % 256).unwrap_or(0)));
    // The kernel computes ICMPv6's checksum, which covers addresses that only it knows.
    if target.is_ipv4() {
        let sum = checksum(&packet).to_be_bytes();
        packet.splice(2..4, sum);
    }
    packet
}

/// The internet checksum of RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        let high = pair.first().copied().unwrap_or(0);
        let low = pair.get(1).copied().unwrap_or(0);
        sum = sum.wrapping_add(u32::from(u16::from_be_bytes([high, low])));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
#[path = "socket_tests.rs"]
mod tests;
