//! Three thousand alerts of one site within a minute, seen through 2 KB/s.

use std::time::{Duration, Instant};

use fluxnoc::model::Phase;
use fluxnoc::protocol::query::AlertAnswer;

use crate::line::{Line, Link, Log};
use crate::stage::{self, FLUXNOC, PATIENCE, Stage, alone, runtime};

/// The storm.
const ALERTS: usize = 3000;
/// What does not belong to it.
const OUTSIDE: [&str; 3] = ["db-lon-1", "mail-ams-1", "web-dal-3"];
/// How soon that is on screen.
const SOON: Duration = Duration::from_secs(5);
/// What taking three thousand alerts and giving them back may take, in KiB.
const TAKING: u64 = 24 * 1024;
/// Growth that is none, in KiB.
const FLAT: u64 = 4 * 1024;
const LINK: Link = Link { rate: Some(2048.0), way: Duration::from_millis(150) };

fn shows_outside(screen: &vt100::Screen) -> bool {
    let text = screen.contents();
    OUTSIDE.iter().all(|host| {
        // With its state, as a row of the list.
        text.lines().any(|line| {
            line.contains(host) && ["WARN", "CRIT"].iter().any(|state| line.contains(state))
        })
    })
}

/// The row under the cursor.
fn marked(screen: &vt100::Screen) -> Option<String> {
    let (_, wide) = screen.size();
    screen.rows(0, wide.get()).find(|row| row.trim_start_matches('│').starts_with('›'))
}

/// The longest time for which a screen did not show the alerts outside, from a moment on.
fn longest_absence(line: &Line, log: &Log, from: Instant) -> Duration {
    let (mut longest, mut since) = (Duration::ZERO, None);
    let mut parser = line.parser();
    for (at, bytes) in log {
        parser.process(bytes);
        if *at < from || shows_outside(parser.screen()) {
            since = None;
            continue;
        }
        longest = longest.max(at.duration_since(*since.get_or_insert(*at)));
    }
    longest
}

fn taken(alerts: &[AlertAnswer]) -> Vec<&AlertAnswer> {
    alerts.iter().filter(|alert| alert.acknowledged.is_some()).collect()
}

#[test]
fn dc_04_three_thousand_alerts_on_a_slow_line_are_taken_in_three_keys_and_given_back_in_one() {
    let _alone = alone();
    let runtime = runtime();
    let stage = Stage::new();
    let args = ["demo", "--storm", "3000"].map(str::to_owned);
    let line = Line::start(FLUXNOC.as_ref(), &args, &stage.env(), (80, 24), LINK);
    let first = line.wait("a first picture", |screen| screen.contains("DEMO"));
    let there = line.wait_screen("what is outside the storm", shows_outside);
    println!("the three after {:?}", there - first);
    assert!(there - first <= SOON, "{:?}", there - first);
    let client = runtime.block_on(stage.client());
    let storm = line.wait("the storm", |screen| screen.contains("STORM"));

    // All of it has come, and is one row.
    let until = Instant::now() + PATIENCE;
    loop {
        let alerts = runtime.block_on(stage::alerts(&client));
        let firing = alerts.iter().filter(|alert| alert.phase == Phase::Firing).count();
        if firing == ALERTS + OUTSIDE.len() {
            break;
        }
        assert!(Instant::now() < until, "{firing} alerts\n{}", line.text());
        std::thread::sleep(Duration::from_millis(500));
    }
    line.wait("one row for the storm", |screen| {
        screen.lines().any(|row| row.contains("▸ fra") && row.contains("3000 alerts"))
    });
    let absence = longest_absence(&line, &line.log(), there);
    println!("longest absence {absence:?}, storm announced after {:?}", storm - first);
    assert!(absence <= SOON, "the three were not to be seen for {absence:?}");
    let before = stage::memory(line.pid());

    // To the group, acknowledge, send what is proposed. A hand looks before each key.
    line.silence();
    line.press("G");
    line.wait_screen("the cursor on the group", |screen| {
        marked(screen).is_some_and(|row| row.contains("▸ fra"))
    });
    std::thread::sleep(Duration::from_millis(400));
    line.press("a");
    line.wait("the count", |screen| screen.contains("Acknowledge 3000 alerts"));
    std::thread::sleep(Duration::from_millis(400));
    line.press("\r");
    line.wait("what became of it", |screen| !screen.contains("Acknowledge 3000 alerts"));
    await_taken(&runtime, &client, ALERTS, &line);
    let alerts = runtime.block_on(stage::alerts(&client));
    assert!(taken(&alerts).iter().all(|alert| !OUTSIDE.contains(&&*alert.host)));
    let requests: std::collections::BTreeSet<i64> = taken(&alerts)
        .iter()
        .filter_map(|alert| Some(alert.acknowledged.as_ref()?.at.millis()))
        .collect();
    assert_eq!(requests.len(), 1, "one request, one moment");

    line.press("u");
    await_taken(&runtime, &client, 0, &line);

    let after = stage::memory(line.pid());
    let mut highest = after;
    for _ in 0..20 {
        highest = highest.max(stage::memory(line.pid()));
        std::thread::sleep(Duration::from_secs(1));
    }
    let mib = [before, after, highest].map(|kib| kib / 1024);
    println!("memory before the keys, after them, the most of 20 s more: {mib:?} MiB");
    assert!(after <= before + TAKING, "{before} KiB, then {after} KiB");
    assert!(highest <= after + FLAT, "{after} KiB, then {highest} KiB");
    assert!(line.look(shows_outside), "{}", line.text());
}

fn await_taken(
    runtime: &tokio::runtime::Runtime,
    client: &fluxnoc::client::Client,
    wanted: usize,
    line: &Line,
) {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let count = taken(&runtime.block_on(stage::alerts(client))).len();
        if count == wanted {
            return;
        }
        assert!(Instant::now() < until, "{count} taken, not {wanted}\n{}", line.text());
        std::thread::sleep(Duration::from_millis(200));
    }
}
