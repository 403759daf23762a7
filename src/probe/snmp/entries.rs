//! Objects that an operator named: levels as they are, counters as growth per second. Pure.

use std::time::Duration;

use async_snmp::{Oid, Value};

use super::counter::{Width, growth};
use super::host::Counters;
use super::table::Rows;
use super::value::{counter, number, text, whole};
use crate::model::Metric;
use crate::model::snmp::{SnmpEntry, SnmpType};

/// Longest name of a row, in bytes.
const NAME_LIMIT: usize = 128;

/// The object of an entry.
pub(super) fn oid(entry: &SnmpEntry) -> Oid {
    Oid::from_slice(entry.oid.numbers())
}

/// The columns of an entry of `walk`: the values, then the names.
pub(super) fn columns(entry: &SnmpEntry) -> Vec<Oid> {
    let label = entry.label.as_ref().map(|label| Oid::from_slice(label.numbers()));
    std::iter::once(oid(entry)).chain(label).collect()
}

/// Turns values into metrics, and counters into what the next poll needs.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// Of the last poll; empty when nothing is known about the time since.
    pub before: &'a Counters,
    /// For the next poll.
    pub after: &'a mut Counters,
    /// Time since the last poll.
    pub elapsed: Duration,
    /// What is not as it was asked for, in words.
    pub problems: Vec<String>,
}

impl Reader<'_> {
    /// The metric of an object, when it has a number.
    pub(super) fn get(&mut self, entry: &SnmpEntry, value: Option<&Value>) -> Option<Metric> {
        let Some(value) = value else {
            self.problems.push(format!("{}: the agent has no object {}", entry.name, entry.oid));
            return None;
        };
        self.metric(entry, None, value)
    }

    /// The metrics of a column.
    pub(super) fn walk(&mut self, entry: &SnmpEntry, rows: &Rows) -> Vec<Metric> {
        if rows.is_empty() {
            self.problems.push(format!("{}: the agent has no column {}", entry.name, entry.oid));
        }
        let mut metrics = Vec::with_capacity(rows.len());
        for (index, row) in rows {
            let Some(value) = row.first().and_then(Option::as_ref) else { continue };
            let label = row.get(1).and_then(Option::as_ref).and_then(|label| {
                text(label, NAME_LIMIT).or_else(|| number(label).map(|number| number.to_string()))
            });
            let dotted = || index.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
            let instance = label.unwrap_or_else(dotted);
            metrics.extend(self.metric(entry, Some(&instance), value));
        }
        metrics
    }

    fn metric(
        &mut self,
        entry: &SnmpEntry,
        instance: Option<&str>,
        value: &Value,
    ) -> Option<Metric> {
        let found = match entry.counts {
            SnmpType::Gauge => number(value).ok_or("number"),
            SnmpType::Counter => match counter(value) {
                Some((value, width)) => return self.rate(entry, instance, value, width),
                None => Err("counter"),
            },
        };
        match found {
            Ok(number) => Some(metric(entry, instance, number)),
            Err(wanted) => {
                let at = instance.map(|instance| format!("[{instance}]")).unwrap_or_default();
                let kind = format!("{:?}", value.kind());
                self.problems
                    .push(format!("{}{at}: a value of type {kind} is no {wanted}", entry.name));
                None
            }
        }
    }

    fn rate(
        &mut self,
        entry: &SnmpEntry,
        instance: Option<&str>,
        value: u64,
        width: Width,
    ) -> Option<Metric> {
        let bits = if width == Width::Narrow { "32" } else { "64" };
        let key = format!("own.{}.{}.{bits}", entry.name, instance.unwrap_or_default());
        self.after.insert(key.clone(), value);
        let grown = growth(*self.before.get(&key)?, value, width, None)?;
        let seconds = self.elapsed.as_secs_f64();
        (seconds > 0.0).then(|| metric(entry, instance, whole(grown) / seconds))
    }
}

fn metric(entry: &SnmpEntry, instance: Option<&str>, value: f64) -> Metric {
    let metric = Metric::new(&entry.name, value * entry.scale, entry.unit.clone());
    match instance {
        Some(instance) => metric.of(instance),
        None => metric,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Unit;

    fn entry(counts: SnmpType, scale: f64) -> SnmpEntry {
        SnmpEntry {
            name: "fans".to_owned(),
            oid: "1.3.6.1.4.1.9.1".parse().unwrap(),
            label: None,
            unit: Unit::Count,
            scale,
            counts,
        }
    }

    /// The metrics and problems of some values, with what was known before.
    fn read(
        entry: &SnmpEntry,
        before: &Counters,
        rows: &[(&[u32], Value, Option<&'static str>)],
    ) -> (Vec<(String, f64)>, Vec<String>, Counters) {
        let mut after = Counters::new();
        let mut reader = Reader {
            before,
            after: &mut after,
            elapsed: Duration::from_secs(10),
            problems: Vec::new(),
        };
        let label =
            |label: &Option<&'static str>| label.map(|label| Value::OctetString(label.into()));
        let rows: Rows = rows
            .iter()
            .map(|(index, value, name)| ((*index).into(), vec![Some(value.clone()), label(name)]))
            .collect();
        let metrics = reader.walk(entry, &rows);
        let problems = reader.problems;
        (metrics.iter().map(|m| (m.label(), m.value)).collect(), problems, after)
    }

    #[test]
    fn levels_are_scaled_and_rows_named() {
        let (metrics, problems, _) = read(
            &entry(SnmpType::Gauge, 0.1),
            &Counters::new(),
            &[
                (&[1], Value::Integer(231), Some("inlet")),
                (&[2, 7], Value::OctetString("12.5".into()), None),
                (&[3], Value::IpAddress([1, 2, 3, 4]), Some("odd")),
            ],
        );
        let one = |name: &str, value| (name.to_owned(), value);
        assert_eq!(metrics, [one("fans[inlet]", 23.1), one("fans[2.7]", 1.25)]);
        assert_eq!(problems, ["fans[odd]: a value of type IpAddress is no number"]);
    }

    #[test]
    fn counters_are_growth_per_second() {
        let entry = entry(SnmpType::Counter, 8.0);
        let rows = |a, b| {
            [(&[1][..], Value::Counter32(a), Some("a")), (&[2][..], Value::Counter64(b), Some("b"))]
        };
        let (first, problems, known) = read(&entry, &Counters::new(), &rows(u32::MAX - 9, 1000));
        assert!(first.is_empty() && problems.is_empty(), "nothing is known before");
        let (second, _, known) = read(&entry, &known, &rows(90, 1500));
        assert_eq!(second, [("fans[a]".to_owned(), 80.0), ("fans[b]".to_owned(), 400.0)]);
        let (third, ..) = read(&entry, &known, &rows(100, 0));
        assert_eq!(third, [("fans[a]".to_owned(), 8.0)], "b began anew");
        let (none, problems, _) = read(&entry, &known, &[(&[1], Value::Integer(-5), None)]);
        assert!(none.is_empty());
        assert_eq!(problems, ["fans[1]: a value of type Integer is no counter"]);
    }

    #[test]
    fn what_the_agent_does_not_have_is_said() {
        let gauge = entry(SnmpType::Gauge, 1.0);
        let (_, problems, _) = read(&gauge, &Counters::new(), &[]);
        assert_eq!(problems, ["fans: the agent has no column 1.3.6.1.4.1.9.1"]);
    }
}
