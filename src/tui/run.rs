//! The loop: keys, events, answers and time become messages; effects go to the backend; frames
//! go to the terminal when it can take them.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use ratatui::buffer::Buffer;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use crate::backend::Backend;
use crate::clock::Clock;
use crate::config::console::RunIn;
use crate::model::{RequestId, Span, Steady};
use crate::protocol::{Actor, Request};
use crate::tui::app::{App, Overlay};
use crate::tui::effect::{Effect, Foreground, Leave, Reply};
use crate::tui::external::Run;
use crate::tui::follow::Follower;
use crate::tui::input::Input;
use crate::tui::msg::Msg;
use crate::tui::options::Options;
use crate::tui::place::{Arrival, Journey, There};
use crate::tui::program::Programs;
use crate::tui::report_file::{Making, make};
use crate::tui::send::Queue;
use crate::tui::storm_watch::STEP;
use crate::tui::terminal::modes::{self, Manners};
use crate::tui::terminal::{FromTerminal, Terminal};
use crate::tui::triage::remember;
use crate::tui::update::update;
use crate::tui::{edge, layout, view};

/// Shortest time between two frames: at most about 30 a second, and one where bytes are dear.
const FRAME: Span = Span::from_millis(33);
const FRAME_LOW: Span = Span::from_secs(1);
/// How often the debug line changes.
const LINE: Span = Span::from_secs(1);
/// Most events that are taken in before keys get their turn.
const BURST: usize = 4096;
/// Most keys and most answers that wait for the loop.
const WORDS: usize = 1024;
/// How long the engine has to remember that the console was left.
const FAREWELL: Duration = Duration::from_millis(300);
/// Most copies, bells and programs that wait for the loop.
const EDGES: usize = 8;
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
    let manners = Manners::of(&options);
    let (say, mut said) = mpsc::channel(WORDS);
    let mut terminal = Terminal::open(&clock, manners.clone(), &say)?;
    let mut app = App::new(actor.clone(), options, clock.now(), modes::size());
    app.outside.mouse = manners.mouse;
    let (news, mut told) = mpsc::channel(EVENTS);
    let follower = Follower::new(backend.clone(), actor, clock.clone(), news);
    let (answer, mut answers) = mpsc::channel(WORDS);
    let (arrive, mut arrived) = mpsc::channel(EDGES);
    let mut console = Console::new(app, backend, answer, follower, manners.low_bandwidth, arrive);
    let mut resized = signal(SignalKind::window_change())?;
    let mut stopped = signal(SignalKind::from_raw(nix::libc::SIGTSTP))?;
    let mut continued = signal(SignalKind::from_raw(nix::libc::SIGCONT))?;
    let mut stop = pin!(stop);
    let leave = loop {
        if let Some(leave) = console.paint(&mut terminal) {
            break leave;
        }
        if let Some(effect) = console.edges.pop_front() {
            if let Some(msg) = edge::run(effect, &mut terminal, &say, &mut said).await {
                console.on(msg, &mut terminal);
            }
            continue;
        }
        let wake = console.wake(&terminal);
        let alarm = terminal.wake(console.clock.now().steady).map_or(wake, |at| at.min(wake));
        let leave = tokio::select! {
            biased;
            leave = &mut stop => Some(leave),
            Some(word) = said.recv() => console.hear(word, &mut said, &mut terminal)?,
            _ = resized.recv() => {
                // Even at the size it had: smaller for a moment, the terminal has lost cells.
                terminal.forget();
                let (width, height) = modes::size();
                console.on(Msg::Resize { width, height }, &mut terminal)
            }
            _ = stopped.recv() => console.on(Msg::Stopped, &mut terminal),
            _ = continued.recv() => {
                terminal.continued()?;
                let (width, height) = modes::size();
                console.on(Msg::Resize { width, height }, &mut terminal)
            }
            Some(reply) = answers.recv() => console.on(reply, &mut terminal),
            Some(first) = told.recv() => console.news(first, &mut told, &mut terminal),
            Some(arrival) = arrived.recv() => {
                // From now on only the new engine is heard.
                if let Some(news) = console.arrive(arrival, &mut terminal) {
                    told = news;
                }
                None
            }
            () = console.clock.sleep_until(alarm) => None,
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
    console.farewell().await;
    if leave != Leave::HangUp {
        terminal.settle(&mut said).await;
    }
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
    follower: Follower,
    queue: Queue,
    /// The way to another engine that the console is on, and the number of the last one.
    journey: Option<Journey>,
    journeys: u64,
    arrive: Sender<Arrival>,
    programs: Programs,
    reports: Making,
    /// What is to be done to the terminal.
    edges: VecDeque<Effect>,
    dirty: bool,
    /// A person did something: the next frame does not wait its turn.
    urgent: bool,
    painted: Option<Steady>,
    /// Shortest time between two frames.
    frame: Span,
    /// The newest frame that the terminal is known to have.
    seen: u64,
    /// The first frame with the dialog that nobody has seen yet.
    unseen: Option<u64>,
    /// When the debug line changed last.
    line: Option<Steady>,
}

impl Console {
    fn new(
        app: App,
        backend: Backend,
        answer: Sender<Msg>,
        follower: Follower,
        low_bandwidth: bool,
        arrive: Sender<Arrival>,
    ) -> Self {
        let clock = app.options.clock.clone();
        Self {
            app,
            backend,
            clock,
            answer,
            tasks: JoinSet::new(),
            follower,
            queue: Queue::default(),
            journey: None,
            journeys: 0,
            arrive,
            programs: Programs::default(),
            reports: Making::default(),
            edges: VecDeque::new(),
            dirty: true,
            urgent: false,
            painted: None,
            frame: if low_bandwidth { FRAME_LOW } else { FRAME },
            seen: 0,
            unseen: None,
            line: None,
        }
    }

    /// Runs one message and its effects.
    fn on(&mut self, msg: Msg, terminal: &mut Terminal) -> Option<Leave> {
        // Time alone changes what is shown only at the moments that the console asked for.
        self.dirty |= !matches!(msg, Msg::Time(_) | Msg::Painted(_));
        self.urgent |= matches!(
            msg,
            Msg::Key { .. } | Msg::Paste(_) | Msg::Resize { .. } | Msg::Mouse(..) | Msg::Told(_)
        );
        let was_seen = self.app.overlay_seen.is_some();
        let effects = update(&mut self.app, msg);
        if self.app.overlay.is_none() || was_seen && self.app.overlay_seen.is_none() {
            self.unseen = None;
        }
        let mut leave = None;
        for effect in effects {
            match effect {
                Effect::Leave(how) => leave = Some(how),
                Effect::Redraw => terminal.forget(),
                Effect::Execute { .. } | Effect::Query { .. } => self.ask(effect),
                Effect::Look => self.read_look(),
                Effect::Rewatch => self.follower.again(),
                Effect::Run(run) => self.start(*run),
                Effect::Report(order) => {
                    let id = order.id;
                    let made = make(self.backend.clone(), self.app.acting(), *order);
                    self.reports.begin(&mut self.tasks, (id, made), &self.answer);
                }
                Effect::Play(play) => play.begin(&mut self.tasks, &self.answer),
                Effect::EndReport(id) => self.reports.end(id),
                Effect::TakeBack(ids) => self.queue.take_back(&ids),
                Effect::Go(name) => self.go(name),
                Effect::Stay => self.journey = None,
                // Asked for by keys, one at a time: a few are enough.
                edge if self.edges.len() < EDGES => self.edges.push_back(edge),
                _ => {}
            }
        }
        while self.tasks.try_join_next().is_some() {}
        leave
    }

    /// Reads keys and themes again, away from the loop: files may be slow.
    fn read_look(&mut self) {
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
        if run.how == RunIn::Terminal {
            let env = run.env.into_iter().collect();
            let program = Foreground { argv: run.argv, env, bare: true };
            self.edges.push_back(Effect::Suspend(program));
            return;
        }
        let (answer, programs) = (self.answer.clone(), self.programs.clone());
        self.tasks.spawn(async move {
            let result = programs.background(&run).await;
            let _ = answer.send(Msg::Ran { name: run.name, result }).await;
        });
    }

    /// Sets out for another engine; the present one is followed until then.
    fn go(&mut self, name: String) {
        let Some(places) = &self.app.options.places else { return };
        self.journeys += 1;
        let told = self.arrive.clone();
        self.journey = Some(Journey::begin(&places.enter, name, self.journeys, told));
    }

    /// Takes in what came of a way; gives where the new engine is heard.
    fn arrive(&mut self, arrival: Arrival, terminal: &mut Terminal) -> Option<Receiver<Msg>> {
        let waits = matches!(self.app.overlay, Some(Overlay::Going(_)));
        if self.journey.is_none() || arrival.number != self.journeys || !waits {
            return None;
        }
        self.journey = None;
        let There { place, first, rest } = match arrival.there {
            Ok(there) => there,
            Err(why) => {
                self.on(Msg::NotArrived(why), terminal);
                return None;
            }
        };
        let farewell = self.farewell();
        self.tasks.spawn(farewell);
        let (news, told) = mpsc::channel(EVENTS);
        self.backend = place.backend.clone();
        self.queue = Queue::default();
        let (actor, clock) = (place.seat.actor.clone(), self.clock.clone());
        self.follower = Follower::begun(place.backend, actor, clock, news, Some(rest));
        self.on(Msg::Arrived(Box::new(place.seat)), terminal);
        for event in first {
            self.on(Msg::Event(event), terminal);
        }
        Some(told)
    }

    /// Takes in events, up to as many as keys may wait for.
    fn news(
        &mut self,
        first: Msg,
        more: &mut Receiver<Msg>,
        terminal: &mut Terminal,
    ) -> Option<Leave> {
        let mut leave = self.on(first, terminal);
        for _ in 0..BURST {
            match more.try_recv() {
                Ok(msg) => leave = leave.or(self.on(msg, terminal)),
                Err(_) => break,
            }
        }
        leave
    }

    /// Sends a request to the backend; its answer comes back as a message.
    fn ask(&mut self, effect: Effect) {
        let (backend, actor) = (self.backend.clone(), self.app.acting());
        let (answer, wall) = (self.answer.clone(), self.clock.now().wall);
        let request = RequestId::from_parts(wall.millis(), rand::random());
        let (queue, clock) = (self.queue.clone(), self.clock.clone());
        if let Effect::Execute { id, command } = &effect {
            self.app.requested(*id, request, command);
        }
        self.tasks.spawn(async move {
            let (id, result) = match effect {
                Effect::Execute { id, command } => {
                    let request = Request { id: request, actor, command };
                    match queue.execute(id, &backend, request, &clock, &answer).await {
                        Some(outcome) => (id, outcome.map(Reply::Outcome)),
                        None => {
                            let _ = answer.send(Msg::TakenBack { id }).await;
                            return;
                        }
                    }
                }
                Effect::Query { id, query } => {
                    (id, backend.query(actor, query).await.map(Reply::Answer))
                }
                _ => return,
            };
            // The console may have been left meanwhile.
            let _ = answer.send(Msg::Reply { id, result }).await;
        });
    }

    /// Has the engine remember when its operator left; it is not waited for long.
    fn farewell(&self) -> impl Future<Output = ()> + Send + use<> {
        let wall = self.clock.now().wall;
        let id = RequestId::from_parts(wall.millis(), rand::random());
        let (actor, backend) = (self.app.actor.clone(), self.backend.clone());
        let request = Request { id, actor, command: remember::leaving(wall) };
        async move {
            let told = tokio::time::timeout(FAREWELL, backend.execute(request)).await;
            if !matches!(told, Ok(Ok(_))) {
                tracing::debug!("when the console was left is not remembered");
            }
        }
    }

    /// Takes in what the terminal says. Keys that arrived before a dialog was painted carry that
    /// moment, so all that is there can be taken at once, up to a change of what they mean.
    fn hear(
        &mut self,
        first: FromTerminal,
        more: &mut Receiver<FromTerminal>,
        terminal: &mut Terminal,
    ) -> io::Result<Option<Leave>> {
        let mut next = Some(first);
        while let Some(word) = next {
            let leave = match word {
                FromTerminal::Written => {
                    terminal.written();
                    self.look(terminal, self.clock.now().steady)
                }
                FromTerminal::Returned(code) => {
                    terminal.come_back()?;
                    let (width, height) = modes::size();
                    self.on(Msg::Resize { width, height }, terminal);
                    self.on(Msg::Returned(Ok(code)), terminal)
                }
                FromTerminal::Gone => Some(Leave::HangUp),
                FromTerminal::Input(input, at) => self.input(input, at, terminal),
            };
            if leave.is_some() {
                return Ok(leave);
            }
            next = more.try_recv().ok();
        }
        Ok(None)
    }

    fn input(&mut self, input: Input, at: Steady, terminal: &mut Terminal) -> Option<Leave> {
        match input {
            Input::Key(key) => self.on(Msg::Key { key, at }, terminal),
            Input::Doubtful(key) if edge::is_harmless(&self.app, key) => {
                self.on(Msg::Key { key, at }, terminal)
            }
            Input::Doubtful(_) => None,
            Input::Paste(text) => self.on(Msg::Paste(text), terminal),
            Input::Mouse(mouse) => {
                let below = terminal.below_cursor(mouse.x, mouse.y);
                self.on(Msg::Mouse(mouse, below), terminal)
            }
            Input::Answered => {
                terminal.answered(at);
                self.look(terminal, at)
            }
            Input::Mode { number, known } => {
                terminal.mode(number, known);
                None
            }
        }
    }

    /// When the terminal has more of our frames than we knew, says so: a dialog counts as seen
    /// with the first frame that has it.
    fn look(&mut self, terminal: &mut Terminal, at: Steady) -> Option<Leave> {
        let seen = terminal.seen();
        if seen <= self.seen {
            return None;
        }
        self.seen = seen;
        let waits = self.app.overlay.is_some() && self.app.overlay_seen.is_none();
        if waits && self.unseen.is_none_or(|frame| seen < frame) {
            return None;
        }
        self.on(Msg::Painted(at), terminal)
    }

    /// When the loop must go round again without anything happening.
    fn wake(&self, terminal: &Terminal) -> Steady {
        let mut next = self.app.next_wake();
        if self.app.outside.line.is_some() {
            next = next.min(self.line.map_or(next, |last| last + LINE));
        }
        match self.painted {
            // Something is to be painted, but the last frame was a moment ago.
            Some(last) if self.dirty && terminal.is_ready(self.clock.now().steady) => {
                next.min(last + self.step())
            }
            _ => next,
        }
    }

    /// How long a frame stands at least when nobody pressed a key: numbers in a storm tell nothing
    /// more when they run.
    fn step(&self) -> Span {
        if self.app.storm.storm().is_some() { self.frame.max(STEP) } else { self.frame }
    }

    /// Makes the next frame when it is time and the terminal can take it; sends what may leave.
    fn paint(&mut self, terminal: &mut Terminal) -> Option<Leave> {
        let now = self.clock.now();
        let early = self
            .painted
            .is_some_and(|last| now.steady.since(last) < self.step() && now.steady >= last);
        let mut leave = None;
        if self.dirty && (!early || self.urgent) && terminal.is_ready(now.steady) {
            self.measure(terminal, now.steady);
            leave = self.on(Msg::Tick(now), terminal);
            let mut frame = Buffer::empty(layout::screen(self.app.wall.outer));
            let caret = view::view(&self.app, &mut frame);
            let unseen = self.app.overlay.is_some() && self.app.overlay_seen.is_none();
            terminal.show(frame, caret, self.urgent || unseen);
            if unseen {
                self.unseen = self.unseen.or(Some(terminal.frame()));
            }
            self.dirty = false;
            self.urgent = false;
            self.painted = Some(now.steady);
        }
        terminal.pump();
        leave.or(self.look(terminal, now.steady))
    }

    /// Brings the debug line up to date, while it is shown.
    fn measure(&mut self, terminal: &mut Terminal, now: Steady) {
        let due = self.line.is_none_or(|last| now.since(last) >= LINE);
        if self.app.outside.line.is_some() && due {
            self.line = Some(now);
            self.on(Msg::Line(terminal.figures(now)), terminal);
        }
    }
}
