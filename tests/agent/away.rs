//! The server is killed and comes back; the agent is started anew meanwhile. What was found in
//! between is there, once, and known as late.

use std::time::Duration;

use fluxnoc::store::StatePoint;

use crate::house::{House, until};

const SOON: Duration = Duration::from_secs(40);

fn away() -> Duration {
    let text = std::env::var("FLUXNOC_AWAY").ok();
    Duration::from_secs(text.and_then(|text| text.parse().ok()).unwrap_or(15))
}

fn is_ok(house: &House, what: &str) {
    until(what, SOON, || house.check("count").filter(|check| check["state"] == "OK"));
}

fn sent(house: &House) {
    until("all that waited is sent", SOON, || {
        // The way there and back is known at the second heartbeat of a connection; what was known
        // of the agent before is not what is asked here.
        let row = house.agent_row()?;
        (row["rtt"].is_number() && row["buffered"] == 0).then_some(())
    });
}

/// Each result once, none missing, and so many of them late.
fn judge(results: &[StatePoint], runs: &str, late: u64) {
    // The run under way at the end may be unfinished.
    let (count, ran) = (results.len(), runs.lines().count());
    assert!((ran - 1..=ran).contains(&count), "{count} results of {ran} runs: {results:?}\n{runs}");
    let times: Vec<i64> = results.iter().map(|point| point.at.millis()).collect();
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    let found = results.iter().filter(|point| point.late).count() as u64;
    assert!(found >= late, "{found} late results, at least {late} expected");
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.clone().all(|gap| gap < 4000), "{:?}", gaps.collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fs_06_a_server_is_killed_and_comes_back_and_no_result_is_missing_or_twice() {
    let house = House::new();
    let server = house.server();
    let agent = house.agent("agent", Some(&house.token()));
    is_ok(&house, "it runs");
    server.kill();
    let before = house.runs();
    // The time of the story, not a wait for something.
    tokio::time::sleep(away()).await;
    let during = house.runs() - before;
    assert!(during as u64 + 3 >= away().as_secs(), "{during} runs in {:?}", away());
    let server = house.server();
    is_ok(&house, "it is judged again");
    sent(&house);
    agent.stop();
    server.stop();
    judge(&house.results("count").await, &house.log("runs"), away().as_secs() - 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fs_06_an_agent_starts_while_its_server_is_away_and_runs_what_it_knew() {
    let house = House::new();
    let server = house.server();
    let agent = house.agent("agent", Some(&house.token()));
    is_ok(&house, "it runs");
    server.kill();
    until("results wait", SOON, || house.log("agent.log").contains("no server").then_some(()));
    let before = house.runs();
    until("checks go on", SOON, || (house.runs() > before + 3).then_some(()));
    agent.stop();
    let before = house.runs();
    let agent = house.agent("agent", None);
    until("checks go on", SOON, || (house.runs() > before + 3).then_some(()));
    let server = house.server();
    is_ok(&house, "it is judged again");
    sent(&house);
    agent.stop();
    server.stop();
    let results = house.results("count").await;
    let runs = house.runs();
    // Stopped in order twice, so nothing was lost; what ran at that moment may have been.
    assert!((runs - 2..=runs).contains(&results.len()), "{} of {runs}", results.len());
    assert!(results.iter().filter(|point| point.late).count() >= 4, "{results:?}");
}
