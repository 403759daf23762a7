//! The console's whole state. It changes in `update` only; `view` reads it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Alert, AlertId, Name, Now, Span, Steady, Timestamp};
use crate::protocol::filter::Filter;
use crate::protocol::{Actor, Interest, LiveTrace, Role, World};
use crate::tui::action::{Action, Need};
use crate::tui::book::Book;
use crate::tui::detail::Detail;
use crate::tui::keymap::{Chord, Context, Keymap};
use crate::tui::layout::{self, Mode};
use crate::tui::line::{Line, Pending};
use crate::tui::lists::Lists;
use crate::tui::options::Options;
use crate::tui::outside::Outside;
use crate::tui::panes;
use crate::tui::theme::{Theme, Themes};
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, chart};

/// A part of the screen that can have the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pane {
    /// Hosts by site, or as a list.
    Hosts,
    /// The alert feed.
    Alerts,
    /// Throughput, or round trips.
    Throughput,
    /// The path to the selected host.
    Hops,
    /// Host view: its checks.
    Checks,
    /// Host view: the graph.
    Graph,
    /// Host view: output and numbers of the check.
    Output,
    /// Host view: events.
    Events,
    /// All checks of all hosts.
    CheckList,
    /// Paths: all traces with their verdicts.
    PathList,
    /// Paths: the hop table.
    PathHops,
    /// Paths: round trips of the hops over time.
    PathGraph,
    /// Paths: changes, before and after.
    PathChanges,
    /// Maintenance windows.
    Windows,
    /// Transitions and operator actions.
    History,
    /// What the program itself says.
    Logs,
    /// What is in force.
    Settings,
    /// One alert, whole.
    AlertPage,
}

impl Pane {
    /// The panes of the overview.
    pub const OVERVIEW: [Self; 4] = [Self::Hosts, Self::Alerts, Self::Throughput, Self::Hops];
    /// The panes of the host view.
    pub const HOST: [Self; 4] = [Self::Checks, Self::Graph, Self::Output, Self::Events];

    /// Its name on a tab.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hosts => "Hosts",
            Self::Alerts => "Alerts",
            Self::Throughput => "Throughput",
            Self::Hops => "Hops",
            Self::Checks => "Checks",
            Self::Graph => "Graph",
            Self::Output => "Output",
            Self::Events => "Events",
            Self::CheckList => "Checks",
            Self::PathList => "Paths",
            Self::PathHops => "Hops",
            Self::PathGraph => "Round trips",
            Self::PathChanges => "Changes",
            Self::Windows => "Maintenance",
            Self::History => "History",
            Self::Logs => "Logs",
            Self::Settings => "Settings",
            Self::AlertPage => "Alert",
        }
    }
}

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

/// The stream of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Not yet there.
    Connecting,
    /// Up.
    Live,
    /// Lost at that moment, and why.
    Lost(Steady, String),
}

/// The ranges of graphs.
pub const RANGES: [(&str, Span); 5] = [
    ("15 min", Span::from_secs(900)),
    ("1 h", Span::from_secs(3600)),
    ("6 h", Span::from_secs(6 * 3600)),
    ("24 h", Span::from_secs(24 * 3600)),
    ("7 d", Span::from_secs(7 * 86_400)),
];

/// How long a message stays.
const MESSAGE_TIME: Span = Span::from_secs(8);
/// How long sorted lists of a thousand hosts stand: those of ten thousand follow the World four
/// times a second, shorter ones at once.
const STAND: u64 = 25;

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
    /// Whether the mirror is fresh.
    pub link: Link,
    /// The number of the event stream, for looks.
    pub stream: Option<u64>,
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
    /// The selected alert.
    pub alert: Option<AlertId>,
    /// Its place in the feed, for when it vanishes.
    pub alert_index: usize,
    /// True once somebody has moved a cursor; until then the worst is selected.
    pub chosen: bool,
    /// Sorted lists of the World.
    pub lists: Lists,
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
    /// Scroll offsets of the hosts and alerts.
    pub scrolls: [Scroll; 2],
    pub(crate) stale: bool,
    /// Before this moment what the World says does not reorder the lists again.
    settle_at: Steady,
    pub(crate) window_edge: Option<Timestamp>,
    pub(crate) next_id: u64,
}

impl App {
    /// A console that knows nothing yet.
    #[must_use]
    pub fn new(actor: Actor, options: Options, now: Now, size: (u16, u16)) -> Self {
        let (themes, problems) = Themes::load(options.theme_directory.as_deref());
        let wanted = if options.no_color { "mono" } else { &options.theme };
        let chosen = themes.get(wanted).cloned();
        let mut notes = problems;
        if chosen.is_none() {
            notes.push(format!("there is no theme `{wanted}`"));
        }
        let theme = chosen.or_else(|| themes.get("default").cloned()).unwrap_or_else(Theme::mono);
        let mut app = Self {
            actor,
            options,
            world: World::new(),
            now,
            size,
            link: Link::Connecting,
            stream: None,
            view: View::Overview,
            trail: Vec::new(),
            focus: Pane::Alerts,
            zoom: false,
            lead: Lead::Alerts,
            host: None,
            alert: None,
            alert_index: 0,
            chosen: false,
            lists: Lists::default(),
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
            keymap: Keymap::standard(),
            themes,
            theme,
            looked: None,
            look_at: None,
            own: panes::Own::default(),
            scrolls: [Scroll::default(), Scroll::default()],
            stale: true,
            settle_at: now.steady,
            window_edge: None,
            next_id: 0,
        };
        if let Some(note) = notes.first() {
            app.say(Tone::Bad, note.clone());
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

    /// True while the host view is open.
    #[must_use]
    pub fn in_detail(&self) -> bool {
        self.view == View::Host
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
        // A host view is opened for its host; there is no way back into it.
        if self.view != View::Host {
            self.trail.push(self.view);
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

    fn enter(&mut self, view: View) {
        self.view = view;
        self.focus = view.first();
        self.zoom = false;
        if view != View::Host {
            self.detail = None;
        }
        panes::forget(self);
        self.renew();
    }

    /// True when the pane can be seen.
    #[must_use]
    pub fn shows(&self, pane: Pane) -> bool {
        let alone = self.zoom || self.mode() != Mode::Wide;
        if alone { self.focus == pane } else { self.panes().contains(&pane) }
    }

    /// True when the hosts are side by side rather than in rows.
    #[must_use]
    pub fn is_grid(&self) -> bool {
        self.view == View::Overview && !self.zoom && self.mode() == Mode::Wide
    }

    /// The contexts of keys, the most specific first.
    #[must_use]
    pub fn contexts(&self) -> Vec<Context> {
        match &self.overlay {
            Some(Overlay::Line(_)) => return vec![Context::Line],
            Some(Overlay::Question) => return vec![Context::Question],
            Some(Overlay::Help(_)) => return vec![Context::List, Context::Global],
            None => {}
        }
        let mut contexts = match self.focus {
            Pane::Hosts if self.is_grid() => vec![Context::Grid, Context::Objects, Context::List],
            Pane::Hosts
            | Pane::Alerts
            | Pane::Checks
            | Pane::CheckList
            | Pane::AlertPage
            | Pane::Windows => vec![Context::Objects, Context::List],
            Pane::Logs => vec![Context::Grid, Context::List],
            Pane::Throughput | Pane::Graph | Pane::PathGraph => vec![],
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
        if self.options.read_only {
            return Some(format!("{}: this console is read-only", action.name()));
        }
        let role = match &self.actor {
            Actor::Local { role, .. } => *role,
            Actor::Worker => Role::Viewer,
            Actor::Engine => Role::Admin,
        };
        (role < needed)
            .then(|| format!("{} needs the role {needed:?}, you are {role:?}", action.name()))
    }

    /// The alert under the cursor.
    #[must_use]
    pub fn selected_alert(&self) -> Option<&Arc<Alert>> {
        self.lists.alerts.get(self.alert_index)
    }

    /// The range of graphs.
    #[must_use]
    pub fn span(&self) -> (&'static str, Span) {
        RANGES.get(self.range.unwrap_or(0)).copied().unwrap_or(("15 min", Span::from_secs(900)))
    }

    /// What a graph of the book shows: the range in words, from when, to when.
    #[must_use]
    pub fn window(&self, book: &Book) -> (&'static str, Timestamp, Timestamp) {
        let (from, to) = chart::window(book.range, self.wall());
        let grown = || chart::growing(book.first(from)?, self.wall());
        let growing = if self.range.is_none() { grown() } else { None };
        growing.unwrap_or((self.span().0, from, to))
    }

    /// A longer or a shorter range; a graph that still grows has its whole range between both.
    pub(crate) fn turn_range(&mut self, longer: bool) {
        let detail = self.detail.as_ref();
        let book = if self.in_detail() {
            detail.and_then(|d| d.book.as_ref())
        } else {
            self.graph.as_ref()
        };
        let whole = self.span().0;
        let growing = book.is_some_and(|book| self.window(book).0 != whole);
        self.range = match (self.range, longer) {
            (None, true) => Some(usize::from(!growing)),
            (Some(at), true) => Some((at + 1).min(RANGES.len() - 1)),
            (None | Some(0), false) => None,
            (Some(at), false) => Some(at - 1),
        };
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

    /// Has the lists follow at once: a person changed what they show, or the picture is whole.
    pub(crate) fn renew(&mut self) {
        self.stale = true;
        self.settle_at = self.now.steady;
    }

    /// Brings the lists up to the World and the cursors back onto their objects; not more often
    /// than their length allows, because ten thousand hosts take longer than a key may wait.
    pub fn settle(&mut self) {
        if !self.stale || self.now.steady < self.settle_at {
            return;
        }
        self.stale = false;
        let hosts = u64::try_from(self.world.host_count()).unwrap_or(u64::MAX);
        self.settle_at = self.now.steady + Span::from_millis(hosts / 1000 * STAND);
        self.lists = Lists::build(&self.world, &self.filter.1);
        if !self.world.is_ready() {
            // A cursor on half a picture would stay on what happened to come first.
            return;
        }
        if !self.chosen {
            (self.alert, self.alert_index, self.host) = (None, 0, None);
        }
        let before = self.alert;
        let kept = self.alert.and_then(|id| self.lists.alert_at(id));
        let last = self.lists.alerts.len().saturating_sub(1);
        self.alert_index = kept.unwrap_or(self.alert_index).min(last);
        self.alert = self.selected_alert().map(|alert| alert.id);
        // A filter or an end put the feed's cursor on another alert: its host is the selected one.
        if self.alert != before && self.focus == Pane::Alerts && !self.in_detail() {
            self.host = self.selected_alert().map(|a| a.check.host.clone()).or(self.host.take());
        }
        let wall = self.wall();
        if let Some(detail) = &mut self.detail {
            detail.refresh(&self.world, wall);
        }
        let known = self.host.as_ref().is_some_and(|name| self.world.host(name).is_some());
        if !known {
            let own = || self.world.host(self.world.engine().host.as_str());
            self.host = self
                .selected_alert()
                .map(|alert| alert.check.host.clone())
                .or_else(|| own().map(|entry| entry.host.name.clone()))
                .or_else(|| self.lists.hosts.first().map(|row| row.name.clone()));
        }
    }

    /// The next moment at which something on screen may change by itself.
    #[must_use]
    pub fn next_wake(&self) -> Steady {
        // Durations and the clock move in steps that ten-second marks of the wall clock contain.
        let into = u64::try_from(self.now.wall.millis().rem_euclid(10_000)).unwrap_or(0);
        let mut at = self.now.steady + Span::from_millis(10_000 - into);
        // Log lines come without a message of their own.
        if matches!(self.link, Link::Lost(..)) || self.view == View::Logs {
            at = at.min(self.now.steady + Span::from_secs(1));
        }
        let message = self.message.as_ref().and_then(|message| message.until);
        let trace = self.trace_next.is_some().then_some(self.trace_at);
        let lists = self.stale.then_some(self.settle_at);
        for other in [message, self.look_at, trace, lists].into_iter().flatten() {
            at = at.min(other);
        }
        if let Some(edge) = self.window_edge {
            at = at.min(self.now.steady + edge.since(self.now.wall));
        }
        at
    }
}
