//! The loop: keys, events, answers and time become messages; effects go to the backend; frames
//! go to the terminal when it can take them.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use crate::backend::Backend;
use crate::clock::Clock;
use crate::config::console::RunIn;
use crate::model::{RequestId, Span, Steady};
use crate::protocol::{Actor, Event, Request};
use crate::tui::app::App;
use crate::tui::effect::{Effect, Leave, Reply};
use crate::tui::external::Run;
use crate::tui::input::Input;
use crate::tui::msg::Msg;
use crate::tui::options::Options;
use crate::tui::program::Programs;
use crate::tui::storm_watch::STEP;
use crate::tui::terminal::{FromTerminal, Terminal};
use crate::tui::update::update;
use crate::tui::{layout, view};

/// Shortest time between two frames: at most about 30 a second.
const FRAME: Span = Span::from_millis(33);
/// How long a lost stream waits before it is opened again.
const AGAIN: Span = Span::from_secs(1);
/// Most events that are taken in before keys get their turn.
const BURST: usize = 4096;
/// Most keys and most answers that wait for the loop.
const WORDS: usize = 1024;
/// Most events that wait for the loop.
const EVENTS: usize = 8192;

/// Opens the console and runs it until it is left; the terminal is given back in every case.
///
/// `stop` ends it from outside: its value says how (a hang-up, a signal to stop).
///
/// # Errors
/// When there is no terminal, or it cannot be set up.
pub async fn run(
    backend: Backend,
    actor: Actor,
    options: Options,
    stop: impl Future<Output = Leave>,
) -> io::Result<Leave> {
    let clock = options.clock.clone();
    let (say, mut said) = mpsc::channel(WORDS);
    let mut terminal = Terminal::open(&clock, &say)?;
    let app = App::new(actor.clone(), options, clock.now(), Terminal::size());
    let (news, mut told) = mpsc::channel(EVENTS);
    let mut tasks = JoinSet::new();
    tasks.spawn(follow(backend.clone(), actor.clone(), clock.clone(), news));
    let (answer, mut answers) = mpsc::channel(WORDS);
    let mut console = Console {
        app,
        backend,
        clock,
        answer,
        tasks,
        programs: Programs::default(),
        dirty: true,
        urgent: false,
        painted: None,
    };
    let mut resized = signal(SignalKind::window_change())?;
    let mut stop = pin!(stop);
    let leave = loop {
        if let Some(leave) = console.paint(&mut terminal)? {
            break leave;
        }
        let wake = console.wake(terminal.is_ready());
        let leave = tokio::select! {
            biased;
            leave = &mut stop => Some(leave),
            Some(word) = said.recv() => console.hear(word, &mut said, &mut terminal),
            _ = resized.recv() => {
                // Even at the size it had: smaller for a moment, the terminal has lost cells.
                terminal.forget();
                let (width, height) = Terminal::size();
                console.on(Msg::Resize { width, height }, &mut terminal)
            }
            Some(reply) = answers.recv() => console.on(reply, &mut terminal),
            Some(first) = told.recv() => {
                let mut leave = console.on(first, &mut terminal);
                for _ in 0..BURST {
                    match told.try_recv() {
                        Ok(msg) => leave = leave.or(console.on(msg, &mut terminal)),
                        Err(_) => break,
                    }
                }
                leave
            }
            () = console.clock.sleep_until(wake) => None,
        };
        // Log lines collect in a hot buffer that only a reader empties.
        tui_logger::move_events();
        let now = console.clock.now();
        let due = now.steady >= wake;
        let msg = if due { Msg::Tick(now) } else { Msg::Time(now) };
        let leave = leave.or(console.on(msg, &mut terminal));
        if let Some(leave) = leave {
            break leave;
        }
    };
    if leave == Leave::HangUp {
        tracing::info!("the terminal is gone; the screen is closed");
    }
    // Threads that wait to say something must not hold up the end.
    said.close();
    drop(terminal);
    Ok(leave)
}

struct Console {
    app: App,
    backend: Backend,
    clock: Clock,
    answer: Sender<Msg>,
    tasks: JoinSet<()>,
    programs: Programs,
    dirty: bool,
    /// A person did something: the next frame does not wait its turn.
    urgent: bool,
    painted: Option<Steady>,
}

impl Console {
    /// Runs one message and its effects.
    fn on(&mut self, msg: Msg, terminal: &mut Terminal) -> Option<Leave> {
        // Time alone changes what is shown only at the moments that the console asked for.
        self.dirty |= !matches!(msg, Msg::Time(_) | Msg::Painted(_));
        self.urgent |= matches!(msg, Msg::Key { .. } | Msg::Paste(_) | Msg::Resize { .. });
        let effects = update(&mut self.app, msg);
        let mut leave = None;
        for effect in effects {
            match effect {
                Effect::Leave(how) => leave = Some(how),
                Effect::Redraw => terminal.forget(),
                Effect::Look => self.look(),
                Effect::Run(run) => self.start(*run),
                effect => self.ask(effect),
            }
        }
        while self.tasks.try_join_next().is_some() {}
        leave
    }

    /// Reads keys and themes again, away from the loop: files may be slow.
    fn look(&mut self) {
        let Some(again) = self.app.options.again.clone() else { return };
        let answer = self.answer.clone();
        self.tasks.spawn(async move {
            let read = tokio::task::spawn_blocking(move || (again.0)()).await;
            let read = read.unwrap_or_else(|error| Err(error.to_string()));
            let _ = answer.send(Msg::Look(read.map(Box::new))).await;
        });
    }

    /// Runs a custom action.
    fn start(&mut self, run: Run) {
        let (answer, programs) = (self.answer.clone(), self.programs.clone());
        self.tasks.spawn(async move {
            let result = match run.how {
                RunIn::Background => programs.background(&run).await,
                RunIn::Terminal => Err("the terminal cannot be handed over here".to_owned()),
            };
            let _ = answer.send(Msg::Ran { name: run.name, result }).await;
        });
    }

    /// Sends a request to the backend; its answer comes back as a message.
    fn ask(&mut self, effect: Effect) {
        let (backend, actor) = (self.backend.clone(), self.app.actor.clone());
        let (answer, wall) = (self.answer.clone(), self.clock.now().wall);
        self.tasks.spawn(async move {
            let (id, result) = match effect {
                Effect::Execute { id, command } => {
                    let request = RequestId::from_parts(wall.millis(), rand::random());
                    let request = Request { id: request, actor, command };
                    (id, backend.execute(request).await.map(Reply::Outcome))
                }
                Effect::Query { id, query } => {
                    (id, backend.query(actor, query).await.map(Reply::Answer))
                }
                Effect::Look | Effect::Run(_) | Effect::Redraw | Effect::Leave(_) => return,
            };
            // The console may have been left meanwhile.
            let _ = answer.send(Msg::Reply { id, result }).await;
        });
    }

    /// Takes in what the terminal says. Keys that arrived before a dialog was painted carry that
    /// moment, so all that is there can be taken at once, up to a change of what they mean.
    fn hear(
        &mut self,
        first: FromTerminal,
        more: &mut Receiver<FromTerminal>,
        terminal: &mut Terminal,
    ) -> Option<Leave> {
        let mut next = Some(first);
        while let Some(word) = next {
            let leave = match word {
                FromTerminal::Written => {
                    terminal.written();
                    None
                }
                FromTerminal::Gone => Some(Leave::HangUp),
                FromTerminal::Input(Input::Key(key), at) => self.on(Msg::Key { key, at }, terminal),
                FromTerminal::Input(Input::Paste(text), _) => self.on(Msg::Paste(text), terminal),
            };
            if leave.is_some() {
                return leave;
            }
            next = more.try_recv().ok();
        }
        None
    }

    /// When the loop must go round again without anything happening.
    fn wake(&self, ready: bool) -> Steady {
        let next = self.app.next_wake();
        match self.painted {
            // Something is to be painted, but the last frame was a moment ago.
            Some(last) if self.dirty && ready => next.min(last + self.frame()),
            _ => next,
        }
    }

    /// How long a frame stands at least when nobody pressed a key: numbers in a storm tell nothing
    /// more when they run.
    const fn frame(&self) -> Span {
        if self.app.storm.storm().is_some() { STEP } else { FRAME }
    }

    fn paint(&mut self, terminal: &mut Terminal) -> io::Result<Option<Leave>> {
        let now = self.clock.now();
        let early = self
            .painted
            .is_some_and(|last| now.steady.since(last) < self.frame() && now.steady >= last);
        if !self.dirty || (early && !self.urgent) || !terminal.is_ready() {
            return Ok(None);
        }
        let leave = self.on(Msg::Tick(now), terminal);
        let mut frame = Buffer::empty(layout::screen(self.app.size));
        let cursor = view::view(&self.app, &mut frame);
        terminal.paint(frame, cursor)?;
        self.dirty = false;
        self.urgent = false;
        self.painted = Some(now.steady);
        self.on(Msg::Painted(now.steady), terminal);
        Ok(leave)
    }
}

/// Follows the engine's events, and opens the stream again when it ends.
async fn follow(backend: Backend, actor: Actor, clock: Clock, news: mpsc::Sender<Msg>) {
    loop {
        let why = match backend.watch(actor.clone()).await {
            Ok(mut stream) => {
                let mut resync = false;
                while let Some(event) = stream.next().await {
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
        clock.sleep(AGAIN).await;
    }
}

async fn send(news: &mpsc::Sender<Msg>, event: Arc<Event>) -> Result<(), ()> {
    // The loop keeps up with millions a minute; should it hang, waiting here is what a bounded
    // queue is for.
    tokio::time::timeout(Duration::from_mins(1), news.send(Msg::Event(event)))
        .await
        .map_err(|_| ())?
        .map_err(|_| ())
}
