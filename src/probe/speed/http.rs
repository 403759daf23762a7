//! The HTTP engine: which places a URL has, the latency before the load, then each way.
//!
//! A URL that ends with `/` or leads through `backend/` is the base of a speedtest endpoint, ours or
//! one of `LibreSpeed`: `garbage.php?ckSize=N` streams N MiB, `empty.php` swallows what is posted
//! and answers empty. Every other URL is a file: it is downloaded only.

use std::time::{Duration, Instant};

use hyper::Method;
use hyper::header::{CONTENT_LENGTH, SERVER};

use super::load::{self, Post};
use super::reach::{Line, Load, Place, drain, get, judge};
use super::stats::{jitter, loss, median, millis};
use super::{Record, Stop, Vantage};
use crate::model::SafeText;
use crate::model::speed::{Direction, SpeedSpec, SpeedTarget, Transport};
use crate::probe::http::target::Target;

/// Round trips before the load; one more goes first and warms the way.
const ROUNDS: usize = 12;
/// Between two of them.
const GAP: Duration = Duration::from_millis(30);
/// How long one may take before it is lost.
const ROUND_LIMIT: Duration = Duration::from_secs(2);
/// How long all of them may take.
const ROUNDS_LIMIT: Duration = Duration::from_secs(12);
/// MiB that one download asks for: the most that `LibreSpeed` gives.
const DOWNLOAD_MIB: u32 = 1024;
/// Bytes of one upload: what `LibreSpeed` sends, and what its servers are set up to take.
const UPLOAD: u64 = 20 << 20;
/// The same to an endpoint of ours.
const UPLOAD_OURS: u64 = 1 << 30;
/// A file below this measures round trips and not a link.
const SMALL: u64 = 1 << 20;

/// What of a URL is asked.
struct Places {
    /// What is downloaded.
    download: Place,
    /// Where uploads go, where that is offered.
    upload: Option<(Place, Post)>,
    /// What round trips ask, and how.
    echo: (Place, Method),
    note: Option<String>,
}

/// Measures against a URL.
pub(super) async fn run(
    spec: &SpeedSpec,
    target: &SpeedTarget,
    vantage: &Vantage,
    record: &mut Record<'_>,
) -> Result<(), Stop> {
    if spec.protocol == Transport::Udp {
        return Err(Stop::new("HTTP has no udp; write HOST[:PORT] of an iperf3 server"));
    }
    let target = Target::parse(&target.place).map_err(Stop::new)?;
    let base = base(&target)?;
    if base.is_none() && spec.direction == Direction::Upload {
        return Err(Stop::new(
            "a file takes no upload; write the base URL of a speedtest endpoint, with / at its end",
        ));
    }
    let places = match base {
        Some(base) => endpoint(&base, vantage).await?,
        None => file(&target, vantage).await?,
    };
    record.change(|result| {
        result.address = Some(SafeText::line(&places.download.address.to_string()));
        result.note = SafeText::line(places.note.as_deref().unwrap_or_default());
    });
    let mut echo = Echo::new(&places.echo, vantage);
    idle(&mut echo, record).await?;
    let length = Duration::from_secs(spec.duration_seconds.into());
    let streams = usize::try_from(spec.streams).unwrap_or(1).max(1);
    let job = load::Job { vantage, length, streams };
    if spec.direction.downloads() {
        let echo = Echo::new(&places.echo, vantage);
        load::download(&job, &places.download, echo, record).await?;
    }
    if let Some((place, post)) = places.upload.filter(|_| spec.direction.uploads()) {
        let echo = Echo::new(&places.echo, vantage);
        load::upload(&job, &place, post, echo, record).await?;
    }
    record.grade();
    Ok(())
}

/// The base of a speedtest endpoint, when the URL is one.
fn base(target: &Target) -> Result<Option<Target>, Stop> {
    let path = target.path.split('?').next().unwrap_or_default();
    let end = if path.ends_with('/') {
        path
    } else if let Some((before, _)) = path.split_once("/backend/") {
        path.get(..before.len() + "/backend/".len()).unwrap_or(path)
    } else {
        return Ok(None);
    };
    target.join(end).map(Some).map_err(Stop::new)
}

/// Looks at the endpoint below a base URL; where a redirect leads is its base from then on.
async fn endpoint(base: &Target, vantage: &Vantage) -> Result<Places, Stop> {
    let empty = base.join("empty.php").map_err(Stop::new)?;
    let found = get(&empty, false, vantage).await?;
    judge(found.answer.status(), &found.place)?;
    let ours = found.header(SERVER).is_some_and(|name| name.starts_with("fluxnoc"));
    let size = if ours { UPLOAD_OURS } else { UPLOAD };
    let (empty, path) = (found.place, format!("garbage.php?ckSize={DOWNLOAD_MIB}"));
    Ok(Places {
        download: empty.beside(&path)?,
        upload: Some((empty.clone(), Post { size })),
        echo: (empty, Method::GET),
        note: None,
    })
}

/// Looks at a file.
async fn file(target: &Target, vantage: &Vantage) -> Result<Places, Stop> {
    let found = get(target, false, vantage).await?;
    judge(found.answer.status(), &found.place)?;
    let size = found.header(CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
    let mut note = "upload is not offered by a plain URL".to_owned();
    match size {
        Some(0) => {
            let shown = found.place.target.shown();
            return Err(Stop::new(format!("{shown} is empty: there is nothing to measure")));
        }
        Some(size) if size < SMALL => {
            note = format!("{note}; the file has only {size} bytes, so this is no rate of a link");
        }
        _ => {}
    }
    // Where a redirect led is where the streams begin.
    let place = found.place;
    Ok(Places {
        download: place.clone(),
        upload: None,
        echo: (place, Method::HEAD),
        note: Some(note),
    })
}

/// Round trips on a connection of its own.
pub(super) struct Echo {
    place: Place,
    method: Method,
    vantage: Vantage,
    line: Option<Line>,
}

impl Echo {
    fn new((place, method): &(Place, Method), vantage: &Vantage) -> Self {
        let (place, method) = (place.clone(), method.clone());
        Self { place, method, vantage: vantage.clone(), line: None }
    }

    /// One round trip in milliseconds, without the time of a connection.
    pub(super) async fn round(&mut self) -> Result<f64, Stop> {
        let round = Box::pin(self.ask());
        let asked = tokio::time::timeout(ROUND_LIMIT, round).await;
        let asked = asked.unwrap_or_else(|_| Err(Stop::new("no answer to a small request")));
        if asked.is_err() {
            self.line = None;
        }
        asked
    }

    async fn ask(&mut self) -> Result<f64, Stop> {
        let free = match &mut self.line {
            Some(line) => line.is_free().await,
            None => false,
        };
        if !free {
            self.line = None;
        }
        let line = match &mut self.line {
            Some(line) => line,
            empty => {
                let at = [self.place.address];
                empty.insert(Line::open(&self.place.target, &at, &self.vantage).await?)
            }
        };
        let request = self.place.request(self.method.clone(), Load::default())?;
        let start = Instant::now();
        let mut answer = line.ask_soon(request).await?;
        let took = millis(start.elapsed());
        // Any answer is a round trip; a server that is full is none.
        if let Err(stop) = judge(answer.status(), &self.place)
            && stop.busy
        {
            return Err(stop);
        }
        drain(answer.body_mut(), line.peer).await?;
        Ok(took)
    }
}

/// The latency before the load.
async fn idle(echo: &mut Echo, record: &mut Record<'_>) -> Result<(), Stop> {
    let end = Instant::now() + ROUNDS_LIMIT;
    let (mut times, mut tries, mut last) = (Vec::new(), 0, None);
    // The first one opens the connection and warms caches on the way.
    let _ = echo.round().await;
    while tries < ROUNDS && Instant::now() < end {
        tokio::time::sleep(GAP).await;
        tries += 1;
        match echo.round().await {
            Ok(took) => times.push(took),
            Err(stop) => last = Some(stop),
        }
        record.change(|result| {
            result.latency_ms = median(&times);
            result.jitter_ms = jitter(&times);
            result.loss_pct = loss(tries, times.len());
        });
    }
    match last {
        Some(stop) if times.is_empty() => Err(stop),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_ends_with_a_slash_or_leads_through_backend() {
        for (url, found) in [
            ("http://x/", Some("http://x/")),
            ("http://x", Some("http://x/")),
            ("http://x/speed/?a=1", Some("http://x/speed/")),
            ("http://x/backend/garbage.php?ckSize=4", Some("http://x/backend/")),
            ("http://x/a/backend/empty.php", Some("http://x/a/backend/")),
            ("http://x/file.iso", None),
            ("http://x/backend", None),
        ] {
            let base = base(&Target::parse(url).unwrap()).unwrap();
            assert_eq!(base.map(|base| base.shown()).as_deref(), found, "{url}");
        }
    }
}
