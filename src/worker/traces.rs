//! Live traces: as long as somebody looks at a path, its frames are reported.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::jobs::Jobs;
use super::source::{Simulation, Source};
use crate::clock::Clock;
use crate::model::spec::Family;
use crate::model::trace::TraceReport;
use crate::model::{Name, SafeText};
use crate::probe::Shared;
use crate::probe::trace::Session;
use crate::protocol::TraceRequest;
use crate::protocol::event::LiveTrace;

/// Shortest time between two frames of a simulated path.
const FRAME: Duration = Duration::from_millis(250);

/// The traces that somebody looks at.
#[derive(Debug)]
pub struct Traces {
    source: Source,
    clock: Clock,
    frames: mpsc::Sender<LiveTrace>,
    running: HashMap<TraceRequest, AbortOnDropHandle<()>>,
}

impl Traces {
    /// None yet; frames go to `frames`.
    #[must_use]
    pub fn new(source: Source, clock: Clock, frames: mpsc::Sender<LiveTrace>) -> Self {
        Self { source, clock, frames, running: HashMap::new() }
    }

    /// Runs exactly these.
    pub fn set(&mut self, wanted: &[TraceRequest], jobs: &Jobs) {
        self.running.retain(|request, _| wanted.contains(request));
        for request in wanted {
            if !self.running.contains_key(request) {
                // Without any check the host's name is all we have; it may resolve.
                let address =
                    jobs.address_of(&request.host).unwrap_or_else(|| request.host.clone());
                let (clock, frames) = (self.clock.clone(), self.frames.clone());
                let request = request.clone();
                let task = match &self.source {
                    Source::Probes(shared) => {
                        let shared = Arc::clone(shared);
                        tokio::spawn(follow(shared, clock, frames, request.clone(), address))
                    }
                    Source::Simulated(simulation) => {
                        let simulation = Arc::clone(simulation);
                        tokio::spawn(simulate(simulation, clock, frames, request.clone()))
                    }
                };
                let task = AbortOnDropHandle::new(task);
                self.running.insert(request, task);
            }
        }
    }
}

async fn follow(
    shared: Arc<Shared>,
    clock: Clock,
    frames: mpsc::Sender<LiveTrace>,
    request: TraceRequest,
    target: Name,
) {
    let frame = |report: Arc<TraceReport>| LiveTrace {
        host: request.host.clone(),
        request: request.spec.clone(),
        at: clock.now().wall,
        report,
    };
    let fail = |why: String| {
        Arc::new(TraceReport {
            target: SafeText::line(&target),
            address: None,
            protocol: request.spec.protocol,
            rounds: 0,
            hops: Vec::new(),
            reached: false,
            verdict: SafeText::line(&why),
            note: SafeText::empty(),
        })
    };
    let session = match resolve(&target, request.spec.family).await {
        Ok(address) => Session::start(&target, address, &request.spec, &shared)
            .map_err(|failure| failure.message.to_string()),
        Err(why) => Err(why),
    };
    let session = match session {
        Ok(session) => session,
        Err(why) => {
            // Shown once; it is tried again when somebody looks anew.
            let _ = frames.send(frame(fail(why))).await;
            return std::future::pending().await;
        }
    };
    let mut reports = session.subscribe();
    loop {
        let report = Arc::clone(&reports.borrow_and_update());
        if frames.send(frame(report)).await.is_err() || reports.changed().await.is_err() {
            return;
        }
    }
}

/// Frames of a simulated path, a round each.
async fn simulate(
    simulation: Arc<dyn Simulation>,
    clock: Clock,
    frames: mpsc::Sender<LiveTrace>,
    request: TraceRequest,
) {
    // However fast the world's time runs, nobody watches more than a few frames a second.
    let mut beat = tokio::time::interval(FRAME.max(request.spec.round.to_std()));
    let mut rounds = 0;
    loop {
        beat.tick().await;
        rounds += 1;
        let at = clock.now().wall;
        let report = Arc::new(simulation.path(&request, at, rounds));
        let frame =
            LiveTrace { host: request.host.clone(), request: request.spec.clone(), at, report };
        if frames.send(frame).await.is_err() {
            return;
        }
    }
}

async fn resolve(target: &str, family: Family) -> Result<IpAddr, String> {
    let fits = |ip: &IpAddr| match family {
        Family::Auto => true,
        Family::V4 => ip.is_ipv4(),
        Family::V6 => ip.is_ipv6(),
    };
    if let Ok(ip) = target.parse::<IpAddr>() {
        return Ok(ip);
    }
    let found = tokio::net::lookup_host((target, 0)).await;
    let found = found.map_err(|error| format!("cannot resolve {target}: {error}"))?;
    let mut fitting = found.map(|socket| socket.ip()).filter(fits);
    fitting.next().ok_or_else(|| format!("{target} has no such address"))
}
