//! What is sent is found again, with the same labels and values, in a real Prometheus and in a real
//! VictoriaMetrics.

use std::time::Duration;

use fluxnoc::model::{RemoteWrite, Timestamp};
use fluxnoc::outward::{Body, Labels, Parcel, Row, Source};

use crate::peer::Peer;
use crate::stage::{Stage, check, now, scrape, to};

fn peers() -> [Peer; 2] {
    [Peer::prometheus(), Peer::victoria()]
}

fn named(peers: &[Peer; 2]) -> Vec<RemoteWrite> {
    let labels = || [("site".to_owned(), "dal".to_owned())].into();
    let [a, b] = peers;
    vec![
        RemoteWrite { name: "prometheus".into(), labels: labels(), ..to(&a.url()) },
        RemoteWrite { name: "victoria".into(), labels: labels(), ..to(&b.url()) },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn values_queried_back_are_those_that_were_sent() {
    let peers = peers();
    let mut stage = Stage::start(&named(&peers));
    let at: Vec<i64> = (0..5).map(|_| stage.put(3)).collect();
    let rows = [("cpu", None, 12.5), ("disk", Some("/var"), 91.0)];
    let rows = rows.map(|(metric, of, value)| Row {
        family: "fluxnoc_check_metric_percent",
        labels: Labels::Metric(metric.into(), of.map(Into::into)),
        value,
    });
    let measured = Parcel {
        source: Source::Measured(check().key.clone()),
        at: Timestamp::from_millis(at[4]),
        body: Body::Rows(rows.into()),
    };
    stage.tap.as_ref().unwrap().put(&measured, now());
    stage.end().await;
    let target = "host=\"web-1\",instance=\"192.0.2.1:9100\",job=\"node\"";
    for peer in &peers {
        let found = peer.until("s", at[4] + 1000, 3);
        for (n, (labels, value)) in found.iter().enumerate() {
            assert_eq!(*labels, format!("__name__=\"s\",{target},n=\"{n}\",site=\"dal\""));
            assert!((value - (at[4] as f64 + n as f64)).abs() < 1e-3, "{value}");
        }
        // Every sample is there, not only the last.
        let all = |rows: &[crate::peer::Row]| rows.iter().any(|(_, count)| *count == 5.0);
        peer.once("s{n=\"0\"}[1m]", at[4] + 1000, all);
        assert_eq!(peer.until("up", at[4] + 1000, 1)[0].1, 1.0);
        let found = peer.until("fluxnoc_check_metric_percent", at[4] + 1000, 2);
        let of = |more: &str| {
            format!(
                "__name__=\"fluxnoc_check_metric_percent\",check=\"node\",host=\"web-1\",{more}"
            )
        };
        assert_eq!(found[0], (of("metric=\"cpu\",site=\"dal\""), 12.5));
        assert_eq!(found[1], (of("metric=\"disk\",metric_instance=\"/var\",site=\"dal\""), 91.0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_gone_there_at_once() {
    let peers = peers();
    let mut stage = Stage::start(&named(&peers));
    let both = stage.put(2);
    let one = stage.put(1);
    let end = Parcel {
        source: Source::Scraped(check().key.clone()),
        at: Timestamp::from_millis(one + 100),
        body: Body::Gone,
    };
    stage.tap.as_ref().unwrap().put(&end, now());
    stage.end().await;
    for peer in &peers {
        assert_eq!(peer.until("s", both + 50, 2).len(), 2);
        assert_eq!(peer.until("s", one + 50, 1)[0].1, one as f64);
        assert!(peer.until("s", one + 200, 0).is_empty());
        assert!(peer.until("up", one + 200, 0).is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_was_away_has_everything_when_it_is_back() {
    let mut peers = peers();
    let mut stage = Stage::start(&named(&peers));
    let mut at = vec![stage.put(2)];
    for name in ["prometheus", "victoria"] {
        let sent = format!("fluxnoc_remote_write_samples_total{{destination=\"{name}\"}} 7");
        stage.until(&sent).await;
    }
    for peer in &peers {
        peer.until("s", at[0] + 50, 2);
    }
    // What VictoriaMetrics holds in memory only is on its disk after this time.
    tokio::time::sleep(Duration::from_secs(2)).await;
    peers.iter_mut().for_each(Peer::kill);
    at.extend((0..20).map(|_| stage.put(2)));
    for name in ["prometheus", "victoria"] {
        let failed = format!("fluxnoc_remote_write_failures_total{{destination=\"{name}\"}} 1");
        stage.until(&failed).await;
    }
    peers.iter_mut().for_each(Peer::restart);
    for name in ["prometheus", "victoria"] {
        let sent = format!("fluxnoc_remote_write_samples_total{{destination=\"{name}\"}} 147");
        stage.until(&sent).await;
    }
    let text = stage.end().await.text();
    assert!(!text.contains("remote_write_lost_samples_total{"), "{text}");
    for peer in &peers {
        let last = at[at.len() - 1] + 50;
        // Every sample of before, of the outage and of after.
        let all = |rows: &[crate::peer::Row]| rows.iter().any(|(_, count)| *count == 21.0);
        peer.once("s{n=\"1\"}[1m]", last, all);
    }
}

/// A scrape as large as they come goes in many requests, whole.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_series_of_one_scrape_arrive() {
    let peer = Peer::prometheus();
    let stage = Stage::start(&[to(&peer.url())]);
    let at = now().wall.millis();
    let large = scrape("large", 50_000, 1);
    let parcel = Parcel::scraped(&check(), &large, Timestamp::from_millis(at));
    stage.tap.as_ref().unwrap().put(&parcel, now());
    stage.until("fluxnoc_remote_write_samples_total{destination=\"there\"} 50005").await;
    let found = peer.until("count(large)", at + 1, 1);
    assert_eq!(found[0].1, 50_000.0);
    assert_eq!(peer.query("sum(large)", at + 1)[0].1, 50_000.0 * 50_001.0 / 2.0);
}
