//! Three real servers on one PostgreSQL: one is killed, stopped, paused, cut off from the database,
//! the database is restarted. Another one leads within ten seconds, nothing is told under two keys,
//! and everything goes on by itself.
//!
//! In one story five agents take part, each in a network namespace of its own, of which one is cut
//! off.
//!
//! The pause is 20 s in the test command and the agent is away for 45 s; longer in the full form:
//! `FLUXNOC_PAUSE=90 FLUXNOC_AWAY=600 cargo test --test cluster -- --include-ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "common/netns.rs"]
mod netns;
#[path = "cluster/outposts.rs"]
mod outposts;
#[path = "common/postgres.rs"]
mod postgres_server;
#[path = "common/receiver.rs"]
mod receiver;
#[path = "cluster/stage.rs"]
mod stage;

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use stage::{PATIENCE, SERVERS, Stage};
use tokio::sync::Mutex;

/// The most that may pass until another server leads and checks run again (F-71).
const FAILOVER: Duration = Duration::from_secs(10);
/// One story at a time: each measures.
static STAGE: Mutex<()> = Mutex::const_new(());

fn pause() -> Duration {
    seconds("FLUXNOC_PAUSE", 20)
}

fn seconds(variable: &str, otherwise: u64) -> Duration {
    let asked = std::env::var(variable).ok().and_then(|text| text.parse().ok());
    Duration::from_secs(asked.unwrap_or(otherwise))
}

/// The others.
fn but(n: usize) -> Vec<usize> {
    (0..SERVERS).filter(|other| *other != n).collect()
}

async fn takes_over(stage: &Stage, among: &[usize], what: &str) -> usize {
    let begun = Instant::now();
    stage.until("another one leads", PATIENCE, async |s| s.leader(among).await.is_some()).await;
    let led = begun.elapsed();
    stage.checks_run().await;
    println!(
        "{what}: another server leads after {led:.1?}, checks run after {:.1?}",
        begun.elapsed()
    );
    assert!(begun.elapsed() < FAILOVER, "{:?}", begun.elapsed());
    stage.leader(among).await.expect("it leads")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; tests/run runs it"]
async fn f_71_fq_09_fq_14_a_server_is_killed_and_another_one_stopped_and_all_goes_on() {
    let _one = STAGE.lock().await;
    let mut stage = Stage::set().await;
    let leader = stage.leader(&[0, 1, 2]).await.unwrap();
    let stands_by = but(leader)[0];
    for (n, leads) in [(leader, true), (stands_by, false)] {
        let wanted = format!(
            "{{\"node_id\":\"noc-{n}\",\"is_leader\":{leads},\"cluster_mode\":true,\"sessions\":0}}\n"
        );
        assert_eq!(stage.health(n, "/cluster/status").await, Some((200, wanted)));
    }
    any_server_serves(&stage, leader, stands_by).await;
    stage.down(0).await;

    let mut killed = stage.servers[leader].process.take().unwrap();
    killed.kill().await.unwrap();
    let next = takes_over(&stage, &but(leader), "killed").await;
    stage
        .until("its absence is said", PATIENCE, async |stage| {
            stage.health(next, "/ready").await.is_some_and(|(status, text)| {
                status == 200
                    && text.contains("\"mode\":\"degraded\"")
                    && text.contains("\"details\":\"1/2 peers reachable\"")
            })
        })
        .await;
    stage.down(1).await;
    assert_eq!(stage.tellings(0, "fired").len(), 1, "what was told is not told again");
    stage.start(leader);
    stage.until("it is back", PATIENCE, async |stage| stage.all_nominal(SERVERS).await).await;

    stage.servers[next].signal(Signal::SIGTERM);
    let begun = Instant::now();
    let rest = but(next);
    takes_over(&stage, &rest, "stopped in order").await;
    let mut stopped = stage.servers[next].process.take().unwrap();
    assert!(stopped.wait().await.unwrap().success());
    assert!(begun.elapsed() < FAILOVER);
    // It left: nobody misses it.
    stage.until("nominal", PATIENCE, async |stage| stage.all_nominal(SERVERS - 1).await).await;
    stage.targets[0].open().await;
    stage.told(0, "recovered", 1).await;
    stage.settles().await;
    for n in [0, 1] {
        assert_eq!(stage.tellings(n, "fired").len(), 1, "h{n}");
    }
}

/// Consoles, scripts and sockets may ask any of them.
async fn any_server_serves(stage: &Stage, leader: usize, stands_by: usize) {
    let made = stage.verb(stands_by, &["token", "add", "--role", "viewer"]).await;
    let token = made.split_whitespace().find(|word| word.starts_with("fnx_")).expect(&made);
    for n in 0..SERVERS {
        let (status, hosts) = stage.get(n, "/api/v1/hosts", token).await.unwrap();
        assert!(status == 200 && hosts.contains("\"h0\""), "noc-{n}: {status} {hosts:.200}");
        assert_eq!(stage.get(n, "/api/v1/hosts", "wrong").await.unwrap().0, 401, "noc-{n}");
        let engine = stage.get(n, "/api/v1/engine", token).await.unwrap().1;
        assert!(engine.contains(&format!("\"noc-{leader}\"")), "{engine:.200}");
    }
    // A stream that begins with the picture, through one that stands by.
    let url = format!("http://{}/api/v1/events", stage.servers[stands_by].api);
    let mut stream = stage.http.get(url).header("x-api-token", token).send().await.unwrap();
    let mut text = String::new();
    while !text.contains("\"ready\"") && !text.contains("event: ready") {
        let part = stream.chunk().await.unwrap().expect("it goes on");
        text.push_str(&String::from_utf8_lossy(&part));
    }
    assert!(text.contains("\"h0\""));
    let open = async |stage: &Stage| {
        let said = stage.health(stands_by, "/cluster/status").await.unwrap().1;
        said.contains("\"sessions\":1")
    };
    assert!(open(stage).await, "it counts where it is open");
    // Its own meters are its own; an account that was just made may look at them soon.
    stage
        .until("its meters", PATIENCE, async |stage| {
            let asked = stage.get(stands_by, "/metrics", token).await;
            asked.is_some_and(|(status, text)| status == 200 && text.contains("passed_on"))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; tests/run runs it"]
async fn i6_a_leader_that_is_paused_writes_nothing_when_it_wakes() {
    let _one = STAGE.lock().await;
    let mut stage = Stage::set().await;
    stage.down(0).await;
    let leader = stage.leader(&[0, 1, 2]).await.unwrap();
    stage.servers[leader].signal(Signal::SIGSTOP);
    let begun = Instant::now();
    takes_over(&stage, &but(leader), "paused").await;
    // What changes meanwhile is told by the one that leads.
    stage.targets[0].open().await;
    stage.told(0, "recovered", 1).await;
    stage.down(1).await;
    tokio::time::sleep(pause().saturating_sub(begun.elapsed())).await;
    let epoch = stage.number("SELECT epoch FROM leases").await;
    stage.servers[leader].signal(Signal::SIGCONT);
    stage
        .until("it stands by", PATIENCE, async |stage| {
            stage.health(leader, "/cluster/status").await.is_some() && !stage.leads(leader).await
        })
        .await;
    stage.until("all are ready", PATIENCE, async |stage| stage.all_nominal(SERVERS).await).await;
    stage.down(2).await;
    stage.settles().await;
    for (n, kind) in [(0, "fired"), (0, "recovered"), (1, "fired"), (2, "fired")] {
        assert_eq!(stage.tellings(n, kind).len(), 1, "h{n} {kind}");
    }
    assert_eq!(stage.number("SELECT epoch FROM leases").await, epoch, "nobody else took over");
    assert_eq!(stage.number("SELECT COUNT(*) FROM edges").await, 4);
    let log = stage.log(leader);
    assert!(log.contains("this server leads no more and stands by"), "{log:.2000}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; tests/run runs it"]
async fn f_72_a_leader_without_its_database_stops_paging_and_a_restart_is_survived() {
    let _one = STAGE.lock().await;
    let mut stage = Stage::set().await;
    let leader = stage.leader(&[0, 1, 2]).await.unwrap();
    stage.servers[leader].wire.cut();
    takes_over(&stage, &but(leader), "cut off from the database").await;
    assert!(!stage.leads(leader).await);
    let (status, said) = stage.health(leader, "/ready").await.unwrap();
    assert!(status == 503 && said.contains("storage unavailable"), "{said}");
    stage.down(0).await;
    stage.servers[leader].wire.mend();
    stage.until("all are ready", PATIENCE, async |stage| stage.all_nominal(SERVERS).await).await;

    stage.database.stop(Signal::SIGINT);
    stage.targets[0].open().await;
    // Longer than the lease: whoever leads keeps its engine, and nobody acts meanwhile.
    tokio::time::sleep(Duration::from_secs(8)).await;
    for n in 0..SERVERS {
        assert!(!stage.leads(n).await, "noc-{n}");
    }
    assert_eq!(stage.tellings(0, "recovered").len(), 0, "what is not written is not told");
    stage.database.again();
    let took = stage
        .until("all are ready", PATIENCE, async |stage| stage.all_nominal(SERVERS).await)
        .await;
    println!("the database was away for 8 s: all ready {took:.1?} after it was back");
    stage.told(0, "recovered", 1).await;
    stage.down(1).await;
    stage.settles().await;
    for (n, kind) in [(0, "fired"), (0, "recovered"), (1, "fired")] {
        assert_eq!(stage.tellings(n, kind).len(), 1, "h{n} {kind}");
    }
    for server in &mut stage.servers {
        let process = server.process.as_mut().unwrap();
        assert!(process.try_wait().unwrap().is_none(), "nobody ended");
    }
}

/// The longest time that a check may stand still: two intervals of a second and ten seconds.
const UNRUN: Duration = Duration::from_secs(12);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL, and root or user namespaces; tests/run runs it"]
async fn fs_06_fs_08_servers_die_and_an_agent_is_cut_off_and_nothing_is_lost_or_counted_twice() {
    let _one = STAGE.lock().await;
    let name =
        "fs_06_fs_08_servers_die_and_an_agent_is_cut_off_and_nothing_is_lost_or_counted_twice";
    if !netns::alone(name) {
        return;
    }
    let mut outposts = outposts::build().await;
    let mut stage = Stage::with(&outposts::configuration(&outposts), true).await;
    for outpost in &mut outposts {
        outpost.register(&stage).await;
    }
    outposts::all_online(&stage, &outposts).await;
    let begun = Instant::now();
    let (away, last) = (seconds("FLUXNOC_AWAY", 45), outposts.len() - 1);
    outposts[last].cut(&stage);

    let leader = stage.leader(&[0, 1, 2]).await.unwrap();
    let mut killed = stage.servers[leader].process.take().unwrap();
    killed.kill().await.unwrap();
    let next = takes_over(&stage, &but(leader), "killed").await;
    stage.start(leader);
    stage.until("it is back", PATIENCE, async |stage| stage.all_nominal(SERVERS).await).await;

    let paused = Instant::now();
    stage.servers[next].signal(Signal::SIGSTOP);
    takes_over(&stage, &but(next), "paused").await;
    stage.down(0).await;
    tokio::time::sleep(pause().saturating_sub(paused.elapsed())).await;
    stage.servers[next].signal(Signal::SIGCONT);
    stage.until("it stands by", PATIENCE, async |stage| stage.all_nominal(SERVERS).await).await;

    stage.database.stop(Signal::SIGINT);
    tokio::time::sleep(Duration::from_secs(8)).await;
    stage.database.again();
    stage.until("all are ready", PATIENCE, async |stage| stage.all_nominal(SERVERS).await).await;
    stage.targets[0].open().await;

    tokio::time::sleep(away.saturating_sub(begun.elapsed())).await;
    let gap = outposts::longest_gap(&outposts[last].target.times(), begun, Instant::now());
    assert!(gap < UNRUN, "cut off, it ran nothing for {gap:?}");
    // What it finds when it is back is told; what it kept is history.
    outposts[last].target.close().await;
    outposts[last].mend(&stage);
    outposts::told(&stage, &outposts[last], "fired").await;
    outposts[last].target.open().await;
    outposts::told(&stage, &outposts[last], "recovered").await;
    let back = Instant::now();
    outposts::all_online(&stage, &outposts).await;
    println!("cut off for {away:?}: all told and counted {:.1?} after that", back.elapsed());

    let end = Instant::now();
    for (n, target) in stage.targets.iter().enumerate().skip(1) {
        let gap = outposts::longest_gap(&target.times(), begun, end);
        println!("h{n} stood still for {gap:.1?} at most");
        assert!(gap < UNRUN, "h{n} stood still for {gap:?}");
    }
    for outpost in &outposts[..last] {
        let gap = outposts::longest_gap(&outpost.target.times(), begun, end);
        println!("{} stood still for {gap:.1?} at most", outpost.host());
        assert!(gap < UNRUN, "{} stood still for {gap:?}", outpost.host());
    }
    stage.told(0, "recovered", 1).await;
    stage.settles().await;
    for outpost in &mut outposts {
        outpost.stop().await;
    }
    outposts::counted_once(&stage, &outposts).await;
}
