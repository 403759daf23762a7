//! Our evaluation against a real Prometheus: random expressions over a random history.
//!
//! Numbers agree to a relative 1e-9: the order of operations is the same, so most agree to the last
//! bit, but logarithms, powers and angles are Go's own there and the C library's here. The difference
//! of two such numbers, or their variance, may have few digits left, so where there are any, 1e-12
//! is nothing. NaN, infinities and labels agree exactly.

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use fluxnoc::promql::{
    Edition, Labels, Options, Steps, Value, evaluate_instant, evaluate_range, parse,
};
use serde_json::Value as Json;

use crate::expressions::{Expression, INEXACT, features, is_broken, make};
use crate::history::{self, LENGTH, Random, START};
use crate::memory::Memory;
use crate::server::{Server, VERSION};

/// Relative.
const TOLERANCE: f64 = 1e-9;
/// Absolute, with functions that Go has made itself.
const NOTHING: f64 = 1e-12;
/// Prometheus walks Go's maps in random order: sums and ties of what it computes twice differ. So it
/// may be asked again, but of a hundred expressions one at most needs it.
const TRIES: usize = 8;

/// When an expression is evaluated.
#[derive(Clone, Copy, Debug)]
enum When {
    Instant(i64),
    Range(Steps),
}

type Rows = BTreeMap<Labels, Vec<(i64, f64)>>;

/// What both sides give: an error by its kind, or rows.
#[derive(Clone, Debug)]
enum Outcome {
    Error(&'static str, String),
    Text(String),
    Rows { kind: &'static str, rows: Rows, order: Vec<f64> },
}

const ERRORS: [&str; 7] = [
    "many-to-many matching not allowed",
    "many-to-one matching must be explicit",
    "grouping labels must ensure unique matches",
    "same labelset",
    "overflows int64",
    "invalid label name",
    "parse error",
];

fn error(said: &str) -> Outcome {
    let kind = ERRORS.iter().find(|kind| said.contains(**kind)).unwrap_or(&"other");
    Outcome::Error(kind, said.to_owned())
}

fn ours(text: &str, when: When, memory: &Memory) -> Outcome {
    let query = match parse(text, Edition::Two) {
        Ok(query) => query,
        Err(why) => return error(&why.to_string()),
    };
    let options = Options::default();
    let value = match when {
        When::Instant(at) => evaluate_instant(&query, memory, at, &options),
        When::Range(steps) => evaluate_range(&query, memory, steps, &options),
    };
    let at = if let When::Instant(at) = when { at } else { 0 };
    match value {
        Err(why) => error(&why.to_string()),
        Ok(Value::Text(text)) => Outcome::Text(text),
        Ok(Value::Scalar(value)) => {
            let rows = Rows::from([(Labels::default(), vec![(at, value)])]);
            Outcome::Rows { kind: "scalar", rows, order: vec![value] }
        }
        Ok(Value::Vector(samples)) => {
            let order = samples.iter().map(|sample| sample.value).collect();
            let rows = samples.into_iter().map(|one| (one.labels, vec![(at, one.value)]));
            Outcome::Rows { kind: "vector", rows: rows.collect(), order }
        }
        Ok(Value::Matrix(series)) => {
            let rows = series.into_iter().map(|one| {
                (one.labels, one.points.iter().map(|point| (point.at, point.value)).collect())
            });
            Outcome::Rows { kind: "matrix", rows: rows.collect(), order: Vec::new() }
        }
    }
}

fn theirs(text: &str, when: When, server: &Server) -> Outcome {
    let seconds = |millis: i64| format!("{}.{:03}", millis / 1000, millis % 1000);
    let answer = match when {
        When::Instant(at) => {
            server.query("/api/v1/query", &[("query", text), ("time", &seconds(at))])
        }
        When::Range(Steps { start, end, step }) => {
            let (start, end, step) = (seconds(start), seconds(end), seconds(step));
            let pairs = [("query", text), ("start", &start), ("end", &end), ("step", &step)];
            server.query("/api/v1/query_range", &pairs)
        }
    };
    if answer["status"] != "success" {
        return error(answer["error"].as_str().unwrap_or_default());
    }
    let result = &answer["data"]["result"];
    let point = |pair: &Json| {
        let at = (pair[0].as_f64().expect("a time") * 1000.0).round() as i64;
        (at, number(pair[1].as_str().expect("a number as text")))
    };
    let labels = |row: &Json| {
        let pairs = row["metric"].as_object().expect("labels").iter();
        Labels::from_pairs(
            pairs.map(|(name, value)| (name.as_str(), value.as_str().expect("text"))),
        )
    };
    let all = result.as_array().expect("a list");
    match answer["data"]["resultType"].as_str().expect("a type") {
        "string" => Outcome::Text(result[1].as_str().expect("a text").to_owned()),
        "scalar" => {
            let point = point(result);
            let rows = Rows::from([(Labels::default(), vec![point])]);
            Outcome::Rows { kind: "scalar", rows, order: vec![point.1] }
        }
        "vector" => {
            let order = all.iter().map(|row| point(&row["value"]).1).collect();
            let rows = all.iter().map(|row| (labels(row), vec![point(&row["value"])]));
            Outcome::Rows { kind: "vector", rows: rows.collect(), order }
        }
        _ => {
            let points =
                |row: &Json| row["values"].as_array().expect("points").iter().map(point).collect();
            let rows = all.iter().map(|row| (labels(row), points(row)));
            Outcome::Rows { kind: "matrix", rows: rows.collect(), order: Vec::new() }
        }
    }
}

fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        other => other.parse().expect("a number"),
    }
}

fn is_same(one: f64, other: f64, nothing: f64) -> bool {
    one == other
        || one.is_nan() && other.is_nan()
        || one.is_finite()
            && other.is_finite()
            && (one - other).abs() <= (TOLERANCE * one.abs().max(other.abs())).max(nothing)
}

/// How strictly two outcomes must agree.
#[derive(Clone, Copy, Debug)]
struct How {
    /// Errors say the same; in a range the series that they name are in random order there.
    is_instant: bool,
    /// The order of elements is part of the outcome.
    is_sorted: bool,
    /// Differences that are none.
    nothing: f64,
}

/// Whether two outcomes agree.
fn agree(ours: &Outcome, theirs: &Outcome, how: How) -> bool {
    let nothing = how.nothing;
    match (ours, theirs) {
        (Outcome::Error(one, said), Outcome::Error(other, their)) => {
            one == other && (!how.is_instant || said == their)
        }
        (Outcome::Text(one), Outcome::Text(other)) => one == other,
        (
            Outcome::Rows { kind, rows, order },
            Outcome::Rows { kind: their_kind, rows: their_rows, order: their_order },
        ) => {
            let same_row = |(one, other): ((&Labels, &Vec<_>), (&Labels, &Vec<_>))| {
                one.0 == other.0
                    && one.1.len() == other.1.len()
                    && one.1.iter().zip(other.1).all(|(a, b): (&(i64, f64), &(i64, f64))| {
                        a.0 == b.0 && is_same(a.1, b.1, nothing)
                    })
            };
            let same_order =
                || order.iter().zip(their_order).all(|(one, other)| is_same(*one, *other, nothing));
            kind == their_kind
                && rows.len() == their_rows.len()
                && rows.iter().zip(their_rows).all(same_row)
                && (!how.is_sorted || same_order())
        }
        _ => false,
    }
}

fn when(random: &mut Random, is_range: bool) -> When {
    // Within the history, sometimes a little after it.
    let at = START + 600_000 + random.below((LENGTH - 300_000) as usize) as i64;
    // Often a full second or on the beat of some series, as rules have it.
    let unit = [1, 1000, 1000, 30_000, 60_000][random.below(5)];
    let at = at / unit * unit;
    if !is_range {
        return When::Instant(at);
    }
    let step = [15_000, 60_000, 7_500, 300_000][random.below(4)];
    When::Range(Steps { start: at, end: at + step * random.below(9) as i64, step })
}

struct Tally {
    counts: BTreeMap<&'static str, usize>,
    filled: usize,
    errors: BTreeMap<&'static str, usize>,
    again: usize,
}

fn expressions() -> usize {
    env::var("FLUXNOC_EXPRESSIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

#[test]
#[ignore = "needs prometheus 2.42 (tests/run install)"]
fn our_evaluation_and_that_of_prometheus_agree() {
    let count = expressions();
    let seed = env::var("FLUXNOC_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(9);
    let server = Server::start();
    assert!(server.version().starts_with(VERSION), "the comparison is exact to {VERSION}");
    let parts = history::parts(&history::make(seed));
    parts.iter().for_each(|part| server.write(part));
    let memory = history::memory(&parts);
    let mut random = Random(seed);
    let all = features();
    let mut tally = Tally {
        counts: all.iter().map(|feature| (*feature, 0)).collect(),
        filled: 0,
        errors: BTreeMap::new(),
        again: 0,
    };
    let mut wrong = Vec::new();
    let mut passed_over = 0;
    let mut number = 0;
    while number < count {
        // What was had least comes next, so that nothing is left to chance.
        let rarest = tally.counts.iter().min_by_key(|(_, had)| **had).map(|(feature, _)| *feature);
        let feature =
            if number % 4 == 3 { all[random.below(all.len())] } else { rarest.expect("one") };
        let is_range = random.chance(0.3) && feature != "string";
        let Expression { text, used } = make(&mut random, feature, is_range);
        let when = when(&mut random, is_range);
        if is_broken(&text, is_range) {
            passed_over += 1;
            continue;
        }
        number += 1;
        if let Some(why) = one(&text, when, &memory, &server, &used, &mut tally) {
            wrong.push(why);
        }
    }
    println!(
        "{count} expressions, {} filled, {} asked again, errors {:?}, rarest {:?}",
        tally.filled,
        tally.again,
        tally.errors,
        tally.counts.iter().min_by_key(|(_, had)| **had),
    );
    let shown: Vec<&String> = wrong.iter().take(20).collect();
    assert!(
        wrong.is_empty(),
        "{} of {count} differ:\n{}",
        wrong.len(),
        shown.into_iter().cloned().collect::<Vec<_>>().join("\n")
    );
    assert!(tally.filled * 100 >= count * 60, "only {} of {count} are not empty", tally.filled);
    assert!(passed_over * 50 <= count, "{passed_over} were not compared");
    assert!(tally.again * 100 <= count, "{} had to be asked again", tally.again);
    let rare: Vec<_> = tally.counts.iter().filter(|(_, had)| **had * 100 < count).collect();
    assert!(rare.is_empty(), "too seldom: {rare:?}");
}

/// Compares one expression; what differs, if it does.
fn one(
    text: &str,
    when: When,
    memory: &Memory,
    server: &Server,
    used: &BTreeSet<&'static str>,
    tally: &mut Tally,
) -> Option<String> {
    let our = ours(text, when, memory);
    let is_inexact = used.iter().any(|feature| INEXACT.contains(feature));
    let is_instant = matches!(when, When::Instant(_));
    let how = How {
        is_instant,
        is_sorted: is_instant && text.starts_with("sort"),
        nothing: if is_inexact { NOTHING } else { 0.0 },
    };
    let mut their = theirs(text, when, server);
    for _ in 1..TRIES {
        if agree(&our, &their, how) {
            break;
        }
        their = theirs(text, when, server);
        tally.again += 1;
    }
    if !agree(&our, &their, how) {
        let cut = |outcome: &Outcome| format!("{outcome:?}").chars().take(900).collect::<String>();
        return Some(format!(
            "{text}\n  at {when:?}\n  ours   {}\n  theirs {}",
            cut(&our),
            cut(&their)
        ));
    }
    match &our {
        Outcome::Error(kind, said) => {
            assert!(
                *kind != "parse error" && *kind != "other",
                "the generator made {text}: {said}"
            );
            *tally.errors.entry(kind).or_default() += 1;
        }
        Outcome::Text(_) => tally.filled += 1,
        Outcome::Rows { rows, .. } => tally.filled += usize::from(!rows.is_empty()),
    }
    for feature in used {
        *tally.counts.get_mut(feature).expect("a known feature") += 1;
    }
    None
}
