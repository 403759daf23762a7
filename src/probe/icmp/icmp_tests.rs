//! Pings against real kernels: the loopback of this machine, and network namespaces that a test
//! makes by running itself again inside one.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use super::*;
use crate::model::spec::Family;
use crate::model::{Span, Spec};
use crate::probe::{Memory, Shared};

const DENIED: &str = "this process may not send pings: allow it with";
/// Tells a test that it runs inside a namespace made for it.
const INSIDE: &str = "FLUXNOC_TEST_INSIDE";

fn spec(packets: u16, gap_ms: u64) -> PingSpec {
    let packet_interval = Span::from_millis(gap_ms);
    PingSpec { packets, packet_interval, ..PingSpec::default() }
}

async fn ping(shared: &Arc<Shared>, address: &str, spec: PingSpec, timeout: u64) -> Observation {
    let mut check = Check::new("host", "ping", address, Spec::Ping(spec));
    check.timeout = Span::from_millis(timeout);
    let context = Context::new(shared, check.timeout.to_std());
    crate::probe::run(&check, &context, &mut Memory::default()).await
}

fn message(seen: &Observation) -> (FailureKind, &str) {
    let failure = seen.failure.as_ref().unwrap();
    (failure.kind, failure.message.as_str())
}

/// True when this machine lets us ping; else proves that the answer names the mend.
async fn allowed(shared: &Arc<Shared>) -> bool {
    let seen = ping(shared, "127.0.0.1", spec(1, 1), 1000).await;
    let denied = seen.failure.is_some();
    if denied {
        assert_eq!(message(&seen).0, FailureKind::Denied, "{}", seen.output);
        assert!(message(&seen).1.starts_with(DENIED), "{}", seen.output);
    }
    !denied
}

#[tokio::test]
async fn fm_16_loopback_answers_in_both_families() {
    let shared = Shared::start().unwrap();
    if !allowed(&shared).await {
        return;
    }
    for (address, family) in
        [("127.0.0.1", Family::V4), ("::1", Family::V6), ("[::1]", Family::Auto)]
    {
        let spec = PingSpec { family, ..spec(5, 10) };
        let seen = ping(&shared, address, spec, 5000).await;
        assert_eq!(seen.failure, None, "{address}");
        let text = seen.output.as_str();
        assert!(text.starts_with("5 of 5 answered, rtt "), "{text}");
        assert!(text.contains("loss 0 %, jitter "), "{text}");
        let value = |name| seen.value(name).unwrap();
        assert!(value("loss").abs() < f64::EPSILON);
        assert!(value("rtt_min") > 0.0, "{text}");
        assert!(value("rtt_min") <= value("rtt") && value("rtt") <= value("rtt_max"), "{text}");
        assert!(value("rtt_stddev") >= 0.0 && value("jitter") >= 0.0);
    }
}

#[tokio::test]
async fn every_allowed_size_is_answered() {
    let shared = Shared::start().unwrap();
    if !allowed(&shared).await {
        return;
    }
    for (address, size) in [("127.0.0.1", 8), ("127.0.0.1", 65_000), ("::1", 65_000)] {
        let seen = ping(&shared, address, PingSpec { size, ..spec(2, 10) }, 5000).await;
        assert_eq!(seen.failure, None, "{address} {size}");
    }
}

#[tokio::test]
async fn the_wrong_family_does_not_resolve() {
    let shared = Shared::start().unwrap();
    let spec = PingSpec { family: Family::V6, ..spec(1, 1) };
    let seen = ping(&shared, "127.0.0.1", spec, 1000).await;
    assert_eq!(message(&seen), (FailureKind::Resolve, "127.0.0.1 has no IPv6 address"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_addresses_at_once_lose_nothing() {
    let shared = Shared::start().unwrap();
    if !allowed(&shared).await {
        return;
    }
    let runs = (0..2000_u16).map(|number| {
        let shared = Arc::clone(&shared);
        let [high, low] = number.to_be_bytes();
        let address = Ipv4Addr::new(127, 7, high, low).to_string();
        tokio::spawn(async move { ping(&shared, &address, spec(3, 100), 20_000).await })
    });
    for seen in futures::future::join_all(runs).await {
        let seen = seen.unwrap();
        assert_eq!(seen.failure, None);
        assert_eq!(seen.value("loss"), Some(0.0), "{}", seen.output);
    }
}

#[tokio::test]
async fn many_checks_of_one_address_get_their_own_answers() {
    let shared = Shared::start().unwrap();
    if !allowed(&shared).await {
        return;
    }
    let runs = (0..50).map(|_| ping(&shared, "127.0.0.1", spec(20, 5), 10_000));
    for seen in futures::future::join_all(runs).await {
        assert_eq!(seen.value("loss"), Some(0.0), "{}", seen.output);
    }
}

#[tokio::test]
async fn a_run_that_is_given_up_leaves_nothing_behind() {
    let shared = Shared::start().unwrap();
    if !allowed(&shared).await {
        return;
    }
    let run = ping(&shared, "127.0.0.1", spec(100, 1000), 100_000);
    let given_up = tokio::time::timeout(Duration::from_millis(50), run).await;
    assert!(given_up.is_err());
    // The aborted task lets go of its socket; ask the quick thread until it has run.
    for _ in 0..1000 {
        if Arc::strong_count(&shared) == 1 {
            return;
        }
        shared.quick.spawn(tokio::task::yield_now()).await.unwrap();
    }
    panic!("the pinging went on");
}

#[tokio::test]
async fn a_late_ping_thread_is_this_machines_fault_and_not_the_targets() {
    let shared = Shared::start().unwrap();
    let (blocked, wait) = tokio::sync::oneshot::channel();
    shared.quick.spawn(async move {
        let _ = blocked.send(());
        std::thread::sleep(Duration::from_millis(500));
    });
    wait.await.unwrap();
    let seen = ping(&shared, "127.0.0.1", spec(2, 10), 300).await;
    let late = "this machine is too busy: its pings were not evaluated in time";
    assert_eq!(message(&seen), (FailureKind::Local, late));
}

/// Runs the named test of this file again as a process inside a network namespace, after `setup`
/// ran there as root. `None` when this machine makes no namespaces for us.
fn inside(test: &str, stage: &str, setup: &str, drop_privileges: bool) -> Option<(bool, String)> {
    let exec =
        if drop_privileges { "exec setpriv --bounding-set=-all --inh-caps=-all" } else { "exec" };
    let script = format!(
        "ip link set lo up && {setup} && {exec} \"$0\" --exact probe::icmp::tests::{test} --nocapture"
    );
    let possible = Command::new("unshare").args(["-n", "ip", "link", "set", "lo", "up"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let output = Command::new("unshare")
        .args(["-n", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(INSIDE, stage)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    Some((output.status.success(), said))
}

#[tokio::test]
async fn fm_16_without_raw_sockets_a_datagram_socket_pings() {
    const TEST: &str = "fm_16_without_raw_sockets_a_datagram_socket_pings";
    let shared = Shared::start().unwrap();
    match std::env::var(INSIDE).as_deref() {
        Ok("datagram") => {
            let target = IpAddr::from([127, 0, 0, 1]);
            let raw = socket::open_as(target, socket2::Type::RAW).unwrap_err();
            assert_eq!(raw.kind(), std::io::ErrorKind::PermissionDenied);
            for address in ["127.0.0.1", "::1", "127.0.0.1"] {
                let runs = (0..20).map(|_| ping(&shared, address, spec(10, 5), 10_000));
                for seen in futures::future::join_all(runs).await {
                    assert_eq!(seen.value("loss"), Some(0.0), "{address}: {}", seen.output);
                }
            }
        }
        Ok("nothing") => assert!(!allowed(&shared).await, "expected to be refused"),
        _ => {
            let widen = "echo '0 2147483647' > /proc/sys/net/ipv4/ping_group_range";
            let narrow = "echo '1 0' > /proc/sys/net/ipv4/ping_group_range";
            for (stage, setup) in [("datagram", widen), ("nothing", narrow)] {
                match inside(TEST, stage, setup, true) {
                    Some((passed, text)) => assert!(passed, "{stage}: {text}"),
                    // No namespace for us: then this machine's own answer must be a clear one.
                    None => _ = allowed(&shared).await,
                }
            }
        }
    }
}

#[tokio::test]
async fn fm_06_silence_and_no_route_are_told_apart_and_in_time() {
    const TEST: &str = "fm_06_silence_and_no_route_are_told_apart_and_in_time";
    let shared = Shared::start().unwrap();
    if std::env::var(INSIDE).is_err() {
        // 10.7.7.0/24 ends in a wire whose other end says nothing, not even to ARP.
        let setup = "echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all \
                     && ip link add near type veth peer name far && ip link set near up \
                     && ip link set far up && ip addr add 10.7.7.1/24 dev near";
        match inside(TEST, "silent", setup, false) {
            Some((passed, text)) => assert!(passed, "{text}"),
            None => _ = allowed(&shared).await,
        }
        return;
    }
    let start = Instant::now();
    let seen = ping(&shared, "127.0.0.1", spec(5, 20), 1000).await;
    let took = start.elapsed();
    assert_eq!(message(&seen), (FailureKind::Unreachable, "no answer from 127.0.0.1, 5 of 5 lost"));
    assert_eq!(seen.value("loss"), Some(100.0));
    assert!(took > Duration::from_millis(900) && took < Duration::from_millis(1300), "{took:?}");

    let seen = ping(&shared, "192.0.2.1", spec(2, 20), 1000).await;
    let lost = "no route to 192.0.2.1: network is unreachable, 2 of 2 lost";
    assert_eq!(message(&seen), (FailureKind::NoRoute, lost));
    assert_eq!(seen.value("loss"), Some(100.0));

    // The router (here: this machine) says that the host is not there: the host's own failure,
    // so that `unreachable = "critical"` holds for it, with the router's word as a hint.
    let seen = ping(&shared, "10.7.7.9", spec(2, 20), 10_000).await;
    let lost = "no answer from 10.7.7.9, 2 of 2 lost (host unreachable, said by 10.7.7.1)";
    assert_eq!(message(&seen), (FailureKind::Unreachable, lost));
}
