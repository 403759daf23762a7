//! What an expression finds in the memory: labels, order, ends, bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::{CheckKey, Layout, Name, Scrape, ScrapeReport, Timestamp};
use crate::promql::{
    Edition, Labels, Limits, Options, Steps, Value, evaluate_instant, evaluate_range, parse,
};
use crate::series::{Bounds, Memory};

fn scrape(series: &[(&str, f64)]) -> Scrape {
    let names: Vec<Name> = series.iter().map(|(name, _)| Name::from(*name)).collect();
    let id = names
        .iter()
        .flat_map(|name| name.bytes())
        .fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    Scrape {
        layout: Arc::new(Layout { id, series: names }),
        values: series.iter().map(|(_, value)| *value).collect(),
        report: ScrapeReport { up: true, ..ScrapeReport::default() },
        ..Scrape::default()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + second * 1000)
}

fn two_targets() -> Memory {
    let memory = Memory::new(Bounds::default());
    for (host, instance) in [("b", "b:9100"), ("a", "a:9100")] {
        let key = CheckKey::new(host, "node");
        let labels = [("instance", instance), ("job", "node")];
        memory.label(&key, Labels::from_pairs(labels));
        for n in 0..4_i64 {
            let value = 10.0 * f64::from(u8::try_from(n).unwrap());
            let series = [("load", value), (r#"disk{dev="x",job="own"}"#, 1.0)];
            memory.append(&key, &scrape(&series), at(n * 15));
        }
    }
    memory
}

fn ask(memory: &Memory, text: &str, second: i64) -> Result<String, String> {
    let query = parse(text, Edition::Three).map_err(|why| why.to_string())?;
    let stop = AtomicBool::new(false);
    let limits = Limits { series: 4, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let found = evaluate_instant(
        &query,
        &memory.reader(&|| stop.load(Ordering::Relaxed)),
        at(second).millis(),
        &options,
    );
    match found.map_err(|why| why.to_string())? {
        Value::Vector(all) => {
            let all = all.iter().map(|one| format!("{} {}", one.labels, one.value));
            Ok(all.collect::<Vec<_>>().join("\n"))
        }
        other => Ok(format!("{other:?}")),
    }
}

#[test]
fn series_have_the_labels_of_their_target_and_come_in_their_order() {
    let memory = two_targets();
    let load = "{__name__=\"load\", instance=\"a:9100\", job=\"node\"} 30\n\
                {__name__=\"load\", instance=\"b:9100\", job=\"node\"} 30";
    assert_eq!(ask(&memory, "load", 45), Ok(load.to_owned()));
    let disk =
        "{__name__=\"disk\", dev=\"x\", exported_job=\"own\", instance=\"b:9100\", job=\"node\"} 1";
    assert_eq!(ask(&memory, r#"disk{job="node",instance=~"b.*"}"#, 45), Ok(disk.to_owned()));
    assert_eq!(ask(&memory, r#"disk{job="own"}"#, 45), Ok(String::new()));
    assert_eq!(ask(&memory, "count(up == 1)", 45), Ok("{} 2".to_owned()));
    // Between two scrapes, and before the newest one.
    assert_eq!(ask(&memory, "sum(load)", 29), Ok("{} 20".to_owned()));
    assert_eq!(ask(&memory, "sum(rate(load[1m]))", 45), Ok("{} 1".to_owned()));
    assert_eq!(ask(&memory, r#"sum({__name__=~"lo.d"})"#, 50), Ok("{} 60".to_owned()));
    // Other labels: the same series under them.
    memory.label(&CheckKey::new("a", "node"), Labels::from_pairs([("instance", "c:1")]));
    assert_eq!(ask(&memory, r#"count(load{instance="c:1"})"#, 45), Ok("{} 1".to_owned()));
}

#[test]
fn what_is_gone_has_ended_and_what_is_old_is_out_of_sight() {
    let memory = two_targets();
    memory.append(&CheckKey::new("a", "node"), &Scrape::default(), at(60));
    memory.append(&CheckKey::new("b", "node"), &scrape(&[("load", 1.0)]), at(60));
    assert_eq!(ask(&memory, "count(load)", 60), Ok("{} 1".to_owned()));
    assert_eq!(ask(&memory, "count(load)", 59), Ok("{} 2".to_owned()));
    assert_eq!(ask(&memory, "disk", 60), Ok(String::new()));
    assert_eq!(ask(&memory, "sum(up)", 60), Ok("{} 1".to_owned()));
    assert_eq!(
        ask(&memory, "count_over_time(disk{instance=\"a:9100\"}[2m])", 60).unwrap(),
        "{dev=\"x\", exported_job=\"own\", instance=\"a:9100\", job=\"node\"} 4"
    );
    assert_eq!(ask(&memory, "load", 60 + 301), Ok(String::new()));
    // The end stands where it was in a range too.
    let query = parse("load{instance=\"a:9100\"}", Edition::Three).unwrap();
    let (stop, options) = (AtomicBool::new(false), Options::default());
    let (start, end) = (at(0).millis(), at(90).millis());
    let steps = Steps { start, end, step: 15_000 };
    let found =
        evaluate_range(&query, &memory.reader(&|| stop.load(Ordering::Relaxed)), steps, &options)
            .unwrap();
    let Value::Matrix(series) = found else { panic!("{found:?}") };
    assert_eq!(series[0].points.len(), 4);
}

#[test]
fn an_instant_finds_the_same_whether_or_not_it_is_the_newest() {
    let memory = Memory::new(Bounds::default());
    let key = CheckKey::new("t", "t");
    for n in 0..300_i64 {
        let mut now = vec![("steady", f64::from(u16::try_from(n).unwrap()))];
        if n % 7 < 3 {
            now.push(("flicker", 1.0));
        }
        memory.append(&key, &scrape(&now), at(n * 15));
        for name in ["steady", "flicker"] {
            let newest = ask(&memory, name, n * 15).unwrap();
            // The same moment by an operator that loads all of a range.
            let range = format!("last_over_time({name}[20s])");
            let whole = ask(&memory, &range, n * 15).unwrap();
            let is_now = n % 7 < 3 || name == "steady";
            assert_eq!(newest.is_empty(), !is_now, "{name} {n}");
            assert!(!is_now || newest == whole, "{name} {n}: {newest} {whole}");
        }
    }
}

#[test]
fn a_selection_that_is_too_large_is_ended_and_so_is_one_that_takes_too_long() {
    let memory = Memory::new(Bounds::default());
    let names: Vec<String> = (0..2000).map(|n| format!("x{{n=\"{n}\"}}")).collect();
    let series: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 1.0)).collect();
    for host in ["a", "b"] {
        memory.append(&CheckKey::new(host, "t"), &scrape(&series), at(0));
    }
    let said = ask(&memory, "count(x)", 0).unwrap_err();
    assert_eq!(said, "query processing would load more than 4 series");
    assert!(ask(&memory, r#"{__name__=~".+"}"#, 0).is_err());
    let query = parse("up", Edition::Three).unwrap();
    let stop = AtomicBool::new(true);
    let found = evaluate_instant(
        &query,
        &memory.reader(&|| stop.load(Ordering::Relaxed)),
        at(0).millis(),
        &Options::default(),
    );
    assert_eq!(found.unwrap_err().to_string(), "the evaluation took longer than it may");
}

#[test]
fn what_rules_record_is_complete_and_ends_when_it_is_not_recorded_again() {
    let memory = two_targets();
    let rule = CheckKey::new("rules", "g/job:load:sum");
    memory.record(&rule, &scrape(&[(r#"job:load:sum{job="node"}"#, 60.0)]), at(45));
    assert_eq!(
        ask(&memory, "job:load:sum", 45).unwrap(),
        "{__name__=\"job:load:sum\", job=\"node\"} 60"
    );
    assert_eq!(ask(&memory, "count(up)", 45), Ok("{} 2".to_owned()));
    memory.record(&rule, &scrape(&[]), at(60));
    assert_eq!(ask(&memory, "job:load:sum", 60), Ok(String::new()));
    memory.forget(&rule);
    assert_eq!(ask(&memory, "job:load:sum", 45), Ok(String::new()));
}
