//! A TCP port: open, refused or filtered, the time to connect, and what the peer says.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::context::Context;
use super::{errno, resolve};
use crate::model::spec::TcpSpec;
use crate::model::{Check, Failure, FailureKind, Metric, Observation, SafeText, Unit};

/// Bytes of the answer that are looked at.
const ANSWER_LIMIT: usize = 4096;
/// Characters of the answer that are quoted.
const QUOTE_LIMIT: usize = 80;

pub(super) async fn run(
    check: &Check,
    spec: &TcpSpec,
    context: &Context,
) -> Result<Observation, Failure> {
    let addresses = resolve::addresses(&check.address, spec.family, context).await?;
    let (stream, peer, took) = connect_any(check, spec.port, &addresses, context).await?;
    // Time counts to here; a failed option only makes the dialogue slower or the port linger.
    let _ = stream.set_nodelay(true);
    let opened = format!("port {} open in {}", spec.port, errno::time(took));
    let metrics = vec![Metric::new("time", took.as_secs_f64(), Unit::Seconds)];
    let talked = talk(stream, peer, check, spec, context).await;
    match talked {
        Ok(None) => Ok(Observation::seen(opened, metrics)),
        Ok(Some(line)) => Ok(Observation::seen(format!("{opened}, answer `{line}`"), metrics)),
        // The connection was measured all the same.
        Err(failure) => Ok(Observation { metrics, ..Observation::failed(failure) }),
    }
}

/// The first address that lets us connect. Each one gets an equal share of the time that is left,
/// so that a silent first address does not hide a good second one.
async fn connect_any(
    check: &Check,
    port: u16,
    addresses: &[IpAddr],
    context: &Context,
) -> Result<(TcpStream, SocketAddr, Duration), Failure> {
    let mut first_failure = None;
    for (index, ip) in addresses.iter().enumerate() {
        let peer = SocketAddr::new(*ip, port);
        let left = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let share = context.remaining() / left;
        let until = if left == 1 { context.deadline } else { Instant::now() + share };
        let start = Instant::now();
        let attempt = tokio::time::timeout_at(until.into(), TcpStream::connect(peer)).await;
        let took = start.elapsed();
        let failure = match attempt {
            Ok(Ok(stream)) if is_self_connected(&stream) => refused(peer),
            Ok(Ok(stream)) => return Ok((stream, peer, took)),
            Ok(Err(error)) => connect_failure(peer, &error),
            Err(_) => {
                let within = if addresses.len() == 1 {
                    check.timeout.to_string()
                } else {
                    errno::time(took)
                };
                filtered(peer, &within)
            }
        };
        first_failure = Some(worse(first_failure, failure));
    }
    Err(first_failure.unwrap_or_else(|| Failure::new(FailureKind::Internal, "no address to try")))
}

/// Of the failures of several addresses the one that says more about the target: what blames it
/// before what kept us from trying.
fn worse(first: Option<Failure>, second: Failure) -> Failure {
    match first {
        Some(first) if first.kind.blames_target() || !second.kind.blames_target() => first,
        _ => second,
    }
}

/// A connection to a closed port of this machine's ephemeral range can meet itself.
fn is_self_connected(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(local), Ok(peer)) if local == peer)
}

fn refused(peer: SocketAddr) -> Failure {
    Failure::new(FailureKind::Refused, format!("connection refused by {peer}"))
}

fn filtered(peer: SocketAddr, within: &str) -> Failure {
    let text = format!("no answer from {peer} within {within} (filtered, or the host is down)");
    Failure::new(FailureKind::Timeout, text)
}

fn connect_failure(peer: SocketAddr, error: &io::Error) -> Failure {
    let words = errno::words(error);
    match errno::kind(error) {
        Some(FailureKind::Refused) => refused(peer),
        Some(FailureKind::Timeout) => filtered(peer, "the system's limit"),
        Some(FailureKind::NoRoute) => {
            Failure::new(FailureKind::NoRoute, format!("no route to {peer}: {words}"))
        }
        Some(FailureKind::Local) => {
            let text = format!("this machine cannot open a connection to {peer}: {words}");
            Failure::new(FailureKind::Local, text)
        }
        Some(kind) => Failure::new(kind, format!("cannot connect to {peer}: {words}")),
        None => Failure::new(FailureKind::Internal, format!("cannot connect to {peer}: {words}")),
    }
}

/// Sends and expects; gives the first line of the answer when one was wanted.
async fn talk(
    mut stream: TcpStream,
    peer: SocketAddr,
    check: &Check,
    spec: &TcpSpec,
    context: &Context,
) -> Result<Option<String>, Failure> {
    let late = || {
        let text = format!("{peer} is open but said nothing within {}", check.timeout);
        Failure::new(FailureKind::Timeout, text)
    };
    let deadline = tokio::time::Instant::from_std(context.deadline);
    if let Some(text) = &spec.send {
        let sent = tokio::time::timeout_at(deadline, stream.write_all(text.as_bytes())).await;
        sent.map_err(|_| late())?.map_err(|error| broken(peer, &error))?;
    }
    let Some(wanted) = spec.expect.as_deref() else {
        if spec.send.is_none() {
            // A plain connect test ends with a reset, so that thousands of them leave no port in
            // TIME_WAIT. Where it fails the port only rests for a minute.
            let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        return Ok(None);
    };
    let mut answer = Vec::new();
    let end = listen(&mut stream, &mut answer, wanted, deadline).await;
    if contains(&answer, wanted) {
        return Ok(Some(first_line(&answer)));
    }
    if answer.is_empty() {
        return Err(match end {
            End::Late => late(),
            End::Broken(error) => broken(peer, &error),
            End::Closed | End::Full => {
                let text = format!("{peer} closed the connection before it answered");
                Failure::new(FailureKind::Protocol, text)
            }
        });
    }
    let text =
        format!("answer from {peer} lacks `{}`, it begins `{}`", clip(wanted), first_line(&answer));
    Err(Failure::new(FailureKind::Mismatch, text))
}

enum End {
    Full,
    Closed,
    Late,
    Broken(io::Error),
}

/// Reads until the wanted text, the limit, the end or the deadline.
async fn listen(
    stream: &mut TcpStream,
    answer: &mut Vec<u8>,
    wanted: &str,
    deadline: tokio::time::Instant,
) -> End {
    let mut buffer = [0_u8; ANSWER_LIMIT];
    while answer.len() < ANSWER_LIMIT && !contains(answer, wanted) {
        match tokio::time::timeout_at(deadline, stream.read(&mut buffer)).await {
            Err(_) => return End::Late,
            Ok(Ok(0)) => return End::Closed,
            Ok(Ok(count)) => {
                let room = ANSWER_LIMIT - answer.len();
                answer.extend(buffer.iter().take(count.min(room)));
            }
            Ok(Err(error)) => return End::Broken(error),
        }
    }
    End::Full
}

fn broken(peer: SocketAddr, error: &io::Error) -> Failure {
    let text = format!("connection to {peer} broke: {}", errno::words(error));
    Failure::new(errno::kind(error).unwrap_or(FailureKind::Protocol), text)
}

fn contains(answer: &[u8], wanted: &str) -> bool {
    wanted.is_empty() && !answer.is_empty()
        || !wanted.is_empty()
            && answer.windows(wanted.len()).any(|window| window == wanted.as_bytes())
}

fn first_line(answer: &[u8]) -> String {
    let line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
    clip(SafeText::line_from_bytes(line).as_str())
}

fn clip(text: &str) -> String {
    crate::model::safe_text::truncate(text, QUOTE_LIMIT)
}

#[cfg(test)]
#[path = "tcp_tests.rs"]
mod tests;
