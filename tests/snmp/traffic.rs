//! Generated interfaces in a namespace, with real traffic: rates, states and names as the kernel
//! makes them and as net-snmp's own tools read them.

use std::process::Command;
use std::time::{Duration, Instant};

use fluxnoc::model::Observation;

use super::netns::{Namespace, scene};
use super::snmpd::Snmpd;
use super::{COMMUNITY, Poller, of, spec};

const NAME: &str = "traffic::fm_01_generated_interfaces_are_measured_as_net_snmp_does";
/// Set inside the namespace.
const INSIDE: &str = "FLUXNOC_SNMP_INSIDE";
const IF_NAME: &str = "1.3.6.1.2.1.31.1.1.1.1";

#[test]
#[ignore = "needs root and snmpd; tests/run runs it"]
fn fm_01_generated_interfaces_are_measured_as_net_snmp_does() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(inside());
        return;
    }
    scene(NAME, || {
        let here = Namespace::new();
        let mut again = here.command(std::env::current_exe().unwrap());
        again.args([NAME, "--exact", "--ignored", "--nocapture"]).env(INSIDE, "1");
        assert!(again.status().unwrap().success());
    });
}

fn sh(script: &str) {
    let status = Command::new("sh").args(["-ec", script]).status().unwrap();
    assert!(status.success(), "{script}");
}

async fn inside() {
    let far = Namespace::new();
    sh(&format!(
        "ip link add up0 type veth peer name far0 netns {0}
         ip addr add 10.88.0.1/24 dev up0
         ip link set up0 up
         for n in $(seq 1 30); do
           ip link add acc$n type veth peer name far$n netns {0}; ip link set acc$n up
         done
         ip link set acc3 down",
        far.pid()
    ));
    far.sh("ip addr add 10.88.0.2/24 dev far0
            for n in $(seq 0 30); do ip link set far$n up; done");
    sh("ping -n -q -c 3 -i 0.2 -W 2 10.88.0.2 >/dev/null");
    let agent = Snmpd::start(COMMUNITY, "");
    let mut poller = Poller::new(spec(agent.port), Duration::from_secs(10));

    let (first, before, at) = settled(&agent, &mut poller, |_| true).await;
    assert_eq!(first.failure, None, "{}", first.output);
    assert!(first.output.as_str().contains("30 of 31 interfaces up"), "{}", first.output);
    assert_eq!(of(&first, "link_state[acc3]"), Some(0.0), "shut by its operator");
    assert_eq!(of(&first, "link_state[up0]"), Some(1.0));
    assert_eq!(of(&first, "link_state[lo]"), None, "a loopback must be named");
    let speed = agent.number(&format!("1.3.6.1.2.1.31.1.1.1.15.{}", index(&agent, "up0"))) * 1e6;
    assert_eq!(of(&first, "network_speed[up0]"), Some(speed));

    // 3 MB there and back, as fast as it goes; the agent reads its counters every few seconds.
    sh("ping -n -q -f -s 1400 -c 2000 10.88.0.2 >/dev/null");
    let moved = |now: &[f64; 2]| now[0] - before[0] > 2.8e6;
    let (seen, after, then) = settled(&agent, &mut poller, moved).await;
    let apart = (then.0 - at.1, then.1 - at.0);
    for (direction, n) in [("octets_in[up0]", 0), ("octets_out[up0]", 1)] {
        let bits = (after[n] - before[n]) * 8.0;
        let rate = of(&seen, direction).unwrap_or_else(|| panic!("{seen:?}"));
        let (low, high) = (bits / apart.1.as_secs_f64(), bits / apart.0.as_secs_f64());
        assert!((low..=high).contains(&rate), "{direction}: {rate}, net-snmp {low} to {high}");
        assert!(bits > 2000.0 * 1400.0 * 8.0, "{bits}");
    }
    assert_eq!(of(&seen, "network_error_rate[up0]"), Some(0.0));
    assert_eq!(of(&seen, "octets_out[acc3]"), Some(0.0));

    // The other end goes away: the interface should carry traffic and does not.
    far.sh("ip link set far0 down");
    let oper = format!("1.3.6.1.2.1.2.2.1.8.{}", index(&agent, "up0"));
    while (agent.number(&oper) - 1.0).abs() < 0.5 {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let seen = poller.poll().await;
    assert_eq!(of(&seen, "link_state[up0]"), Some(agent.number(&oper)));
    assert!(seen.output.as_str().contains("down: up0"), "{}", seen.output);
}

fn index(agent: &Snmpd, name: &str) -> String {
    let names = agent.tool("snmpbulkwalk", &[IF_NAME]);
    let (oid, _) = names.iter().find(|(_, have)| have == name).unwrap();
    oid.rsplit_once('.').unwrap().1.to_owned()
}

/// A poll between two equal readings of net-snmp's tools, once `enough` holds: in and out octets of
/// `up0`, and when the poll began and ended.
async fn settled(
    agent: &Snmpd,
    poller: &mut Poller,
    enough: impl Fn(&[f64; 2]) -> bool,
) -> (Observation, [f64; 2], (Instant, Instant)) {
    let index = index(agent, "up0");
    let read =
        || [6, 10].map(|column| agent.number(&format!("1.3.6.1.2.1.31.1.1.1.{column}.{index}")));
    let end = Instant::now() + Duration::from_secs(60);
    let mut last = read();
    loop {
        assert!(Instant::now() < end, "the agent's counters do not come to rest: {last:?}");
        if enough(&last) {
            let begun = Instant::now();
            let memory = std::mem::take(&mut poller.memory);
            let known = (memory.sampled, memory.counters.clone());
            poller.memory = memory;
            let seen = poller.poll().await;
            let ended = Instant::now();
            let now = read();
            if now == last {
                return (seen, now, (begun, ended));
            }
            // Between two readings of the agent: as if this poll had not been.
            (poller.memory.sampled, poller.memory.counters) = known;
            last = now;
        } else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            last = read();
        }
    }
}
