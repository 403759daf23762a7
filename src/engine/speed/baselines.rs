//! What is usual: calculated each night from what is stored, a few schedules at a time, so that
//! nothing waits long for it (SPEC FS-33, FS-34). How is decided by `rules::baseline`.

use std::time::Duration;

use super::super::core::Core;
use super::Scheduled;
use crate::model::{Baselines, Now, ScheduleId, Span, TestKind, Timestamp};
use crate::rules::baseline::{self, Sample};

/// Schedules that are calculated at one tick.
const AT_ONCE: usize = 4;
/// How long the store may take for one.
const PATIENCE: Duration = Duration::from_secs(1);
/// A day.
const DAY: i64 = 86_400_000;
/// How often a baseline that is still learning is calculated.
const LEARNING: Span = Span::from_secs(3600);

/// The begin of a moment's day, UTC: what was measured before it counts.
fn night(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis() - at.millis().rem_euclid(DAY))
}

/// Up to when results count for a schedule's baseline now; `None` when it is calculated already. One
/// that is learning follows by the hour, so that it can be seen to learn.
fn due(entry: &Scheduled, now: Timestamp) -> Option<Timestamp> {
    if entry.schedule.plan.test_type != TestKind::Speedtest {
        return None;
    }
    let Some(before) = entry.calculated else { return Some(night(now)) };
    if night(now) > before {
        return Some(night(now));
    }
    let Baselines { download, upload } = entry.baselines;
    let known = [download, upload].into_iter().flatten();
    let learns = known.clone().next().is_none() || known.into_iter().any(|one| !one.is_reliable());
    (learns && now.since(before) >= LEARNING).then_some(now)
}

impl Core {
    /// Calculates what is due.
    pub(in crate::engine) async fn calculate_baselines(&mut self, now: Now) {
        if self.storage_down {
            return;
        }
        let due: Vec<(ScheduleId, String, String, Timestamp)> = self
            .speed
            .schedules
            .values()
            .filter_map(|entry| {
                // Of one that goes to the nearest it is known after its first run.
                let target = entry.aim.as_ref()?.as_str().to_owned();
                let until = due(entry, now.wall)?;
                Some((entry.schedule.id, entry.schedule.vantage.to_string(), target, until))
            })
            .take(AT_ONCE)
            .collect();
        for (id, agent, target, until) in due {
            let from = baseline::since(until);
            let read = self.store.measures(&agent, &target, from, until);
            let measures = match tokio::time::timeout(PATIENCE, read).await {
                Ok(Ok(measures)) => measures,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "no baseline was calculated");
                    return;
                }
                Err(_) => return,
            };
            let samples = measures.into_iter().map(|one| Sample {
                at: one.at,
                download: one.download,
                upload: one.upload,
                in_maintenance: false,
            });
            let baselines = baseline::baseline(samples, until);
            if let Some(entry) = self.speed.schedules.get_mut(&id) {
                entry.baselines = baselines;
                entry.calculated = Some(until);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fs_33_a_night_ends_at_midnight() {
        let at: Timestamp = "2026-02-25T13:30:00Z".parse().unwrap();
        assert_eq!(night(at).to_string(), "2026-02-25T00:00:00.000Z");
        assert_eq!(night(night(at)), night(at));
    }
}
