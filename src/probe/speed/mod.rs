//! Speedtests: how much goes through to a target and back, and what that does to its latency.
//!
//! In: what is asked for, the targets, the networks that may be reached.
//! Out: the result, told while it grows; or why there is none, with what was measured until then.
//! Never: makes a rate of a test that failed, or outlives its future: dropped, everything ends.

mod child;
mod endpoint;
mod events;
mod http;
mod iperf3;
mod load;
mod nearest;
mod reach;
mod stats;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub use child::run as run_child;
pub use endpoint::{Limits, serve};

use super::context::Shared;
use crate::model::speed::{Engine, Grade, SpeedResult, SpeedSpec, SpeedTarget, Throughput};
use crate::model::test::TestSpec;
use crate::model::{Failure, Networks, SafeText};

/// The word by which the program runs as the child that speaks iperf3.
pub const CHILD_COMMAND: &str = "__iperf";

/// Where a speedtest is run.
#[derive(Clone, Debug)]
pub struct Vantage {
    /// The sockets that everything here shares.
    pub shared: Arc<Shared>,
    /// What may be reached.
    pub networks: Arc<Networks>,
    /// The program whose [`CHILD_COMMAND`] speaks iperf3.
    pub program: PathBuf,
}

impl Vantage {
    /// This process.
    #[must_use]
    pub fn here(shared: &Arc<Shared>, networks: &Networks) -> Self {
        Self {
            shared: Arc::clone(shared),
            networks: Arc::new(networks.clone()),
            // It names the program that runs, also after another was put in its place.
            program: PathBuf::from("/proc/self/exe"),
        }
    }
}

/// A speedtest that did not measure what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeedFailure {
    /// Why.
    pub words: SafeText,
    /// True when the target was busy: it is worth another try.
    pub busy: bool,
    /// What was measured until then.
    pub so_far: Option<Box<SpeedResult>>,
}

/// Why an engine ended before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stop {
    words: String,
    busy: bool,
}

impl Stop {
    fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), busy: false }
    }

    fn busy(words: impl Into<String>) -> Self {
        Self { words: words.into(), busy: true }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::new(failure.message.as_str())
    }
}

/// The result as it grows.
struct Record<'a> {
    result: SpeedResult,
    tell: &'a watch::Sender<Option<SpeedResult>>,
}

impl Record<'_> {
    fn change(&mut self, change: impl FnOnce(&mut SpeedResult)) {
        change(&mut self.result);
        self.tell.send_replace(Some(self.result.clone()));
    }

    /// What the load added to the latency, in both ways.
    fn grade(&mut self) {
        self.change(|result| {
            let ways = [&result.download, &result.upload];
            let loaded = ways.into_iter().flatten().filter_map(|way| way.loaded_ms);
            let worst = loaded.reduce(f64::max);
            result.grade =
                worst.zip(result.latency_ms).map(|(worst, idle)| Grade::of(worst - idle));
        });
    }
}

/// Measures against the target, or against the nearest of several. Everything that is known so far
/// is told at least every quarter of a second while something moves.
///
/// # Errors
/// Why nothing, or not everything, could be measured.
pub async fn run(
    spec: &SpeedSpec,
    targets: &[SpeedTarget],
    vantage: &Vantage,
    tell: &watch::Sender<Option<SpeedResult>>,
) -> Result<SpeedResult, SpeedFailure> {
    let limit = Duration::from_millis(TestSpec::Speedtest(spec.clone()).longest_ms());
    let end = tokio::time::Instant::now() + limit;
    let late = || Stop::new(format!("no result within {} s", limit.as_secs()));
    let chosen = match targets {
        [only] => Ok(only),
        several => match tokio::time::timeout_at(end, nearest::choose(several, vantage)).await {
            Ok(chosen) => chosen,
            Err(_) => Err(late()),
        },
    };
    let target = chosen.map_err(|stop| failure(&stop, None))?;
    let mut record = Record { result: SpeedResult::begun(target), tell };
    record.change(|_| {});
    let measured = async {
        match target.engine {
            Engine::Http => http::run(spec, target, vantage, &mut record).await,
            Engine::Iperf3 => iperf3::run(spec, target, vantage, &mut record).await,
        }
    };
    let ended =
        tokio::time::timeout_at(end, Box::pin(measured)).await.unwrap_or_else(|_| Err(late()));
    match ended {
        Ok(()) => Ok(record.result),
        Err(stop) => {
            let mut so_far = record.result;
            // What moved nothing measured nothing.
            let moved = |way: Option<Throughput>| way.filter(|way| way.bytes > 0);
            so_far.download = moved(so_far.download);
            so_far.upload = moved(so_far.upload);
            Err(failure(&stop, Some(Box::new(so_far))))
        }
    }
}

fn failure(stop: &Stop, so_far: Option<Box<SpeedResult>>) -> SpeedFailure {
    SpeedFailure { words: SafeText::line(&stop.words), busy: stop.busy, so_far }
}
