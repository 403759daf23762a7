//! Rates between polls: honest ones, wraps, new beginnings, and what there is no room for.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_snmp::Value;
use fluxnoc::model::snmp::{SnmpLogin, SnmpSpec};
use fluxnoc::model::{Limit, Observation, Range, Secret, State};

use super::stub::{Mib, Stub};
use super::{COMMUNITY, Poller, of, spec};

/// An agent whose values the test changes between polls.
fn agent(mib: Mib) -> (Arc<Mutex<Mib>>, Stub) {
    let mib = Arc::new(Mutex::new(mib));
    let shared = Arc::clone(&mib);
    (mib, Stub::start(move |asked| vec![shared.lock().unwrap().answer(asked)]))
}

/// Asserts a rate that grew by `count` between two polls, from what a clock outside saw.
fn assert_rate(
    seen: &Observation,
    label: &str,
    count: f64,
    (shortest, longest): (Duration, Duration),
) {
    let rate = of(seen, label).unwrap_or_else(|| panic!("no {label}: {seen:?}"));
    let (low, high) = (count / longest.as_secs_f64(), count / shortest.as_secs_f64());
    assert!((low..=high).contains(&rate), "{label}: {rate} is not within {low} to {high}");
}

/// Two polls with a change between them; how far they were apart at least and at most.
async fn twice(poller: &mut Poller, change: impl FnOnce()) -> (Observation, (Duration, Duration)) {
    let begun = Instant::now();
    poller.poll().await;
    let between = Instant::now();
    tokio::time::sleep(Duration::from_millis(200)).await;
    change();
    let least = between.elapsed();
    let seen = poller.poll().await;
    (seen, (least, begun.elapsed()))
}

const HC_IN: [u32; 12] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, 1];
const HC_OUT: [u32; 12] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 10, 1];
const HC_UNICAST: [u32; 12] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 7, 1];
const DISCONTINUITY: [u32; 12] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 19, 1];
const IN_32: [u32; 11] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 10, 1];
const ERRORS: [u32; 11] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 14, 1];

fn one_interface() -> Mib {
    let mut mib = Mib::default();
    mib.interface(1, "te1/1", "fra to dal", (1, 1), (1 << 40, 0));
    mib
}

#[tokio::test]
async fn octets_become_bits_per_second_from_the_second_poll_on() {
    let (mib, stub) = agent(one_interface());
    let mut poller = Poller::new(spec(stub.port), Duration::from_secs(2));
    poller.check.limits.push(Limit::new("network_utilization", Some(Range::above(0.5)), None));
    let first = poller.poll().await;
    assert_eq!(of(&first, "octets_in[te1/1]"), None, "one reading is no rate");
    assert!(first.output.as_str().ends_with("rates from the next poll on"), "{}", first.output);
    let (seen, apart) = twice(&mut poller, || {
        let mut mib = mib.lock().unwrap();
        mib.set(&HC_IN, Value::Counter64((1 << 40) + 1_000_000));
        mib.set(&HC_OUT, Value::Counter64(250_000));
        mib.set(&HC_UNICAST, Value::Counter64(800));
        mib.set(&ERRORS, Value::Counter32(16));
    })
    .await;
    assert_rate(&seen, "octets_in[te1/1]", 8e6, apart);
    assert_rate(&seen, "octets_out[te1/1]", 2e6, apart);
    // A quarter of a 1 Gbit/s would be 25: the busier direction counts.
    let share = of(&seen, "octets_in[te1/1]").unwrap() / 1e9 * 100.0;
    assert!((of(&seen, "network_utilization[te1/1]").unwrap() - share).abs() < 1e-9);
    assert_eq!(of(&seen, "network_error_rate[te1/1]"), Some(2.0), "FM-12: 16 of 800 packets");
    assert_eq!(of(&seen, "network_speed[te1/1]"), Some(1e9));
    let mut judged = seen.clone();
    let verdict = fluxnoc::rules::evaluate(&poller.check, State::Unknown, &mut judged);
    assert_eq!(verdict.state, State::Warning, "FM-12: {}", verdict.output);
    assert!(
        verdict.output.as_str().contains("network_error_rate[te1/1] 2 % (> 1)"),
        "{}",
        verdict.output
    );
}

#[tokio::test]
async fn fm_12_wraps_are_growth_and_new_beginnings_are_no_spike() {
    let (mib, stub) = agent(one_interface());
    // Version 1 has 32 bits only: they wrap.
    let login = SnmpLogin::V1(Secret::Inline(COMMUNITY.to_owned()));
    let narrow = SnmpSpec { login, host_metrics: false, ..spec(stub.port) };
    let mut poller = Poller::new(narrow, Duration::from_secs(2));
    mib.lock().unwrap().set(&IN_32, Value::Counter32(u32::MAX - 999));
    let (seen, apart) =
        twice(&mut poller, || mib.lock().unwrap().set(&IN_32, Value::Counter32(9000))).await;
    assert_rate(&seen, "octets_in[te1/1]", 80_000.0, apart);
    // Cleared by hand: 4.29 GB in so short a time are more than the link carries.
    let (seen, _) =
        twice(&mut poller, || mib.lock().unwrap().set(&IN_32, Value::Counter32(0))).await;
    assert_eq!(of(&seen, "octets_in[te1/1]"), None, "{seen:?}");

    let wide = SnmpSpec { host_metrics: false, ..spec(stub.port) };
    let mut poller = Poller::new(wide, Duration::from_secs(2));
    // A 64-bit counter that goes down has begun anew; the next poll has a rate again.
    let (seen, _) =
        twice(&mut poller, || mib.lock().unwrap().set(&HC_IN, Value::Counter64(7))).await;
    assert_eq!(of(&seen, "octets_in[te1/1]"), None);
    assert_eq!(of(&seen, "octets_out[te1/1]"), Some(0.0));
    let (seen, apart) =
        twice(&mut poller, || mib.lock().unwrap().set(&HC_IN, Value::Counter64(10_007))).await;
    assert_rate(&seen, "octets_in[te1/1]", 80_000.0, apart);
    // The interface's counters began anew although they are higher than before.
    let (seen, _) = twice(&mut poller, || {
        let mut mib = mib.lock().unwrap();
        mib.set(&HC_IN, Value::Counter64(1 << 50));
        mib.set(&DISCONTINUITY, Value::TimeTicks(4711));
    })
    .await;
    assert_eq!(of(&seen, "octets_in[te1/1]"), None);
    // The agent began anew: nothing is known about the time between.
    let (seen, _) = twice(&mut poller, || {
        let mut mib = mib.lock().unwrap();
        mib.restart();
        mib.set(&HC_IN, Value::Counter64(1 << 60));
    })
    .await;
    assert_eq!(of(&seen, "octets_in[te1/1]"), None);
    assert!(
        seen.output.as_str().contains("the agent began anew, no rates this time"),
        "{}",
        seen.output
    );
    assert_eq!(seen.failure, None);
}

#[tokio::test]
async fn fm_08_ticks_that_are_zero_after_a_start_make_no_usage() {
    let tick = |object: u32| [1, 3, 6, 1, 4, 1, 2021, 11, object, 0];
    let set = |mib: &mut Mib, user: u32, idle: u32| {
        mib.set(&tick(50), Value::Counter32(user));
        mib.set(&tick(53), Value::Counter32(idle));
    };
    let mut first = Mib::default();
    set(&mut first, 5000, 5000);
    let (mib, stub) = agent(first);
    let own = SnmpSpec { interfaces: Vec::new(), ..spec(stub.port) };
    let mut poller = Poller::new(own, Duration::from_secs(2));
    let (seen, _) = twice(&mut poller, || set(&mut mib.lock().unwrap(), 5075, 5025)).await;
    assert_eq!(of(&seen, "cpu_usage"), Some(75.0));
    let (seen, _) = twice(&mut poller, || {
        let mut mib = mib.lock().unwrap();
        mib.restart();
        set(&mut mib, 0, 0);
    })
    .await;
    assert_eq!(of(&seen, "cpu_usage"), None);
    let (seen, _) = twice(&mut poller, || set(&mut mib.lock().unwrap(), 900_000, 100_000)).await;
    assert_eq!(of(&seen, "cpu_usage"), None, "a jump from 0 to what they are");
    let (seen, _) = twice(&mut poller, || set(&mut mib.lock().unwrap(), 900_010, 100_090)).await;
    assert_eq!(of(&seen, "cpu_usage"), Some(10.0));
}

/// Resident memory at its highest, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn device_of(interfaces: u32) -> Mib {
    let mut device = Mib::default();
    for n in 1..=interfaces {
        device.interface(n, &format!("ge-0/0/{n}"), "", (1, 1), (0, 0));
    }
    device
}

#[tokio::test]
async fn a_device_with_300_interfaces_is_kept_whole() {
    let before = peak_mib();
    let (mib, stub) = agent(device_of(300));
    let mut poller = Poller::new(spec(stub.port), Duration::from_secs(20));
    let mut seen = poller.poll().await;
    for n in 1..=5 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        mib.lock().unwrap().interface(300, "ge-0/0/300", "", (1, 1), (n * 10_000, 0));
        seen = poller.poll().await;
    }
    assert_eq!(seen.failure, None, "{}", seen.output);
    assert_eq!(seen.metrics.iter().filter(|metric| &*metric.name == "octets_in").count(), 300);
    assert!(of(&seen, "octets_in[ge-0/0/300]").is_some_and(|rate| rate > 0.0));
    assert!(seen.output.as_str().contains("300 of 300 interfaces up"), "{}", seen.output);
    assert!(!seen.output.as_str().contains("not kept"), "{}", seen.output);
    let grown = peak_mib() - before;
    assert!(grown < 100, "{grown} MiB");
}

#[tokio::test]
async fn what_there_is_no_room_for_is_counted_and_said() {
    let (mib, stub) = agent(device_of(460));
    let mut poller = Poller::new(spec(stub.port), Duration::from_secs(20));
    let (seen, _) = twice(&mut poller, || {}).await;
    assert!(seen.metrics.len() <= 2048, "{}", seen.metrics.len());
    assert!(
        of(&seen, "octets_in[ge-0/0/409]").is_some()
            && of(&seen, "octets_in[ge-0/0/410]").is_none()
    );
    let said = "409 of 409 interfaces up, 51 more are not kept (2048 series a device)";
    assert!(seen.output.as_str().contains(said), "{}", seen.output);
    // A choice makes room, by name or alias.
    mib.lock().unwrap().interface(460, "ge-0/0/460", "uplink", (1, 1), (0, 0));
    let chosen = SnmpSpec {
        interfaces: vec!["ge-0/0/5?".to_owned(), "uplink".to_owned()],
        exclude_if: vec!["*/53".to_owned()],
        ..spec(stub.port)
    };
    let mut poller = Poller::new(chosen, Duration::from_secs(5));
    let seen = poller.poll().await;
    assert!(seen.output.as_str().contains("10 of 10 interfaces up"), "{}", seen.output);
    assert_eq!(of(&seen, "link_state[ge-0/0/53]"), None);
    // An interface that goes away, and one that comes, are seen at the next poll: the table says
    // that it changed.
    {
        let mut mib = mib.lock().unwrap();
        mib.interface(461, "uplink", "", (2, 2), (0, 0));
        mib.set(&[1, 3, 6, 1, 2, 1, 31, 1, 5, 0], Value::TimeTicks(99));
    }
    let seen = poller.poll().await;
    assert_eq!(of(&seen, "link_state[uplink]"), Some(0.0), "{}", seen.output);
    assert!(seen.output.as_str().contains("10 of 11 interfaces up"), "{}", seen.output);
}
