//! What a trace shows equals the truth of a path of namespaces: addresses, loss, rate limits,
//! reroutes; for ICMP, UDP and TCP, IPv4 and IPv6, with and without privilege.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "common/netns.rs"]
mod netns;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::IpAddr;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use fluxnoc::model::Span;
use fluxnoc::model::spec::{TraceProtocol, TraceSpec};
use fluxnoc::model::trace::{Hop, TraceReport};
use fluxnoc::probe::trace::{self, Options};
use fluxnoc::probe::{Context, Shared};
use netns::{Chain, Plan, Share};

const REQUEST: &str = "FLUXNOC_TEST_TRACE";
const FRAME: &str = "frame ";
const ROUND: Duration = Duration::from_millis(200);
const PROTOCOLS: [TraceProtocol; 3] = [TraceProtocol::Icmp, TraceProtocol::Udp, TraceProtocol::Tcp];

/// Runs the test, or, in the process that it started in namespace A, the trace that it asked for.
fn scene(test: &str, body: impl FnOnce(&str)) {
    match std::env::var(REQUEST) {
        Ok(request) => trace_here(&request),
        Err(_) => netns::scene(test, || body(test)),
    }
}

/// `TARGET PROTOCOL ROUNDS`: traces and writes every frame, or the failure, to standard output.
fn trace_here(request: &str) {
    let mut words = request.split_whitespace();
    let target = words.next().unwrap();
    let protocol = match words.next().unwrap() {
        "icmp" => TraceProtocol::Icmp,
        "udp" => TraceProtocol::Udp,
        _ => TraceProtocol::Tcp,
    };
    let rounds: u64 = words.next().unwrap().parse().unwrap();
    let round = Span::from_millis(u64::try_from(ROUND.as_millis()).unwrap());
    let spec = TraceSpec { protocol, round, ..TraceSpec::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let shared = Shared::start().unwrap();
        let context = Context::new(&shared, Duration::from_secs(5));
        let options = Options { names: false, rounds: (rounds > 0).then_some(rounds) };
        let session = match trace::open(target, &spec, options, &context).await {
            Ok(session) => session,
            Err(failure) => {
                println!("\n{FRAME}{}", serde_json::to_string(&failure).unwrap());
                return;
            }
        };
        let mut frames = session.subscribe();
        while frames.changed().await.is_ok() {
            let frame = serde_json::to_string(&**frames.borrow_and_update()).unwrap();
            println!("\n{FRAME}{frame}");
            std::io::stdout().flush().unwrap();
        }
    });
}

/// A trace in namespace A, in a process of its own.
struct Trace {
    child: Child,
    lines: Receiver<String>,
    last: Option<TraceReport>,
}

impl Trace {
    fn start(
        test: &str,
        chain: &Chain,
        (protocol, v6): (TraceProtocol, bool),
        rounds: u64,
    ) -> Self {
        Self::spawn(test, chain, (protocol, v6), rounds, false)
    }

    fn spawn(
        test: &str,
        chain: &Chain,
        (protocol, v6): (TraceProtocol, bool),
        rounds: u64,
        unprivileged: bool,
    ) -> Self {
        let exe = std::env::current_exe().unwrap();
        let a = chain.a();
        let mut command = if unprivileged { a.unprivileged(exe) } else { a.command(exe) };
        let mut child = command
            .args([test, "--exact", "--ignored", "--nocapture"])
            .env(REQUEST, format!("{} {protocol} {rounds}", chain.target(v6)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(frame) = line.strip_prefix(FRAME)
                    && sender.send(frame.to_owned()).is_err()
                {
                    break;
                }
            }
        });
        Self { child, lines, last: None }
    }

    /// The next frame; `None` when the trace ended.
    fn next(&mut self) -> Option<TraceReport> {
        match self.lines.recv_timeout(Duration::from_secs(20)) {
            Ok(line) => {
                self.last = Some(serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}")));
                self.last.clone()
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("no frame; last: {:#?}", self.last),
        }
    }

    /// Reads frames up to one that was made after `rounds` rounds.
    fn after(&mut self, rounds: u64) -> TraceReport {
        loop {
            let frame = self.next().expect("the trace goes on");
            if frame.rounds >= rounds {
                return frame;
            }
        }
    }

    /// The newest frame that is there by now.
    fn newest(&mut self) -> TraceReport {
        while let Ok(line) = self.lines.try_recv() {
            self.last = Some(serde_json::from_str(&line).unwrap());
        }
        self.last.clone().unwrap()
    }

    /// The last frame of a trace with an end.
    fn end(mut self) -> TraceReport {
        while self.next().is_some() {}
        self.last.clone().expect("at least one frame")
    }

    fn words(mut self) -> String {
        let mut all = String::new();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(20)) {
            all += &line;
        }
        let _ = self.child.wait();
        all
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn flows() -> impl Iterator<Item = (TraceProtocol, bool)> {
    PROTOCOLS.into_iter().flat_map(|protocol| [(protocol, false), (protocol, true)])
}

fn addresses(report: &TraceReport) -> Vec<Vec<IpAddr>> {
    report.hops.iter().map(|hop| hop.addresses.iter().map(|a| a.address).collect()).collect()
}

fn one_each(path: Vec<IpAddr>) -> Vec<Vec<IpAddr>> {
    path.into_iter().map(|address| vec![address]).collect()
}

fn assert_clean(report: &TraceReport, truth: Vec<IpAddr>, rounds: u64, what: &str) {
    assert_eq!(addresses(report), one_each(truth), "{what}: {report:#?}");
    assert!(report.reached, "{what}: {report:#?}");
    let hops = report.hops.len();
    assert_eq!(report.verdict.as_str(), format!("all {hops} hops answer, no loss"), "{what}");
    for hop in &report.hops {
        assert_eq!((hop.sent, hop.received), (rounds, rounds), "{what}: {hop:?}");
        let all = [hop.last_ms, hop.avg_ms, hop.best_ms, hop.worst_ms];
        assert!(
            all.iter().all(|ms| ms.is_some_and(|ms| ms > 0.0 && ms < 100.0)),
            "{what}: {hop:?}"
        );
    }
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_the_hop_table_equals_the_truth() {
    scene("fs_22_the_hop_table_equals_the_truth", |test| {
        let chain = Chain::build(Plan::default());
        for flow in flows() {
            let report = Trace::start(test, &chain, flow, 5).end();
            assert_clean(&report, chain.truth(flow.1), 5, &format!("{flow:?}"));
            assert_eq!(report.rounds, 5);
            let per_hop = report.note.as_str().starts_with("per-hop flows");
            assert_eq!(per_hop, flow.0 == TraceProtocol::Tcp, "{:?}", report.note);
        }
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_without_privilege_the_table_is_the_same() {
    scene("fs_22_without_privilege_the_table_is_the_same", |test| {
        let chain = Chain::build(Plan::default());
        for flow in flows() {
            let report = Trace::spawn(test, &chain, flow, 3, true).end();
            assert_clean(&report, chain.truth(flow.1), 3, &format!("unprivileged {flow:?}"));
        }
        let chain = Chain::build(Plan { ping: false, ..Plan::default() });
        for v6 in [false, true] {
            let icmp = (TraceProtocol::Icmp, v6);
            let words = Trace::spawn(test, &chain, icmp, 1, true).words();
            for part in
                ["denied", "ping_group_range", "CAP_NET_RAW", "udp or tcp need no privilege"]
            {
                assert!(words.contains(part), "{part} in {words}");
            }
            let raw = Trace::start(test, &chain, icmp, 3).end();
            assert_clean(&raw, chain.truth(v6), 3, "raw socket");
        }
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_loss_begins_behind_the_router_that_drops() {
    scene("fs_22_loss_begins_behind_the_router_that_drops", |test| {
        let chain = Chain::build(Plan::default());
        for flow in flows() {
            chain.drop_forwarded(2, Share::Nth(4));
            let report = Trace::start(test, &chain, flow, 20).end();
            chain.clear(2);
            let losses: Vec<f64> = report.hops.iter().map(|hop| hop.loss_pct).collect();
            assert_eq!(addresses(&report), one_each(chain.truth(flow.1)), "{flow:?}");
            assert!(losses[0] == 0.0 && losses[1] == 0.0, "{flow:?} {losses:?}");
            for loss in &losses[2..] {
                assert!((15.0..=35.0).contains(loss), "{flow:?} {losses:?}");
            }
            let third = chain.truth(flow.1)[2];
            let verdict = report.verdict.as_str();
            let end = format!(" % loss begins at hop 3 ({third}) and stays to the target");
            assert!(verdict.ends_with(&end), "{flow:?}: {verdict}");
        }
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_a_router_that_limits_its_replies_is_not_called_loss() {
    scene("fs_22_a_router_that_limits_its_replies_is_not_called_loss", |test| {
        let chain = Chain::build(Plan::default());
        for flow in flows() {
            chain.drop_replies(2, Share::Nth(2));
            let report = Trace::start(test, &chain, flow, 10).end();
            chain.clear(2);
            let losses: Vec<f64> = report.hops.iter().map(|hop| hop.loss_pct).collect();
            assert_eq!(losses, [0.0, 50.0, 0.0, 0.0, 0.0], "{flow:?}");
            let second = chain.truth(flow.1)[1];
            let expected = format!(
                "hop 2 ({second}) limits its ICMP replies (50 % unanswered), the path itself loses \
                 nothing"
            );
            assert_eq!(report.verdict.as_str(), expected, "{flow:?}");
        }
    });
}

/// Changes the path while a trace runs and looks at every frame from the second round after it.
fn reroute_is_seen(test: &str, join: u8) {
    let chain = Chain::build(Plan { join: Some(join), ..Plan::default() });
    for flow in flows() {
        let mut trace = Trace::start(test, &chain, flow, 0);
        trace.after(4);
        for (change, truth) in [
            (Chain::reroute as fn(&Chain), chain.truth_rerouted(flow.1)),
            (Chain::restore as fn(&Chain), chain.truth(flow.1)),
        ] {
            change(&chain);
            let before = trace.newest().rounds;
            // The round that runs may have seen both paths.
            let frame = trace.after(before + 3);
            assert_eq!(addresses(&frame), one_each(truth), "{flow:?} {frame:#?}");
            let last = frame.hops.len();
            assert_eq!(frame.verdict.as_str(), format!("all {last} hops answer, no loss"));
            let unchanged = &frame.hops[0];
            assert_eq!(unchanged.sent, frame.rounds, "hop 1 keeps its numbers");
            let young = |hop: &Hop| hop.sent <= frame.rounds - before;
            assert!(young(&frame.hops[1]), "hop 2 starts again: {frame:#?}");
            trace.after(frame.rounds + 12);
        }
    }
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_right_again_two_rounds_after_a_reroute() {
    scene("fs_22_right_again_two_rounds_after_a_reroute", |test| reroute_is_seen(test, 3));
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_right_again_two_rounds_after_the_path_became_shorter_and_longer() {
    scene("fs_22_right_again_two_rounds_after_the_path_became_shorter_and_longer", |test| {
        reroute_is_seen(test, 4);
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_parallel_paths_do_not_look_like_a_flapping_route() {
    scene("fs_22_parallel_paths_do_not_look_like_a_flapping_route", |test| {
        let chain = Chain::build(Plan { join: Some(3), ..Plan::default() });
        chain.balance();
        for flow in flows() {
            let report = Trace::start(test, &chain, flow, 30).end();
            let (one, other) = (chain.truth(flow.1), chain.truth_rerouted(flow.1));
            let what = format!("{flow:?} {report:#?}");
            assert_eq!(report.verdict.as_str(), "all 5 hops answer, no loss", "{what}");
            let second: Vec<IpAddr> = addresses(&report)[1].clone();
            assert!(second.iter().all(|a| *a == one[1] || *a == other[1]), "{what}");
            if flow.0 == TraceProtocol::Tcp {
                assert_eq!(second.len(), 2, "every probe is a flow of its own: {what}");
            } else {
                assert_eq!(second.len(), 1, "one flow, one path: {what}");
                assert!(report.hops.iter().all(|hop| hop.sent == 30), "{what}");
            }
        }
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_limits_of_the_kernels_are_named_and_do_not_hide_a_clean_path() {
    scene("fs_22_limits_of_the_kernels_are_named_and_do_not_hide_a_clean_path", |test| {
        let chain = Chain::build(Plan { icmp_limit: true, ..Plan::default() });
        let report = Trace::start(test, &chain, (TraceProtocol::Udp, false), 15).end();
        assert!(report.hops.iter().all(|hop| hop.received < hop.sent), "{report:#?}");
        assert!(report.note.as_str().contains("routers and hosts limit these"), "{report:#?}");
        let report = Trace::start(test, &chain, (TraceProtocol::Icmp, false), 15).end();
        let verdict = report.verdict.as_str();
        assert!(verdict.contains("limit their ICMP replies"), "{verdict}");
        assert!(verdict.ends_with("the path itself loses nothing"), "{verdict}");
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_a_broken_path_ends_where_it_is_broken() {
    scene("fs_22_a_broken_path_ends_where_it_is_broken", |test| {
        let chain = Chain::build(Plan::default());
        for v6 in [false, true] {
            let second = chain.truth(v6)[1];
            chain.drop_forwarded(2, Share::All);
            let report = Trace::start(test, &chain, (TraceProtocol::Icmp, v6), 2).end();
            assert_eq!(addresses(&report), one_each(chain.truth(v6)[..2].to_vec()));
            assert_eq!(report.verdict.as_str(), format!("answers end at hop 2 ({second})"));
            assert!(!report.reached);
            chain.clear(2);
        }
        chain.router(2).sh("ip route replace unreachable 10.77.4.0/24");
        let report = Trace::start(test, &chain, (TraceProtocol::Udp, false), 3).end();
        let second = chain.truth(false)[1];
        let expected = format!("answers end at hop 2 ({second}), which reports: host unreachable");
        assert_eq!(report.verdict.as_str(), expected);
        assert_eq!(report.hops.len(), 2, "{report:#?}");
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_a_machine_without_a_route_says_so_and_recovers() {
    scene("fs_22_a_machine_without_a_route_says_so_and_recovers", |test| {
        let chain = Chain::build(Plan { routers: 2, ..Plan::default() });
        for flow in flows().filter(|(_, v6)| !v6) {
            let mut trace = Trace::start(test, &chain, flow, 0);
            trace.after(2);
            chain.a().sh("ip route del default");
            let mut frame = trace.after(0);
            while frame.reached {
                frame = trace.after(0);
            }
            assert_eq!(frame.verdict.as_str(), "cannot send: network is unreachable", "{flow:?}");
            let start = Trace::start(test, &chain, flow, 1).words();
            assert!(start.contains("network is unreachable"), "{flow:?}: {start}");
            chain.a().sh("ip route add default via 10.77.0.2");
            while !frame.reached {
                frame = trace.after(0);
            }
            assert_eq!(addresses(&frame), one_each(chain.truth(false)), "{flow:?}");
        }
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_thirty_routers_a_silent_one_and_a_loop_stay_bounded() {
    scene("fs_22_thirty_routers_a_silent_one_and_a_loop_stay_bounded", |test| {
        let chain = Chain::build(Plan { routers: 29, ..Plan::default() });
        chain.drop_replies(7, Share::All);
        let report = Trace::start(test, &chain, (TraceProtocol::Icmp, false), 3).end();
        let mut truth = one_each(chain.truth(false));
        truth[6].clear();
        assert_eq!(addresses(&report), truth);
        assert_eq!(report.verdict.as_str(), "hop 7 does not answer, the path itself loses nothing");
        // Router 3 sends back what router 2 sends it.
        chain.router(3).sh("ip route replace 10.77.29.0/24 via 10.77.2.1");
        let report = Trace::start(test, &chain, (TraceProtocol::Icmp, false), 2).end();
        let second = chain.truth(false)[1];
        assert!(report.hops.len() <= 30, "{}", report.hops.len());
        assert_eq!(
            report.verdict.as_str(),
            format!("the path runs in a loop: hop 2 ({second}) answers again at hop 4")
        );
    });
}

#[test]
#[ignore = "needs network namespaces; tests/run runs it"]
fn fs_22_a_trace_takes_no_longer_than_mtr() {
    scene("fs_22_a_trace_takes_no_longer_than_mtr", |test| {
        let chain = Chain::build(Plan::default());
        let target = chain.target(false).to_string();
        let start = Instant::now();
        let interval = ROUND.as_secs_f64().to_string();
        let mtr = chain
            .a()
            .command("mtr")
            .args(["--report", "--no-dns", "-c", "10", "-i", &interval, &target])
            .output()
            .unwrap();
        let theirs = start.elapsed();
        assert!(mtr.status.success(), "{mtr:?}");
        let start = Instant::now();
        let report = Trace::start(test, &chain, (TraceProtocol::Icmp, false), 10).end();
        let ours = start.elapsed();
        assert_clean(&report, chain.truth(false), 10, "beside mtr");
        println!("ours {ours:?}, mtr {theirs:?}");
        assert!(ours.as_secs_f64() <= 1.2 * theirs.as_secs_f64(), "{ours:?} against {theirs:?}");
    });
}
