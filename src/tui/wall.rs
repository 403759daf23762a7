//! The wall: a console that nobody sits at. It goes through its views by a timetable, brings a new
//! CRITICAL to the front, moves a cell now and then to spare the screen, and ignores accidents.
//!
//! In: alerts, time, the few keys that count. Out: what is shown, and when it changes next.
//! Everything is a function of the state and an explicit moment; nothing grows with uptime.
//! Never: draws.

use crate::model::{Alert, AlertId, Now, Phase, Span, State, Steady, Timestamp};
use crate::tui::action::Action;
use crate::tui::app::{App, Tone};
use crate::tui::layout;
use crate::tui::views::View;

/// How long a new CRITICAL stays in front.
const FRONT: Span = Span::from_secs(60);
/// How long the picture stays where it is.
const SHIFT: Span = Span::from_secs(180);
/// Within which time a second Esc counts.
const TWICE: Span = Span::from_secs(2);
/// What nobody has taken for so long stands in front of everything else.
pub const FORGOTTEN: Span = Span::from_secs(15 * 60);

/// What the wall can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// Clock, counts, problems and links in large letters.
    Board,
    /// One of the console's views.
    View(View),
}

impl Scene {
    /// By the word of `views` in the configuration.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        if word == "board" {
            return Some(Self::Board);
        }
        View::ALL.into_iter().find(|view| view.name().eq_ignore_ascii_case(word)).map(Self::View)
    }
}

/// The timetable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How long each scene stands.
    pub rotate: Span,
    /// The scenes in their order.
    pub scenes: Vec<Scene>,
}

impl Default for Plan {
    fn default() -> Self {
        let scenes = vec![Scene::Board, Scene::View(View::Overview)];
        Self { rotate: Span::from_secs(20), scenes }
    }
}

impl Plan {
    /// What stands after so much time.
    #[must_use]
    pub fn at(&self, elapsed: Span) -> Scene {
        let count = u64::try_from(self.scenes.len()).unwrap_or(1).max(1);
        let turn = elapsed.millis() / self.rotate.millis().max(1) % count;
        let scene = usize::try_from(turn).ok().and_then(|at| self.scenes.get(at));
        scene.copied().unwrap_or(Scene::Board)
    }
}

/// Where the picture stands on the screen: it goes round a square of two by two cells, so that no
/// line burns in.
#[must_use]
pub fn shift(wall: Timestamp) -> (u16, u16) {
    let step = i64::try_from(SHIFT.millis()).unwrap_or(i64::MAX);
    match wall.millis().div_euclid(step).rem_euclid(4) {
        0 => (0, 0),
        1 => (1, 0),
        2 => (1, 1),
        _ => (0, 1),
    }
}

/// The size of the picture on a screen: a cell less each way, unless the form of the screen would
/// be another for it.
#[must_use]
pub fn inner((width, height): (u16, u16)) -> (u16, u16) {
    let less = (width.saturating_sub(1), height.saturating_sub(1));
    let same = |size| layout::mode(size) == layout::mode((width, height));
    let narrow = if same((less.0, height)) { less.0 } else { width };
    let low = if same((width, less.1)) { less.1 } else { height };
    (narrow, low)
}

/// A CRITICAL in front of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Front {
    alert: AlertId,
    until: Steady,
}

/// The wall's state.
#[derive(Clone, Debug)]
pub struct Wall {
    /// Columns and rows of the terminal, whatever the picture takes of them.
    pub outer: (u16, u16),
    /// Since when it is on, less the time for which it was held.
    since: Option<Steady>,
    /// How far the timetable was when it was held.
    held: Option<Span>,
    front: Option<Front>,
    /// When Esc was last pressed.
    escaped: Option<Steady>,
    /// What is shown.
    scene: Option<Scene>,
}

impl Wall {
    /// Not there yet.
    #[must_use]
    pub const fn new(outer: (u16, u16)) -> Self {
        Self { outer, since: None, held: None, front: None, escaped: None, scene: None }
    }

    /// True while it is on.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// True while the board is what it shows.
    #[must_use]
    pub fn board(&self) -> bool {
        self.scene == Some(Scene::Board)
    }

    /// What it shows.
    #[must_use]
    pub const fn scene(&self) -> Option<Scene> {
        self.scene
    }

    /// True while the timetable stands still.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// The alert in front.
    #[must_use]
    pub fn front(&self) -> Option<AlertId> {
        self.front.map(|front| front.alert)
    }

    fn elapsed(&self, now: Steady) -> Span {
        let running = || self.since.map_or(Span::ZERO, |since| now.since(since));
        self.held.unwrap_or_else(running)
    }

    /// When something changes by itself: the clock has seconds.
    #[must_use]
    pub fn wake(&self, now: Now) -> Option<Steady> {
        self.since?;
        let into = u64::try_from(now.wall.millis().rem_euclid(1000)).unwrap_or(0);
        Some(now.steady + Span::from_millis(1000 - into))
    }
}

/// Begins.
pub fn open(app: &mut App) {
    app.overlay = None;
    app.pressed.clear();
    app.wall.since = Some(app.now.steady);
    (app.wall.held, app.wall.front, app.wall.escaped) = (None, None, None);
    resize(app, app.wall.outer);
    tick(app);
}

/// Ends: the console is as at its start.
fn close(app: &mut App) {
    app.wall = Wall::new(app.wall.outer);
    resize(app, app.wall.outer);
    // What was said there was about the wall and its keys.
    app.message.take_if(|message| message.tone != Tone::Bad);
    app.trail.clear();
    app.enter(View::Overview);
}

/// The terminal has this size.
pub fn resize(app: &mut App, size: (u16, u16)) {
    app.wall.outer = size;
    app.size = if app.wall.is_on() { inner(size) } else { size };
}

/// Runs an action on the wall: there are few.
pub fn act(app: &mut App, action: Action) {
    let now = app.now.steady;
    match action {
        Action::Quit => close(app),
        Action::Back if app.wall.escaped.is_some_and(|at| now.since(at) <= TWICE) => close(app),
        Action::Back => {
            app.wall.escaped = Some(now);
            app.say(Tone::Note, "Esc again leaves the wall");
        }
        Action::Pause => {
            let elapsed = app.wall.elapsed(now);
            if app.wall.held.take().is_some() {
                // The timetable goes on where it stopped.
                let done = i64::try_from(elapsed.millis()).unwrap_or(i64::MAX);
                let since = now.millis().saturating_sub(done);
                app.wall.since = Some(Steady::from_millis(since));
                app.say(Tone::Note, "the wall goes on");
            } else {
                app.wall.held = Some(elapsed);
                app.say(Tone::Note, "the wall stays here");
            }
        }
        Action::Mute => crate::tui::bell::mute(app),
        _ => {}
    }
}

/// An alert is about to enter the World: one that has just become CRITICAL comes to the front.
pub fn sees(app: &mut App, alert: &Alert) {
    let calls = |alert: &Alert| {
        alert.phase == Phase::Firing && alert.state == State::Critical && alert.is_unhandled()
    };
    if !app.wall.is_on() || !app.world.is_ready() || !calls(alert) {
        return;
    }
    if app.world.alert(alert.id).is_some_and(|old| calls(old)) {
        return;
    }
    app.wall.front = Some(Front { alert: alert.id, until: app.now.steady + FRONT });
    app.wall.scene = Some(Scene::Board);
}

/// Time went on.
pub fn tick(app: &mut App) {
    if !app.wall.is_on() {
        return;
    }
    let now = app.now.steady;
    let stays = |front: &Front| {
        let fires = |alert: &std::sync::Arc<Alert>| alert.phase == Phase::Firing;
        now < front.until && app.world.alert(front.alert).is_some_and(fires)
    };
    app.wall.front = app.wall.front.filter(stays);
    let scene = match app.wall.front {
        Some(_) => Scene::Board,
        None => app.options.wall.at(app.wall.elapsed(now)),
    };
    if app.wall.scene == Some(scene) {
        return;
    }
    app.wall.scene = Some(scene);
    if let Scene::View(view) = scene
        && app.view != view
    {
        app.trail.clear();
        app.enter(view);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timetable_goes_round() {
        let plan = Plan {
            rotate: Span::from_secs(20),
            scenes: ["board", "alerts", "hosts"].iter().filter_map(|w| Scene::named(w)).collect(),
        };
        let at = |secs| plan.at(Span::from_secs(secs));
        assert_eq!((at(0), at(19)), (Scene::Board, Scene::Board));
        assert_eq!((at(20), at(40)), (Scene::View(View::Alerts), Scene::View(View::Hosts)));
        assert_eq!((at(60), at(60 * 1_000_000)), (Scene::Board, Scene::Board));
        let empty = Plan { rotate: Span::ZERO, scenes: Vec::new() };
        assert_eq!(empty.at(Span::from_secs(5)), Scene::Board);
    }

    #[test]
    fn the_configuration_knows_the_same_views() {
        for word in crate::config::settings::WALL_VIEWS {
            assert!(Scene::named(word).is_some(), "{word}");
        }
    }

    #[test]
    fn the_picture_visits_four_places_and_comes_back() {
        let places: Vec<_> = (0..5).map(|n| shift(Timestamp::from_millis(n * 180_000))).collect();
        assert_eq!(places, [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]);
    }

    #[test]
    fn the_picture_keeps_the_form_of_the_screen() {
        assert_eq!(inner((200, 60)), (199, 59));
        assert_eq!(inner((120, 40)), (120, 39));
        assert_eq!(inner((60, 15)), (60, 15));
        assert_eq!(inner((10, 5)), (9, 4));
    }
}
