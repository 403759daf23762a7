//! A seeded history of two hours: counters with resets, gauges, histograms, gaps, ends and values
//! that are hardly numbers.

use fluxnoc::promql::{Labels, NAME, Point, STALE};

use crate::memory::Memory;

/// When it begins: a multiple of no step that the expressions have.
pub const START: i64 = 1_700_000_007_000;
/// How long it is.
pub const LENGTH: i64 = 2 * 3_600_000;

/// A small generator with a seed (splitmix64).
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True so often.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }
}

type Made = (Labels, Vec<Point>);

fn labels(name: &str, pairs: &[(&str, &str)]) -> Labels {
    let all = pairs.iter().copied().chain([(NAME, name)]);
    Labels::from_pairs(all)
}

/// Times of about every `interval`, some missing. Some series are scraped on the beat, so that samples
/// stand exactly at the edges of windows.
fn times(random: &mut Random, interval: i64) -> Vec<i64> {
    if random.chance(0.3) {
        let first = (START / interval + 1) * interval;
        let beats = (0..).map(|beat| first + beat * interval);
        let all: Vec<i64> = beats.take_while(|at| *at < START + LENGTH).collect();
        return all.into_iter().filter(|_| !random.chance(0.03)).collect();
    }
    let mut at = START + (random.next() % interval as u64) as i64;
    let mut all = Vec::new();
    while at < START + LENGTH {
        if !random.chance(0.03) {
            all.push(at);
        }
        // Mostly exact, as scrapes are; sometimes late.
        at += interval + if random.chance(0.2) { (random.next() % 400) as i64 } else { 0 };
    }
    all
}

fn counters(random: &mut Random, out: &mut Vec<Made>) {
    for job in ["api", "web", "db"] {
        for instance in ["a:1", "b:1", "c:1"] {
            for code in ["200", "404", "500"] {
                let mut value = if random.chance(0.5) { 0.0 } else { random.unit() * 1e6 };
                let speed = random.unit() * 40.0;
                let pairs = [("job", job), ("instance", instance), ("code", code)];
                let points = times(random, 15_000).into_iter().map(|at| {
                    value = if random.chance(0.01) { 0.0 } else { value + random.unit() * speed };
                    Point { at, value }
                });
                let points = points.collect();
                out.push((labels("requests_total", &pairs), points));
            }
        }
    }
}

fn gauges(random: &mut Random, out: &mut Vec<Made>) {
    for site in ["dal", "fra"] {
        for room in ["r1", "r2", "r3", "r4"] {
            let mut value = random.unit() * 40.0 - 10.0;
            let points = times(random, 30_000).into_iter().map(|at| {
                value += random.unit() - 0.5;
                Point { at, value }
            });
            let points = points.collect();
            out.push((labels("temperature", &[("site", site), ("room", room)]), points));
        }
    }
    for job in ["api", "web"] {
        for instance in ["a:1", "b:1", "c:1", "d:1"] {
            let points = times(random, 60_000).into_iter();
            let points = points.map(|at| Point { at, value: random.below(6) as f64 });
            let points = points.collect();
            out.push((labels("queue", &[("job", job), ("instance", instance)]), points));
        }
    }
    // A constant, and a straight line.
    for (name, slope) in [("level", 0.0), ("disk", 1.5)] {
        for instance in ["a:1", "b:1"] {
            let points = times(random, 20_000).into_iter().map(|at| {
                let passed = (at - START) as f64 / 1000.0;
                Point { at, value: 100.0 + slope * passed }
            });
            let points = points.collect();
            out.push((labels(name, &[("instance", instance)]), points));
        }
    }
}

fn histograms(random: &mut Random, out: &mut Vec<Made>) {
    const BOUNDS: [&str; 6] = ["0.1", "0.25", "0.5", "1", "2.5", "+Inf"];
    for job in ["api", "web"] {
        for instance in ["a:1", "b:1"] {
            let at = times(random, 15_000);
            let mut counts = [0.0; 6];
            let mut rows: Vec<Vec<Point>> = vec![Vec::new(); 6];
            for at in at {
                for _ in 0..random.below(30) {
                    let lowest = random.below(6);
                    counts[lowest..].iter_mut().for_each(|count| *count += 1.0);
                }
                for (row, value) in rows.iter_mut().zip(counts) {
                    row.push(Point { at, value });
                }
            }
            for (bound, points) in BOUNDS.iter().zip(rows) {
                let pairs = [("job", job), ("instance", instance), ("le", *bound)];
                // One histogram has no bucket for everything.
                if (job, instance, *bound) != ("web", "b:1", "+Inf") {
                    out.push((labels("latency_seconds_bucket", &pairs), points));
                }
            }
        }
    }
}

fn oddities(random: &mut Random, out: &mut Vec<Made>) {
    const ODD: [f64; 10] =
        [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e300, -1e300, 1e-300, 1.0, -1.0];
    for kind in ["mixed", "calm", "wild"] {
        let share = match kind {
            "calm" => 0.02,
            "mixed" => 0.3,
            _ => 1.0,
        };
        let points = times(random, 30_000).into_iter().map(|at| {
            let odd = random.chance(share);
            let value = if odd { ODD[random.below(10)] } else { random.unit() * 10.0 };
            Point { at, value }
        });
        let points = points.collect();
        out.push((labels("odd", &[("kind", kind)]), points));
    }
    // Series that end, with a marker or without, and come back.
    for (number, marked) in [("1", true), ("2", false), ("3", true), ("4", false)] {
        let mut points = Vec::new();
        let mut lives = true;
        for at in times(random, 15_000) {
            let turns = random.chance(0.03);
            if lives {
                let value = if turns && marked { STALE } else { random.unit() * 100.0 };
                points.push(Point { at, value });
            }
            lives ^= turns;
        }
        out.push((labels("gappy", &[("n", number)]), points));
    }
    for (instance, version) in [("a:1", "1.0"), ("b:1", "1.1"), ("c:1", "2.0")] {
        let points = times(random, 60_000).into_iter().map(|at| Point { at, value: 1.0 });
        let points = points.collect();
        out.push((labels("build_info", &[("instance", instance), ("version", version)]), points));
    }
}

/// All series with their samples, sorted by labels.
pub fn make(seed: u64) -> Vec<Made> {
    let mut random = Random(seed);
    let mut all = Vec::new();
    counters(&mut random, &mut all);
    gauges(&mut random, &mut all);
    histograms(&mut random, &mut all);
    oddities(&mut random, &mut all);
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

/// The history in parts that a database takes one after the other: ten minutes of all series each.
pub fn parts(all: &[Made]) -> Vec<Vec<Made>> {
    let step = 600_000;
    (0..LENGTH / step + 1)
        .map(|part| {
            let from = START + part * step;
            let within = |point: &&Point| point.at >= from && point.at < from + step;
            let cut = all.iter().map(|(labels, points)| {
                (labels.clone(), points.iter().filter(within).copied().collect::<Vec<_>>())
            });
            cut.filter(|(_, points)| !points.is_empty()).collect::<Vec<_>>()
        })
        .filter(|part| !part.is_empty())
        .collect()
}

/// A source that holds the parts, in the order in which a database meets the series.
pub fn memory(parts: &[Vec<Made>]) -> Memory {
    let mut memory = Memory::default();
    for (labels, points) in parts.iter().flatten() {
        memory.add(labels, points.iter().copied());
    }
    memory
}
