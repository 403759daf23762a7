//! The parts of the screen that can have the keys.

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
    /// Speedtests: vantages and targets.
    SpeedList,
    /// The speedtest of the row under the cursor.
    SpeedResult,
    /// Schedules of tests.
    ScheduleList,
    /// The last results of the schedule under the cursor.
    ScheduleResults,
    /// The hours of the coming day, and what runs in them.
    Calendar,
    /// The runs of the hour under the cursor.
    CalendarRuns,
    /// Vantages, and what each last saw of every target.
    Probes,
    /// The trace or probe under the cursor.
    ProbeResult,
    /// Vantages and names, and how their resolvers answered.
    DnsList,
    /// The lookup under the cursor: its resolvers.
    DnsResult,
    /// How the figures of a vantage and target went.
    Trend,
    /// The reports of this session.
    Reports,
    /// The traces of a vantage and target.
    TraceList,
    /// Two of them side by side.
    TraceCompare,
    /// Maintenance windows.
    Windows,
    /// Who was told of what.
    Notifications,
    /// The workers on other machines.
    Agents,
    /// What the next team must know.
    Handover,
    /// The rules in force.
    RuleList,
    /// What the rule under the cursor does.
    RuleChecks,
    /// Transitions and operator actions.
    History,
    /// What the program itself says.
    Logs,
    /// What is in force.
    Settings,
    /// Scraped series.
    SeriesList,
    /// The past of a scraped series.
    SeriesGraph,
    /// Fluxbase instances.
    FluxbaseList,
    /// What is wanted of the one under the cursor.
    FluxbaseTargets,
    /// How it went.
    FluxbaseGraphs,
    /// One alert, whole.
    AlertPage,
    /// The interfaces of a device.
    Interfaces,
    /// What one of them carries.
    InterfaceGraph,
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
            Self::Throughput | Self::InterfaceGraph => "Throughput",
            Self::Hops | Self::PathHops => "Hops",
            Self::Checks | Self::CheckList => "Checks",
            Self::Graph | Self::SeriesGraph => "Graph",
            Self::SeriesList => "Series",
            Self::FluxbaseList => "Fluxbase",
            Self::FluxbaseTargets => "Targets",
            Self::FluxbaseGraphs => "Graphs",
            Self::Output => "Output",
            Self::Events => "Events",
            Self::PathList => "Paths",
            Self::PathGraph => "Round trips",
            Self::PathChanges => "Changes",
            Self::SpeedList => "Speed",
            Self::ScheduleList => "Schedules",
            Self::ScheduleResults => "Results",
            Self::Calendar => "Calendar",
            Self::CalendarRuns => "Runs",
            Self::Probes => "Probes",
            Self::SpeedResult | Self::ProbeResult | Self::DnsResult => "Result",
            Self::DnsList => "DNS",
            Self::Trend => "Trend",
            Self::Reports => "Reports",
            Self::TraceList => "Traces",
            Self::TraceCompare => "Compared",
            Self::Windows => "Maintenance",
            Self::Notifications => "Notifications",
            Self::Agents => "Agents",
            Self::Handover => "Handover",
            Self::RuleList => "Rules",
            Self::RuleChecks => "Its checks",
            Self::History => "History",
            Self::Logs => "Logs",
            Self::Settings => "Settings",
            Self::AlertPage => "Alert",
            Self::Interfaces => "Interfaces",
        }
    }
}
