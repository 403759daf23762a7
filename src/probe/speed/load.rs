//! One way of a speedtest over HTTP: parallel streams, counted four times a second.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{Method, StatusCode};
use rand::Rng as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::http::Echo;
use super::reach::{Found, Line, Load, Place, drain, elsewhere, get, judge};
use super::stats::{self, Sample};
use super::{Record, Stop, Vantage};
use crate::model::SafeText;
use crate::model::speed::{INTERVAL_LIMIT, Interval, SpeedResult, Throughput};
use crate::probe::http::exchange::broken;

/// How often is counted.
const BEAT: Duration = Duration::from_millis(250);
/// How long the first byte may take.
const FIRST_BYTE: Duration = Duration::from_secs(10);
/// Between two round trips under load.
const ECHO_GAP: Duration = Duration::from_millis(200);
/// Round trips of which the median is taken, at most.
const ECHO_LIMIT: usize = 1000;
/// A stream that fails so many times in a row has failed.
const TRIES: u32 = 3;
/// Size of the block that is sent again and again.
const BLOCK: usize = 256 * 1024;
/// The smallest upload that is tried when a server refuses larger ones.
const SMALLEST_POST: u64 = 64 * 1024;

/// Bytes that nothing on the way can pack.
pub(super) static RANDOM: LazyLock<Bytes> = LazyLock::new(|| {
    let mut block = vec![0; BLOCK];
    rand::rng().fill_bytes(&mut block);
    Bytes::from(block)
});

/// What both ways have in common.
pub(super) struct Job<'a> {
    pub vantage: &'a Vantage,
    pub length: Duration,
    pub streams: usize,
}

/// How uploads are cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Post {
    /// Bytes of one.
    pub size: u64,
}

/// Which figure of the result grows.
type Way = fn(&mut SpeedResult) -> &mut Option<Throughput>;

/// Measures from the place.
pub(super) async fn download(
    job: &Job<'_>,
    place: &Place,
    echo: Echo,
    record: &mut Record<'_>,
) -> Result<(), Stop> {
    let total = Arc::new(AtomicU64::new(0));
    let mut streams = JoinSet::new();
    for _ in 0..job.streams {
        let stream = Downloads {
            place: place.clone(),
            vantage: job.vantage.clone(),
            total: Arc::clone(&total),
        };
        streams.spawn(stream.until_it_fails());
    }
    let counted = Counted { total, streams, what: "came from", place };
    count(job, counted, echo, record, |result| &mut result.download).await
}

/// Measures to the place.
pub(super) async fn upload(
    job: &Job<'_>,
    place: &Place,
    post: Post,
    echo: Echo,
    record: &mut Record<'_>,
) -> Result<(), Stop> {
    let total = Arc::new(AtomicU64::new(0));
    let mut streams = JoinSet::new();
    for _ in 0..job.streams {
        let stream = Uploads {
            place: place.clone(),
            vantage: job.vantage.clone(),
            total: Arc::clone(&total),
            post,
        };
        streams.spawn(stream.until_it_fails());
    }
    let counted = Counted { total, streams, what: "went to", place };
    count(job, counted, echo, record, |result| &mut result.upload).await
}

struct Counted<'a> {
    total: Arc<AtomicU64>,
    streams: JoinSet<Stop>,
    what: &'static str,
    place: &'a Place,
}

/// Counts until the time is over, all streams have failed, or nothing moves any more.
async fn count(
    job: &Job<'_>,
    mut counted: Counted<'_>,
    echo: Echo,
    record: &mut Record<'_>,
    way: Way,
) -> Result<(), Stop> {
    let (echoes, mut round_trips) = mpsc::channel(16);
    let _echo = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(listen(echo, echoes)));
    let mut tick = tokio::time::interval(BEAT);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let began = Instant::now();
    let mut meter = Meter::new(job.length);
    let silence = stats::patience(job.length);
    let shown = counted.place.target.shown();
    loop {
        tokio::select! {
            Some(ended) = counted.streams.join_next() => {
                let stop = ended.unwrap_or_else(|_| Stop::new("a stream ended by itself"));
                if counted.streams.is_empty() {
                    return Err(stop);
                }
                let left = counted.streams.len();
                let note = format!("only {left} of {} streams went on: {}", job.streams, stop.words);
                record.change(|result| result.note = SafeText::line(&note));
            }
            Some(took) = round_trips.recv() => meter.loaded(took),
            _ = tick.tick() => {
                let bytes = counted.total.load(Ordering::Relaxed);
                match meter.beat(Instant::now(), bytes) {
                    Beat::Waiting if began.elapsed() > FIRST_BYTE.max(silence) => {
                        let (what, waited) = (counted.what, began.elapsed().as_secs());
                        return Err(Stop::new(format!("nothing {what} {shown} within {waited} s")));
                    }
                    Beat::Waiting => {}
                    Beat::Moved(still) => {
                        let so_far = meter.throughput();
                        record.change(|result| *way(result) = Some(so_far));
                        if still > silence {
                            let (what, waited) = (counted.what, still.as_secs());
                            return Err(Stop::new(format!(
                                "it stalled: {bytes} bytes {what} {shown}, then none for {waited} s"
                            )));
                        }
                    }
                    Beat::Over => {
                        let whole = meter.throughput();
                        record.change(|result| *way(result) = Some(whole));
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// Tells the round trips under load.
async fn listen(mut echo: Echo, tell: mpsc::Sender<f64>) {
    loop {
        // One that failed under load is no latency; the streams say when the target is gone.
        if let Ok(took) = echo.round().await
            && tell.send(took).await.is_err()
        {
            return;
        }
        tokio::time::sleep(ECHO_GAP).await;
    }
}

/// What a beat of the counter saw.
enum Beat {
    /// Nothing has moved yet.
    Waiting,
    /// It goes on; how long nothing has moved.
    Moved(Duration),
    /// The time is over.
    Over,
}

/// The figures of one way as they grow.
struct Meter {
    length: Duration,
    begin: Option<(Instant, u64)>,
    samples: Vec<Sample>,
    intervals: Vec<Interval>,
    moved_at: Duration,
    loaded: Vec<f64>,
}

impl Meter {
    fn new(length: Duration) -> Self {
        let (samples, intervals, loaded) = (Vec::new(), Vec::new(), Vec::new());
        Self { length, begin: None, samples, intervals, moved_at: Duration::ZERO, loaded }
    }

    fn loaded(&mut self, took: f64) {
        if self.loaded.len() < ECHO_LIMIT {
            self.loaded.push(took);
        }
    }

    /// Takes what has moved until now. The clock starts at the first beat that saw a byte.
    fn beat(&mut self, now: Instant, bytes: u64) -> Beat {
        let Some((began, before)) = self.begin else {
            if bytes > 0 {
                self.begin = Some((now, bytes));
                self.samples.push(Sample { at: Duration::ZERO, bytes });
            }
            return Beat::Waiting;
        };
        let at = now.saturating_duration_since(began);
        let last =
            self.samples.last().copied().unwrap_or(Sample { at: Duration::ZERO, bytes: before });
        let moved = bytes.saturating_sub(last.bytes);
        if moved > 0 {
            self.moved_at = at;
        }
        self.samples.push(Sample { at, bytes });
        if let Some(mbps) = stats::mbps(moved, at.saturating_sub(last.at))
            && self.intervals.len() < INTERVAL_LIMIT
        {
            self.intervals.push(Interval { at_ms: stats::whole_millis(at), mbps });
        }
        if at >= self.length { Beat::Over } else { Beat::Moved(at.saturating_sub(self.moved_at)) }
    }

    fn throughput(&self) -> Throughput {
        let last = self.samples.last();
        Throughput {
            mbps: stats::steady(&self.samples, self.length).unwrap_or_default(),
            bytes: last.map_or(0, |sample| sample.bytes),
            took_ms: last.map_or(0, |sample| stats::whole_millis(sample.at)),
            loaded_ms: stats::median(&self.loaded),
            intervals: self.intervals.clone(),
            ..Throughput::default()
        }
    }
}

/// A connection that is free, or a new one.
async fn free<'a>(
    line: &'a mut Option<Line>,
    place: &Place,
    vantage: &Vantage,
) -> Result<&'a mut Line, Stop> {
    let free = match line.as_mut() {
        Some(line) => line.is_free().await,
        None => false,
    };
    if !free {
        *line = None;
    }
    match line {
        Some(line) => Ok(line),
        empty => Ok(empty.insert(Line::open(&place.target, &[place.address], vantage).await?)),
    }
}

/// How often something failed in a row.
#[derive(Default)]
struct Patience(u32);

impl Patience {
    /// Waits a little before the next try; gives the failure back when it is the last one.
    async fn after(&mut self, ended: Result<u64, Stop>) -> Option<Stop> {
        let stop = match ended {
            Ok(bytes) if bytes > 0 => {
                self.0 = 0;
                return None;
            }
            Ok(_) => Stop::new("the target answers with nothing to measure"),
            Err(stop) => stop,
        };
        self.0 += 1;
        if self.0 >= TRIES || stop.busy {
            return Some(stop);
        }
        tokio::time::sleep(BEAT * self.0).await;
        None
    }
}

struct Downloads {
    place: Place,
    vantage: Vantage,
    total: Arc<AtomicU64>,
}

impl Downloads {
    async fn until_it_fails(self) -> Stop {
        let (mut line, mut patience) = (None, Patience::default());
        loop {
            let ended = self.once(&mut line).await;
            if ended.is_err() {
                line = None;
            }
            if let Some(stop) = patience.after(ended).await {
                return stop;
            }
        }
    }

    async fn once(&self, line: &mut Option<Line>) -> Result<u64, Stop> {
        let at = free(line, &self.place, &self.vantage).await?;
        let request = self.place.request(Method::GET, Load::default())?;
        let answer = at.ask_soon(request).await?;
        // A file may be elsewhere each time; that connection is used once.
        match elsewhere(&self.place.target, &answer)? {
            None => {
                let peer = at.peer;
                judge(answer.status(), &self.place)?;
                self.read(answer.into_body(), peer).await
            }
            Some(next) => {
                let Found { place, line, answer } = get(&next, true, &self.vantage).await?;
                judge(answer.status(), &place)?;
                self.read(answer.into_body(), line.peer).await
            }
        }
    }

    async fn read(
        &self,
        mut body: hyper::body::Incoming,
        peer: std::net::SocketAddr,
    ) -> Result<u64, Stop> {
        let mut size = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| broken(&error, peer))?;
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            size += length;
            self.total.fetch_add(length, Ordering::Relaxed);
        }
        Ok(size)
    }
}

struct Uploads {
    place: Place,
    vantage: Vantage,
    total: Arc<AtomicU64>,
    post: Post,
}

impl Uploads {
    async fn until_it_fails(mut self) -> Stop {
        let (mut line, mut patience) = (None, Patience::default());
        loop {
            let ended = self.once(&mut line).await;
            if ended.is_err() {
                line = None;
            }
            if let Some(stop) = patience.after(ended).await {
                return stop;
            }
        }
    }

    async fn once(&mut self, line: &mut Option<Line>) -> Result<u64, Stop> {
        let size = self.post.size;
        let at = free(line, &self.place, &self.vantage).await?;
        let load = Load::counted(size, RANDOM.clone(), Arc::clone(&self.total), at);
        let mut answer = at.ask(self.place.request(Method::POST, load)?).await?;
        if answer.status() == StatusCode::PAYLOAD_TOO_LARGE && size / 4 >= SMALLEST_POST {
            self.post.size = size / 4;
            *line = None;
            return Ok(1);
        }
        judge(answer.status(), &self.place)?;
        drain(answer.body_mut(), at.peer).await?;
        Ok(size)
    }
}
