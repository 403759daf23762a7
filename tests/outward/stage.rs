//! A tap with who sends, and parcels to put into it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::meters::Meters;
use fluxnoc::model::spec::{ScrapeSpec, Spec};
use fluxnoc::model::{Check, Layout, Name, RemoteWrite, Scrape, ScrapeReport, Span, Timestamp};
use fluxnoc::outward::{Parcel, Tap, TimeSeries, tap, unpacked};

use crate::receiver::Got;

/// A receiver that is sent what waits 20 ms.
pub fn to(url: &str) -> RemoteWrite {
    RemoteWrite {
        name: "there".into(),
        url: url.to_owned(),
        headers: BTreeMap::new(),
        token: None,
        user: None,
        password: None,
        ca_file: None,
        labels: BTreeMap::new(),
        interval: Span::from_millis(20),
        timeout: Span::from_secs(2),
        batch: 2_000,
        queue: 100_000,
    }
}

pub struct Stage {
    pub tap: Option<Tap>,
    pub meters: Arc<Meters>,
    sending: tokio::task::JoinHandle<()>,
    at: i64,
}

impl Stage {
    pub fn start(wanted: &[RemoteWrite]) -> Self {
        let meters = Arc::new(Meters::default());
        let (mut tap, sending) = tap(Clock::System, Arc::clone(&meters));
        tap.follow(wanted);
        let sending = tokio::spawn(sending.run());
        let at = Clock::System.now().wall.millis() - 600_000;
        Self { tap: Some(tap), meters, sending, at }
    }

    /// Puts in a scrape of so many series, 100 ms after the one before; each value is its number.
    pub fn put(&mut self, series: usize) -> i64 {
        self.at += 100;
        let scrape = scrape("s", series, self.at);
        let tap = self.tap.as_ref().unwrap();
        tap.put(&Parcel::scraped(&check(), &scrape, Timestamp::from_millis(self.at)), now());
        self.at
    }

    /// Ends: what waits is sent.
    pub async fn end(mut self) -> Arc<Meters> {
        drop(self.tap.take());
        tokio::time::timeout(Duration::from_secs(10), self.sending).await.unwrap().unwrap();
        self.meters
    }

    /// Waits until the meters say something.
    pub async fn until(&self, wanted: &str) {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let _ = self.tap.as_ref().map(|tap| tap.look(now()));
            let text = self.meters.text();
            if text.lines().any(|line| line == wanted) {
                return;
            }
            let own = text.lines().filter(|line| line.contains("remote_write"));
            let own: Vec<&str> = own.collect();
            assert!(Instant::now() < until, "{wanted} is not in {own:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub fn now() -> fluxnoc::model::Now {
    Clock::System.now()
}

pub fn check() -> Arc<Check> {
    let spec = Spec::Scrape(ScrapeSpec::get("http://192.0.2.1:9100/metrics"));
    Arc::new(Check::new("web-1", "node", "192.0.2.1", spec))
}

pub fn scrape(name: &str, series: usize, value: i64) -> Arc<Scrape> {
    let series: Vec<Name> = (0..series).map(|n| format!("{name}{{n=\"{n}\"}}").into()).collect();
    let values = (0..series.len()).map(|n| value as f64 + n as f64).collect();
    let id = series.len() as u64;
    let report = ScrapeReport { up: true, ..ScrapeReport::default() };
    Arc::new(Scrape { layout: Arc::new(Layout { id, series }), values, stamps: Vec::new(), report })
}

/// The samples that a receiver was sent and took, in their order.
pub fn taken(got: &[Got]) -> Vec<TimeSeries> {
    let good = got.iter().filter(|got| (200..300).contains(&got.status));
    good.flat_map(|got| unpacked(&got.body).unwrap().timeseries).collect()
}

/// The times of one series, as they came.
pub fn times(all: &[TimeSeries], n: &str) -> Vec<i64> {
    let mine = |one: &&TimeSeries| one.labels.iter().any(|l| l.name == "n" && l.value == n);
    all.iter().filter(mine).flat_map(|one| &one.samples).map(|sample| sample.timestamp).collect()
}
