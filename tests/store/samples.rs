//! Things to store.

use fluxnoc::model::spec::TcpSpec;
use fluxnoc::model::{
    Acknowledgement, Alert, AlertId, Check, CheckKey, Edge, EdgeKind, Maintenance, MaintenanceId,
    Occurrence, Phase, Recurrence, SafeText, Span, Spec, State, Timestamp,
};
use fluxnoc::store::{JournalRow, Store, Tx};

/// A moment `millis` after the start of a day.
pub const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_772_064_000_000 + millis)
}

pub fn check(host: &str, name: &str) -> Check {
    let spec: TcpSpec = serde_json::from_str(r#"{"port":80}"#).unwrap();
    Check::new(host, name, "127.0.0.1", Spec::Tcp(spec))
}

pub fn alert(number: u8, host: &str) -> Alert {
    Alert {
        cause: Some(fluxnoc::model::Cause {
            check: CheckKey::new("core-1", "ping"),
            stage: fluxnoc::model::CauseStage::Over,
            at: at(9),
        }),
        id: AlertId::from_parts(at(0).millis(), [number; 10]),
        check: CheckKey::new(host, "tcp é/2"),
        phase: Phase::Firing,
        state: State::Critical,
        opened: at(1),
        fired: Some(at(2)),
        resolved: None,
        since: at(2),
        output: SafeText::line("connection refused by 127.0.0.1:80 ✗"),
        attempt: 3,
        attempts: 3,
        ack: Some(Acknowledgement {
            author: SafeText::line("noc"),
            comment: SafeText::line("on it; 'quoted' \"twice\""),
            at: at(3),
            expires: Some(at(4)),
            sticky: true,
        }),
        edge_seq: 2,
        in_maintenance: true,
        suppressed: false,
        notified: Some(State::Warning),
        told_at: Some(at(11)),
        escalation: Some(fluxnoc::model::Escalation {
            counted: Span::from_secs(90),
            since: Some(at(12)),
            told: vec![fluxnoc::model::Escalated {
                to: "Shift lead".into(),
                at: at(13),
                by: Some(SafeText::line("ann")),
            }],
            next: Some(fluxnoc::model::NextStep {
                step: 2,
                of: 3,
                to: "Management".into(),
                after: Span::from_secs(3600),
            }),
        }),
        flapping: Some(fluxnoc::model::Flapping {
            since: at(2),
            changes: 7,
            from: State::Warning,
            last: State::Ok,
        }),
    }
}

pub fn edge(alert: &Alert, seq: u32) -> Edge {
    Edge {
        alert: alert.id,
        check: alert.check.clone(),
        seq,
        at: at(i64::from(seq) * 1000),
        kind: EdgeKind::Fired,
        from: State::Ok,
        to: State::Critical,
        text: SafeText::line("refused"),
        actor: seq.is_multiple_of(2).then(|| SafeText::line("noc")),
        in_maintenance: seq.is_multiple_of(3),
    }
}

pub fn window(number: u8, start: i64, end: i64) -> Maintenance {
    Maintenance {
        id: MaintenanceId::from_parts(at(0).millis(), [number; 10]),
        name: SafeText::line("patching"),
        host_pattern: "db-*".parse().ok(),
        check: number.is_multiple_of(2).then(|| "tcp*".parse().unwrap()),
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: at(start),
        end: at(end),
        children: Some(std::collections::BTreeSet::new()),
        recurrence: number.is_multiple_of(3).then(|| {
            Box::new(Recurrence {
                repeats: "monthly on 2nd tue until 2031-12-31 except 2027-01-12 in Asia/Kathmandu"
                    .parse()
                    .unwrap(),
                first: "2026-02-25T02:00:00".parse().unwrap(),
                length: Span::from_secs(3600),
                day: "2026-03-10".parse().unwrap(),
            })
        }),
        previous: number.is_multiple_of(3).then(|| Occurrence { start: at(-9), end: at(-3) }),
        suppress_notifications: true,
        created_by: Some(SafeText::line("change 4711")),
        author: SafeText::line("noc"),
        created: at(0),
    }
}

pub fn row(check_no: i64, made: i64, values: &[(i64, f64)]) -> JournalRow {
    JournalRow {
        check_no,
        at: at(made),
        slot: at(made - 7),
        state: State::Ok,
        late: false,
        values: values.to_vec(),
    }
}

/// Makes checks and gives their numbers.
pub async fn make_checks(tx: &mut Tx, count: usize) -> Vec<i64> {
    let mut numbers = Vec::new();
    for i in 0..count {
        numbers.push(tx.upsert_check(&check(&format!("host-{i}"), "tcp")).await.unwrap());
    }
    numbers
}

/// Folds all before `up_to` in steps; gives how many results and how many steps.
pub async fn fold_all(store: &Store, up_to: Timestamp, limit: usize) -> (usize, usize) {
    let (mut results, mut steps) = (0, 0);
    loop {
        let mut tx = store.write().await.unwrap();
        let folded = tx.fold(up_to, limit).await.unwrap();
        tx.commit().await.unwrap();
        if folded == 0 {
            return (results, steps);
        }
        results += folded;
        steps += 1;
    }
}

/// Rolls all days before `now`.
pub async fn roll_all(store: &Store, now: Timestamp) {
    loop {
        let mut tx = store.write().await.unwrap();
        let rolled = tx.roll_days(now).await.unwrap();
        tx.commit().await.unwrap();
        if rolled == 0 {
            return;
        }
    }
}
