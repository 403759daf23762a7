//! The verbs: everything that can be asked of an engine, and everything it says.
//!
//! In: plain data of `model`. Out: commands, queries, events, the mirror `World`, one error type.
//! Never: knows how a thing is done or how it travels.

pub mod access;
pub mod command;
pub mod contacts;
pub mod due;
pub mod event;
pub mod filter;
pub mod fluxbase;
pub mod log;
pub mod notifications;
pub mod pages;
pub mod points;
pub mod problem;
pub mod query;
mod query_samples;
pub mod rules;
mod samples;
pub mod series;
pub mod speed;
mod target;
pub mod version;
mod window;
pub mod work;
pub mod world;

pub use access::{Actor, Role};
pub use command::{Command, NewMaintenance, Outcome, Request, Target, UNDO};
pub use contacts::Contacts;
pub use event::{
    CheckRow, EngineStatus, Event, Heartbeat, Interest, LiveCheck, LiveTrace, TraceRequest,
};
pub use fluxbase::{
    FluxbaseGoal, FluxbaseGraph, FluxbaseLine, FluxbasePage, FluxbasePanel, FluxbaseRow,
    FluxbaseTarget,
};
pub use log::{LogCursor, LogEntry, LogFilter, LogKind, LogPage};
pub use notifications::{
    DestinationRow, NotificationItem, NotificationPage, NotificationScope, Told, ToldRow,
};
pub use pages::{AlertPage, DeliveryState, IncidentRow, NotificationRow, TraceSummary};
pub use problem::{Problem, ProblemKind};
pub use query::{Answer, Query};
pub use rules::{
    DraftAnswer, DraftProblem, QueryRuleRow, RulePage, RuleRow, RuleTrial, TrialAlert, TrialRow,
};
pub use series::{SeriesPage, SeriesPast, SeriesRow};
pub use speed::{
    LastMissed, Node, Nodes, ReportFormat, ReportWish, ScheduleRow, TestFilter, TrendWish,
};
pub use version::{Expected, Version};
pub use work::{Assignment, Beat, Claim, Directives, Enrolment, Report};
pub use world::{Counts, HostEntry, World};
