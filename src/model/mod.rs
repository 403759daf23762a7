//! The nouns of the field: plain data that every layer shares.
//!
//! In: nothing but values. Out: types with serde, small pure methods, parsers of single values.
//! Never: performs I/O, awaits, reads a clock or draws randomness.

pub mod access;
pub mod account;
pub mod agent;
pub mod aim;
pub mod alert;
pub mod behind;
pub mod breach;
pub mod channel;
pub mod check;
pub mod comment;
pub mod digest;
pub mod due;
pub mod endpoint;
pub mod escalation;
pub mod flux_notify;
pub mod fluxbase;
pub mod fluxmq;
pub mod handover;
pub mod hash;
pub mod hold;
pub mod host;
pub mod http_reply;
pub mod id;
pub mod maintenance;
pub mod measured;
pub mod metric;
pub mod networks;
pub mod notification;
pub mod observation;
pub mod order;
pub mod path;
pub mod pattern;
pub mod query_rule;
pub mod rating;
pub mod recurrence;
pub mod remote_write;
pub mod repeats;
pub mod repetition;
pub mod review;
pub mod rule;
pub mod rule_words;
pub mod run;
pub mod runbook;
pub mod safe_text;
pub mod schedule;
pub mod schema;
pub mod scrape;
pub mod secret;
pub mod selector;
pub mod setting;
pub mod shift;
pub mod sla;
pub mod snmp;
pub mod spec;
pub mod speed;
pub mod state;
pub mod status;
pub mod target;
pub mod test;
pub mod threshold;
pub mod time;
pub mod trace;
pub mod traffic;
pub mod trend;
pub mod watchdog;
pub mod words;

pub use account::{
    KeptToken, KeptUser, Password, PasswordHash, PlainToken, Role, Scope, Token, TokenHash, User,
};
pub use agent::{Agent, AgentPhase, KeptAgent, StreamMark};
pub use alert::{Acknowledgement, Alert, Cause, CauseStage, Edge, EdgeKind, Flapping, Phase};
pub use behind::behind;
pub use breach::{Breach, BreachKind, TestLimits};
pub use channel::{
    Channel, ChannelKind, Email, Format, GroupBy, Grouping, MailTls, Routes, Webhook,
};
pub use check::{Check, CheckAbout, FlapLimits, Limit};
pub use comment::Comment;
pub use digest::{Digest, DigestItem};
pub use escalation::{Escalated, Escalation, EscalationStep, NextStep};
pub use flux_notify::{FluxNotify, Incident};
pub use handover::{Duty, DutyKind, Handover, HandoverPart, HandoverRow, Since, Topic};
pub use hold::Hold;
pub use host::{Host, Need};
pub use id::{AlertId, CheckKey, MaintenanceId, Name, RequestId, ScheduleId, TestId};
pub use maintenance::Maintenance;
pub use metric::{Metric, Unit};
pub use networks::{Network, Networks};
pub use notification::{Held, Known, Notification, Reason};
pub use observation::{Failure, FailureKind, Observation};
pub use path::{Path, PathChange, PathHop};
pub use pattern::Pattern;
pub use rating::{Rating, rating};
pub use recurrence::{Occurrence, Recurrence};
pub use remote_write::RemoteWrite;
pub use repeats::Repeats;
pub use repetition::Repetition;
pub use review::Review;
pub use rule::{Condition, Policy, Rule, Ruled};
pub use safe_text::SafeText;
pub use schedule::{Baseline, Baselines, Plan, Schedule};
pub use scrape::{Layout, Scrape, ScrapeReport, SeriesSize};
pub use secret::Secret;
pub use selector::Selector;
pub use setting::Setting;
pub use shift::{AckExpiry, Shift, Shifts};
pub use sla::Sla;
pub use spec::{Kind, Spec};
pub use speed::{
    Direction, Engine, NamedTarget, SpeedResult, SpeedSpec, SpeedTarget, Throughput, Transport,
};
pub use state::{ShownState, State};
pub use status::{Flap, Status, Wait};
pub use test::{
    Figures, LookupSpec, Measured, MissedRuns, PathNews, PathSpec, PortSpec, Test, TestKind,
    TestNews, TestOrder, TestOrders, TestPhase, TestSpec,
};
pub use threshold::{Range, Thresholds};
pub use time::{Now, Span, Steady, Timestamp};
pub use traffic::{Allowance, Caps, Traffic};
pub use trend::{Bucket, Mean, Trend, View};
pub use watchdog::Watchdog;
