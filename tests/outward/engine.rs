//! What leaves a running engine: numbers, states, alerts, and their ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluxnoc::clock::Clock;
use fluxnoc::model::{RemoteWrite, Span};
use fluxnoc::outward::TimeSeries;

use crate::lab::{self, Lab};
use crate::receiver::{Receiver, status};
use crate::stage::{taken, to};

/// The last value of each series, `end` when it has ended.
fn last(all: &[TimeSeries]) -> BTreeMap<String, String> {
    let mut last = BTreeMap::new();
    for one in all {
        let text = |name: &str| {
            let found = one.labels.iter().find(|label| label.name == name);
            found.map(|label| label.value.clone()).unwrap_or_default()
        };
        let rest = one.labels.iter().filter(|label| label.name != "__name__");
        let rest: Vec<String> = rest.map(|l| format!("{}={}", l.name, l.value)).collect();
        for sample in &one.samples {
            let is_end = sample.value.to_bits() == 0x7ff0_0000_0000_0002;
            let value = if is_end { "end".to_owned() } else { sample.value.to_string() };
            last.insert(format!("{}{{{}}}", text("__name__"), rest.join(",")), value);
        }
    }
    last
}

/// Lets time pass until the receiver knows all of this.
async fn until(lab: &mut Lab, receiver: &Receiver, wanted: &[(&str, &str)]) {
    for _ in 0..400 {
        let known = last(&taken(&receiver.got()));
        let all = |(name, value): &(&str, &str)| known.get(*name).is_some_and(|is| is == value);
        if wanted.iter().all(all) {
            return;
        }
        lab.clock.advance(Span::from_millis(1_100));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        lab.drain();
    }
    panic!("{wanted:?} is not in {:#?}", last(&taken(&receiver.got())));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_states_and_alerts_leave_as_they_change_and_end() {
    let receiver = Receiver::start(|_| status(204)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut wanted = lab::inventory(vec![lab::host("web-1", &["ping"])]);
    wanted.remote_write = Arc::new(vec![RemoteWrite { ..to(&receiver.url) }]);
    let mut lab = Lab::start(dir.path(), wanted.clone(), Clock::manual(lab::START)).await;
    let rtt = "fluxnoc_check_metric_seconds{check=ping,host=web-1,metric=rtt}";
    let state = "fluxnoc_check_state{check=ping,host=web-1}";
    let hard = "fluxnoc_check_hard{check=ping,host=web-1}";
    let host = "fluxnoc_host_state{host=web-1}";
    lab.report("web-1/ping", lab::good()).await;
    until(&mut lab, &receiver, &[(rtt, "0.01"), (state, "0"), (hard, "1"), (host, "0")]).await;
    lab.report("web-1/ping", lab::refused()).await;
    until(&mut lab, &receiver, &[(rtt, "end"), (state, "2"), (hard, "0"), (host, "0")]).await;
    lab.report_times(2, "web-1/ping", &lab::refused()).await;
    let firing = "fluxnoc_alert_open{check=ping,host=web-1,severity=critical,state=firing}";
    until(&mut lab, &receiver, &[(state, "2"), (hard, "1"), (host, "2"), (firing, "1")]).await;
    lab.acknowledge("web-1/ping", None, true).await;
    let acknowledged = "fluxnoc_check_acknowledged{check=ping,host=web-1}";
    until(&mut lab, &receiver, &[(acknowledged, "1"), (firing, "end")]).await;
    lab.report("web-1/ping", lab::good()).await;
    let alert = "fluxnoc_alert_open{check=ping,host=web-1,severity=critical,state=acknowledged}";
    until(&mut lab, &receiver, &[(state, "0"), (alert, "end"), (acknowledged, "0")]).await;
    // The host leaves the configuration.
    *lab.inventory.lock().unwrap() =
        Ok(fluxnoc::engine::Inventory { hosts: Vec::new(), checks: Vec::new(), ..wanted });
    lab.execute(fluxnoc::protocol::Command::Reload).await.unwrap();
    until(&mut lab, &receiver, &[(rtt, "end"), (state, "end"), (host, "end")]).await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_for_long_is_said_by_the_engine_until_it_works() {
    let receiver = Receiver::start(|_| status(500)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut wanted = lab::inventory(vec![lab::host("web-1", &["ping"])]);
    wanted.remote_write = Arc::new(vec![to(&receiver.url)]);
    let mut lab = Lab::start(dir.path(), wanted, Clock::manual(lab::START)).await;
    lab.report("web-1/ping", lab::good()).await;
    for _ in 0..400 {
        if lab.world.engine().outward.is_some() {
            break;
        }
        lab.clock.advance(Span::from_secs(2));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        lab.drain();
    }
    let said = lab.world.engine().outward.clone().unwrap();
    assert!(said.as_str().contains("remote write to there fails since"), "{said}");
    assert!(said.as_str().contains("HTTP 500"), "{said}");
    receiver.answers(|_| status(204));
    for _ in 0..400 {
        if lab.world.engine().outward.is_none() {
            return;
        }
        lab.clock.advance(Span::from_secs(2));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        lab.drain();
    }
    panic!("it is still said");
}
