//! Queries: what only looks. Every query has one answer or one problem.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::contacts::Contacts;
use super::event::{CheckRow, EngineStatus};
use super::fluxbase::FluxbasePage;
use super::log::{LogCursor, LogFilter, LogPage};
use super::notifications::NotificationPage;
use super::pages::{AlertPage, TraceSummary};
pub use super::points::{Band, Lost, Point, Series, StateSpan};
use super::rules::{DraftAnswer, RulePage};
use super::series::{SeriesPage, SeriesPast};
use super::speed::{Nodes, ReportWish, ScheduleRow, TestFilter, TrendWish};
use crate::model::{
    Acknowledgement, Agent, Alert, AlertId, Cause, Check, CheckKey, Comment, Edge, Flapping,
    Handover, Host, Maintenance, Name, Observation, PathChange, Pattern, Phase, Review, SafeText,
    Setting, ShownState, State, Test, TestId, Timestamp, Token, Trend, User, spec::Kind,
    trace::TraceReport,
};

/// Most rows of one answer.
pub const PAGE_LIMIT: usize = 1000;

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "query", rename_all = "snake_case")]
pub enum Query {
    /// Hosts with their checks, by name.
    Hosts {
        /// Only these.
        pattern: Option<Pattern>,
    },
    /// Agents, by name.
    Agents,
    /// Alerts, worst first.
    Alerts {
        /// Resolved ones too.
        all: bool,
    },
    /// Windows, the soonest first.
    Maintenance {
        /// Ended ones too.
        all: bool,
    },
    /// Everything about one check.
    Check {
        /// Which.
        key: CheckKey,
    },
    /// A check's stored numbers and states.
    History {
        /// Which check.
        key: CheckKey,
        /// From this moment.
        from: Timestamp,
        /// To this moment.
        to: Timestamp,
        /// At most so many points per series; more are merged (mean, min, max).
        points: u32,
    },
    /// Recorded changes, newest first.
    Edges {
        /// Only of this host.
        host: Option<Name>,
        /// Only of this alert.
        alert: Option<AlertId>,
        /// At most so many, 1 to [`PAGE_LIMIT`].
        limit: u32,
    },
    /// Everything about one alert, open or over.
    Alert {
        /// Which.
        id: AlertId,
    },
    /// Comments, newest first.
    Comments {
        /// Beside this host and its checks.
        host: Name,
        /// Only beside this check, and beside the whole host.
        check: Option<Name>,
        /// At most so many, 1 to [`PAGE_LIMIT`].
        limit: u32,
    },
    /// Every transition and every operator's action, newest first. Soft changes are in a check's
    /// history only.
    Log {
        /// Which entries.
        filter: LogFilter,
        /// Only what came before the end of an earlier page.
        before: Option<LogCursor>,
        /// At most so many, 1 to [`PAGE_LIMIT`].
        limit: u32,
    },
    /// All `trace` checks with their last report, by name.
    Paths {
        /// Only of this host.
        host: Option<Name>,
        /// At most so many, 1 to [`PAGE_LIMIT`].
        limit: u32,
    },
    /// Recorded changes of paths, newest first.
    PathChanges {
        /// Of this host.
        host: Name,
        /// Only what this `trace` check saw; without it, what live traces saw too.
        check: Option<Name>,
        /// At most so many, 1 to [`PAGE_LIMIT`].
        limit: u32,
    },
    /// Scraped series, by check and name, and how much is kept of all of them.
    SeriesList {
        /// Only of this host.
        host: Option<Name>,
        /// Only of the checks of this name.
        check: Option<Name>,
        /// Words that must occur in the name with its labels, or a selector with braces.
        text: Option<String>,
        /// At most so many, 1 to [`PAGE_LIMIT`].
        limit: u32,
    },
    /// The past of one scraped series, as far as it is kept.
    SeriesPast {
        /// The check that scrapes it.
        key: CheckKey,
        /// Its name with labels.
        series: Name,
        /// From this moment.
        from: Timestamp,
        /// To this moment.
        to: Timestamp,
        /// At most so many points; more are merged.
        points: u32,
    },
    /// The Fluxbase instances with their targets, and the graphs of one of them.
    Fluxbase {
        /// Whose graphs; without it those of the first.
        host: Option<Name>,
        /// The graphs begin here.
        from: Timestamp,
        /// And end here.
        to: Timestamp,
        /// At most so many points a line.
        points: u32,
    },
    /// Notifications of all alerts, and how things stand with their destinations.
    Notifications {
        /// Only of this destination.
        destination: Option<String>,
        /// At most so many, 1 to [`PAGE_LIMIT`].
        limit: u32,
    },
    /// What a team hands over to the next one.
    Handover {
        /// From this moment; without it from the begin of the shift or the last sign-off.
        since: Option<Timestamp>,
        /// When the present shift began.
        shift: Option<Timestamp>,
        /// When the one before it began.
        before: Option<Timestamp>,
    },
    /// What is looked back at, over the last days.
    Review {
        /// How many, 1 to [`DAYS`](crate::model::review::DAYS).
        days: u32,
    },
    /// The rules in force, in the order in which they were written.
    Rules {
        /// At most so many, 1 to [`PAGE_LIMIT`].
        limit: u32,
    },
    /// What a draft of rules would have made of the stored past. Nothing of it takes effect.
    TryRules {
        /// What it is called; `*.toml` is read as TOML, all else as YAML or JSON.
        name: String,
        /// The draft, at most [`DRAFT_LIMIT`](super::rules::DRAFT_LIMIT) bytes.
        text: String,
        /// From this moment to now.
        since: Timestamp,
    },
    /// Network tests, the newest first, without everything they measured.
    Tests {
        /// Which.
        filter: TestFilter,
        /// At most so many, 1 to [`PAGE_LIMIT`].
        limit: u32,
    },
    /// One network test with everything it measured, so far when it runs.
    Test {
        /// Which.
        id: TestId,
    },
    /// How the figures of a vantage and target went.
    Trend(TrendWish),
    /// A report of tests, as a file.
    TestReport(ReportWish),
    /// The schedules of tests, by name.
    Schedules,
    /// Where tests are run from and where they go.
    Nodes,
    /// Contact lists and channels.
    Contacts,
    /// What the engine remembers for whoever asks.
    Remembered,
    /// Who may log in.
    Users,
    /// The tokens of programs.
    Tokens,
    /// Every setting in force with its source, secrets masked.
    Settings,
    /// How the engine is.
    Engine,
    /// What is in force, and from where; secrets masked.
    Config,
}

/// A host as scripts see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HostAnswer {
    /// Its name.
    #[schema(value_type = String)]
    pub name: Name,
    /// Its address.
    #[schema(value_type = String)]
    pub address: Name,
    /// What a person sees.
    pub state: ShownState,
    /// The judged state under it.
    pub underlying_state: State,
    /// Its description.
    #[serde(flatten)]
    pub more: HostMore,
    /// Its checks, by name.
    pub checks: Vec<CheckAnswer>,
}

/// The rest of a host's description.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HostMore {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Groups.
    pub groups: Vec<String>,
}

impl From<&Host> for HostMore {
    fn from(host: &Host) -> Self {
        Self { labels: host.labels.clone(), groups: host.groups.clone() }
    }
}

/// A check as scripts see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckAnswer {
    /// Its name.
    #[schema(value_type = String)]
    pub name: Name,
    /// Its kind.
    pub kind: Kind,
    /// The last result's state.
    pub state: State,
    /// Whether that is confirmed.
    pub hard: bool,
    /// The last output.
    pub output: SafeText,
    /// When the last result was made.
    pub last_result: Option<Timestamp>,
}

/// An alert as scripts see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlertAnswer {
    /// The episode.
    pub id: AlertId,
    /// The host.
    #[schema(value_type = String)]
    pub host: Name,
    /// The check on it.
    #[schema(value_type = String)]
    pub check: Name,
    /// How bad.
    pub state: State,
    /// Where the episode stands.
    pub phase: Phase,
    /// When the state last changed.
    pub since: Timestamp,
    /// First soft problem.
    pub opened: Timestamp,
    /// When it was over.
    pub resolved: Option<Timestamp>,
    /// The output.
    pub output: SafeText,
    /// Who has it.
    pub acknowledged: Option<Acknowledgement>,
    /// Whether a window covers it.
    pub in_maintenance: bool,
    /// Since when and how its check flaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Flapping>,
    /// The check whose alert explains it, or may; then it is told to nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

impl From<&Alert> for AlertAnswer {
    fn from(alert: &Alert) -> Self {
        Self {
            id: alert.id,
            host: alert.check.host.clone(),
            check: alert.check.name.clone(),
            state: alert.state,
            phase: alert.phase,
            since: alert.since,
            opened: alert.opened,
            resolved: alert.resolved,
            output: alert.output.clone(),
            acknowledged: alert.ack.clone(),
            in_maintenance: alert.in_maintenance,
            flapping: alert.flapping,
            cause: alert.cause.clone(),
        }
    }
}

/// Everything about one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckDetail {
    /// Its definition; inline secrets masked.
    pub check: Check,
    /// Its row.
    pub row: CheckRow,
    /// The last observation since the engine started.
    pub last: Option<Observation>,
    /// When the next run is due.
    pub next: Option<Timestamp>,
    /// The last path of a `trace`.
    pub trace: Option<TraceReport>,
}

/// What the engine says to a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", content = "data", rename_all = "snake_case")]
pub enum Answer {
    /// To [`Query::Hosts`].
    Hosts(Vec<HostAnswer>),
    /// To [`Query::Alerts`].
    Alerts(Vec<AlertAnswer>),
    /// To [`Query::Maintenance`].
    Maintenance(Vec<Maintenance>),
    /// To [`Query::Check`].
    Check(Box<CheckDetail>),
    /// To [`Query::History`].
    History {
        /// One for each metric and instance.
        series: Vec<Series>,
        /// The states over the same time.
        states: Vec<StateSpan>,
    },
    /// To [`Query::Edges`].
    Edges(Vec<Edge>),
    /// To [`Query::Alert`].
    Alert(Box<AlertPage>),
    /// To [`Query::Comments`].
    Comments(Vec<Comment>),
    /// To [`Query::Log`].
    Log(LogPage),
    /// To [`Query::Paths`].
    Paths(Vec<TraceSummary>),
    /// To [`Query::PathChanges`].
    PathChanges(Vec<PathChange>),
    /// To [`Query::SeriesList`].
    SeriesList(SeriesPage),
    /// To [`Query::SeriesPast`].
    SeriesPast(SeriesPast),
    /// To [`Query::Fluxbase`].
    Fluxbase(FluxbasePage),
    /// To [`Query::Notifications`].
    Notifications(NotificationPage),
    /// To [`Query::Handover`].
    Handover(Box<Handover>),
    /// To [`Query::Review`].
    Review(Box<Review>),
    /// To [`Query::Rules`].
    Rules(RulePage),
    /// To [`Query::TryRules`].
    TryRules(DraftAnswer),
    /// To [`Query::Tests`].
    Tests(Vec<Test>),
    /// To [`Query::Test`].
    Test(Box<Test>),
    /// To [`Query::Trend`].
    Trend(Trend),
    /// To [`Query::TestReport`]: the file.
    Report(Vec<u8>),
    /// To [`Query::Schedules`].
    Schedules(Vec<ScheduleRow>),
    /// To [`Query::Nodes`].
    Nodes(Nodes),
    /// To [`Query::Contacts`].
    Contacts(Contacts),
    /// To [`Query::Remembered`].
    Remembered(BTreeMap<String, String>),
    /// To [`Query::Users`], by name.
    Users(Vec<User>),
    /// To [`Query::Tokens`], by name.
    Tokens(Vec<Token>),
    /// To [`Query::Agents`], by name.
    Agents(Vec<Agent>),
    /// To [`Query::Settings`], by key.
    Settings(Vec<Setting>),
    /// To [`Query::Engine`].
    Engine(EngineStatus),
    /// To [`Query::Config`]: TOML, secrets masked, each value's source as a comment.
    Config(String),
}
