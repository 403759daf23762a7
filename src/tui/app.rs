//! The console's whole state. It changes in `update` only; `view` reads it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Alert, AlertId, CheckKey, Name, Now, Span, Steady, Timestamp};
use crate::protocol::filter::Filter;
use crate::protocol::{Actor, Interest, LiveTrace, Role, World};
use crate::tui::action::{Action, Need};
use crate::tui::bell::Ringer;
use crate::tui::book::Book;
use crate::tui::detail::Detail;
use crate::tui::external::Run;
use crate::tui::keymap::{Chord, Context, Keymap};
use crate::tui::layout::{self, Mode};
use crate::tui::line::{Line, Pending};
pub use crate::tui::link::Link;
use crate::tui::lists::Lists;
use crate::tui::look::{self, Start};
use crate::tui::options::Options;
use crate::tui::outside::Outside;
use crate::tui::overlays::card::Card;
use crate::tui::overlays::themes::Chooser;
pub use crate::tui::pane::Pane;
use crate::tui::panes;
pub use crate::tui::range::RANGES;
use crate::tui::settle::Pace;
use crate::tui::storm_watch::StormWatch;
use crate::tui::theme::{Theme, Themes};
use crate::tui::triage::queue::Waiting;
use crate::tui::triage::{self, OpenForm};
use crate::tui::views::View;
use crate::tui::wall::{self, Wall};

/// A list that chooses the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// The feed: the host of the alert under its cursor.
    Alerts,
    /// The hosts, or a wish for one host; the feed's cursor follows.
    Hosts,
}

/// What lies over the panes.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// An input line.
    Line(Box<Line>),
    /// The keys; the number is the first line shown.
    Help(usize),
    /// How to leave.
    Question,
    /// On the way to another engine: its name.
    Going(String),
    /// The themes.
    Themes(Box<Chooser>),
    /// Whether to run a custom action.
    Run(Box<Run>),
    /// A form.
    Form(Box<OpenForm>),
    /// A card of text.
    Card(Box<Card>),
    /// The saved views.
    Views,
}

/// How a message sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something to know.
    Note,
    /// Something was done.
    Good,
    /// Something failed.
    Bad,
}

/// A sentence on the bottom line.
#[derive(Clone, Debug)]
pub struct Message {
    /// The sentence.
    pub text: String,
    /// How it sounds.
    pub tone: Tone,
    /// When it goes; errors stay until a key is pressed.
    pub until: Option<Steady>,
}

/// How long a message stays.
const MESSAGE_TIME: Span = Span::from_secs(8);

/// The console; see the module's head.
pub struct App {
    /// What the caller decided.
    pub options: Options,
    /// Who sits here.
    pub actor: Actor,
    /// The mirror.
    pub world: World,
    /// The present moment, as of the last tick.
    pub now: Now,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Commands that wait for a line to the engine, the newest last.
    pub waiting: Vec<Waiting>,
    /// Commands that are not answered yet.
    pub under_way: HashSet<u64>,
    /// Whether the mirror is fresh.
    pub link: Link,
    /// The number of the event stream, for looks.
    pub stream: Option<u64>,
    /// How many hosts its first picture has.
    pub expected: usize,
    /// The screen.
    pub view: View,
    /// The views before it, for the way back.
    pub trail: Vec<View>,
    /// The pane that has the keys.
    pub focus: Pane,
    /// True when that pane has the whole screen.
    pub zoom: bool,
    /// The list whose cursor chooses the host: the one that last had the keys.
    pub lead: Lead,
    /// The selected host.
    pub host: Option<Name>,
    /// True once somebody has moved a cursor; until then the worst is selected.
    pub chosen: bool,
    /// Sorted lists of the World, with their cursors.
    pub lists: Lists,
    /// True when the hosts view shows all hosts side by side.
    pub dense: bool,
    /// True while the feed's cursor goes to every new alert.
    pub newest: bool,
    /// What the operator here has snoozed, and until when.
    pub snoozed: HashMap<CheckKey, Timestamp>,
    /// The filter as typed, and parsed.
    pub filter: (String, Filter),
    /// The host view, while it is open.
    pub detail: Option<Detail>,
    /// The numbers behind the overview's graph.
    pub graph: Option<Book>,
    /// The interface in it.
    pub interface: Option<Name>,
    /// The range of all graphs; without one it grows to the shortest with what was seen.
    pub range: Option<usize>,
    /// The last frame of the live trace.
    pub trace: Option<Arc<LiveTrace>>,
    /// The frame that is shown next.
    pub trace_next: Option<Arc<LiveTrace>>,
    /// When it is.
    pub trace_at: Steady,
    /// First hop on screen.
    pub hop: usize,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// When the overlay was first painted; keys typed before do not answer it.
    pub overlay_seen: Option<Steady>,
    /// The sentence on the bottom line.
    pub message: Option<Message>,
    /// What waits for an answer.
    pub pending: HashMap<u64, Pending>,
    /// Alerts whose acknowledgement is on its way.
    pub acking: HashSet<AlertId>,
    /// Keys of a sequence that is not complete.
    pub pressed: Vec<Chord>,
    /// The terminal's side: mouse, line, other programs.
    pub outside: Outside,
    /// The keys.
    pub keymap: Keymap,
    /// The themes.
    pub themes: Themes,
    /// The theme in use.
    pub theme: Theme,
    /// What the engine was last told that we look at.
    pub looked: Option<Interest>,
    /// When what we look at is told.
    pub look_at: Option<Steady>,
    /// The states of the panes that have one of their own.
    pub own: panes::Own,
    /// When the lists follow the World.
    pub pace: Pace,
    /// A storm of alerts, while there is one.
    pub storm: StormWatch,
    /// The wall.
    pub wall: Wall,
    /// What new problems do to the ear.
    pub ringer: Ringer,
    /// The actions on targets: what can be undone, what was done last.
    pub triage: triage::State,
    /// True once a picture was whole.
    pub(crate) whole: bool,
    pub(crate) window_edge: Option<Timestamp>,
    pub(crate) next_id: u64,
}

impl App {
    /// A console that knows nothing yet.
    #[must_use]
    pub fn new(actor: Actor, options: Options, now: Now, size: (u16, u16)) -> Self {
        let start = look::start(&options);
        let on_wall = options.on_wall;
        let mut app = Self::looking(start, actor, options, now, size);
        if on_wall {
            wall::open(&mut app);
        }
        app
    }

    /// The same, in looks that are known.
    pub(crate) fn looking(
        start: Start,
        actor: Actor,
        options: Options,
        now: Now,
        size: (u16, u16),
    ) -> Self {
        let Start { keymap, themes, theme, note } = start;
        let mut app = Self {
            actor,
            options,
            world: World::new(),
            now,
            size,
            link: Link::Connecting,
            waiting: Vec::new(),
            under_way: HashSet::new(),
            stream: None,
            expected: 0,
            view: View::Overview,
            trail: Vec::new(),
            focus: Pane::Alerts,
            zoom: false,
            lead: Lead::Alerts,
            host: None,
            chosen: false,
            lists: Lists::default(),
            newest: false,
            dense: false,
            snoozed: HashMap::new(),
            filter: (String::new(), Filter::default()),
            detail: None,
            graph: None,
            interface: None,
            range: None,
            trace: None,
            trace_next: None,
            trace_at: Steady::default(),
            hop: 0,
            overlay: None,
            overlay_seen: None,
            message: None,
            pending: HashMap::new(),
            acking: HashSet::new(),
            pressed: Vec::new(),
            outside: Outside::default(),
            keymap,
            themes,
            theme,
            looked: None,
            look_at: None,
            own: panes::Own::default(),
            pace: Pace::new(now.steady),
            storm: StormWatch::default(),
            wall: Wall::new(size),
            ringer: Ringer::default(),
            triage: triage::State::default(),
            whole: false,
            window_edge: None,
            next_id: 0,
        };
        if let Some(note) = note {
            app.say(Tone::Bad, note);
        }
        app
    }

    /// The wall clock.
    #[must_use]
    pub const fn wall(&self) -> Timestamp {
        self.now.wall
    }

    /// How the screen is divided at its size.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        layout::mode(self.size)
    }

    /// True while a view of one host is open.
    #[must_use]
    pub const fn in_detail(&self) -> bool {
        self.view.is_of_host()
    }

    /// The panes of the present view.
    #[must_use]
    pub const fn panes(&self) -> &'static [Pane] {
        self.view.panes()
    }

    /// Opens a view; the way back leads to the one before it.
    pub(crate) fn show(&mut self, view: View) {
        if view == self.view {
            return;
        }
        self.trail.retain(|before| *before != view);
        // A host view is opened for its host; only its own views lead back into it.
        if !self.in_detail() || view.is_of_host() {
            self.trail.push(self.view);
        }
        if !view.is_of_host() {
            self.trail.retain(|before| !before.is_of_host());
        }
        if view == View::Overview {
            self.trail.clear();
        }
        self.enter(view);
    }

    /// Goes back to the view before; false at the root.
    pub(crate) fn leave(&mut self) -> bool {
        if self.view == View::Overview {
            return false;
        }
        let before = self.trail.pop().unwrap_or(View::Overview);
        self.enter(before);
        true
    }

    pub(crate) fn enter(&mut self, view: View) {
        self.view = view;
        self.focus = view.first();
        self.zoom = false;
        if !view.is_of_host() {
            self.detail = None;
        }
        panes::forget(self);
        self.take_in();
    }

    /// True when the pane can be seen.
    #[must_use]
    pub fn shows(&self, pane: Pane) -> bool {
        if self.wall.board() {
            return pane == Pane::Throughput;
        }
        let alone = self.zoom || self.mode() != Mode::Wide;
        if alone { self.focus == pane } else { self.panes().contains(&pane) }
    }

    /// True when the hosts are side by side rather than in rows.
    #[must_use]
    pub fn is_grid(&self) -> bool {
        match self.view {
            View::Overview => !self.zoom && self.mode() == Mode::Wide,
            View::Hosts => self.dense,
            _ => false,
        }
    }

    /// The contexts of keys, the most specific first.
    #[must_use]
    pub fn contexts(&self) -> Vec<Context> {
        match &self.overlay {
            None if self.wall.is_on() => return vec![Context::Wall],
            Some(Overlay::Line(_) | Overlay::Run(_)) => return vec![Context::Line],
            Some(Overlay::Question | Overlay::Going(_)) => return vec![Context::Question],
            Some(Overlay::Themes(_)) => {
                return vec![Context::Objects, Context::List, Context::Global];
            }
            Some(Overlay::Form(_)) => return vec![Context::Form],
            Some(Overlay::Card(_)) => return vec![Context::Card, Context::List],
            Some(Overlay::Help(_) | Overlay::Views) => {
                return vec![Context::List, Context::Global];
            }
            None => {}
        }
        let mut contexts = match self.focus {
            Pane::Hosts if self.is_grid() => vec![Context::Grid, Context::Objects, Context::List],
            Pane::Hosts
            | Pane::Alerts
            | Pane::Checks
            | Pane::CheckList
            | Pane::AlertPage
            | Pane::History
            | Pane::Handover
            | Pane::PathList
            | Pane::RuleList
            | Pane::RuleChecks
            | Pane::SeriesList
            | Pane::FluxbaseList
            | Pane::Interfaces
            | Pane::Windows => vec![Context::Objects, Context::List],
            Pane::Agents => vec![Context::Agents, Context::Objects, Context::List],
            Pane::Notifications => vec![Context::Notifications, Context::List],
            Pane::SpeedList | Pane::SpeedResult => vec![Context::Speed, Context::List],
            Pane::ScheduleList | Pane::ScheduleResults => vec![Context::Schedules, Context::List],
            Pane::Calendar | Pane::Probes | Pane::Trend => {
                vec![Context::Tests, Context::Grid, Context::List]
            }
            Pane::CalendarRuns
            | Pane::ProbeResult
            | Pane::DnsList
            | Pane::DnsResult
            | Pane::Reports
            | Pane::TraceList
            | Pane::TraceCompare => vec![Context::Tests, Context::List],
            Pane::Logs => vec![Context::Grid, Context::List],
            Pane::Throughput | Pane::Graph | Pane::InterfaceGraph | Pane::SeriesGraph => {
                vec![Context::Grid]
            }
            Pane::PathGraph => vec![],
            _ => vec![Context::List],
        };
        contexts.extend([Context::Graph, Context::Global]);
        contexts
    }

    /// Why the person here may not do this; `None` when they may.
    #[must_use]
    pub fn refusal(&self, action: Action) -> Option<String> {
        let needed = match action.need() {
            Need::Look => return None,
            Need::Operate => Role::Operator,
            Need::Administer => Role::Admin,
        };
        if self.is_locked() {
            return Some(format!("{}: this console is read-only", action.name()));
        }
        let role = self.actor.role();
        (role < needed)
            .then(|| format!("{} needs the role {needed:?}, you are {role:?}", action.name()))
    }

    /// The alert under the cursor.
    #[must_use]
    pub fn selected_alert(&self) -> Option<&Arc<Alert>> {
        let row = self.lists.alerts.row().and_then(crate::tui::lists::Row::item);
        row.map(|row| &row.alert)
    }

    /// Its id.
    #[must_use]
    pub fn alert(&self) -> Option<AlertId> {
        self.selected_alert().map(|alert| alert.id)
    }

    /// The unhandled problems that the operator here has not snoozed.
    #[must_use]
    pub const fn unhandled(&self) -> usize {
        self.lists.counts.unhandled
    }

    /// True while the feed's cursor goes to every new alert.
    #[must_use]
    pub const fn follows_newest(&self) -> bool {
        self.newest
    }

    /// Shows a sentence on the bottom line.
    pub fn say(&mut self, tone: Tone, text: impl Into<String>) {
        let until = (tone != Tone::Bad).then(|| self.now.steady + MESSAGE_TIME);
        self.message = Some(Message { text: text.into(), tone, until });
    }

    /// A number for the next request, remembered with what it is for.
    pub(crate) fn ask(&mut self, pending: Pending) -> u64 {
        self.next_id += 1;
        self.pending.insert(self.next_id, pending);
        self.next_id
    }

    /// Opens something over the panes; it takes keys after it was painted.
    pub(crate) fn open(&mut self, overlay: Overlay) {
        self.overlay = Some(overlay);
        self.overlay_seen = None;
        self.pressed.clear();
    }
}
