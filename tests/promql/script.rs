//! A runner for the language of Prometheus's own test scripts.
//!
//! ```text
//! load 30s
//!   http_requests_total{job="api"} 0+10x5 _ stale 70 80x2 _x3
//! eval instant at 2m rate(http_requests_total[1m])
//!   {job="api"} 0.33
//! eval range from 0 to 2m step 30s http_requests_total
//!   http_requests_total{job="api"} 0 10 20 30 40
//! eval_ordered instant at 2m sort(http_requests_total)
//! eval_fail instant at 2m up * on() group_left up
//!   expected_fail_message multiple matches
//! clear
//! ```
//!
//! A line without a label set is the value of a scalar, or a text in quotes. `#` begins a comment.

use fluxnoc::promql::{
    Edition, Labels, NAME, Options, Point, Query, STALE, Steps, Value, evaluate_instant,
    evaluate_range, parse,
};

use crate::memory::Memory;

/// How far a value may be from what is expected, relatively: scripts are written with few digits.
const TOLERANCE: f64 = 1e-6;

/// Runs a script; gives how many evaluations it has, or the first line that does not hold.
pub fn run(script: &str, edition: Edition) -> Result<usize, String> {
    let mut memory = Memory::default();
    let lines: Vec<(usize, &str)> = script
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim_end()))
        .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .collect();
    let mut evaluations = 0;
    let mut at = 0;
    while let Some((number, line)) = lines.get(at) {
        let indented = |line: &str| line.starts_with([' ', '\t']);
        let body: Vec<&str> = lines[at + 1..]
            .iter()
            .map(|(_, line)| *line)
            .take_while(|line| indented(line))
            .collect();
        at += 1 + body.len();
        let place = |why: String| format!("line {number}: {line}\n  {why}");
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb {
            "clear" => memory = Memory::default(),
            "load" => {
                let step = time(rest).map_err(place)?;
                for line in &body {
                    load(&mut memory, line, step).map_err(place)?;
                }
                memory.sort();
            }
            "eval" | "eval_fail" | "eval_ordered" => {
                evaluations += 1;
                let case = Case::read(rest).map_err(place)?;
                case.check(verb, &body, &memory, edition).map_err(place)?;
            }
            _ => return Err(place("no such command".to_owned())),
        }
    }
    Ok(evaluations)
}

/// A time or a step: a number of seconds or a duration.
fn time(text: &str) -> Result<i64, String> {
    const UNITS: [(&str, i64); 6] = [
        ("ms", 1),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("w", 604_800_000),
    ];
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Ok((seconds * 1000.0).round() as i64);
    }
    let mut sum = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or(format!("no time: {text}"))?;
        let count: i64 = rest[..end].parse().map_err(|_| format!("no time: {text}"))?;
        let after = &rest[end..];
        let unit = UNITS.iter().find(|(unit, _)| after.starts_with(unit));
        let (unit, millis) = unit.ok_or(format!("no time: {text}"))?;
        sum += count * millis;
        rest = &after[unit.len()..];
    }
    Ok(sum)
}

/// Reads `name{label="value"}` and gives what stands behind it.
fn labels(text: &str) -> Result<(Labels, &str), String> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let (name, mut rest) = text.split_at(end.unwrap_or(text.len()));
    let mut pairs = vec![(NAME.to_owned(), name.to_owned())];
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_start();
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once('=').ok_or("a label without a value")?;
            let (value, after) = quoted(after.trim_start())?;
            pairs.push((label.trim().to_owned(), value));
            rest = after.trim_start().trim_start_matches(',').trim_start();
        }
        rest = &rest[1..];
    }
    Ok((Labels::from_pairs(pairs), rest))
}

fn quoted(text: &str) -> Result<(String, &str), String> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')).ok_or("no quote")?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            let inner = &text[1..at];
            let value = if quote == '`' { inner.to_owned() } else { unescaped(inner) };
            return Ok((value, &text[at + 1..]));
        }
        escaped = c == '\\' && !escaped && quote != '`';
    }
    Err("a quote is not closed".to_owned())
}

fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\")
}

fn number(text: &str) -> Result<f64, String> {
    match text {
        "stale" => Ok(STALE),
        "Inf" | "+Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        "NaN" => Ok(f64::NAN),
        _ => text.parse().map_err(|_| format!("no number: {text}")),
    }
}

/// The values of one word of a series: `7`, `_`, `stale`, `1+2x3`, `5x2`, `_x4`.
fn values(word: &str) -> Result<Vec<Option<f64>>, String> {
    if let Some(count) = word.strip_prefix("_x") {
        return Ok(vec![None; count.parse().map_err(|_| format!("no count: {word}"))?]);
    }
    if word == "_" {
        return Ok(vec![None]);
    }
    let Some((start, count)) = word.rsplit_once('x') else { return Ok(vec![Some(number(word)?)]) };
    let count: usize = count.parse().map_err(|_| format!("no count: {word}"))?;
    // The sign of the step, not that of the start or of an exponent.
    let sign = start
        .char_indices()
        .skip(1)
        .find(|(at, c)| matches!(c, '+' | '-') && !matches!(start.as_bytes()[at - 1], b'e' | b'E'));
    let (start, step) = match sign {
        Some((at, _)) => (number(&start[..at])?, number(&start[at..])?),
        None => (number(start)?, 0.0),
    };
    let mut value = start;
    let mut all = vec![Some(value)];
    for _ in 0..count {
        value += step;
        all.push(Some(value));
    }
    Ok(all)
}

fn series(text: &str) -> Result<(Labels, Vec<Option<f64>>), String> {
    let (labels, rest) = labels(text)?;
    let mut all = Vec::new();
    for word in rest.split_whitespace() {
        all.extend(values(word)?);
    }
    Ok((labels, all))
}

fn load(memory: &mut Memory, line: &str, step: i64) -> Result<(), String> {
    let (labels, values) = series(line)?;
    let points = (0..)
        .zip(values)
        .filter_map(|(index, value)| value.map(|value| Point { at: index * step, value }));
    memory.add(&labels, points);
    Ok(())
}

enum When {
    Instant(i64),
    Range(Steps),
}

struct Case<'a> {
    when: When,
    text: &'a str,
}

impl<'a> Case<'a> {
    /// Reads what stands behind `eval`.
    fn read(rest: &'a str) -> Result<Self, String> {
        if let Some(rest) = rest.strip_prefix("instant at ") {
            let (at, text) = rest.trim_start().split_once(' ').ok_or("no expression")?;
            return Ok(Self { when: When::Instant(time(at)?), text });
        }
        let rest = rest.strip_prefix("range from ").ok_or("neither instant nor range")?;
        let (start, rest) = rest.split_once(" to ").ok_or("no end")?;
        let (end, rest) = rest.split_once(" step ").ok_or("no step")?;
        let (step, text) = rest.trim_start().split_once(' ').ok_or("no expression")?;
        let steps = Steps { start: time(start)?, end: time(end)?, step: time(step)? };
        Ok(Self { when: When::Range(steps), text })
    }

    fn value(&self, memory: &Memory, edition: Edition) -> Result<Value, String> {
        let query: Query = parse(self.text, edition).map_err(|why| why.to_string())?;
        let options = Options::default();
        let value = match self.when {
            When::Instant(at) => evaluate_instant(&query, memory, at, &options),
            When::Range(steps) => evaluate_range(&query, memory, steps, &options),
        };
        value.map_err(|why| why.to_string())
    }

    fn check(
        &self,
        verb: &str,
        body: &[&str],
        memory: &Memory,
        edition: Edition,
    ) -> Result<(), String> {
        let result = self.value(memory, edition);
        if verb == "eval_fail" {
            let said = match result {
                Ok(value) => return Err(format!("an error was expected, got {value:?}")),
                Err(said) => said,
            };
            let mut wanted =
                body.iter().filter_map(|line| line.trim().strip_prefix("expected_fail_message "));
            if let Some(wanted) = wanted.find(|wanted| !said.contains(*wanted)) {
                return Err(format!("the error does not say {wanted:?}: {said}"));
            }
            return Ok(());
        }
        let value = result?;
        match &value {
            Value::Scalar(got) => {
                let expected = number(body.first().ok_or("no value")?.trim())?;
                if is_close(*got, expected) { Ok(()) } else { Err(format!("got {got}")) }
            }
            Value::Text(got) => {
                let (expected, _) = quoted(body.first().ok_or("no value")?.trim())?;
                if *got == expected { Ok(()) } else { Err(format!("got {got:?}")) }
            }
            Value::Vector(samples) => {
                let got = samples.iter().map(|one| (one.labels.clone(), vec![Some(one.value)]));
                compare(got.collect(), expected(body)?, verb == "eval_ordered")
            }
            Value::Matrix(all) => {
                let points = |points: &[Point]| match self.when {
                    When::Instant(_) => points.iter().map(|point| Some(point.value)).collect(),
                    When::Range(steps) => aligned(points, steps),
                };
                let got = all.iter().map(|one| (one.labels.clone(), points(&one.points)));
                compare(got.collect(), expected(body)?, false)
            }
        }
    }
}

type Row = (Labels, Vec<Option<f64>>);

fn aligned(points: &[Point], steps: Steps) -> Vec<Option<f64>> {
    let count = (steps.end - steps.start) / steps.step + 1;
    let times = (0..count).map(|index| steps.start + index * steps.step);
    let value = |at| points.iter().find(|point| point.at == at).map(|point| point.value);
    times.map(value).collect()
}

/// The rows of a case; a row without labels and name stands for the scalar of a range.
fn expected(body: &[&str]) -> Result<Vec<Row>, String> {
    body.iter()
        .map(|line| {
            let line = line.trim();
            let is_bare =
                line.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '_'));
            if is_bare { series(&format!("{{}} {line}")) } else { series(line) }
        })
        .collect()
}

fn compare(got: Vec<Row>, mut wanted: Vec<Row>, ordered: bool) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{why}: got {got:#?}"));
    if got.len() != wanted.len() {
        return wrong(&format!("{} series were expected", wanted.len()));
    }
    for (labels, values) in &got {
        let place = wanted.iter().position(|(known, _)| known == labels);
        let Some(place) = place.filter(|place| !ordered || *place == 0) else {
            return wrong(&format!("{labels} was not expected here"));
        };
        let (_, mut expected) = wanted.remove(place);
        let longest = values.len().max(expected.len());
        let mut values = values.clone();
        values.resize(longest, None);
        expected.resize(longest, None);
        let same = values.iter().zip(&expected).all(|pair| match pair {
            (Some(got), Some(expected)) => is_close(*got, *expected),
            (None, None) => true,
            _ => false,
        });
        if !same {
            return wrong(&format!("{labels} should be {expected:?}"));
        }
    }
    Ok(())
}

fn is_close(got: f64, expected: f64) -> bool {
    got == expected
        || got.is_nan() && expected.is_nan()
        || (got - expected).abs() <= TOLERANCE * expected.abs()
}

#[test]
fn a_script_can_fail() {
    let load = "load 1m\n  a{x=\"1\"} 1+1x3 _ stale 7x1\n";
    let run = |rest: &str| run(&format!("{load}{rest}"), Edition::Two);
    assert_eq!(run("eval instant at 2m a\n  a{x=\"1\"} 3\n"), Ok(1));
    assert_eq!(run("eval range from 0 to 8m step 1m a\n  a{x=\"1\"} 1 2 3 4 4 _ 7 7 7\n"), Ok(1));
    assert_eq!(run("eval instant at 2m 'x'\n  \"x\"\neval instant at 0 1\n  1\n"), Ok(2));
    let failing = [
        "eval instant at 2m a\n  a{x=\"1\"} 4\n",
        "eval instant at 2m a\n",
        "eval instant at 2m a\n  a{x=\"2\"} 3\n",
        "eval range from 0 to 1m step 1m a\n  a{x=\"1\"} 1 _\n",
        "eval_fail instant at 2m a\n",
        "eval_fail instant at 2m a[\n  expected_fail_message of another kind\n",
        "eval instant at 2m a ==\n",
        "eval_ordered instant at 2m sort(a or -a)\n  a{x=\"1\"} 3\n  {x=\"1\"} -3\n",
        "evil\n",
    ];
    for script in failing {
        assert!(run(script).is_err(), "{script}");
    }
}
