//! What agents ask and tell: claims, heartbeats, results. Each is held against the key it came with.

use super::super::batch::{Judged, Noted};
use super::super::core::Core;
use super::super::log::{AGENT, said};
use super::Entry;
use crate::model::agent::PLACE_LIMIT;
use crate::model::metric::series_limit;
use crate::model::words::plural;
use crate::model::{KeptAgent, Name, Now, SafeText, Span, StreamMark, Timestamp, safe_text};
use crate::protocol::work::{
    Beat, Claim, Directives, Finding, LIVE, PROTOCOL, RESULT_LIMIT, Report,
};
use crate::protocol::{Actor, Outcome, Problem};
use crate::rules::presence::Said;
use crate::rules::skew::Skew;

/// How long ago another start must have been heard, that a new one may take its place while its
/// stream is still open: two heartbeats and a half.
const ALIVE: Span = Span::from_secs(25);
/// An older result is not kept: it would be forgotten at once.
const OLDEST: Span = Span::from_secs(14 * 86_400);
/// A difference of the clocks that the way between them may have made, in milliseconds.
const NOISE: i64 = 1000;
/// Most frames of traces in one report, hops of a path, names of interfaces.
const FRAMES: usize = 64;

/// A text of an agent about itself.
pub(in crate::engine) fn place(text: &SafeText) -> SafeText {
    SafeText::line(&safe_text::truncate(text.as_str(), PLACE_LIMIT))
}

impl Core {
    /// Lets an agent begin its work.
    ///
    /// # Errors
    /// `Conflict` when another start with the same key is there.
    pub(in crate::engine) fn claim_of(
        &mut self,
        name: &Name,
        claim: &Claim,
        actor: &Actor,
    ) -> Result<Outcome, Problem> {
        if claim.protocol != PROTOCOL {
            return Err(Problem::invalid(format!(
                "`protocol`: this server speaks {PROTOCOL}, the agent {}; run the same version of \
                 fluxnoc on both",
                claim.protocol
            )));
        }
        let now = self.clock.now();
        let streams = self.feed.streams_of(name);
        let entry = self.agents.get_mut(name).ok_or_else(unknown)?;
        let before = entry.kept.clone();
        let same = before.boot == Some(claim.boot);
        let heard = entry.presence.heard().map(|heard| now.steady.since(heard));
        let from = from(actor, &claim.machine);
        if !same && streams > 1 && heard.is_some_and(|heard| heard < ALIVE) {
            let why = format!("its key is also used {from}: two agents have the same files");
            self.odd(name, &why, actor, now);
            return Err(Problem::conflict(format!(
                "another agent uses the key of `{name}`, {}; give each agent a name and a token of \
                 its own",
                from_kept(&before)
            )));
        }
        let kept = KeptAgent {
            location: place(&claim.location),
            machine: place(&claim.machine),
            version: place(&claim.version),
            address: actor.address().cloned(),
            boot: Some(claim.boot),
            life: if same { before.life } else { before.life + 1 },
            seen: Some(now.wall),
            ..before.clone()
        };
        entry.presence.shown_up(now.steady, now.wall);
        entry.claimed = Some(now.steady);
        if let Some(sent) = claim.sent_at {
            if !same {
                entry.skew = Skew::default();
            }
            entry.skew.hear(sent.millis().saturating_sub(now.wall.millis()));
        }
        if !same && claim.life < before.life {
            let (old, new) = (claim.life, before.life);
            let why = format!("its files are older than its last start ({old} of {new}), {from}");
            self.odd(name, &why, actor, now);
        }
        if !same {
            self.tests_ended_with(name, now);
        }
        let pause = self.agents.is_paused(name);
        let life = kept.life;
        if kept != before {
            self.touch(true);
            self.batch.agents.push(kept);
        }
        let assignments = self.assignments(&Some(Name::clone(name)));
        Ok(Outcome::Assigned { generation: self.generation, assignments, life, pause })
    }

    /// Takes a heartbeat.
    ///
    /// # Errors
    /// `Conflict` for one of another start.
    pub(in crate::engine) fn beat_of(
        &mut self,
        name: &Name,
        beat: &Beat,
        actor: &Actor,
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let entry = self.present(name, beat.boot)?;
        let said = Said { rtt: beat.rtt, failed: beat.failed };
        entry.presence.beat(said, now.steady, now.wall);
        entry.skew.hear(beat.sent_at.millis().saturating_sub(now.wall.millis()));
        entry.kept.seen = Some(now.wall);
        entry.kept.address = actor.address().cloned();
        entry.beat = Some(beat.clone());
        let key = crate::model::CheckKey::new(Name::clone(name), super::CHECK);
        if let Some(at) = self.table.place(&key) {
            self.run_began(at, now.wall, now);
            if let Some(slot) = self.table.get_mut(at) {
                slot.expected_since = now.steady;
            }
        }
        self.tell_agent(name, now, false);
        self.judge_agent(name, now);
        // A message may have been lost, so each heartbeat is answered with what holds.
        let tests = Some(self.orders_for(name, now.steady));
        let pause = Some(self.agents.is_paused(name));
        Ok(Outcome::Directives(Directives { tests, pause, ..Directives::default() }))
    }

    /// Takes the results of an agent: into the batch, whose commit they are answered after.
    ///
    /// # Errors
    /// `Conflict` for those of another start, `Unavailable` while nothing can be stored.
    pub(in crate::engine) fn report_of(
        &mut self,
        name: &Name,
        report: Report,
        actor: &Actor,
    ) -> Result<Outcome, Problem> {
        if report.results.len() > RESULT_LIMIT || report.traces.len() > FRAMES {
            return Err(Problem::invalid(format!(
                "`results`: at most {RESULT_LIMIT} in one report, and {FRAMES} `traces`"
            )));
        }
        if self.storage_down {
            return Err(Problem::unavailable("the store does not work; send it again later"));
        }
        let now = self.clock.now();
        // Not the tests: this is answered after a commit, when others may run.
        let pause = Some(self.agents.is_paused(name));
        let outcome = Outcome::Directives(Directives { pause, ..Directives::default() });
        let entry = self.present(name, report.boot)?;
        let stream = report.late.unwrap_or(report.boot);
        if entry.has_taken(stream, report.seq) {
            tracing::debug!(agent = %name, seq = report.seq, "results came again; not counted");
            return Ok(outcome);
        }
        let mark = StreamMark { stream, last: report.seq, at: now.wall };
        entry.taken(mark);
        // By what its last heartbeat said, for a message may have been on its way more than once.
        let ahead = entry.skew.millis();
        let ahead = if ahead.abs() > NOISE { ahead } else { 0 };
        // All by the same and none beyond now: two that came at two times do not become one.
        let newest = report.results.iter().map(|finding| finding.at.millis()).max();
        let beyond = newest.map_or(0, |newest| newest.saturating_sub(now.wall.millis()));
        let ahead = ahead.max(beyond);
        self.touch(false);
        self.batch.streams.push((Name::clone(name), mark));
        if report.late.is_none() {
            for trace in report.traces {
                self.take_frame(trace, now);
            }
        }
        self.take_news(&Some(Name::clone(name)), report.tests, now);
        let is_late = report.late.is_some();
        let mut strange = 0_usize;
        for mut finding in report.results {
            if self.vantage(&finding.check).as_ref() != Some(name) {
                strange += 1;
                continue;
            }
            self.bound(&mut finding);
            finding.at = back(finding.at, ahead).min(now.wall);
            finding.slot = back(finding.slot, ahead).min(finding.at);
            let age = now.wall.since(finding.at);
            if finding.sample {
                if !is_late {
                    self.show_sample(finding);
                }
            } else if is_late || age > LIVE {
                if age <= OLDEST {
                    self.judge_late(finding);
                }
            } else {
                self.take_scrape(&mut finding);
                self.meters.pulse.result(now.steady);
                self.receive(finding);
            }
        }
        if strange > 0 {
            let why =
                format!("it told {} of checks that are not its own", plural(strange, "result"));
            self.odd(name, &why, actor, now);
        }
        self.follow_reach(now);
        Ok(outcome)
    }

    /// A result that came too late to change anything but the history.
    fn judge_late(&mut self, mut finding: Finding) {
        let Some(at) = self.table.place(&finding.check) else { return };
        let Some(slot) = self.table.get(at).filter(|slot| slot.check.enabled) else { return };
        let verdict = self.verdict(&slot.check, &mut finding.observation);
        finding.observation.output = verdict.output;
        finding.observation.scrape = None;
        self.batch.judged.push(Judged { at, finding, state: verdict.state, late: true });
    }

    /// What an agent sends is as large as it likes within 8 MiB; a check's result is not.
    fn bound(&self, finding: &mut Finding) {
        let slot = self.table.place(&finding.check).and_then(|at| self.table.get(at));
        let Some(kind) = slot.map(|slot| slot.check.kind()) else { return };
        let seen = &mut finding.observation;
        seen.metrics.truncate(series_limit(kind));
        seen.metrics.retain(|metric| metric.value.is_finite());
        seen.aliases = seen.aliases.take().filter(|aliases| aliases.len() <= series_limit(kind));
        seen.trace = seen.trace.take().filter(|report| report.hops.len() <= FRAMES);
    }

    /// The agent, when a message is of its present start.
    fn present(&mut self, name: &Name, boot: u64) -> Result<&mut Entry, Problem> {
        let entry = self.agents.get_mut(name).ok_or_else(unknown)?;
        if entry.kept.boot == Some(boot) {
            return Ok(entry);
        }
        let who = from_kept(&entry.kept);
        Err(Problem::conflict(format!(
            "this is no longer the present start of `{name}`: it is one {who}; claim again"
        )))
    }

    /// Says that something is odd about an agent: on its row, its check, and once in the history.
    fn odd(&mut self, name: &Name, why: &str, actor: &Actor, now: Now) {
        let text = SafeText::line(why);
        let Some(entry) = self.agents.get_mut(name) else { return };
        let known = entry.odd.as_ref().is_some_and(|(_, known)| *known == text);
        entry.odd = Some((now.steady, text));
        if known {
            return;
        }
        entry.judged = None;
        tracing::warn!(agent = %name, "{why}");
        if !self.storage_down {
            self.touch(false);
            let detail = said(format!("agent {name}: {why}"), [Name::clone(name)]);
            let address = actor.address().cloned();
            self.batch.noted.push(Noted { actor: actor.name(), name: AGENT, detail, address });
        }
        self.tell_agent(name, now, true);
        self.judge_agent(name, now);
    }
}

fn unknown() -> Problem {
    Problem::unauthenticated("this key is of no agent any more; register again")
}

fn from(actor: &Actor, machine: &SafeText) -> String {
    let address = actor.address().map_or("", SafeText::as_str);
    format!("from {address} (machine {})", place(machine))
}

fn from_kept(kept: &KeptAgent) -> String {
    let address = kept.address.as_ref().map_or("", SafeText::as_str);
    format!("from {address} (machine {})", kept.machine)
}

/// A time of an agent's clock, by the server's.
fn back(at: Timestamp, ahead: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_sub(ahead))
}
