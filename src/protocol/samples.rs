//! One of every command, for tests that walk all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::command::{Command, EscalateOne, NewMaintenance, Target};
use super::event::{Interest, TraceRequest};
use super::notifications::NotificationScope;
use super::work::{Beat, Claim, Enrolment, Finding, Report};
use crate::model::{
    AlertId, CheckKey, MaintenanceId, Observation, Password, Pattern, Plan, Repetition, RequestId,
    Role, SafeText, ScheduleId, Scope, Span, SpeedSpec, TestId, TestKind, TestLimits, TestNews,
    TestSpec, Timestamp,
};

impl Command {
    /// At least one of every command, for tests that walk all of them.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let alert = AlertId::from_parts(1_700_000_000_000, [3; 10]);
        let at = Timestamp::from_millis(1_700_000_000_000);
        let key = CheckKey::new("Zürich 3", "disk é");
        let mut all = vec![
            Self::Acknowledge {
                targets: vec![Target::Alert(alert), Target::Check(key.clone())],
                comment: "on it".to_owned(),
                expires: Some(at),
                sticky: true,
                notify: false,
            },
            Self::Comment {
                targets: vec![Target::Host("web 1".into()), Target::Check(key.clone())],
                text: "fan tray \u{e4} ordered".to_owned(),
            },
            Self::Undo { request: RequestId::from_parts(1_700_000_000_000, [9; 10]) },
            Self::Remember { key: "view/x".to_owned(), value: Some("\u{e4}".to_owned()) },
            Self::Remember { key: "view/x".to_owned(), value: None },
            Self::Unacknowledge { targets: vec![Target::Host("web 1".into())] },
            Self::Recheck { targets: vec![Target::Check(key.clone())] },
            Self::ResendNotifications {
                which: NotificationScope::Keys(vec!["a:1:first:log \u{e9}".to_owned()]),
            },
            Self::DropNotifications { which: NotificationScope::Destination("pager".to_owned()) },
            Self::TestNotify { name: "NOC Team".into() },
            Self::HoldPaging {
                length: Span::from_secs(1800),
                reason: "core switch \u{e4} is replaced".to_owned(),
            },
            Self::ResumePaging,
            Self::RunTest {
                agent: Some("BRANCH 01".into()),
                spec: TestSpec::Speedtest(SpeedSpec {
                    target: Some("lan & co".to_owned()),
                    ..SpeedSpec::default()
                }),
                wait: true,
            },
            Self::CancelTest { id: TestId::from_parts(1_700_000_000_000, [4; 10]) },
            Self::Escalate { which: vec![EscalateOne { alert, step: 2 }] },
            Self::Note { text: "fan tray \u{e4} ordered".to_owned() },
            Self::SignOff { to: "Zo\u{eb} & co".to_owned() },
            Self::Look {
                stream: 7,
                interest: Interest {
                    checks: vec![key.clone()],
                    rows: vec![CheckKey::new("web 2", "a/b")],
                    trace: Some(TraceRequest {
                        host: "web 1".into(),
                        spec: crate::model::spec::TraceSpec::default(),
                    }),
                },
            },
            Self::Reload,
            Self::Stop,
            Self::Claim(Claim { life: 3, sent_at: Some(at), ..Claim::of_boot(42) }),
            Self::Beat(Beat { boot: 42, sent_at: at, failed: 1, ..Beat::default() }),
            Self::Enrol(Enrolment {
                name: "branch 7 \u{e4}".into(),
                location: SafeText::line("Z\u{fc}rich"),
                machine: SafeText::line("m"),
                version: SafeText::line("0.1"),
            }),
            Self::RemoveAgent { name: "branch 7 \u{e4}".into() },
            Self::Report(Report {
                tests: vec![TestNews {
                    id: TestId::from_parts(1_700_000_000_000, [4; 10]),
                    at,
                    over: true,
                    failure: Some(SafeText::line("the server is busy \u{e4}")),
                    busy: true,
                    result: None,
                }],
                boot: 42,
                seq: 1,
                results: vec![Finding {
                    check: key,
                    generation: 3,
                    slot: at,
                    at,
                    forced: false,
                    sample: false,
                    observation: Observation::default(),
                }],
                traces: Vec::new(),
                lag: Span::ZERO,
                late: Some(7),
            }),
        ];
        all.extend(Self::schedule_samples());
        all.extend(Self::window_samples(at));
        all.extend(Self::rule_samples());
        all.extend(Self::account_samples(at));
        all
    }

    fn account_samples(at: Timestamp) -> [Self; 10] {
        let password = |text: &str| Password::new(text.to_owned());
        let name = || "Zo\u{eb} & co".into();
        [
            Self::AddUser {
                name: name(),
                role: Role::Operator,
                password: password("p\u{e4}ss \" & 12"),
            },
            Self::EditUser { name: name(), role: Some(Role::Viewer), password: None },
            Self::EditUser { name: name(), role: None, password: Some(password("other pass 12")) },
            Self::RemoveUser { name: name() },
            Self::ChangePassword {
                old: password("p\u{e4}ss \" & 12"),
                new: password("other pass 12"),
            },
            Self::Logout,
            Self::AddToken {
                name: name(),
                role: Role::Admin,
                scopes: vec![Scope::Api, Scope::Metrics],
                expires: Some(at),
                agent: None,
                uses: None,
            },
            Self::AddToken {
                name: "prometheus".into(),
                role: Role::Viewer,
                scopes: vec![Scope::Read],
                expires: None,
                agent: Some("branch 7".into()),
                uses: Some(1),
            },
            Self::RevokeToken { name: name() },
            Self::RevokeToken { name: "100 %".into() },
        ]
    }

    fn window_samples(at: Timestamp) -> [Self; 7] {
        let id = MaintenanceId::from_parts(1_700_000_000_000, [7; 10]);
        [
            Self::AddMaintenance(NewMaintenance {
                name: "DB Patching - Feb 25".to_owned(),
                host_pattern: "db-*".parse::<Pattern>().ok(),
                check: None,
                hosts: BTreeSet::new(),
                checks: BTreeSet::new(),
                start: at,
                end: at + Span::from_secs(3600),
                children: false,
                repeats: "weekly on wed except 2026-12-23 in Europe/Berlin".parse().ok(),
                suppress_notifications: true,
                created_by: Some("j.smith".to_owned()),
            }),
            Self::AddMaintenance(NewMaintenance {
                name: "marked".to_owned(),
                host_pattern: None,
                check: None,
                hosts: BTreeSet::from(["web 1".into()]),
                checks: BTreeSet::from([CheckKey::new("Zürich 3", "disk é")]),
                start: at,
                end: at + Span::from_secs(3600),
                children: true,
                repeats: None,
                suppress_notifications: true,
                created_by: None,
            }),
            Self::EditMaintenance {
                id,
                name: Some("longer".to_owned()),
                start: Some(at),
                end: Some(at + Span::from_secs(60)),
                repeats: "monthly on 2nd tue in Europe/Berlin".parse().ok(),
                every: true,
            },
            Self::EditMaintenance {
                id,
                name: None,
                start: None,
                end: None,
                repeats: Some(Repetition(None)),
                every: false,
            },
            Self::EndMaintenance { id },
            Self::CancelMaintenance { id },
            Self::ExtendMaintenance { id, by: Span::from_secs(1800) },
        ]
    }

    fn schedule_samples() -> [Self; 4] {
        let plan = Box::new(Plan {
            name: "HQ uplink \u{2014} hourly".to_owned(),
            agent: Some("HQ-CORE".to_owned()),
            target: Some("lan & co".to_owned()),
            test_type: TestKind::Speedtest,
            interval_seconds: Some(3600),
            cron: None,
            zone: None,
            thresholds: TestLimits { download_min_mbps: Some(800.0), ..TestLimits::default() },
            alert_on_breach: true,
            notify_contact_list: Some("NOC Team".to_owned()),
            consecutive_failures: 3,
            of_last: Some(5),
            retest_seconds: Some(60),
            alert_on_missed: true,
            alert_on_path_change: true,
            paused: false,
            options: BTreeMap::from([("streams".to_owned(), 8.into())]),
        });
        let id = ScheduleId::from_parts(1_700_000_000_000, [5; 10]);
        [
            Self::AddSchedule { plan: plan.clone() },
            Self::EditSchedule { id, plan },
            Self::RemoveSchedule { id },
            Self::RunSchedule { id },
        ]
    }

    fn rule_samples() -> [Self; 3] {
        [
            Self::SaveRule {
                text: "rule_name = \"Z\u{fc}rich: load\"\n".to_owned(),
                was: Some("[[rule]]\nrule_name = \"\u{e4}\"\n".to_owned()),
            },
            Self::SaveRule { text: "rule_name = \"a\"".to_owned(), was: None },
            Self::DeleteRule { was: "[[rule]]\nrule_name = \"\u{e4}\"\n".to_owned() },
        ]
    }
}
