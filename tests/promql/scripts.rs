//! Our own cases, run for both editions where they are alike.

use std::path::Path;

use fluxnoc::promql::Edition;

use crate::script::run;

fn cases(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promql/cases");
    std::fs::read_to_string(folder.join(name)).expect("the cases")
}

fn holds(name: &str, editions: &[Edition], least: usize) {
    let script = cases(name);
    for edition in editions {
        match run(&script, *edition) {
            Ok(count) => assert!(count >= least, "{name} has only {count} evaluations"),
            Err(why) => panic!("{name} in {edition:?}: {why}"),
        }
    }
}

const BOTH: &[Edition] = &[Edition::Two, Edition::Three];

#[test]
fn selectors() {
    holds("selectors.test", BOTH, 20);
}

#[test]
fn ranges() {
    holds("ranges.test", BOTH, 30);
}

#[test]
fn operators() {
    holds("operators.test", BOTH, 35);
}

#[test]
fn aggregations() {
    holds("aggregations.test", BOTH, 20);
}

#[test]
fn functions() {
    holds("functions.test", BOTH, 45);
}

#[test]
fn histograms() {
    holds("histograms.test", BOTH, 7);
}

#[test]
fn the_older_edition_where_they_differ() {
    holds("two.test", &[Edition::Two], 9);
    assert!(run(&cases("two.test"), Edition::Three).is_err(), "the editions differ");
}

#[test]
fn the_newer_edition_where_they_differ() {
    holds("three.test", &[Edition::Three], 9);
    assert!(run(&cases("three.test"), Edition::Two).is_err(), "the editions differ");
}
