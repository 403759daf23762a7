//! How much may be on its way to the terminal: what the line carries, and hardly more.
//!
//! Every chunk ends with a question (`ESC [ 5 n`) that the terminal answers when it has taken the
//! chunk in, at the far end of whatever lies between. So the time that bytes spend in queues is
//! known, whoever holds them (the kernel, `sshd`, a modem), and no more is sent than the line
//! empties in a moment: the next key never waits behind a frame. In the manner of BBR and LEDBAT.
//! A terminal that does not answer is only as slow as its writes are.

use std::collections::VecDeque;

use crate::model::{Span, Steady};

/// The question, and what it costs in a chunk.
pub const QUESTION: &[u8] = b"\x1b[5n";
/// The wish to know whether synchronised updates are there; the question ends its time.
pub const GREETING: &[u8] = b"\x1b[?2026$p\x1b[5n";

/// Below this delay the terminal is near, and frames go whole.
const NEAR: u64 = 20;
/// Bytes on the way at first, near and far.
const WINDOW_NEAR: f64 = 262_144.0;
const WINDOW_FAR: f64 = 1024.0;
const WINDOW_LEAST: f64 = 256.0;
const WINDOW_MOST: f64 = 1_048_576.0;
/// Time in queues below which more may be sent, that is aimed at, and above which less is sent.
const QUEUE_LOW: f64 = 40.0;
const QUEUE_AIM: f64 = 80.0;
const QUEUE_HIGH: f64 = 130.0;
/// Answers come so much sooner or later without any queue.
const UNEVEN: f64 = 20.0;
/// The largest chunk is what the line carries in this time.
const CHUNK_TIME: f64 = 60.0;
const CHUNK_LEAST: f64 = 96.0;
/// The next chunk leaves when the line is free in this time, as far as its rate is known; a
/// little faster than that, so that a line which became faster is noticed.
const AHEAD: f64 = 40.0;
const EAGER: f64 = 1.1;
/// How long the shortest delay counts before it is measured again.
const DELAY_AGE: Span = Span::from_secs(30);
/// How long the first answer is awaited with nothing, and with little, on screen.
const GREETING_NEAR: Span = Span::from_millis(100);
const GREETING_FAR: Span = Span::from_secs(2);
const GREETING_STEP: Span = Span::from_millis(250);
/// A question without an answer is lost after this time at the earliest and at the latest.
const LOST_FIRST: Span = Span::from_secs(3);
const LOST_LAST: Span = Span::from_secs(60);

/// A chunk on its way.
#[derive(Clone, Copy, Debug)]
struct Flight {
    bytes: f64,
    at: Steady,
    /// Bytes on the way with it.
    load: f64,
    /// The frame of which everything that a key changed has left with it.
    frame: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The greeting is on its way since then.
    Greeting(Steady),
    /// The terminal answers.
    Answering,
    /// It does not.
    Mute,
}

/// The measure of the line.
#[derive(Debug)]
pub struct Pace {
    stage: Stage,
    /// True when the terminal is behind a network.
    far: bool,
    flights: VecDeque<Flight>,
    window: f64,
    /// Shortest delay of the present and the last period, in milliseconds.
    delays: [f64; 2],
    delay_since: Steady,
    /// The line is emptied before the next chunk, to measure its delay.
    emptying: bool,
    /// The last measures of bytes per millisecond.
    rates: VecDeque<f64>,
    answered: Steady,
    lost_after: Span,
    /// The last chunk, as long as the writer has it.
    writing: Option<(f64, Steady)>,
    sent: Steady,
    /// When the line will have carried what was sent.
    free: Steady,
    frame: u64,
}

impl Pace {
    /// The greeting has been sent.
    #[must_use]
    pub fn new(now: Steady, far: bool) -> Self {
        Self {
            stage: Stage::Greeting(now),
            far,
            flights: VecDeque::new(),
            window: WINDOW_FAR,
            delays: [f64::INFINITY; 2],
            delay_since: now,
            emptying: false,
            rates: VecDeque::new(),
            answered: now,
            lost_after: LOST_FIRST,
            writing: None,
            sent: now,
            free: now,
            frame: 0,
        }
    }

    /// True when chunks end with a question.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.stage == Stage::Answering
    }

    /// True when nothing is on its way that the terminal will answer.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let greeting = matches!(self.stage, Stage::Greeting(_));
        !greeting && self.flights.is_empty() && self.writing.is_none()
    }

    /// True while the writer has a chunk.
    #[must_use]
    pub const fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// The newest frame of which the terminal has everything that a key changed.
    #[must_use]
    pub const fn seen(&self) -> u64 {
        self.frame
    }

    /// The line's own delay.
    #[must_use]
    pub fn delay(&self) -> Option<Span> {
        let delay = self.shortest();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below a day")]
        delay.is_finite().then(|| Span::from_millis(delay.clamp(0.0, 8.64e7) as u64))
    }

    /// Bytes per second that the line carries, once that was measured.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        let mut rates: Vec<f64> = self.rates.iter().copied().collect();
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).map(|rate| rate * 1000.0)
    }

    /// How many bytes may leave now; `None` when none may.
    #[must_use]
    pub fn budget(&self, now: Steady) -> Option<usize> {
        if self.writing.is_some() {
            return None;
        }
        let chunk = match self.stage {
            Stage::Greeting(since) => {
                let waited = now.since(since);
                if waited < GREETING_NEAR {
                    return None;
                }
                if self.far && waited < GREETING_FAR {
                    // Something to look at while it is unknown who listens.
                    return (now.since(self.sent) >= GREETING_STEP).then_some(500);
                }
                return Some(usize::MAX);
            }
            Stage::Mute => return Some(self.chunk()),
            Stage::Answering => self.chunk(),
        };
        if self.flights.is_empty() {
            return Some(chunk);
        }
        if millis(self.free.since(now)) > AHEAD {
            return None;
        }
        if self.emptying {
            return None;
        }
        let load: f64 = self.flights.iter().map(|flight| flight.bytes).sum();
        let room = self.window - load;
        (room >= WINDOW_LEAST.min(size_of_chunk(chunk))).then_some(chunk)
    }

    fn chunk(&self) -> usize {
        let near = self.shortest() < millis(Span::from_millis(NEAR));
        let least = if near { 4096.0 } else { CHUNK_LEAST };
        match self.rate() {
            Some(rate) => to_bytes((rate * CHUNK_TIME / 1000.0).max(least)),
            None if near || self.stage == Stage::Mute => usize::MAX,
            None => 256,
        }
    }

    /// When the answer to the next question of [`Self::budget`] changes by time alone.
    #[must_use]
    pub fn wake(&self, now: Steady) -> Option<Steady> {
        let moments = match self.stage {
            Stage::Greeting(since) if !self.far => [Some(since + GREETING_NEAR), None, None],
            Stage::Greeting(since) => [
                Some(since + GREETING_NEAR),
                Some(self.sent + GREETING_STEP),
                Some(since + GREETING_FAR),
            ],
            Stage::Answering => {
                let lost = self.flights.front().map(|first| self.lost_at(first));
                let free = Steady::from_millis(self.free.millis() - to_millis(AHEAD));
                [lost, Some(free), None]
            }
            Stage::Mute => [None; 3],
        };
        moments.into_iter().flatten().filter(|at| *at > now).min()
    }

    fn lost_at(&self, first: &Flight) -> Steady {
        let delay = self.delay().map_or(Span::from_secs(0), |d| Span::from_millis(d.millis() * 4));
        first.at.max(self.answered) + self.lost_after.max(delay)
    }

    /// A chunk was given to the writer; `frame` when it was all that a key changed up to it.
    pub fn sent(&mut self, bytes: usize, frame: Option<u64>, now: Steady) {
        let bytes = size_of_chunk(bytes);
        self.writing = Some((bytes, now));
        self.sent = now;
        if let Stage::Greeting(since) = self.stage
            && now.since(since) >= if self.far { GREETING_FAR } else { GREETING_NEAR }
        {
            self.stage = Stage::Mute;
        }
        if self.asks() {
            let load = bytes + self.flights.iter().map(|flight| flight.bytes).sum::<f64>();
            self.flights.push_back(Flight { bytes, at: now, load, frame });
            self.emptying = false;
            if let Some(rate) = self.rate() {
                let time = bytes / (rate * EAGER) * 1000.0;
                let carried = Span::from_millis(to_millis(time).unsigned_abs());
                self.free = self.free.max(now) + carried;
            }
        } else if let Some(frame) = frame {
            self.frame = frame;
        }
    }

    /// Everything of this frame had left already.
    pub fn had(&mut self, frame: u64) {
        match self.flights.back_mut() {
            Some(last) => last.frame = Some(frame),
            None => self.frame = frame,
        }
    }

    /// The writer has written its chunk.
    pub fn written(&mut self, now: Steady) {
        let Some((bytes, since)) = self.writing.take() else { return };
        let took = millis(now.since(since));
        if self.stage == Stage::Mute && took >= QUEUE_AIM {
            self.measure(bytes / took);
        } else if self.stage == Stage::Mute && took < 10.0 {
            self.rates.clear();
        }
    }

    /// The terminal has answered a question.
    pub fn answer(&mut self, now: Steady) {
        self.lost_after = LOST_FIRST;
        if let Stage::Greeting(since) = self.stage {
            self.greeted(since, now);
            return;
        }
        if self.stage == Stage::Mute {
            // Late, but it does answer.
            self.stage = Stage::Answering;
            self.window = WINDOW_FAR;
            self.answered = now;
            return;
        }
        let Some(flight) = self.flights.pop_front() else { return };
        if let Some(frame) = flight.frame {
            self.frame = frame;
        }
        let delay = millis(now.since(flight.at));
        let before = self.shortest();
        let queue = delay - before;
        let is_alone = flight.load <= flight.bytes;
        if self.answered >= flight.at && !is_alone && queue > UNEVEN / 2.0 {
            // It left while the one before was on its way: both arrive as fast as the line goes,
            // but for the time in which there was nothing to carry.
            let apart = millis(now.since(self.answered)).max(1.0);
            let carried = if queue * 2.0 < apart { queue } else { apart };
            self.measure(flight.bytes / carried);
        } else if queue <= UNEVEN {
            // The line carried it in no time: it is at least so fast.
            let least = flight.bytes / UNEVEN;
            if self.rate().is_some_and(|rate| rate < least * 1000.0) {
                self.measure(least);
            }
        } else if is_alone && flight.bytes >= CHUNK_LEAST {
            // A smaller one tells more of other delays than of the line.
            self.measure(flight.bytes / queue);
        }
        self.answered = now;
        self.shorten(delay, now);
        self.adapt(delay - self.shortest(), &flight);
    }

    fn greeted(&mut self, since: Steady, now: Steady) {
        self.stage = Stage::Answering;
        self.answered = now;
        let delay = millis(now.since(since));
        self.shorten(delay, now);
        self.window = if now.since(since).millis() < NEAR { WINDOW_NEAR } else { WINDOW_FAR };
    }

    fn shortest(&self) -> f64 {
        self.delays.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn shorten(&mut self, delay: f64, now: Steady) {
        if now.since(self.delay_since) >= DELAY_AGE {
            let [present, _] = self.delays;
            self.delays = [delay, present];
            self.delay_since = now;
            // What was measured on a full line is not its own delay.
            self.emptying = true;
        }
        let [present, _] = &mut self.delays;
        *present = present.min(delay);
    }

    fn measure(&mut self, rate: f64) {
        self.rates.push_back(rate);
        if self.rates.len() > 7 {
            self.rates.pop_front();
        }
    }

    /// More while nothing queues, less when something does.
    fn adapt(&mut self, queue: f64, flight: &Flight) {
        let carried = self.rate().map(|rate| rate / 1000.0 * (self.shortest() + QUEUE_AIM));
        if queue > QUEUE_HIGH {
            self.window = carried.unwrap_or(self.window * 0.7);
        } else if queue < QUEUE_LOW && flight.load * 2.0 >= self.window {
            self.window += flight.bytes;
            // A line that got faster is not held to what it was.
            if let Some(rate) = self.rates.back().copied() {
                self.measure(rate * 1.25);
            }
        }
        self.window = self.window.clamp(WINDOW_LEAST, WINDOW_MOST);
    }

    /// Time went on: what was not answered for long is lost, and little is tried.
    pub fn tick(&mut self, now: Steady) {
        let lost = self.flights.front().is_some_and(|first| now >= self.lost_at(first));
        if lost && self.writing.is_none() {
            if let Some(frame) = self.flights.iter().rev().find_map(|flight| flight.frame) {
                // Nobody can say; keys must not be refused for ever.
                self.frame = self.frame.max(frame);
            }
            self.flights.clear();
            self.window = WINDOW_LEAST;
            self.answered = now;
            self.lost_after =
                Span::from_millis((self.lost_after.millis() * 2).min(LOST_LAST.millis()));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a chunk")]
fn size_of_chunk(bytes: usize) -> f64 {
    bytes.min(1 << 24) as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn to_bytes(size: f64) -> usize {
    size.clamp(1.0, 1e9) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "clamped")]
fn to_millis(time: f64) -> i64 {
    time.clamp(0.0, 8.64e7).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "below a day")]
fn millis(span: Span) -> f64 {
    span.millis() as f64
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
