//! Pages say what they know where they have the columns for it.

use std::sync::Arc;

use fluxnoc::model::spec::Kind;
use fluxnoc::model::{CheckKey, Metric, Observation, Range, SafeText, State, Status, Unit};
use fluxnoc::protocol::{Event, LiveCheck};

use crate::invariants::{SIZES, opened};
use crate::{Console, fixture, options, trial};

/// The numbers in a title, by the word before or behind each.
fn number(title: &str, word: &str) -> usize {
    let parts = title.split([':', ',', ';']).map(str::trim);
    let mut of = parts.filter_map(|part| {
        let rest = part.strip_prefix(word).or_else(|| part.strip_suffix(word))?;
        rest.trim().parse().ok()
    });
    of.next().unwrap_or(0)
}

#[test]
fn the_numbers_of_the_alerts_title_add_up() {
    for size in SIZES {
        for keys in ["1", "2", "2 s enter j s enter"] {
            let mut console = Console::open(size);
            console.press(keys);
            console.app.message = None;
            let rows = console.app.lists.alerts.len();
            let screen = console.screen();
            let line = screen.lines().find(|line| line.contains("Alerts: ")).unwrap();
            let title = line.split("Alerts: ").nth(1).unwrap();
            let title = title.split(" ─").next().unwrap().split("  ").next().unwrap();
            let sum: usize = ["unhandled", "handled", "snoozed", "explained", "soft"]
                .iter()
                .map(|word| number(title, word))
                .sum();
            assert_eq!(sum, rows, "{keys} at {size:?}: {title}");
            assert_eq!(number(title, "in windows"), 1, "they are no rows: {title}");
            assert!(line.contains(&format!("of {rows}")) || size.0 < 100, "{line}");
        }
    }
}

/// A host with a check whose output nearly fills the row; nothing was measured yet.
#[test]
fn a_text_takes_the_columns_in_which_nothing_is_drawn() {
    let said = "connection refused by 10.0.3.1:3306, asked 3x";
    let mut console = Console::open((80, 24));
    console.answers = false;
    let status = Status { state: State::Critical, ..fixture::fine(said) };
    console.feed(vec![fixture::check("fra-01", "mysql", Kind::Mysql, status)]);
    console.press("enter enter");
    let screen = console.screen();
    assert!(screen.lines().nth(2).unwrap().contains(said), "{screen}");
}

#[test]
fn the_thresholds_of_a_machine_stand_beside_its_numbers() {
    for size in SIZES {
        let mut console = Console::open(size);
        console.press("enter enter");
        console.rest();
        let (warning, critical) = (Some(Range::above(75.0)), Some(Range::above(90.0)));
        let metric =
            |name: &str| Metric { warning, critical, ..Metric::new(name, 40.0, Unit::Percent) };
        let mut metrics: Vec<Metric> =
            ["cpu_usage", "memory_usage", "io_wait", "swap_usage"].map(metric).into();
        metrics.push(metric("disk_usage").of("/var/lib/postgresql"));
        metrics.push(metric("network_error_rate").of("te-0/1/0"));
        let observation = Observation {
            duration_us: 31_000,
            output: SafeText::line("cpu 40 %"),
            metrics,
            ..Observation::default()
        };
        let check = CheckKey::new("fra-01", "mysql");
        let at = fixture::now() + fluxnoc::model::Span::from_millis(300);
        let live = LiveCheck { check, at, next: None, observation };
        console.feed(vec![Event::Live(Arc::new(live))]);
        if size.0 < 100 {
            console.press("tab tab");
        }
        let screen = console.screen();
        assert_eq!(screen.matches("> 75 / > 90").count(), 6, "{size:?}\n{screen}");
        assert!(screen.contains("network_error_rate[te-0/1/0]"), "{screen}");
    }
}

#[test]
fn the_state_of_a_rules_check_is_whole() {
    for size in SIZES {
        let mut console = trial::shown(size);
        if size.0 < 100 {
            console.press("tab");
        }
        let screen = console.screen();
        let of = |host: &str| screen.lines().find(|line| line.contains(host)).unwrap().to_owned();
        let soft = of("lon-03/High CPU");
        assert!(soft.contains("▲ WARN") && soft.contains("0/3"), "{soft}");
        assert!(of("dal-03/High CPU").contains("● CRIT"), "{screen}");
        assert!(of("fra-01/High CPU").contains("✓ OK"), "{screen}");
        assert!(!soft.contains("WARNING …"), "{soft}");
    }
}

#[test]
fn sentences_and_names_are_whole() {
    let mut console = opened((60, 15), "g z", options());
    let screen = console.screen();
    assert!(screen.contains("2026-02-24"), "{screen}");
    for size in SIZES {
        let mut console = opened(size, "7", options());
        let screen = console.screen();
        // At 80 columns the lower rows have it whole.
        assert!(screen.contains("DB Patching - Feb 21") || size.0 < 100, "{size:?}\n{screen}");
        assert!(screen.contains("for j.smith") || size.0 < 100, "{size:?}\n{screen}");
        assert!(screen.contains("fra-*: 60 hosts"), "{size:?}\n{screen}");
        let mut console = opened(size, "8", options());
        let screen = console.screen();
        assert!(screen.contains("» acknowledged "), "{size:?}\n{screen}");
    }
}
