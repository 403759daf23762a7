//! The stream of events of a console: opened, read, and opened again when it ends.
//!
//! Never: gives up. What cannot be reached is asked for at growing distances.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

use super::msg::Msg;
use super::send::soon;
use crate::backend::{Backend, Watch};
use crate::clock::Clock;
use crate::model::{Span, Steady};
use crate::protocol::event::Mark;
use crate::protocol::{Actor, Event};

/// How long a lost stream waits before it is opened again: at first, and at most.
const FIRST: Span = Span::from_secs(1);
const LONGEST: Span = Span::from_secs(15);

/// How old a place may be to go on from; before the mirror is believed no more.
const FRESH: Span = Span::from_secs(45);

/// Follows an engine; the stream ends with it.
#[derive(Debug)]
pub struct Follower {
    backend: Backend,
    actor: Actor,
    clock: Clock,
    news: Sender<Msg>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Begins to follow; everything goes to `news`.
    pub fn new(backend: Backend, actor: Actor, clock: Clock, news: Sender<Msg>) -> Self {
        Self::begun(backend, actor, clock, news, None)
    }

    /// The same; a stream that is open already is read first.
    pub fn begun(
        backend: Backend,
        actor: Actor,
        clock: Clock,
        news: Sender<Msg>,
        open: Option<Watch>,
    ) -> Self {
        let stream = follow(backend.clone(), actor.clone(), clock.clone(), news.clone(), open);
        Self { backend, actor, clock, news, task: tokio::spawn(stream) }
    }

    /// Leaves the present stream and opens another one.
    pub fn again(&mut self) {
        self.task.abort();
        let (backend, actor) = (self.backend.clone(), self.actor.clone());
        let stream = follow(backend, actor, self.clock.clone(), self.news.clone(), None);
        self.task = tokio::spawn(stream);
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(
    backend: Backend,
    actor: Actor,
    clock: Clock,
    news: Sender<Msg>,
    mut open: Option<Watch>,
) {
    let mut wait = FIRST;
    let mut place: Option<(Mark, Steady)> = None;
    loop {
        let now = clock.now().steady;
        let after = place.filter(|(_, at)| now.since(*at) < FRESH).map(|(mark, _)| mark);
        let opened = match open.take() {
            Some(stream) => Ok(stream),
            None => backend.watch_from(actor.clone(), after).await,
        };
        let why = match opened {
            Ok(mut stream) => {
                let mut resync = false;
                while let Some(event) = stream.next().await {
                    wait = FIRST;
                    match &*event {
                        Event::Mark(mark) => {
                            place = Some((*mark, clock.now().steady));
                            continue;
                        }
                        Event::Resync => place = None,
                        // What was heard last is what counts, not what was said.
                        _ => {
                            place = place.map(|(mark, _)| (mark, clock.now().steady));
                        }
                    }
                    resync = matches!(*event, Event::Resync);
                    if send(&news, event).await.is_err() {
                        return;
                    }
                }
                // A resync is the engine's wish to begin again at once.
                if resync {
                    continue;
                }
                "the stream ended".to_owned()
            }
            Err(problem) => problem.to_string(),
        };
        if news.send(Msg::Link(Err(why))).await.is_err() {
            return;
        }
        clock.sleep_until(soon(clock.now().steady, wait)).await;
        wait = (wait + wait).min(LONGEST);
    }
}

async fn send(news: &Sender<Msg>, event: Arc<Event>) -> Result<(), ()> {
    // The loop keeps up with millions a minute; should it hang, waiting here is what a bounded
    // queue is for.
    tokio::time::timeout(Duration::from_mins(1), news.send(Msg::Event(event)))
        .await
        .map_err(|_| ())?
        .map_err(|_| ())
}
