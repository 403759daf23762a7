//! The iperf3 engine: one way after the other, each in a child process, told as it goes.
//!
//! An iperf3 server serves one client at a time. So latency is pinged and not connected, and the
//! second way waits until the server has put the first one away.

use std::net::IpAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio_util::task::AbortOnDropHandle;

use super::child::Order;
use super::events::{self, End, Event};
use super::reach::addresses;
use super::stats::{jitter, loss, median, millis};
use super::{CHILD_COMMAND, Record, Stop, Vantage};
use crate::model::SafeText;
use crate::model::speed::{
    INTERVAL_LIMIT, Interval, SpeedResult, SpeedSpec, SpeedTarget, Throughput, Transport, UDP_MBPS,
};
use crate::probe::icmp;

/// Pings before the load, and their beat.
const PINGS: (u16, Duration) = (12, Duration::from_millis(60));
/// How long they may take.
const PINGS_LIMIT: Duration = Duration::from_secs(4);
/// Pings under load, at most.
const LOADED_PINGS: u16 = 100;
/// What a way may take beyond its length: connections, and the exchange of figures at the end.
const ROOM: Duration = Duration::from_secs(20);
/// How often the second way asks a server that is still busy with the first one, and how long it
/// waits between.
const AGAIN: (u32, Duration) = (8, Duration::from_millis(250));
/// How long a child that has said everything may take to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Measures against an iperf3 server.
pub(super) async fn run(
    spec: &SpeedSpec,
    target: &SpeedTarget,
    vantage: &Vantage,
    record: &mut Record<'_>,
) -> Result<(), Stop> {
    let (host, port) = target.host_port().ok_or_else(|| {
        Stop::new(format!("{} is no HOST:PORT of an iperf3 server", target.place))
    })?;
    let found = addresses(host, false, vantage).await?;
    let Some(address) = found.first().copied() else { return Err(Stop::new("no address")) };
    record.change(|result| result.address = Some(SafeText::line(&address.to_string())));
    let answers = idle(address, vantage, record).await;
    let per_stream = spec.bitrate_mbps.unwrap_or(UDP_MBPS) * 1e6 / f64::from(spec.streams.max(1));
    let order = Order {
        address,
        port,
        udp: spec.protocol == Transport::Udp,
        reverse: false,
        streams: spec.streams.max(1),
        seconds: spec.duration_seconds,
        bits_per_second: bits(per_stream),
    };
    let mut before = false;
    for (wanted, reverse, way) in [
        (spec.direction.downloads(), true, (|result| &mut result.download) as Way),
        (spec.direction.uploads(), false, |result| &mut result.upload),
    ] {
        if wanted {
            let order = Order { reverse, ..order.clone() };
            measure(&order, before, answers, vantage, record, way).await?;
            before = true;
        }
    }
    finish(spec, record);
    Ok(())
}

/// Which figure of the result grows.
type Way = fn(&mut SpeedResult) -> &mut Option<Throughput>;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded on both sides"
)]
fn bits(rate: f64) -> u64 {
    rate.clamp(1.0, 1e12) as u64
}

/// What concerns both ways.
fn finish(spec: &SpeedSpec, record: &mut Record<'_>) {
    if spec.protocol == Transport::Udp {
        record.change(|result| {
            let ways = [&result.download, &result.upload];
            let worst = |of: fn(&Throughput) -> Option<f64>| {
                ways.into_iter().flatten().filter_map(of).reduce(f64::max)
            };
            let (jitter, loss) = (worst(|way| way.jitter_ms), worst(|way| way.loss_pct));
            result.jitter_ms = jitter;
            result.loss_pct = loss;
        });
    }
    record.grade();
}

/// The latency before the load; false when the target answers no ping, or this machine may not
/// ask. The figures are then those of TCP, where the sender is here.
async fn idle(address: IpAddr, vantage: &Vantage, record: &mut Record<'_>) -> bool {
    let seen = icmp::round_trips(address, PINGS, PINGS_LIMIT, &vantage.shared).await;
    let seen = seen.unwrap_or_default();
    let times: Vec<f64> = seen.iter().flatten().copied().map(millis).collect();
    if times.is_empty() {
        return false;
    }
    record.change(|result| {
        result.latency_ms = median(&times);
        result.jitter_ms = jitter(&times);
        result.loss_pct = loss(seen.len(), times.len());
    });
    true
}

/// One way; the second one gives the server time to put the first one away.
async fn measure(
    order: &Order,
    second: bool,
    answers: bool,
    vantage: &Vantage,
    record: &mut Record<'_>,
    way: Way,
) -> Result<(), Stop> {
    let mut tries = if second { AGAIN.0 } else { 1 };
    loop {
        tries = tries.saturating_sub(1);
        match once(order, answers, vantage, record, way).await {
            Err(stop) if stop.busy && tries > 0 => tokio::time::sleep(AGAIN.1).await,
            ended => return ended,
        }
    }
}

async fn once(
    order: &Order,
    answers: bool,
    vantage: &Vantage,
    record: &mut Record<'_>,
    way: Way,
) -> Result<(), Stop> {
    let length = Duration::from_secs(order.seconds.into());
    let loaded = answers.then(|| {
        let shared = Arc::clone(&vantage.shared);
        let gap = (length / u32::from(LOADED_PINGS)).max(Duration::from_millis(200));
        let count = length.as_millis() / gap.as_millis().max(1);
        let count = u16::try_from(count).unwrap_or(LOADED_PINGS).clamp(1, LOADED_PINGS);
        let address = order.address;
        AbortOnDropHandle::new(tokio::spawn(async move {
            icmp::round_trips(address, (count, gap), length, &shared).await
        }))
    });
    let (mut child, stdout) = spawn(order, vantage).await?;
    let told = tokio::time::timeout(length + ROOM, listen(stdout, record, way)).await;
    let end = match told {
        Err(_) => {
            let late = (length + ROOM).as_secs();
            return Err(Stop::new(format!("no result from the iperf3 server within {late} s")));
        }
        Ok(Err(stop)) => return Err(stop),
        Ok(Ok(None)) => return Err(ended_early(&mut child).await),
        Ok(Ok(Some(end))) => end,
    };
    let _ = tokio::time::timeout(FAREWELL, child.wait()).await;
    let loaded_ms = match loaded {
        Some(task) => match task.await {
            Ok(Ok(seen)) => median(&seen.into_iter().flatten().map(millis).collect::<Vec<_>>()),
            _ => None,
        },
        None => None,
    };
    settle(&end, loaded_ms, answers, record, way)
}

/// Starts the child and gives it its order. Dropped, it is killed.
async fn spawn(order: &Order, vantage: &Vantage) -> Result<(Child, BufReader<ChildStdout>), Stop> {
    let cannot =
        |why: String| Stop::new(format!("cannot start the child that speaks iperf3: {why}"));
    let mut line = serde_json::to_string(order).map_err(|error| cannot(error.to_string()))?;
    line.push('\n');
    let mut child = Command::new(&vantage.program)
        .arg(CHILD_COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| cannot(error.to_string()))?;
    let stdout = child.stdout.take().ok_or_else(|| cannot("no pipe".to_owned()))?;
    // It stays in the child's keeping, open until the child is dropped.
    if let Some(stdin) = &mut child.stdin {
        // One that is gone says so below, by its end.
        let _ = stdin.write_all(line.as_bytes()).await;
    }
    Ok((child, BufReader::new(stdout)))
}

/// Reads events until the end, an error, or silence; nothing when the child just went.
async fn listen(
    mut from: BufReader<ChildStdout>,
    record: &mut Record<'_>,
    way: Way,
) -> Result<Option<End>, Stop> {
    let strange = |why: String| Stop::new(format!("the child that speaks iperf3 {why}"));
    let mut counted = None;
    while let Some(line) = events::next_line(&mut from).await.map_err(strange)? {
        match events::read(&line).map_err(strange)? {
            Event::Interval { end, bytes, mbps } => record.change(|result| {
                let grown = way(result).get_or_insert_default();
                grown.bytes = grown.bytes.saturating_add(bytes);
                grown.took_ms = to_ms(end);
                if end > 0.0 {
                    grown.mbps = count(grown.bytes) * 8.0 / 1e6 / end;
                }
                if grown.intervals.len() < INTERVAL_LIMIT {
                    grown.intervals.push(Interval { at_ms: to_ms(end), mbps });
                }
            }),
            Event::Counted(seconds) => counted = Some(seconds),
            Event::End(end) => return Ok(Some(over(*end, counted))),
            Event::Error(why) => return Err(refusal(&why)),
            Event::Other => {}
        }
    }
    Ok(None)
}

/// The end, with the rate over the time for which the server counted: it goes on until it hears of
/// the end, while what the kernels held still comes. The library divides by the time of sending.
fn over(end: End, counted: Option<f64>) -> End {
    // What is far from it is no time of this test.
    match counted.filter(|time| (end.seconds..end.seconds * 1.5 + 1.0).contains(time)) {
        Some(time) if time > 0.0 => {
            End { mbps: count(end.bytes) * 8.0 / 1e6 / time, seconds: time, ..end }
        }
        _ => end,
    }
}

/// What the library's words mean.
fn refusal(why: &str) -> Stop {
    let low = why.to_ascii_lowercase();
    if low.contains("busy") || low.contains("access denied") {
        return Stop::busy("the iperf3 server is busy running a test");
    }
    Stop::new(format!("iperf3: {}", why.trim_end_matches([':', ' '])))
}

async fn ended_early(child: &mut Child) -> Stop {
    let how = match tokio::time::timeout(FAREWELL, child.wait()).await {
        Ok(Ok(status)) => format!(" ({status})"),
        _ => String::new(),
    };
    Stop::new(format!("the child that speaks iperf3 ended without a result{how}"))
}

/// Puts the figures of the end in the place of those that grew.
fn settle(
    end: &End,
    loaded_ms: Option<f64>,
    answers: bool,
    record: &mut Record<'_>,
    way: Way,
) -> Result<(), Stop> {
    if end.bytes == 0 {
        return Err(Stop::new("iperf3: the receiver got nothing"));
    }
    record.change(|result| {
        if let (false, Some((least, _))) = (answers, end.rtt_ms) {
            result.latency_ms.get_or_insert(least);
        }
        let loaded = loaded_ms.or(end.rtt_ms.map(|(_, mean)| mean));
        let grown = way(result).get_or_insert_default();
        *grown = Throughput {
            mbps: end.mbps,
            bytes: end.bytes,
            took_ms: to_ms(end.seconds),
            retransmits: end.retransmits,
            jitter_ms: end.jitter_ms,
            loss_pct: end.loss_pct,
            loaded_ms: loaded,
            intervals: std::mem::take(&mut grown.intervals),
        };
    });
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "bytes of one test are below 2^53")]
fn count(bytes: u64) -> f64 {
    bytes as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded on both sides"
)]
fn to_ms(seconds: f64) -> u32 {
    (seconds * 1000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_over_the_time_for_which_the_server_counted() {
        let end = || End { mbps: 52.0, bytes: 26_000_000, seconds: 4.0, ..End::default() };
        let longer = over(end(), Some(4.16));
        assert_eq!((longer.mbps, longer.seconds), (50.0, 4.16));
        for odd in [None, Some(0.0), Some(-1.0), Some(f64::NAN), Some(1.0), Some(900.0)] {
            assert_eq!(over(end(), odd), end(), "{odd:?}");
        }
    }

    #[test]
    fn d_27_a_busy_server_is_said_to_be_busy() {
        for why in ["access denied by server", "the server is busy running a test. try again later"]
        {
            let stop = refusal(why);
            assert!(stop.busy && stop.words == "the iperf3 server is busy running a test");
        }
        let stop = refusal("control socket has closed unexpectedly");
        assert!(!stop.busy && stop.words.starts_with("iperf3: control socket"));
    }
}
