//! The plain console: linear text for screen readers and logs. A summary first, then one line for
//! each change; commands from stdin. No cursor movement, no colours, no frames.

mod ask;
mod say;
#[cfg(test)]
mod tests;

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc;

use self::ask::Line;
use self::say::Teller;
use super::args::Global;
use super::remote;
use super::render;
use super::verb::Usual;
use crate::backend::{Backend, Watch};
use crate::clock::Clock;
use crate::model::{Span, Timestamp};
use crate::protocol::{Actor, Event};
use crate::tui::Leave;

/// Longest line that is read.
const LINE_LIMIT: u64 = 4096;
/// Longest line that is written.
const SAID_LIMIT: usize = 4096;
/// Lines that may wait to be read.
const LINES: usize = 16;
/// Events told in one go.
const BATCH: usize = 512;
/// Time between two attempts to reach an engine that does not answer.
const AGAIN: Duration = Duration::from_secs(1);
/// How often the clock is looked at when no window begins or ends.
const IDLE: Span = Span::from_secs(3600);

/// What the caller decides about a plain console.
#[derive(Clone, Debug)]
pub struct Desk {
    /// True when the engine ends with this console.
    pub owner: bool,
    /// True when it may go on without one.
    pub may_keep: bool,
    /// A word that marks everything as not the real world.
    pub badge: Option<&'static str>,
    /// The zone of all times, and what is usual in it.
    pub usual: Usual,
    /// Where time comes from.
    pub clock: Clock,
}

/// True when the console is to be plain: asked for, or the output is no screen.
#[must_use]
pub fn wanted(global: &Global) -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    global.plain || dumb || !std::io::stdout().is_terminal()
}

/// Tells until `ended`, until `quit`, or until the end of an input that somebody types.
pub async fn run(
    backend: Backend,
    actor: Actor,
    desk: Desk,
    ended: impl Future<Output = Leave>,
) -> Leave {
    let talk = Talk {
        teller: Teller::new(desk.usual.zone.clone(), desk.badge),
        lines: typed(),
        desk,
        backend,
        actor,
        lost: false,
    };
    tokio::select! {
        leave = ended => leave,
        leave = talk.run() => leave,
    }
}

struct Talk {
    desk: Desk,
    backend: Backend,
    actor: Actor,
    teller: Teller,
    lines: mpsc::Receiver<Typed>,
    /// True while the engine does not answer and that was said.
    lost: bool,
}

/// What comes from stdin.
enum Typed {
    Line(String),
    /// A line beyond [`LINE_LIMIT`].
    TooLong,
    /// The end of what somebody typed.
    End,
}

/// Why the loop goes on.
enum Next {
    Told(Option<Arc<Event>>),
    Typed(Option<Typed>),
    Clock,
}

impl Talk {
    async fn run(mut self) -> Leave {
        let mut watch: Option<Watch> = None;
        let mut listening = true;
        loop {
            if watch.is_none() {
                watch = self.connect().await;
            }
            let next = {
                let told = async {
                    if let Some(watch) = &mut watch {
                        watch.next().await
                    } else {
                        tokio::time::sleep(AGAIN).await;
                        None
                    }
                };
                tokio::select! {
                    event = told => Next::Told(event),
                    line = self.lines.recv(), if listening => Next::Typed(line),
                    () = edge(&self.desk.clock, &self.teller) => Next::Clock,
                }
            };
            let said = match next {
                Next::Told(Some(event)) => self.tell(&event, watch.as_mut()),
                Next::Told(None) => {
                    watch = None;
                    Vec::new()
                }
                Next::Clock => self.teller.tick(self.wall()),
                Next::Typed(Some(Typed::Line(text))) => match self.obey(&text).await {
                    Ok(said) => said,
                    Err(leave) => return leave,
                },
                Next::Typed(Some(Typed::TooLong)) => {
                    vec![format!("a line of more than {LINE_LIMIT} bytes was not read")]
                }
                Next::Typed(Some(Typed::End)) => {
                    let words = if self.desk.owner { "monitoring ends" } else { "" };
                    write([words.to_owned()].as_slice()).await;
                    return if self.desk.owner { Leave::Stop } else { Leave::Detach };
                }
                Next::Typed(None) => {
                    listening = false;
                    Vec::new()
                }
            };
            if !write(&said).await {
                // Nobody reads any more.
                return if self.desk.owner { Leave::Stop } else { Leave::Detach };
            }
        }
    }

    fn wall(&self) -> Timestamp {
        self.desk.clock.now().wall
    }

    async fn connect(&mut self) -> Option<Watch> {
        let wall = self.wall();
        match self.backend.watch(self.actor.clone()).await {
            Ok(watch) => {
                if std::mem::take(&mut self.lost) {
                    write(&[self.teller.line(wall, "LIVE")]).await;
                }
                Some(watch)
            }
            Err(why) => {
                if !std::mem::replace(&mut self.lost, true) {
                    write(&[self.teller.line(wall, &format!("OFFLINE: {why}"))]).await;
                }
                None
            }
        }
    }

    /// This event and those that are there already.
    fn tell(&mut self, first: &Event, watch: Option<&mut Watch>) -> Vec<String> {
        let wall = self.wall();
        let mut said = self.teller.take(first, wall);
        if let Some(watch) = watch {
            for _ in 1..BATCH {
                let Some(event) = watch.try_next() else { break };
                said.extend(self.teller.take(&event, wall));
            }
        }
        said
    }

    /// Does what a line says, or leaves.
    async fn obey(&mut self, text: &str) -> Result<Vec<String>, Leave> {
        let wall = self.wall();
        match ask::line(text, &mut self.teller, wall, &self.desk.usual) {
            Ok(Line::Nothing) => Ok(Vec::new()),
            Ok(Line::Say(lines)) => Ok(lines),
            Ok(Line::Quit(how)) => self.quit(how),
            Ok(Line::Verb(verb)) => {
                match remote::ask(&self.backend, self.actor.clone(), &verb).await {
                    Ok(Ok(said)) => Ok(match render::said(&said, &verb.form) {
                        Ok(text) => text.lines().map(str::to_owned).collect(),
                        Err(why) => vec![format!("error: {why}")],
                    }),
                    Ok(Err(problem)) => Ok(vec![format!("error: {problem}")]),
                    Err(why) => Ok(vec![format!("error: {why}")]),
                }
            }
            Err(why) => Ok(why.trim_end().lines().map(str::to_owned).collect()),
        }
    }

    fn quit(&self, how: Option<Leave>) -> Result<Vec<String>, Leave> {
        match how {
            _ if !self.desk.owner => Err(Leave::Detach),
            Some(Leave::Keep) if !self.desk.may_keep => {
                Ok(vec!["it cannot go on without this console; write quit stop".to_owned()])
            }
            Some(how) => Err(how),
            None if self.desk.may_keep => Ok(vec![
                "monitoring runs in this process: write quit keep to let it go on without a \
                 screen, or quit stop"
                    .to_owned(),
            ]),
            None => Err(Leave::Stop),
        }
    }
}

/// Returns when a window begins or ends.
async fn edge(clock: &Clock, teller: &Teller) {
    let now = clock.now();
    let rest = teller.world().next_window_edge(now.wall).map_or(IDLE, |at| at.since(now.wall));
    clock.sleep(rest.min(IDLE)).await;
}

/// False when nobody reads.
async fn write(lines: &[String]) -> bool {
    let mut text = String::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        text.push_str(&crate::model::safe_text::sanitize(line, SAID_LIMIT));
        text.push('\n');
    }
    let mut out = tokio::io::stdout();
    out.write_all(text.as_bytes()).await.is_ok() && out.flush().await.is_ok()
}

/// Reads stdin on a thread of its own, which ends with the process. The end of an input that is no
/// terminal ends nothing: `fluxnoc --plain < /dev/null` is a log.
fn typed() -> mpsc::Receiver<Typed> {
    let (sender, receiver) = mpsc::channel(LINES);
    let interactive = std::io::stdin().is_terminal();
    if interactive && !in_front() {
        return receiver;
    }
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut whole = true;
        loop {
            let mut bytes = Vec::new();
            let read = input.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut bytes);
            let begun = std::mem::replace(&mut whole, bytes.last() == Some(&b'\n'));
            let typed = match read {
                Ok(0) | Err(_) => break,
                Ok(_) if !begun => continue,
                Ok(_) if !whole && bytes.len() as u64 >= LINE_LIMIT => Typed::TooLong,
                Ok(_) => Typed::Line(String::from_utf8_lossy(&bytes).trim().to_owned()),
            };
            if sender.blocking_send(typed).is_err() {
                return;
            }
        }
        if interactive {
            let _ = sender.blocking_send(Typed::End);
        }
    });
    receiver
}

/// False for a job in the background, which would be stopped when it read.
fn in_front() -> bool {
    let front = nix::unistd::tcgetpgrp(std::io::stdin());
    front.is_ok_and(|group| group == nix::unistd::getpgrp())
}
