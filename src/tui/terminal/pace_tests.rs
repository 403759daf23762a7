//! A simulated line: so many bytes a second, so much delay, a queue without end.

use super::*;

/// Bytes that leave at some moment are all there at another, and are answered later still.
struct Line {
    rate: f64,
    delay: f64,
    free: f64,
    answers: VecDeque<(f64, f64)>,
}

impl Line {
    fn new(rate: f64, delay: f64) -> Self {
        Self { rate, delay, free: 0.0, answers: VecDeque::new() }
    }

    /// Sends; gives how long the bytes waited and travelled beyond the line's delay.
    fn send(&mut self, bytes: usize, now: f64) -> f64 {
        self.free = self.free.max(now) + size_of_chunk(bytes) / self.rate * 1000.0;
        self.answers.push_back((self.free + self.delay, self.free));
        self.free - now
    }
}

fn at(millis: f64) -> Steady {
    Steady::from_millis(1_000_000) + Span::from_millis(to_bytes(millis + 1.0) as u64 - 1)
}

/// Always something to send for so long; gives bytes per second that arrived and the longest wait
/// of a chunk, both in the second half.
fn saturate(line: &mut Line, pace: &mut Pace, from: u64, length: u64) -> (f64, f64) {
    let (mut arrived, mut longest) = (0.0, 0.0_f64);
    for now in from..from + length {
        let now_ms = now as f64;
        while line.answers.front().is_some_and(|(answer, _)| *answer <= now_ms) {
            line.answers.pop_front();
            pace.answer(at(now_ms));
        }
        pace.tick(at(now_ms));
        while let Some(budget) = pace.budget(at(now_ms)) {
            let bytes = budget.min(3000);
            pace.sent(bytes, None, at(now_ms));
            pace.written(at(now_ms));
            let wait = line.send(bytes, now_ms);
            if now > from + length / 2 {
                arrived += bytes as f64;
                longest = longest.max(wait);
            }
        }
    }
    (arrived / (length as f64 / 2.0) * 1000.0, longest)
}

fn greeted(line: &mut Line, far: bool) -> Pace {
    let mut pace = Pace::new(at(0.0), far);
    line.send(GREETING.len(), 0.0);
    let (answer, _) = line.answers.pop_front().unwrap();
    pace.answer(at(answer));
    assert!(pace.asks());
    line.free = answer;
    pace
}

#[test]
fn lines_are_used_and_their_queues_stay_short() {
    for (rate, delay) in [
        (2_000.0, 600.0),
        (2_000.0, 300.0),
        (2_000.0, 30.0),
        (10_000.0, 100.0),
        (1_000_000.0, 50.0),
    ] {
        let mut line = Line::new(rate, delay);
        let mut pace = greeted(&mut line, true);
        let start = line.free as u64 + 1;
        let (used, longest) = saturate(&mut line, &mut pace, start, 40_000);
        assert!(used > rate * 0.75, "{rate} B/s, {delay} ms: {used} B/s used");
        assert!(longest < 260.0, "{rate} B/s, {delay} ms: a chunk waits {longest} ms");
    }
}

/// A fast line far away whose answers come now a little sooner, now a little later: what is small,
/// or was sent with pauses, says nothing about its rate.
#[test]
fn small_chunks_on_an_uneven_line_are_not_taken_for_a_slow_one() {
    let mut line = Line::new(1_000_000.0, 200.0);
    let mut pace = greeted(&mut line, true);
    let start = line.free as u64 + 1;
    let (mut wanted, mut sent, mut done) = (0_usize, 0_u64, None);
    let minute = start + 60_000;
    for now in start..minute + 20_000 {
        let now_ms = now as f64;
        // Counters once a second, and what a key changes four times.
        if now < minute && now % 250 == 0 {
            wanted += if now % 1000 == 0 { 300 } else { 104 };
        }
        // Then a whole screen.
        if now == minute {
            wanted += 4000;
        }
        while line.answers.front().is_some_and(|(answer, _)| *answer <= now_ms) {
            line.answers.pop_front();
            pace.answer(at(now_ms));
        }
        pace.tick(at(now_ms));
        if wanted > 0
            && let Some(budget) = pace.budget(at(now_ms))
        {
            let bytes = budget.min(wanted);
            wanted -= bytes;
            pace.sent(bytes, None, at(now_ms));
            pace.written(at(now_ms));
            line.send(bytes, now_ms);
            sent += 1;
            let (answer, _) = line.answers.back_mut().unwrap();
            *answer += (sent * 37 % 60) as f64;
        }
        if now >= minute && wanted == 0 {
            done = done.or(Some(now - minute));
        }
    }
    let done = done.expect("all of it leaves");
    assert!(done < 1000, "a screen takes {done} ms at {:?} B/s", pace.rate());
}

#[test]
fn a_near_terminal_gets_whole_frames_at_once() {
    let mut line = Line::new(1e9, 0.0);
    let pace = greeted(&mut line, false);
    assert!(pace.budget(at(2.0)).unwrap() >= 100_000);
}

#[test]
fn a_line_that_becomes_slow_or_fast_is_followed() {
    let mut line = Line::new(200_000.0, 50.0);
    let mut pace = greeted(&mut line, true);
    let start = line.free as u64 + 1;
    saturate(&mut line, &mut pace, start, 10_000);
    line.rate = 2_000.0;
    let (used, longest) = saturate(&mut line, &mut pace, start + 10_000, 60_000);
    assert!(used > 1_500.0 && longest < 300.0, "slow: {used} B/s used, {longest} ms");
    line.rate = 200_000.0;
    let (used, _) = saturate(&mut line, &mut pace, start + 70_000, 40_000);
    assert!(used > 100_000.0, "fast again: {used} B/s used");
}

#[test]
fn a_terminal_that_stopped_reading_gets_next_to_nothing_until_it_answers() {
    let mut line = Line::new(100_000.0, 20.0);
    let mut pace = greeted(&mut line, true);
    let mut bytes = 0;
    for now in 0..600_000 {
        let now = at(10_000.0 + f64::from(now));
        pace.tick(now);
        if let Some(budget) = pace.budget(now) {
            bytes += budget.min(2000);
            pace.sent(budget.min(2000), None, now);
            pace.written(now);
        }
    }
    assert!(bytes < 30_000, "{bytes} bytes in ten minutes");
    pace.answer(at(700_000.0));
    assert!(pace.budget(at(700_000.0)).is_some());
}

#[test]
fn a_terminal_that_never_answers_is_painted_all_the_same() {
    let near = Pace::new(at(0.0), false);
    assert_eq!(near.budget(at(99.0)), None);
    assert_eq!(near.budget(at(100.0)), Some(usize::MAX));
    let mut far = Pace::new(at(0.0), true);
    assert_eq!(far.budget(at(300.0)), Some(500));
    far.sent(500, None, at(300.0));
    far.written(at(300.0));
    assert_eq!(far.budget(at(400.0)), None);
    assert_eq!(far.budget(at(2000.0)), Some(usize::MAX));
    far.sent(9000, Some(1), at(2000.0));
    assert_eq!((far.seen(), far.asks()), (1, false));
    assert_eq!(far.budget(at(2001.0)), None, "the writer is still at it");
    far.written(at(4000.0));
    assert!(far.budget(at(4001.0)).unwrap() <= 400, "as slow as its writes");
}

#[test]
fn a_frame_is_seen_when_the_terminal_says_so() {
    let mut line = Line::new(1e6, 100.0);
    let mut pace = greeted(&mut line, true);
    pace.sent(100, Some(7), at(200.0));
    pace.written(at(200.0));
    assert_eq!(pace.seen(), 0);
    pace.had(8);
    pace.answer(at(300.0));
    assert_eq!(pace.seen(), 8);
    pace.had(9);
    assert_eq!(pace.seen(), 9, "nothing was on its way");
}
