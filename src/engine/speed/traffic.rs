//! The ledger of traffic at work: what a test is expected to move counts from its begin on, and what
//! it moved from its end on; one that would pass a cap of its vantage is not run.

use std::collections::HashMap;

use chrono_tz::Tz;

use super::super::core::Core;
use crate::model::traffic::{Allowance, Traffic, estimate};
use crate::model::{Figures, Measured, Name, SafeText, Span, Test, TestPhase, TestSpec, Timestamp};
use crate::protocol::Problem;
use crate::rules::due;
use crate::rules::ledger::{self, Ledger};
use crate::store::{LastRate, Moved, Store, StoreError};

/// How often what counts no more is forgotten.
const FORGET: Span = Span::from_secs(3600);
/// Targets of one vantage whose rates are remembered: beyond, the one tested longest ago gives way.
const TARGETS: usize = 256;

/// What is known of traffic when an engine begins.
#[derive(Debug, Default)]
pub(in crate::engine) struct Known {
    moved: Vec<Moved>,
    rates: Vec<LastRate>,
}

impl Known {
    /// Reads it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub(in crate::engine) async fn read(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let since = now - ledger::PAST;
        Ok(Self { moved: store.moved(since).await?, rates: store.last_rates(since).await? })
    }
}

/// What vantages moved, may move, and move in a second.
#[derive(Debug, Default)]
pub(super) struct Traffics {
    ledger: Ledger,
    allowance: Allowance,
    /// The figures of the last speedtest of each vantage and target, and when it began.
    rates: HashMap<Name, HashMap<SafeText, (Timestamp, Figures)>>,
    /// When it was last looked what counts no more.
    forgot: Timestamp,
}

impl Traffics {
    /// Takes in what the store knows.
    pub(super) fn restore(&mut self, known: Known) {
        for moved in known.moved {
            self.ledger.add(&moved.agent, moved.at, moved.bytes);
        }
        for last in known.rates {
            let known = self.rates.entry(last.agent).or_default();
            known.insert(last.target, (last.at, last.figures));
            bound(known);
        }
    }

    /// Takes in what is configured.
    pub(super) fn allow(&mut self, allowance: &Allowance) {
        self.allowance.clone_from(allowance);
    }

    /// Forgets what counts no more, now and then.
    pub(super) fn forget(&mut self, now: Timestamp) {
        if now.since(self.forgot) >= FORGET {
            self.forgot = now;
            self.ledger.forget(now);
            self.rates.retain(|_, known| {
                known.retain(|_, (at, _)| *at >= now - ledger::PAST);
                !known.is_empty()
            });
        }
    }

    /// How a vantage stands.
    pub(super) fn of(&self, agent: &str, now: Timestamp) -> Traffic {
        // It was checked when it was read.
        let zone = due::zone(self.allowance.zone.as_deref()).unwrap_or(Tz::UTC);
        self.ledger.traffic(agent, self.allowance.of(agent), zone, now)
    }

    /// What a test is expected to move: by the last one of its vantage to its target, else by the
    /// fastest of its vantage; nothing is known of the first of all.
    fn expected(&self, agent: &Name, target: &SafeText, spec: &TestSpec) -> u64 {
        let known = self.rates.get(agent);
        let last = known.and_then(|known| known.get(target)).map(|(_, last)| *last).or_else(|| {
            let fastest = |pick: fn(&Figures) -> Option<f64>| {
                known?.values().filter_map(|(_, one)| pick(one)).max_by(f64::total_cmp)
            };
            Some(Figures {
                download_mbps: fastest(|one| one.download_mbps),
                upload_mbps: fastest(|one| one.upload_mbps),
                ..Figures::default()
            })
        });
        estimate(spec, last.as_ref()).unwrap_or(0)
    }

    fn learn(&mut self, test: &Test) {
        if test.phase == TestPhase::Done && matches!(test.spec, TestSpec::Speedtest(_)) {
            let known = self.rates.entry(Name::clone(&test.agent)).or_default();
            let (at, figures) = known.entry(test.target.clone()).or_default();
            *at = test.started_at.unwrap_or(test.asked_at);
            // One of a single direction says nothing of the other.
            figures.download_mbps = test.figures.download_mbps.or(figures.download_mbps);
            figures.upload_mbps = test.figures.upload_mbps.or(figures.upload_mbps);
            bound(known);
        }
    }
}

/// Lets the target that was tested longest ago give way when there are too many.
fn bound(known: &mut HashMap<SafeText, (Timestamp, Figures)>) {
    if known.len() > TARGETS {
        let oldest = known.iter().min_by_key(|(_, (at, _))| *at).map(|(target, _)| target.clone());
        oldest.and_then(|target| known.remove(&target));
    }
}

impl Core {
    /// Why a test may not be run now, by the caps of its vantage; `None` when it may.
    pub(super) fn over_cap(&self, test: &Test, now: Timestamp) -> Option<String> {
        if !matches!(test.spec, TestSpec::Speedtest(_)) {
            return None;
        }
        let traffics = &self.speed.traffic;
        let expected = traffics.expected(&test.agent, &test.target, &test.spec);
        let why = traffics.of(&test.agent, now).bars(expected)?;
        Some(format!("the traffic cap of {} is reached: {why}", test.agent))
    }

    /// Refuses what somebody asks for when it would pass a cap.
    ///
    /// # Errors
    /// `Conflict` that names the cap, what is used and when it begins anew.
    pub(super) fn within_caps(&self, test: &Test, now: Timestamp) -> Result<(), Problem> {
        self.over_cap(test, now).map_or(Ok(()), |why| Err(Problem::conflict(why)))
    }

    /// A test begins: it counts with what it is expected to move.
    pub(super) fn charge(&mut self, test: &mut Test) {
        let Some(began) = test.started_at else { return };
        let traffics = &mut self.speed.traffic;
        test.traffic_bytes = traffics.expected(&test.agent, &test.target, &test.spec);
        traffics.ledger.add(&test.agent, began, test.traffic_bytes);
    }

    /// A test is over, or waits again: it counts with what it moved. Of one whose vantage was lost
    /// that is at least what it was expected to: nobody knows better.
    pub(super) fn settle_charge(&mut self, test: &mut Test, lost: bool) {
        let traffics = &mut self.speed.traffic;
        let Some(began) = test.started_at else { return };
        let moved = match test.result.as_deref() {
            Some(Measured::Speedtest(speed)) => speed.bytes(),
            _ => 0,
        };
        let counts = if lost { moved.max(test.traffic_bytes) } else { moved };
        traffics.ledger.take(&test.agent, began, test.traffic_bytes);
        traffics.ledger.add(&test.agent, began, counts);
        test.traffic_bytes = counts;
        traffics.learn(test);
    }
}
