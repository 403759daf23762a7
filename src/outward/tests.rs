//! The queue's bounds, the ends of series, their order and their labels.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::expand::Expander;
use super::parcel::{Body, Labels, Parcel, Row, Source};
use super::queue::Queue;
use super::wire::{STALE, TimeSeries, WriteRequest, packed, unpacked};
use crate::model::spec::ScrapeSpec;
use crate::model::{Check, CheckKey, Layout, Name, Scrape, ScrapeReport, Spec, Steady, Timestamp};

fn key() -> CheckKey {
    CheckKey::new("web-1", "node")
}

fn rows(at: i64, rows: &[(&'static str, f64)]) -> Parcel {
    let row =
        |(family, value): &(&'static str, f64)| Row { family, labels: Labels::None, value: *value };
    let body = Body::Rows(rows.iter().map(row).collect());
    Parcel { source: Source::Check(key()), at: Timestamp::from_millis(at), body }
}

fn scrape(at: i64, series: &[(&str, f64)], stamps: &[(u32, i64)]) -> Parcel {
    let check = Check::new(
        "web-1",
        "node",
        "192.0.2.1",
        Spec::Scrape(ScrapeSpec::get("https://node.example/metrics")),
    );
    let names: Vec<Name> = series.iter().map(|(name, _)| Name::from(*name)).collect();
    let id = crate::model::hash::fnv1a(names.join("\n").as_bytes());
    let scrape = Scrape {
        layout: Arc::new(Layout { id, series: names }),
        values: series.iter().map(|(_, value)| *value).collect(),
        stamps: stamps.to_vec(),
        report: ScrapeReport { up: true, ..ScrapeReport::default() },
    };
    Parcel::scraped(&Arc::new(check), &Arc::new(scrape), Timestamp::from_millis(at))
}

fn gone(source: Source, at: i64) -> Parcel {
    Parcel { source, at: Timestamp::from_millis(at), body: Body::Gone }
}

/// `name{label="value"} value @time`, without the series of the report.
fn lines(series: &[TimeSeries]) -> Vec<String> {
    let text = |one: &TimeSeries| {
        let name = one.labels.iter().find(|label| label.name == "__name__");
        let labels = one.labels.iter().filter(|label| label.name != "__name__");
        let labels: Vec<String> =
            labels.map(|label| format!("{}={}", label.name, label.value)).collect();
        let sample = one.samples.first().copied().unwrap();
        let value = match sample.value.to_bits() {
            STALE => "end".to_owned(),
            _ => sample.value.to_string(),
        };
        let name = name.map_or("", |label| &label.value).to_owned();
        format!("{name}{{{}}} {value} @{}", labels.join(","), sample.timestamp)
    };
    let all = series.iter().map(text);
    all.filter(|line| !line.starts_with("up{") && !line.starts_with("scrape_")).collect()
}

fn told(expander: &mut Expander, parcel: Parcel) -> Vec<TimeSeries> {
    expander.begin(parcel);
    std::iter::from_fn(|| expander.next()).collect()
}

const TARGET: &str = "host=web-1,instance=node.example:443,job=node";

#[test]
fn a_series_that_is_scraped_no_more_ends_and_the_others_go_on() {
    let mut expander = Expander::new(BTreeMap::new());
    let first = told(&mut expander, scrape(1000, &[("a", 1.0), ("b{x=\"1\"}", 2.0)], &[]));
    let b = "b{host=web-1,instance=node.example:443,job=node,x=1}";
    assert_eq!(lines(&first), [format!("a{{{TARGET}}} 1 @1000"), format!("{b} 2 @1000")]);
    assert_eq!(first.len(), 7, "five series say how the scrape went");
    let second = told(&mut expander, scrape(2000, &[("a", 3.0)], &[]));
    assert_eq!(lines(&second), [format!("{b} end @2000"), format!("a{{{TARGET}}} 3 @2000")]);
    let third = told(&mut expander, scrape(3000, &[("a", 4.0)], &[]));
    assert_eq!(lines(&third), [format!("a{{{TARGET}}} 4 @3000")], "an end is said once");
    // A failed scrape has no series; the report goes on.
    let failed = told(&mut expander, scrape(4000, &[], &[]));
    assert_eq!(lines(&failed), [format!("a{{{TARGET}}} end @4000")]);
    assert_eq!(failed.len(), 6);
    // Its target is gone: what is left ends.
    let end = told(&mut expander, gone(Source::Scraped(key()), 4000));
    assert_eq!(end.len(), 5);
    assert!(end.iter().all(|one| one.samples[0].value.to_bits() == STALE));
    assert!(end.iter().all(|one| one.samples[0].timestamp == 4001), "later than the last sample");
    assert!(told(&mut expander, gone(Source::Scraped(key()), 5000)).is_empty());
}

fn recorded(at: i64, series: &[(&str, f64)]) -> Parcel {
    let Body::Scrape(_, made) = scrape(at, series, &[]).body else { panic!("a scrape") };
    let at = Timestamp::from_millis(at);
    Parcel { source: Source::Rule(key()), at, body: Body::Recorded(made) }
}

#[test]
fn what_a_rule_records_leaves_with_its_own_labels_and_ends_when_it_does() {
    let external = [("site", "dal"), ("job", "not this")];
    let external = external.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut expander = Expander::new(external.into());
    let first = recorded(1000, &[("job:up:sum{job=\"node\"}", 2.0), ("all", 3.0)]);
    assert_eq!(first.samples(), 2);
    let first = told(&mut expander, first);
    assert_eq!(first.len(), 2, "no target, no report");
    let (sum, all) = ("job:up:sum{job=node,site=dal}", "all{job=not this,site=dal}");
    assert_eq!(lines(&first), [format!("{sum} 2 @1000"), format!("{all} 3 @1000")]);
    let second = told(&mut expander, recorded(2000, &[("all", 4.0)]));
    assert_eq!(lines(&second), [format!("{sum} end @2000"), format!("{all} 4 @2000")]);
    // The rule is gone: just after what it said last, whenever that was.
    let end = told(&mut expander, gone(Source::Rule(key()), 0));
    assert_eq!(lines(&end), [format!("{all} end @2001")]);
    assert_eq!(end.len(), 1);
    assert!(told(&mut expander, gone(Source::Rule(key()), 0)).is_empty());
}

#[test]
fn what_has_a_time_of_its_own_keeps_it_and_is_sent_once() {
    let mut expander = Expander::new(BTreeMap::new());
    let first = told(&mut expander, scrape(1000, &[("a", 1.0)], &[(0, 700)]));
    assert_eq!(lines(&first), [format!("a{{{TARGET}}} 1 @700")]);
    assert!(lines(&told(&mut expander, scrape(2000, &[("a", 1.0)], &[(0, 700)]))).is_empty());
    assert!(lines(&told(&mut expander, scrape(3000, &[("a", 1.0)], &[(0, 600)]))).is_empty());
    let later = told(&mut expander, scrape(4000, &[("a", 2.0)], &[(0, 3500)]));
    assert_eq!(lines(&later), [format!("a{{{TARGET}}} 2 @3500")]);
    assert!(lines(&told(&mut expander, scrape(5000, &[], &[]))).is_empty(), "it has no end");
}

#[test]
fn an_earlier_time_is_left_out_and_counted() {
    let mut expander = Expander::new(BTreeMap::new());
    assert_eq!(told(&mut expander, rows(2000, &[("s", 1.0)])).len(), 1);
    assert!(told(&mut expander, rows(2000, &[("s", 2.0)])).is_empty());
    assert!(told(&mut expander, rows(1000, &[("s", 2.0), ("t", 1.0)])).is_empty());
    assert_eq!(expander.left_out(), 3);
    assert_eq!(expander.left_out(), 0);
    assert_eq!(told(&mut expander, rows(2001, &[("s", 3.0)])).len(), 1);
}

#[test]
fn rows_that_are_no_more_end() {
    let mut expander = Expander::new(BTreeMap::from([("site".to_owned(), "dal".to_owned())]));
    let of = "{check=node,host=web-1,site=dal}";
    let both = told(&mut expander, rows(1, &[("s", 1.0), ("t", 2.0)]));
    assert_eq!(lines(&both), [format!("s{of} 1 @1"), format!("t{of} 2 @1")]);
    let one = told(&mut expander, rows(2, &[("t", 3.0)]));
    assert_eq!(lines(&one), [format!("s{of} end @2"), format!("t{of} 3 @2")]);
    let alert = |at, state| Parcel {
        source: Source::Alert(key()),
        at: Timestamp::from_millis(at),
        body: Body::Rows(Arc::new([Row {
            family: "a",
            labels: Labels::Alert(state, "critical"),
            value: 1.0,
        }])),
    };
    told(&mut expander, alert(1, "firing"));
    let then = told(&mut expander, alert(2, "acknowledged"));
    assert_eq!(then.len(), 2);
    assert!(lines(&then)[0].contains("state=firing") && lines(&then)[0].contains("end"));
}

#[test]
fn labels_are_sorted_valid_and_each_once() {
    let external = BTreeMap::from([
        ("site".to_owned(), "dal".to_owned()),
        ("job".to_owned(), "not this".to_owned()),
    ]);
    let mut expander = Expander::new(external);
    let id = "m{exported_job=\"x\",job=\"theirs\",host=\"h\",empty=\"\",z=\"1\"}";
    let sent = told(&mut expander, scrape(1, &[(id, 1.0)], &[]));
    let own = sent.iter().find(|one| one.labels.iter().any(|l| l.value == "m")).unwrap();
    let names: Vec<&str> = own.labels.iter().map(|label| label.name.as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    let value = |name: &str| {
        own.labels.iter().find(|label| label.name == name).map(|label| label.value.as_str())
    };
    assert_eq!(value("job"), Some("node"));
    assert_eq!(value("exported_host"), Some("h"));
    assert_eq!(value("site"), Some("dal"));
    assert_eq!(value("empty"), None);
    let exported = [value("exported_job"), value("exported_exported_job")];
    assert!(exported.contains(&Some("x")) && exported.contains(&Some("theirs")), "{exported:?}");
    // Names that no receiver takes would cost the whole request.
    let before = expander.left_out();
    let bad = [("{\"a b\"}", 1.0), ("m{\"a.b\"=\"1\"}", 1.0), ("fine", 1.0)];
    let sent = lines(&told(&mut expander, scrape(2, &bad, &[])));
    let kept: Vec<&String> = sent.iter().filter(|line| !line.contains(" end ")).collect();
    assert!(kept.len() == 1 && kept[0].starts_with("fine{"), "{kept:?}");
    assert_eq!((before, expander.left_out()), (0, 2));
}

#[test]
fn a_target_is_called_as_prometheus_calls_it() {
    let labels = |name: &str, url: &str| {
        let spec = Spec::Scrape(ScrapeSpec::get(url));
        let target = super::labels::of_target(&Check::new("web-1", name, "192.0.2.1", spec));
        target.into_iter().map(|(_, value)| value).collect::<Vec<_>>()
    };
    assert_eq!(labels("node", "http://a:9100/m"), ["web-1", "a:9100", "node"]);
    assert_eq!(labels("node:9101", "http://a:9101/m"), ["web-1", "a:9101", "node"]);
    assert_eq!(labels("node:9101", "http://a/m"), ["web-1", "a:80", "node:9101"]);
    assert_eq!(labels("x", "https://[::1]/m"), ["web-1", "[::1]:443", "x"]);
}

#[test]
fn a_request_reads_back() {
    let mut expander = Expander::new(BTreeMap::new());
    let timeseries = told(&mut expander, scrape(1, &[("a", 1.5), ("b", f64::INFINITY)], &[]));
    let request = WriteRequest { timeseries };
    let body = packed(&request).unwrap();
    assert_eq!(unpacked(&body).unwrap(), request);
    assert!(unpacked(b"no request").is_err());
}

fn parcel(source: u8, at: i64, size: usize) -> Parcel {
    let row = Row { family: "f", labels: Labels::None, value: 0.0 };
    let source = Source::Host(format!("h{source}").into());
    Parcel { source, at: Timestamp::from_millis(at), body: Body::Rows(vec![row; size].into()) }
}

#[test]
fn the_word_that_a_source_is_gone_is_not_dropped_with_its_numbers() {
    let mut queue = Queue::new(100);
    let now = Steady::from_millis(0);
    queue.push(gone(Source::Check(key()), 1), now);
    for at in 0..50 {
        queue.push(parcel(1, at, 10), now);
    }
    let (_, first) = queue.pop().unwrap();
    assert!(matches!(first.body, Body::Gone));
}

proptest! {
    /// Whatever comes and goes: no more waits than the bound, what is missing was counted, and what
    /// is there is in the order in which it came, the latest always.
    #[test]
    fn a_queue_is_bounded_and_in_order(
        limit in 1_usize..200,
        steps in prop::collection::vec((any::<bool>(), 0_u8..4, 1_usize..40), 1..200),
    ) {
        let mut queue = Queue::new(limit);
        let (mut pushed, mut dropped, mut popped) = (0, 0, 0);
        let mut last = -1;
        for (at, (push, source, size)) in steps.into_iter().enumerate() {
            let at = i64::try_from(at).unwrap();
            let now = Steady::from_millis(at);
            if push {
                let parcel = parcel(source, at, size);
                pushed += parcel.samples();
                dropped += queue.push(parcel, now);
                prop_assert!(queue.samples() <= limit.max(size));
            } else if let Some((since, parcel)) = queue.pop() {
                popped += parcel.samples();
                prop_assert_eq!(since.millis(), parcel.at.millis());
                prop_assert!(parcel.at.millis() > last);
                last = parcel.at.millis();
            }
            prop_assert_eq!(pushed, dropped + popped + queue.samples());
        }
    }

    /// Whatever parcels come, in whatever order: times of a series only grow, and after its end a
    /// series has no value until it begins anew.
    #[test]
    fn times_of_a_series_only_grow(
        steps in prop::collection::vec((0_i64..60, prop::collection::vec(0_usize..5, 0..5)), 1..60),
    ) {
        const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
        let mut expander = Expander::new(BTreeMap::new());
        let mut last: BTreeMap<String, i64> = BTreeMap::new();
        let mut alive: BTreeMap<String, bool> = BTreeMap::new();
        let mut latest = -1;
        for (at, names) in steps {
            let mut names: Vec<&'static str> = names.into_iter().map(|at| NAMES[at]).collect();
            names.sort_unstable();
            names.dedup();
            let list: Vec<(&'static str, f64)> = names.iter().map(|name| (*name, 1.0)).collect();
            for one in told(&mut expander, rows(at, &list)) {
                let name = one.labels[0].value.clone();
                let sample = one.samples[0];
                let known = last.insert(name.clone(), sample.timestamp);
                prop_assert!(known.is_none_or(|known| known < sample.timestamp));
                alive.insert(name, sample.value.to_bits() != STALE);
            }
            if at > latest {
                latest = at;
                let living: Vec<&str> =
                    alive.iter().filter(|(_, yes)| **yes).map(|(name, _)| name.as_str()).collect();
                prop_assert_eq!(living, names);
            }
        }
    }
}
