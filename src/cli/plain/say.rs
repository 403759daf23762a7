//! From events to lines: the summary, and one line for each change. Pure but for what was told.

use std::collections::HashMap;

use crate::model::{
    Alert, AlertId, Hold, Maintenance, MaintenanceId, Phase, SafeText, ShownState, State, Timestamp,
};
use crate::protocol::{Event, World};
use crate::tui::zone::Zone;

/// What was said of an alert.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    what: String,
    state: State,
    by: Option<SafeText>,
    flaps: bool,
}

/// Where a window stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Planned,
    Active,
    Over,
}

/// A mirror of the engine, and what was told of it.
#[derive(Debug)]
pub struct Teller {
    world: World,
    zone: Zone,
    /// A word that marks everything as not the real world.
    badge: Option<&'static str>,
    begun: bool,
    /// The alerts told as firing; never more than the engine has.
    told: HashMap<AlertId, Told>,
    windows: HashMap<MaintenanceId, (Stage, Timestamp, Timestamp)>,
    notices: [Option<SafeText>; 3],
    hold: Option<Box<Hold>>,
    /// The alerts by the numbers of the last list.
    numbers: Vec<AlertId>,
}

impl Teller {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(zone: Zone, badge: Option<&'static str>) -> Self {
        Self {
            world: World::new(),
            zone,
            badge,
            begun: false,
            told: HashMap::new(),
            windows: HashMap::new(),
            notices: [None, None, None],
            hold: None,
            numbers: Vec::new(),
        }
    }

    /// What is known.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Takes in an event; gives what there is to say.
    pub fn take(&mut self, event: &Event, wall: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        // The first picture is told as a whole, and so is what follows a gap.
        if self.world.is_ready() {
            self.inventory(event, wall, &mut lines);
        }
        self.world.apply(event, wall);
        if !self.world.is_ready() {
            return lines;
        }
        match event {
            Event::Ready if !self.begun => {
                self.begun = true;
                self.sync(wall, &mut Vec::new());
                lines.extend(self.summary(wall));
                lines.extend(self.alerts(wall));
                lines.push("type help for the commands".to_owned());
            }
            Event::Ready => self.sync(wall, &mut lines),
            Event::Alert(alert) => self.alert(alert, wall, &mut lines),
            Event::AlertGone(id) => {
                self.told.remove(id);
            }
            Event::Maintenance(_) | Event::MaintenanceGone(_) => {
                self.windows_now(wall, &mut lines);
            }
            Event::Engine(_) => self.engine(wall, &mut lines),
            Event::Path(change) if change.before.is_some() => {
                lines.push(self.line(change.at, &format!("PATH CHANGED to {}", change.host)));
            }
            _ => {}
        }
        lines
    }

    /// What begins or ends by the clock alone.
    pub fn tick(&mut self, wall: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        self.world.tick(wall);
        if self.world.is_ready() {
            self.windows_now(wall, &mut lines);
        }
        lines
    }

    /// A line with its time in front.
    #[must_use]
    pub fn line(&self, at: Timestamp, words: &str) -> String {
        let badge = self.badge.map(|badge| format!("{badge} ")).unwrap_or_default();
        let time = self.zone.format(at, "%Y-%m-%d %H:%M:%S");
        format!("{badge}{time} {} {}", self.zone.name(at), SafeText::line(words))
    }

    /// How everything is, in a few lines.
    #[must_use]
    pub fn summary(&self, wall: Timestamp) -> Vec<String> {
        let engine = self.world.engine();
        let counts = self.world.counts();
        let mut states: Vec<String> = ShownState::ALL
            .into_iter()
            .map(|state| format!("{} {}", counts.of(state), state.word()))
            .collect();
        states.push(format!("{} waiting for a first result", counts.waiting));
        let hosts = self.world.host_count();
        let firing = self.world.open_alerts().filter(|a| a.phase == Phase::Firing).count();
        let mut lines = vec![
            self.line(wall, &format!("fluxnoc on {}, {}", engine.host, many(hosts, "host"))),
            format!("hosts: {}", states.join(", ")),
            format!("alerts: {firing} firing, {} unhandled", self.world.unhandled()),
        ];
        if let Some(off) = engine.was_off {
            lines.push(format!("the engine was off for {off} before it started"));
        }
        if let Some(hold) = &engine.hold {
            lines.push(self.held("paging held", hold));
        }
        let words = [&engine.isolated, &engine.storage, &engine.outward, &engine.notice];
        for notice in words.into_iter().flatten() {
            lines.push(format!("notice: {notice}"));
        }
        if let Some(trouble) = engine.heartbeat.as_ref().and_then(|beat| beat.trouble()) {
            lines.push(format!("notice: {trouble}"));
        }
        for window in self.world.windows().filter(|window| window.is_active(wall)) {
            lines.push(format!("in effect: {}", self.window(window)));
        }
        lines
    }

    /// The firing alerts, worst first, each with the number that commands understand.
    pub fn alerts(&mut self, wall: Timestamp) -> Vec<String> {
        let feed = self.world.feed();
        let firing: Vec<_> = feed.iter().filter(|alert| alert.phase == Phase::Firing).collect();
        self.numbers = firing.iter().map(|alert| alert.id).collect();
        if firing.is_empty() {
            return vec!["no alert is firing".to_owned()];
        }
        let line = |(n, alert): (usize, &&std::sync::Arc<Alert>)| {
            let since = self.zone.moment(alert.since, wall);
            let ack = alert.ack.as_ref();
            let who = ack.map(|ack| format!(", {} has it", ack.author)).unwrap_or_default();
            let window = if alert.in_maintenance { ", in maintenance" } else { "" };
            let words = format!("{} {}: {}", alert.state, alert.check, alert.output);
            let flaps = alert.flapping.map(|f| format!(", {}", f.words())).unwrap_or_default();
            let why = alert.cause.as_ref().map(|cause| format!(", {}", cause.words()));
            let affects = match self.world.affected(&alert.check) {
                0 => String::new(),
                count => format!(", {count} affected"),
            };
            let why = why.unwrap_or_default();
            format!("{}. {words} (since {since}{affects}{flaps}{why}{who}{window})", n + 1)
        };
        firing.iter().enumerate().map(line).collect()
    }

    /// A host with its checks.
    ///
    /// # Errors
    /// A sentence when there is no such host.
    pub fn show(&self, name: &str, wall: Timestamp) -> Result<Vec<String>, String> {
        let (host, check) = name.split_once('/').map_or((name, None), |(h, c)| (h, Some(c)));
        let entry = self.world.host(host).ok_or_else(|| format!("there is no host {host}"))?;
        let waits = entry.waiting && entry.window.is_none();
        let mut lines = vec![format!(
            "{} {} at {}",
            if waits { "waiting" } else { entry.shown().word() },
            entry.host.name,
            SafeText::line(&entry.host.address)
        )];
        let wanted = |name: &str| check.is_none_or(|check| check == name);
        let rows: Vec<_> = entry.checks.iter().filter(|row| wanted(&row.key.name)).collect();
        if rows.is_empty() {
            return Err(format!("there is no check {name}"));
        }
        for row in rows {
            let status = &row.status;
            let age = if status.is_waiting() {
                String::new()
            } else {
                format!(" (since {})", self.zone.moment(status.since, wall))
            };
            let shown = self.world.shown_check(row, wall).word();
            let state = if !row.enabled {
                "disabled"
            } else if status.is_waiting() {
                "waiting"
            } else {
                shown
            };
            lines.push(format!("  {state} {}: {}{age}", row.key.name, status.output));
        }
        Ok(lines)
    }

    /// The alert of a number of the last list.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Option<AlertId> {
        self.numbers.get(number.checked_sub(1)?).copied()
    }

    /// The check that an alert is about, as a target.
    #[must_use]
    pub fn check_of(&self, id: AlertId) -> Option<String> {
        self.world.alert(id).map(|alert| alert.check.to_string())
    }

    /// Says what changed of a firing alert, and remembers it.
    fn alert(&mut self, alert: &Alert, wall: Timestamp, lines: &mut Vec<String>) {
        let what = alert.check.to_string();
        let by = alert.ack.as_ref().map(|ack| ack.author.clone());
        let before = self.told.get(&alert.id);
        if alert.phase != Phase::Firing {
            if before.is_some() {
                let at = alert.resolved.unwrap_or(wall);
                lines.push(self.line(at, &format!("RECOVERED {what}: {}", alert.output)));
                self.told.remove(&alert.id);
            }
            return;
        }
        if before.is_none() && alert.cause.is_some() {
            // The alert that explains it was said; should this one be left, it will be.
            return;
        }
        let tag = if alert.in_maintenance { " (in maintenance)" } else { "" };
        let flapped = before.is_some_and(|told| told.flaps);
        if let Some(flapping) = alert.flapping.filter(|_| !flapped) {
            let words = format!("FLAPPING {what}: {} at times{tag}", alert.state);
            lines.push(self.line(flapping.since, &words));
        } else if flapped && alert.flapping.is_none() {
            let words = format!("FLAPPING ENDED {what}: {} {}{tag}", alert.state, alert.output);
            lines.push(self.line(wall, &words));
        } else if before.is_none_or(|told| told.state != alert.state) && !flapped {
            let words = format!("{} {what}: {}{tag}", alert.state, alert.output);
            lines.push(self.line(alert.since, &words));
        }
        let flaps = alert.flapping.is_some();
        let had = before.and_then(|told| told.by.clone());
        if had != by {
            let words = match &alert.ack {
                Some(ack) => {
                    format!("ACKNOWLEDGED {what} by {}: {}", ack.author, ack.comment)
                }
                None => format!("UNACKNOWLEDGED {what}"),
            };
            let at = alert.ack.as_ref().map_or(wall, |ack| ack.at);
            lines.push(self.line(at, &words));
        }
        self.told.insert(alert.id, Told { what, state: alert.state, by, flaps });
    }

    /// After a gap: everything that differs from what was told.
    fn sync(&mut self, wall: Timestamp, lines: &mut Vec<String>) {
        let gone: Vec<AlertId> =
            self.told.keys().filter(|id| self.world.alert(**id).is_none()).copied().collect();
        for id in gone {
            if let Some(told) = self.told.remove(&id) {
                lines.push(self.line(wall, &format!("RECOVERED {}", told.what)));
            }
        }
        for alert in self.world.feed() {
            self.alert(&alert, wall, lines);
        }
        self.windows_now(wall, lines);
        self.engine(wall, lines);
    }

    /// `paging held until 06:00 UTC by noc-2: REASON`
    fn held(&self, head: &str, hold: &Hold) -> String {
        let (until, zone) = (self.zone.moment(hold.until, hold.since), self.zone.name(hold.until));
        format!("{head} until {until} {zone} by {}: {}", hold.author, hold.reason)
    }

    fn engine(&mut self, wall: Timestamp, lines: &mut Vec<String>) {
        let engine = self.world.engine();
        if engine.hold != self.hold {
            let words = engine
                .hold
                .as_ref()
                .map_or("PAGING GOES ON".to_owned(), |hold| self.held("PAGING HELD", hold));
            lines.push(self.line(wall, &words));
            self.hold.clone_from(&engine.hold);
        }
        let heartbeat = engine.heartbeat.as_ref().and_then(|beat| beat.trouble());
        let now = [engine.storage.clone(), engine.notice.clone(), heartbeat];
        for (now, before) in now.iter().zip(&self.notices) {
            match now {
                Some(words) if now != before => {
                    lines.push(self.line(wall, &format!("NOTICE {words}")));
                }
                _ => {}
            }
        }
        self.notices = now;
    }

    fn window(&self, window: &Maintenance) -> String {
        let (start, end) = (self.zone.moment(window.start, window.start), window.end);
        let end = self.zone.moment(end, window.start);
        let zone = self.zone.name(window.start);
        let (name, scope, by) = (&window.name, window.scope(), &window.author);
        let repeats = window.recurrence.as_ref().map(|recurrence| &recurrence.repeats);
        let repeats = repeats.map(|repeats| format!(", {repeats}")).unwrap_or_default();
        format!("{name}: {scope}, {start} to {end} {zone}{repeats}, by {by}")
    }

    fn windows_now(&mut self, wall: Timestamp, lines: &mut Vec<String>) {
        let mut now = HashMap::new();
        for window in self.world.windows() {
            let stage = match () {
                () if wall < window.start => Stage::Planned,
                () if window.is_active(wall) => Stage::Active,
                () => Stage::Over,
            };
            let entry = (stage, window.start, window.end);
            let before = self.windows.get(&window.id).copied();
            now.insert(window.id, entry);
            let word = match (before, stage) {
                (Some(before), _) if before == entry => continue,
                (None, Stage::Over) => continue,
                // One that repeats is at its next occurrence.
                (Some((Stage::Active, ..)), Stage::Planned) => "ENDS",
                (Some((before, ..)), _) if before == stage => "CHANGED",
                (_, Stage::Planned) => "PLANNED",
                (_, Stage::Active) => "BEGINS",
                (_, Stage::Over) => "ENDS",
            };
            lines.push(self.line(wall, &format!("MAINTENANCE {word} {}", self.window(window))));
        }
        let gone = self
            .windows
            .iter()
            .filter(|(id, (stage, ..))| !now.contains_key(*id) && *stage != Stage::Over);
        let gone = gone.count();
        if gone > 0 {
            let words = format!("MAINTENANCE REMOVED {}", many(gone, "window"));
            lines.push(self.line(wall, &words));
        }
        self.windows = now;
    }

    /// Hosts and checks that come and go with the configuration.
    fn inventory(&self, event: &Event, wall: Timestamp, lines: &mut Vec<String>) {
        let words = match event {
            Event::Host(host) if self.world.host(&host.name).is_none() => {
                format!("HOST ADDED {}", host.name)
            }
            Event::HostGone(name) => format!("HOST REMOVED {name}"),
            Event::CheckGone(key) => format!("CHECK REMOVED {key}"),
            _ => return,
        };
        lines.push(self.line(wall, &words));
    }
}

/// `1 host`, `2 hosts`.
fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
