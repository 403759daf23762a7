//! Something is pulled out from under the real program: its receiver is away for minutes while edges
//! come at twenty a second, and its disk is full for a while. It says nothing false, loses nothing,
//! tells all in order, and recovers by itself.
//!
//! The receiver is away for a minute in the test command and for ten in the full form:
//! `FLUXNOC_OUTAGE=600 cargo test --release --test outage -- --include-ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "common/judge.rs"]
mod judge;
#[path = "common/ledger.rs"]
mod ledger;
#[path = "common/receiver.rs"]
mod receiver;
#[path = "common/services.rs"]
mod services;
#[path = "outage/stage.rs"]
mod stage;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use stage::Stage;

/// Edges in a second while the receiver is away.
const RATE: usize = 20;
/// How long all may take once the receiver is back.
const AFTER: Duration = Duration::from_secs(60);
/// What the receiver takes in a second when it is back.
const TAKES: u32 = 500;
/// Where the inner test of the full disk finds its file system.
const DIRECTORY: &str = "FLUXNOC_TEST_DIRECTORY";

fn away() -> u64 {
    std::env::var("FLUXNOC_OUTAGE").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a minute of a real program and its receiver"]
async fn i1_i4_all_is_told_in_order_within_a_minute_after_a_receiver_was_away() {
    let dir = tempfile::tempdir().unwrap();
    // Each service changes once in ten seconds: slower than its check runs.
    let mut stage = Stage::set(dir.path(), RATE * 10).await;
    stage.ledger.mood(1);
    let mut program = stage.start();
    stage.until("all known", &mut program, async |stage| stage.known().await).await;
    let begun = Instant::now();
    let mut turns = 0;
    while begun.elapsed() < Duration::from_secs(away()) {
        let of_ten = turns % 10;
        for n in of_ten * RATE..(of_ten + 1) * RATE {
            stage.turn(n).await;
        }
        turns += 1;
        // The tempo of the story, not a wait for something.
        let next = begun + Duration::from_secs(u64::try_from(turns).unwrap());
        tokio::time::sleep(next.saturating_duration_since(Instant::now())).await;
    }
    let edges = turns * RATE;
    stage.until("all seen", &mut program, async |stage| stage.is_true().await).await;
    let waiting = judge::waiting(&stage.data()).await;
    assert_eq!(waiting, edges, "each edge is promised and none told");
    stage.ledger.takes(TAKES);
    let back = Instant::now();
    stage.until("all told", &mut program, async |stage| stage.nothing_waits().await).await;
    let took = back.elapsed();
    println!("{edges} edges while it was away {} s; told {took:.1?} after it was back", away());
    assert!(took < AFTER, "{took:?}");
    stage.end(program).await;
    let told = judge::read(&stage.data(), &mut BTreeMap::new()).await;
    judge::ledger(&told, "hook", &stage.ledger.entries());
    judge::alerts(&told, &[], &["hook"], &[]);
    let taken = stage.ledger.entries().into_iter().filter(|entry| entry.taken);
    let keys: std::collections::BTreeSet<String> = taken.map(|entry| entry.key).collect();
    assert_eq!(keys.len(), edges, "each once");
}

/// In a file system of its own.
async fn with_a_full_disk(directory: &Path) {
    let mut stage = Stage::set(directory, 6).await;
    let mut program = stage.start();
    stage.until("all known", &mut program, async |stage| stage.known().await).await;
    stage.turn(0).await;
    stage
        .until("told", &mut program, async |stage| {
            stage.is_true().await && stage.nothing_waits().await
        })
        .await;
    let filler = directory.join("filler");
    stage::fill(&filler);
    // One comes back, one fails, one fails and comes back: while nothing can be written down.
    for n in [0, 1, 2] {
        stage.turn(n).await;
    }
    stage
        .until("it is said", &mut program, async |stage| {
            stage::fill(&filler);
            stage.said().contains("free space")
        })
        .await;
    let before = stage.ledger.entries().len();
    let asked = stage.asked();
    stage.until("checks go on", &mut program, async |stage| stage.asked() >= asked + 12).await;
    stage.turn(2).await;
    let asked = stage.asked();
    stage.until("seen", &mut program, async |stage| stage.asked() >= asked + 12).await;
    assert_eq!(stage.ledger.entries().len(), before, "nothing is told that is not written down");
    std::fs::remove_file(&filler).unwrap();
    stage
        .until("true again, and told", &mut program, async |stage| {
            stage.is_true().await && stage.nothing_waits().await
        })
        .await;
    stage.end(program).await;
    let told = judge::read(&stage.data(), &mut BTreeMap::new()).await;
    judge::ledger(&told, "hook", &stage.ledger.entries());
    judge::alerts(&told, &[], &["hook"], &[]);
    const KINDS: &str = "SELECT host || ' ' || kind FROM edges";
    let kinds = judge::try_rows(&stage.data(), KINDS).await.unwrap();
    let mut kinds: Vec<String> = kinds.iter().map(judge::text).collect();
    kinds.sort();
    assert_eq!(
        kinds,
        ["h0 fired", "h0 recovered", "h1 fired", "h2 fired", "h2 recovered"],
        "what came and went meanwhile is known, and no state is made up"
    );
    println!("\nsurvived");
}

#[test]
#[ignore = "mounts a file system of its own"]
fn i12_a_full_disk_makes_no_state_up_and_loses_nothing() {
    if let Ok(directory) = std::env::var(DIRECTORY) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(with_a_full_disk(Path::new(&directory)));
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "--propagation", "private", "--", "sh", "-c"]);
    command.arg(format!("mount -t tmpfs -o size=6m none \"${DIRECTORY}\" && exec \"$@\""));
    command.arg("sh").arg(std::env::current_exe().unwrap());
    command.args(["--exact", "i12_a_full_disk_makes_no_state_up_and_loses_nothing"]);
    command.args(["--include-ignored", "--nocapture"]).env(DIRECTORY, directory.path());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("survived"), "{text}\n{errors}");
}
