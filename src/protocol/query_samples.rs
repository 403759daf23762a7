//! One of every query, for tests that walk all of them.

use super::log::{LogCursor, LogFilter, LogKind};
use super::query::Query;
use super::speed::{ReportFormat, ReportWish, TestFilter, TrendWish};
use crate::model::{
    AlertId, CheckKey, EdgeKind, ScheduleId, Span, TestId, TestKind, TestPhase, Timestamp, View,
};

impl Query {
    /// At least one of every query, for tests that walk all of them.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let at = Timestamp::from_millis(1_700_000_000_000);
        let key = CheckKey::new("Zürich 3", "disk é");
        let mut all = vec![
            Self::Hosts { pattern: "db-*".parse().ok() },
            Self::Hosts { pattern: None },
            Self::Alerts { all: true },
            Self::Alerts { all: false },
            Self::Maintenance { all: true },
            Self::Check { key: key.clone() },
            Self::History { key: key.clone(), from: at, to: at + Span::from_secs(60), points: 100 },
            Self::Edges {
                host: Some("web 1".into()),
                alert: Some(AlertId::from_parts(1, [1; 10])),
                limit: 10,
            },
            Self::Edges { host: None, alert: None, limit: 10 },
            Self::Alert { id: AlertId::from_parts(1, [1; 10]) },
            Self::Comments { host: "web 1".into(), check: Some("disk \u{e9}".into()), limit: 5 },
            Self::Comments { host: "web 1".into(), check: None, limit: 5 },
            Self::Log {
                filter: LogFilter {
                    from: Some(at),
                    to: Some(at + Span::from_secs(60)),
                    hosts: "db-{a,b}-*".parse().ok(),
                    actor: Some("Zo\u{eb} & co".to_owned()),
                    kinds: vec![LogKind::Edge(EdgeKind::Fired), LogKind::Action],
                    text: Some("50 % = a,b".to_owned()),
                },
                before: Some(LogCursor { at, source: 1, seq: 99 }),
                limit: 50,
            },
            Self::Log { filter: LogFilter::default(), before: None, limit: 50 },
            Self::Paths { host: Some("web 1".into()), limit: 5 },
            Self::Paths { host: None, limit: 5 },
            Self::PathChanges { host: "web 1".into(), check: Some("path".into()), limit: 5 },
            Self::PathChanges { host: "web 1".into(), check: None, limit: 5 },
            Self::SeriesList {
                host: Some("web 1".into()),
                check: Some("node".into()),
                text: Some("disk & {a=\"b\"}".to_owned()),
                limit: 5,
            },
            Self::SeriesList { host: None, check: None, text: None, limit: 5 },
            Self::SeriesPast {
                key,
                series: "x{a=\"/ ? &\"}".into(),
                from: at,
                to: at + Span::from_secs(60),
                points: 100,
            },
            Self::Fluxbase {
                host: Some("fb 1".into()),
                from: at,
                to: at + Span::from_secs(60),
                points: 100,
            },
            Self::Fluxbase { host: None, from: at, to: at + Span::from_secs(60), points: 1 },
            Self::Notifications { destination: Some("pager & co".to_owned()), limit: 5 },
            Self::Notifications { destination: None, limit: 5 },
            Self::Handover { since: Some(at), shift: None, before: None },
            Self::Handover { since: None, shift: Some(at), before: Some(at) },
            Self::Review { days: 7 },
            Self::Rules { limit: 5 },
            Self::TryRules {
                name: "é & co.toml".to_owned(),
                text: "rule_name = \"50 % = a\"\n".to_owned(),
                since: at,
            },
            Self::Contacts,
            Self::Remembered,
            Self::Users,
            Self::Tokens,
            Self::Agents,
            Self::Settings,
            Self::Engine,
            Self::Config,
        ];
        all.extend(Self::test_samples(at));
        all
    }

    fn test_samples(at: Timestamp) -> Vec<Self> {
        vec![
            Self::Tests {
                filter: TestFilter {
                    agent: Some("BRANCH 01".into()),
                    target: Some("x:5201 & y".to_owned()),
                    test_type: Some(TestKind::Speedtest),
                    schedule: Some(ScheduleId::from_parts(1, [2; 10])),
                    phase: Some(TestPhase::Done),
                    start: Some(at),
                    end: Some(at + Span::from_secs(60)),
                    before: Some(TestId::from_parts(1, [1; 10])),
                },
                limit: 5,
            },
            Self::Tests { filter: TestFilter::default(), limit: 5 },
            Self::Test { id: TestId::from_parts(1, [1; 10]) },
            Self::Trend(TrendWish {
                agent: "BRANCH 01".into(),
                target: "x:5201 & y".to_owned(),
                test_type: TestKind::Speedtest,
                view: View::Week,
                zone: Some("Europe/Berlin".to_owned()),
            }),
            Self::TestReport(ReportWish {
                agent: Some("BRANCH 01".into()),
                target: Some("x:5201 & y".to_owned()),
                test_type: TestKind::Speedtest,
                start: at,
                end: at + Span::from_secs(86_400),
                zone: Some("Europe/Berlin".to_owned()),
                format: ReportFormat::Csv,
            }),
            Self::Schedules,
            Self::Nodes,
        ]
    }
}
