//! The views: which panes belong together on a screen, and how they share it.
//!
//! In: a view and a size. Out: panes and rectangles. The rectangles of a view overlap by the one
//! line that neighbours share.
//! Never: draws, or knows what a pane shows.

use ratatui::layout::Rect;

use crate::tui::app::Pane;
use crate::tui::layout;

/// A screen that a key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Hosts, alerts, throughput and hops at once.
    Overview,
    /// The alerts on the whole screen.
    Alerts,
    /// The hosts as a table or a dense grid.
    Hosts,
    /// All checks of all hosts.
    Checks,
    /// All traces: verdicts, hops, round trips, changes of path.
    Paths,
    /// Speedtests: vantages and targets, and the one under the cursor.
    Speed,
    /// Tests that run again and again, and their last results.
    Schedules,
    /// When the scheduled speedtests of the coming day run.
    Calendar,
    /// What every vantage last saw of every target.
    Probes,
    /// How the resolvers of every vantage answer.
    Dns,
    /// How the figures of one vantage and target went.
    Trend,
    /// The reports of this session.
    Reports,
    /// The traces of one vantage and target, and two of them side by side.
    Traces,
    /// The windows: now, later, and the last ones.
    Maintenance,
    /// What is on its way to whom, what was given up, what was taken.
    Notifications,
    /// The workers on other machines: who is there, who is not.
    Agents,
    /// What the next team must know.
    Handover,
    /// The rules in force, and what they do.
    Rules,
    /// Every transition and everything that operators did.
    History,
    /// What the program itself says.
    Logs,
    /// What is in force, and where it comes from.
    Settings,
    /// Scraped series: the list, and the past of one.
    Series,
    /// Fluxbase instances: their targets, and graphs of one.
    Fluxbase,
    /// One host: checks, graph, output, events.
    Host,
    /// One alert: what, since when, who knows, what next.
    Alert,
    /// The interfaces of one host.
    Interfaces,
}

impl View {
    /// All views.
    pub const ALL: [Self; 26] = [
        Self::Overview,
        Self::Alerts,
        Self::Hosts,
        Self::Checks,
        Self::Paths,
        Self::Speed,
        Self::Schedules,
        Self::Calendar,
        Self::Probes,
        Self::Dns,
        Self::Trend,
        Self::Reports,
        Self::Traces,
        Self::Maintenance,
        Self::Notifications,
        Self::Agents,
        Self::Handover,
        Self::Rules,
        Self::History,
        Self::Logs,
        Self::Settings,
        Self::Series,
        Self::Fluxbase,
        Self::Host,
        Self::Alert,
        Self::Interfaces,
    ];

    /// Its name on screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Alerts => "Alerts",
            Self::Hosts => "Hosts",
            Self::Checks => "Checks",
            Self::Paths => "Paths",
            Self::Speed => "Speed",
            Self::Schedules => "Schedules",
            Self::Calendar => "Calendar",
            Self::Probes => "Probes",
            Self::Dns => "DNS",
            Self::Trend => "Trend",
            Self::Reports => "Reports",
            Self::Traces => "Traces",
            Self::Maintenance => "Maintenance",
            Self::Notifications => "Notifications",
            Self::Agents => "Agents",
            Self::Handover => "Handover",
            Self::Rules => "Rules",
            Self::History => "History",
            Self::Logs => "Logs",
            Self::Settings => "Settings",
            Self::Series => "Series",
            Self::Fluxbase => "Fluxbase",
            Self::Host => "Host",
            Self::Alert => "Alert",
            Self::Interfaces => "Interfaces",
        }
    }

    /// Its panes, in the order of Tab; the first has the keys when the view opens, except in the
    /// overview, where the alerts have them.
    #[must_use]
    pub const fn panes(self) -> &'static [Pane] {
        match self {
            Self::Overview => &Pane::OVERVIEW,
            Self::Alerts => &[Pane::Alerts],
            Self::Hosts => &[Pane::Hosts],
            Self::Checks => &[Pane::CheckList],
            Self::Paths => &[Pane::PathList, Pane::PathHops, Pane::PathGraph, Pane::PathChanges],
            Self::Speed => &[Pane::SpeedList, Pane::SpeedResult],
            Self::Schedules => &[Pane::ScheduleList, Pane::ScheduleResults],
            Self::Calendar => &[Pane::Calendar, Pane::CalendarRuns],
            Self::Probes => &[Pane::Probes, Pane::ProbeResult],
            Self::Dns => &[Pane::DnsList, Pane::DnsResult],
            Self::Trend => &[Pane::Trend],
            Self::Reports => &[Pane::Reports],
            Self::Traces => &[Pane::TraceList, Pane::TraceCompare],
            Self::Maintenance => &[Pane::Windows],
            Self::Notifications => &[Pane::Notifications],
            Self::Agents => &[Pane::Agents],
            Self::Handover => &[Pane::Handover],
            Self::Rules => &[Pane::RuleList, Pane::RuleChecks],
            Self::History => &[Pane::History],
            Self::Logs => &[Pane::Logs],
            Self::Settings => &[Pane::Settings],
            Self::Series => &[Pane::SeriesList, Pane::SeriesGraph],
            Self::Fluxbase => &[Pane::FluxbaseList, Pane::FluxbaseTargets, Pane::FluxbaseGraphs],
            Self::Host => &Pane::HOST,
            Self::Alert => &[Pane::AlertPage],
            Self::Interfaces => &[Pane::Interfaces, Pane::InterfaceGraph],
        }
    }

    /// True for views of one host, which belong together.
    #[must_use]
    pub const fn is_of_host(self) -> bool {
        matches!(self, Self::Host | Self::Interfaces)
    }

    /// The pane that has the keys when the view opens.
    #[must_use]
    pub fn first(self) -> Pane {
        match self {
            Self::Overview => Pane::Alerts,
            other => other.panes().first().copied().unwrap_or(Pane::Alerts),
        }
    }

    /// The rectangles of its panes in a wide screen's body, in the order of [`Self::panes`].
    #[must_use]
    pub fn rects(self, body: Rect) -> Vec<Rect> {
        match self {
            Self::Overview | Self::Host => {
                let (left, top) = layout::split(body, self == Self::Host);
                quad(body, left, top).to_vec()
            }
            Self::Paths => {
                let (left, rest) = side(body, share(body.width, 30).clamp(36, 64));
                let (upper, changes) = over(rest, share(body.height, 72));
                let (hops, graph) = over(upper, share(upper.height, 50));
                vec![left, hops, graph, changes]
            }
            Self::Fluxbase => {
                let (left, graphs) = side(body, share(body.width, 36).clamp(48, 60));
                // The targets are ten lines with their frame.
                let (list, targets) = over(left, left.height.saturating_sub(11).max(4));
                vec![list, targets, graphs]
            }
            Self::Interfaces => {
                let (table, graph) = over(body, share(body.height, 62));
                vec![table, graph]
            }
            Self::Series => {
                let (list, graph) = over(body, share(body.height, 60));
                vec![list, graph]
            }
            Self::Speed
            | Self::Schedules
            | Self::Calendar
            | Self::Probes
            | Self::Dns
            | Self::Traces => {
                let (list, result) = over(body, share(body.height, 46));
                vec![list, result]
            }
            Self::Rules => {
                let (list, checks) = over(body, share(body.height, 45));
                vec![list, checks]
            }
            _ => vec![body],
        }
    }
}

fn share(of: u16, percent: u32) -> u16 {
    u16::try_from(u32::from(of) * percent / 100).unwrap_or(of)
}

/// Two rectangles side by side that share a column; `left` is the width of the first.
fn side(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    let x = left.saturating_sub(1);
    (Rect { width: left, ..area }, Rect { x: area.x + x, width: area.width - x, ..area })
}

/// Two rectangles one above the other that share a row; `top` is the height of the first.
fn over(area: Rect, top: u16) -> (Rect, Rect) {
    let top = top.min(area.height);
    let y = top.saturating_sub(1);
    (Rect { height: top, ..area }, Rect { y: area.y + y, height: area.height - y, ..area })
}

/// Four rectangles that share their lines: top left, top right, bottom left, bottom right.
#[must_use]
pub fn quad(area: Rect, left: u16, top: u16) -> [Rect; 4] {
    let (west, east) = side(area, left);
    let ((a, c), (b, d)) = (over(west, top), over(east, top));
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panes_of_every_view_cover_the_body_at_every_wide_size() {
        for (width, height) in [(120, 32), (120, 40), (160, 48), (200, 60), (300, 100)] {
            let body = layout::body((width, height));
            for view in View::ALL {
                let rects = view.rects(body);
                assert_eq!(rects.len(), view.panes().len(), "{}", view.name());
                for y in body.top()..body.bottom() {
                    for x in body.left()..body.right() {
                        assert!(
                            rects.iter().any(|r| r.contains((x, y).into())),
                            "{} leaves {x},{y} at {width}x{height}",
                            view.name()
                        );
                    }
                }
            }
        }
    }
}
