//! What the engine says of itself to the meters: that it turns, how late checks start, who watches,
//! and how checks and alerts stand.
//!
//! In: the engine's own table. Out: meters. Never: decides anything, waits for anything.

use super::core::Core;
use crate::meters::Tally;
use crate::model::{Alert, Now, Phase, Span, State, Steady};

/// How often checks and alerts are counted: that reads all of them.
const LOOK: Span = Span::from_secs(5);

/// A state as a label.
pub(super) const fn label(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Warning => "warning",
        State::Critical => "critical",
        State::Unknown => "unknown",
    }
}

const STATES: [State; 4] = [State::Ok, State::Warning, State::Critical, State::Unknown];
const PHASES: [&str; 4] = ["pending", "firing", "acknowledged", "suppressed"];

/// How far an alert is: each is counted once.
pub(super) fn phase(alert: &Alert) -> &'static str {
    match alert.phase {
        Phase::Pending => "pending",
        _ if alert.ack.is_some() => "acknowledged",
        _ if alert.suppressed || alert.in_maintenance => "suppressed",
        Phase::Firing | Phase::Resolved => "firing",
    }
}

impl Core {
    /// Says that the engine turns, and how it is.
    pub(super) fn look_at_meters(&mut self, now: Now) {
        let meters = std::sync::Arc::clone(&self.meters);
        let lag = self.lag(now.steady);
        meters.pulse.turned(now.steady);
        meters.pulse.storing(!self.storage_down);
        meters.pulse.lags(lag);
        meters.monitor.lag(lag.as_secs_f64());
        let (streams, topics, subscriptions) = self.feed.numbers();
        meters.realtime.streams(streams, topics, subscriptions);
        if self.tallied.is_none_or(|at| now.steady.since(at) >= LOOK) {
            self.tallied = Some(now.steady);
            self.tally(now.steady);
        }
    }

    fn tally(&self, now: Steady) {
        let (mut within, mut running, mut late): (Option<Span>, usize, usize) = (None, 0, 0);
        let (mut states, mut waiting, mut disabled) = ([0_usize; 4], 0, 0);
        let mut alerts = [[0_usize; 4]; 4];
        let place = |state: State| STATES.iter().position(|known| *known == state).unwrap_or(3);
        // Right after the start none is expected before now.
        let mut expected = (now == self.begun.steady).then_some(now);
        for (_, slot) in self.table.iter() {
            match () {
                () if !slot.check.enabled => disabled += 1,
                () if slot.status.is_waiting() => waiting += 1,
                () => states[place(slot.status.state)] += 1,
            }
            if let Some(alert) = &slot.alert {
                let row = PHASES.iter().position(|known| *known == phase(alert)).unwrap_or(1);
                alerts[row][place(alert.state)] += 1;
            }
            // What agents run is not this server's timetable.
            if slot.check.enabled && Self::is_run(&slot.check) && slot.check.agent.is_none() {
                let longest = slot.check.interval + slot.check.timeout;
                within = Some(within.map_or(longest, |known| known.min(longest)));
                expected = expected.max(Some(slot.expected_since));
                running += 1;
                late += usize::from(slot.status.late);
            }
        }
        if let Some(expected) = expected {
            self.meters.pulse.result(expected);
        }
        self.meters.pulse.expected(within, running, late);
        let mut tally = Tally { hosts: self.table.hosts().count(), ..Tally::default() };
        let counted = STATES.into_iter().map(label).zip(states);
        tally.checks = counted.chain([("waiting", waiting), ("disabled", disabled)]).collect();
        for (phase, row) in PHASES.into_iter().zip(alerts) {
            // No alert is open about what is well.
            let open = STATES.into_iter().zip(row).filter(|(state, _)| *state != State::Ok);
            tally.alerts.extend(open.map(|(state, count)| ((phase, label(state)), count)));
        }
        self.meters.monitor.tally(&tally);
        self.meters.pulse.agents(self.agents.count(), self.agents.missing());
        self.meters.monitor.agents(&self.agents.by_phase());
    }
}
