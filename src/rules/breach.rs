//! Which limits a result of a test broke, and when breaches are confirmed (SPEC FS-29, FS-32, FS-35).

use crate::model::breach::DEVIATION;
use crate::model::schedule::{BASELINE_DAYS, RELIABLE};
use crate::model::{
    Baseline, Baselines, Breach, BreachKind, Figures, Plan, Span, TestKind, TestLimits, Timestamp,
};

use super::due::Times;

/// What decimal figures may differ by, as a share, and still be equal.
const SAME: f64 = 1e-10;

/// The limits that these figures broke. A figure that is not there breaks none, equality breaks
/// none, and a baseline counts only when it is reliable. Without a limit for it a rate may fall short of its
/// baseline by [`DEVIATION`]; with 100 % it may by all of it.
#[must_use]
pub fn breaches(limits: &TestLimits, figures: &Figures, baselines: &Baselines) -> Vec<Breach> {
    let least = |kind, value: Option<f64>, limit: Option<f64>| {
        let (value, limit) = (value?, limit?);
        (value < limit).then_some(Breach { kind, value, limit })
    };
    let most = |kind, value: Option<f64>, limit: Option<f64>| {
        let (value, limit) = (value?, limit?);
        (value > limit).then_some(Breach { kind, value, limit })
    };
    let deviation = limits.baseline_deviation_pct.unwrap_or(DEVIATION);
    let below = |kind, value: Option<f64>, baseline: &Option<Baseline>| {
        let value = value?;
        let baseline = baseline.as_ref().filter(|baseline| baseline.is_reliable())?;
        let limit = baseline.median * (100.0 - deviation) / 100.0;
        (value < limit - limit.abs() * SAME).then_some(Breach { kind, value, limit })
    };
    let found = [
        least(BreachKind::Download, figures.download_mbps, limits.download_min_mbps),
        least(BreachKind::Upload, figures.upload_mbps, limits.upload_min_mbps),
        most(BreachKind::Latency, figures.latency_ms, limits.latency_max_ms),
        most(BreachKind::Jitter, figures.jitter_ms, limits.jitter_max_ms),
        most(BreachKind::PacketLoss, figures.loss_pct, limits.packet_loss_max_pct),
        below(BreachKind::DownloadBaseline, figures.download_mbps, &baselines.download),
        below(BreachKind::UploadBaseline, figures.upload_mbps, &baselines.upload),
    ];
    found.into_iter().flatten().collect()
}

/// Whether breaches are confirmed: `history` says of each run whether it broke a limit, nothing when
/// it measured nothing, the latest first. Without `of_last` the latest `consecutive_failures` runs that measured must all have broken
/// a limit, with it so many of the latest `of_last`. A run that measured nothing neither confirms
/// nor resets.
#[must_use]
pub fn confirmed(
    history: impl IntoIterator<Item = Option<bool>>,
    consecutive_failures: u32,
    of_last: Option<u32>,
) -> bool {
    let needed = consecutive_failures.max(1);
    let window = of_last.unwrap_or(needed).max(needed);
    let looked = usize::try_from(window).unwrap_or(usize::MAX);
    let broke = history.into_iter().flatten().take(looked).filter(|broke| *broke).count();
    u32::try_from(broke).unwrap_or(u32::MAX) >= needed
}

/// Why a schedule will never have a baseline (SPEC D-19), told when it is made; nothing for one that
/// can have one, or whose kind has none.
#[must_use]
pub fn unreliable(plan: &Plan) -> Option<String> {
    if plan.test_type != TestKind::Speedtest {
        return None;
    }
    let most = most_runs(plan)?;
    (most < u64::from(RELIABLE)).then(|| {
        let runs = if most == 1 { "run" } else { "runs" };
        format!(
            "this job will never have a baseline: it makes at most {most} {runs} in \
             {BASELINE_DAYS} days and a baseline needs {RELIABLE}; run it at least 4 times a day, \
             as with `interval_seconds` 21600"
        )
    })
}

/// The most runs that can fall into the past that a baseline is made of, as far as the answer is
/// below [`RELIABLE`]; nothing for a plan whose times cannot be.
fn most_runs(plan: &Plan) -> Option<u64> {
    let past = Span::from_secs(u64::from(BASELINE_DAYS) * 86_400);
    match Times::of(plan, 0).ok()? {
        Times::Every { every, .. } => Some(past.millis().div_ceil(every.millis().max(1))),
        times @ Times::Cron { .. } => {
            // Four years from a leap year on hold every day that there is.
            let from = Timestamp::from_millis(1_704_067_200_000);
            let until = from + Span::from_secs(4 * 366 * 86_400);
            let mut within = std::collections::VecDeque::new();
            let mut most = 0;
            let mut at = from;
            while let Some(next) = times.next(at).filter(|next| *next < until) {
                at = next;
                within.push_back(at);
                while within.front().is_some_and(|first| *first + past <= at) {
                    within.pop_front();
                }
                most = most.max(within.len() as u64);
                if most >= u64::from(RELIABLE) {
                    break;
                }
            }
            Some(most)
        }
    }
}

#[cfg(test)]
#[path = "breach_tests.rs"]
mod tests;
