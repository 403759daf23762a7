//! Present state, episodes, promises: every method on a fresh database.

use fluxnoc::model::{
    Host, Metric, Notification, Phase, Reason, RequestId, SafeText, Span, State, Status, Timestamp,
    Unit,
};
use fluxnoc::store::StoreError;

use crate::Place;
use crate::samples::{alert, at, check, edge, make_checks, row, window};

pub async fn hosts_and_checks_keep_their_numbers(place: Place) {
    let store = place.open().await.unwrap();
    let mut host = Host::new("Zürich 3", "192.0.2.1");
    let mut tx = store.write().await.unwrap();
    tx.upsert_host(&host).await.unwrap();
    tx.upsert_host(&Host::new("b", "b")).await.unwrap();
    let first = tx.upsert_check(&check("Zürich 3", "disk é/2")).await.unwrap();
    let second = tx.upsert_check(&check("b", "tcp")).await.unwrap();
    assert_ne!(first, second);
    tx.commit().await.unwrap();

    host.address = "192.0.2.2".into();
    let mut changed = check("Zürich 3", "disk é/2");
    changed.interval = Span::from_secs(5);
    let mut tx = store.write().await.unwrap();
    tx.upsert_host(&host).await.unwrap();
    assert_eq!(tx.upsert_check(&changed).await.unwrap(), first);
    tx.retire_host("b", at(1)).await.unwrap();
    tx.retire_check(second, at(1)).await.unwrap();
    tx.commit().await.unwrap();

    let loaded = store.load().await.unwrap();
    let hosts: Vec<&str> = loaded.hosts.iter().map(|host| &*host.name).collect();
    assert_eq!(hosts, ["Zürich 3"]);
    let stored: Host = serde_json::from_str(&loaded.hosts[0].spec_json).unwrap();
    assert_eq!(stored, host);
    assert_eq!(loaded.checks.len(), 1);
    assert_eq!((loaded.checks[0].no, &loaded.checks[0].key), (first, &changed.key));
    let back: fluxnoc::model::Check = serde_json::from_str(&loaded.checks[0].spec_json).unwrap();
    assert_eq!(back, changed);

    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.upsert_check(&check("b", "tcp")).await.unwrap(), second, "it is there again");
    tx.commit().await.unwrap();
    store.close().await;
    let store = place.open().await.unwrap();
    assert_eq!(store.load().await.unwrap().checks.len(), 2);

    let many: Vec<_> = (0..90).map(|i| check(&format!("h{}", i % 80), "tcp")).collect();
    let mut all: Vec<_> = many.iter().collect();
    all.push(&changed);
    let mut tx = store.write().await.unwrap();
    tx.retire_check(first, at(2)).await.unwrap();
    let numbers = tx.upsert_checks(&all).await.unwrap();
    assert_eq!(tx.upsert_checks(&all).await.unwrap(), numbers);
    assert_eq!(tx.upsert_checks(&[]).await.unwrap(), Vec::<i64>::new());
    tx.commit().await.unwrap();
    assert_eq!((numbers.len(), numbers[90]), (91, first));
    assert_eq!(numbers[..10], numbers[80..90]);
    let loaded = store.load().await.unwrap().checks;
    assert_eq!(loaded.len(), 82);
    let of = |no| &loaded.iter().find(|known| known.no == no).unwrap().key;
    assert!(numbers.iter().zip(&all).all(|(no, check)| *of(*no) == check.key));
}

pub async fn statuses_come_back_as_they_were(place: Place) {
    let store = place.open().await.unwrap();
    let mut tx = store.write().await.unwrap();
    let numbers = make_checks(&mut tx, 150).await;
    let status = |no: i64| Status {
        silent: no % 2 == 0,
        state: State::WORST_FIRST[usize::try_from(no % 4).unwrap()],
        hard: no % 2 == 0,
        hard_state: State::Warning,
        attempt: 2,
        since: at(no),
        last_result: (no % 3 == 0).then(|| at(no + 5)),
        late: no % 5 == 0,
        output: SafeText::line("50% \u{1b}[31mof ✓"),
        flap: fluxnoc::model::Flap {
            changes: (u32::try_from(no).unwrap() * 7919) & 0xF_FFFF,
            active: no % 7 == 0,
        },
        wait: fluxnoc::model::Wait {
            since: (no % 2 == 0).then(|| at(no + 7)),
            critical: (no % 6 == 0).then(|| at(no + 8)),
            recent: u32::try_from(no).unwrap() * 28_000_001,
        },
    };
    let statuses: Vec<_> = numbers.iter().map(|no| (*no, status(*no))).collect();
    let old = Status::waiting(at(0));
    let mut rows: Vec<_> = vec![(numbers[3], &old)];
    rows.extend(statuses.iter().map(|(no, status)| (*no, status)));
    tx.put_statuses(&rows).await.unwrap();
    tx.put_statuses(&[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.load().await.unwrap().statuses, statuses, "of two rows the last one counts");

    let mut tx = store.write().await.unwrap();
    tx.put_statuses(&[(numbers[0], &old)]).await.unwrap();
    tx.retire_check(numbers[1], at(9)).await.unwrap();
    tx.commit().await.unwrap();
    let loaded = store.load().await.unwrap().statuses;
    assert_eq!(loaded.len(), 149);
    assert_eq!(loaded[0], (numbers[0], old));
}

pub async fn series_numbers_are_stable(place: Place) {
    let store = place.open().await.unwrap();
    let mut tx = store.write().await.unwrap();
    let checks = make_checks(&mut tx, 100).await;
    let plain = Metric::new("rtt", 1.0, Unit::Seconds);
    let disk = Metric::new("disk_usage", 1.0, Unit::Percent).of("/var lib");
    let odd = Metric::new("rtt", 1.0, Unit::Other("furlong".into()));
    let wanted: Vec<_> =
        checks.iter().flat_map(|no| [(*no, &plain), (*no, &disk), (*no, &plain)]).collect();
    let first = tx.ensure_series(&wanted).await.unwrap();
    assert_eq!(first.len(), 300);
    assert_eq!(first[0], first[2]);
    let distinct: std::collections::HashSet<_> = first.iter().collect();
    assert_eq!(distinct.len(), 200);
    tx.commit().await.unwrap();
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.ensure_series(&wanted).await.unwrap(), first);
    assert_eq!(tx.ensure_series(&[(checks[7], &odd)]).await.unwrap(), [first[21]]);
    assert_eq!(tx.ensure_series(&[]).await.unwrap(), Vec::<i64>::new());
    tx.append_journal(&[row(checks[7], 50, &[(first[21], 2.5), (first[22], 3.0)])]).await.unwrap();
    tx.commit().await.unwrap();
    let history = store.history(checks[7], at(0), at(100)).await.unwrap();
    let metrics: Vec<_> = history.series.into_iter().map(|series| series.metric).collect();
    let value = |mut metric: Metric, value| {
        metric.value = value;
        metric
    };
    assert_eq!(metrics, [value(odd, 2.5), value(disk, 3.0)], "the unit is the last one said");
}

pub async fn an_alert_is_open_once_per_check(place: Place) {
    let store = place.open().await.unwrap();
    let mut open = alert(1, "web");
    let mut tx = store.write().await.unwrap();
    tx.put_alert(&open).await.unwrap();
    tx.put_alert(&alert(2, "db")).await.unwrap();
    tx.commit().await.unwrap();
    let loaded = store.load().await.unwrap().alerts;
    assert_eq!(loaded, [open.clone(), alert(2, "db")]);

    let mut tx = store.write().await.unwrap();
    let second = tx.put_alert(&alert(3, "web")).await.unwrap_err();
    assert!(matches!(second, StoreError::Internal(_)), "{second}");
    drop(tx);

    open.phase = Phase::Resolved;
    open.state = State::Ok;
    open.resolved = Some(at(99));
    open.ack = None;
    open.notified = None;
    let mut tx = store.write().await.unwrap();
    tx.put_alert(&open).await.unwrap();
    tx.put_alert(&alert(3, "web")).await.unwrap();
    tx.delete_alert(alert(2, "db").id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.load().await.unwrap().alerts, [alert(3, "web")]);
    assert_eq!(store.resolved_alerts(10).await.unwrap(), [open]);
    assert!(store.resolved_alerts(0).await.unwrap().is_empty());
}

pub async fn edges_are_recorded_once_and_read_newest_first(place: Place) {
    let store = place.open().await.unwrap();
    let (web, db) = (alert(1, "web"), alert(2, "db"));
    let mut tx = store.write().await.unwrap();
    for seq in 1..=3 {
        tx.add_edge(&edge(&web, seq)).await.unwrap();
        tx.add_edge(&edge(&db, seq)).await.unwrap();
    }
    tx.add_edge(&edge(&web, 2)).await.unwrap();
    tx.commit().await.unwrap();
    let of_web = [edge(&web, 3), edge(&web, 2), edge(&web, 1)];
    assert_eq!(store.edges(Some("web"), None, 10).await.unwrap(), of_web);
    assert_eq!(store.edges(None, Some(web.id), 2).await.unwrap(), of_web[..2]);
    assert_eq!(store.edges(Some("web"), Some(db.id), 10).await.unwrap(), []);
    let all = store.edges(None, None, 3).await.unwrap();
    assert_eq!(all, [edge(&db, 3), edge(&web, 3), edge(&db, 2)]);

    let mut tx = store.write().await.unwrap();
    let mut other = edge(&web, 2);
    other.to = State::Ok;
    let refused = tx.add_edge(&other).await.unwrap_err();
    assert!(matches!(refused, StoreError::Internal(_)), "{refused}");
    assert!(tx.commit().await.is_err());
}

pub async fn the_outbox_never_overtakes_an_earlier_edge(place: Place) {
    let store = place.open().await.unwrap();
    let (web, db) = (alert(1, "web"), alert(2, "db"));
    let promise = |alert, seq, to: &str| Notification::of(&edge(alert, seq), Reason::First, to);
    let mut tx = store.write().await.unwrap();
    for seq in [2, 1, 3] {
        tx.enqueue(&promise(&web, seq, "log")).await.unwrap();
    }
    tx.enqueue(&promise(&web, 2, "mail")).await.unwrap();
    tx.enqueue(&promise(&db, 4, "log")).await.unwrap();
    tx.enqueue(&promise(&web, 1, "log")).await.unwrap();
    tx.commit().await.unwrap();

    let due = async |millis| {
        let mut rows = Vec::new();
        for destination in store.due_destinations(at(millis)).await.unwrap() {
            rows.extend(store.due_notifications(&destination, at(millis), 10).await.unwrap());
        }
        rows.sort_by_key(|row| (row.notification.not_before, row.notification.edge_seq));
        let name =
            |n: Notification| format!("{}{}{}", n.edge.check.host, n.edge_seq, n.destination);
        rows.into_iter().map(|row| name(row.notification)).collect::<Vec<_>>()
    };
    assert_eq!(due(999).await, Vec::<String>::new());
    assert_eq!(due(3000).await, ["web1log", "web2mail"]);
    assert_eq!(due(9000).await, ["web1log", "web2mail", "db4log"]);

    let mut tx = store.write().await.unwrap();
    let key = promise(&web, 1, "log").key;
    tx.mark_retry(&key, at(60_000), 1, "no answer").await.unwrap();
    tx.mark_sent(&promise(&web, 2, "mail").key, at(9000)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due(9000).await, ["db4log"], "its later edges wait with it");
    let row = store.due_notifications("log", at(60_000), 10).await.unwrap().pop().unwrap();
    assert_eq!((row.tries, row.error.as_deref()), (1, Some("no answer")));
    assert_eq!(row.notification.not_before, at(60_000));
    // Its destination took another one: it need not wait.
    let mut tx = store.write().await.unwrap();
    tx.release("mail", at(9000)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due(9000).await, ["db4log"]);
    let mut tx = store.write().await.unwrap();
    tx.release("log", at(9000)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due(9000).await, ["db4log", "web1log"]);

    let mut tx = store.write().await.unwrap();
    tx.mark_parked(&key, 1, "refused").await.unwrap();
    tx.enqueue(&promise(&web, 1, "log")).await.unwrap();
    tx.commit().await.unwrap();
    // The list as an operator sees it; what was given up is sent again, or dropped for good.
    let standing = store.standings().await.unwrap();
    let log = standing.iter().find(|one| one.destination == "log").unwrap();
    assert_eq!(log.parked, 1, "{standing:?}");
    let state = || async { store.promise_state(&key).await.unwrap().unwrap() };
    let listed = store.listed(Some("log"), 100).await.unwrap();
    let last = &listed.last().unwrap().0;
    assert_eq!((last.state.as_str(), last.tries), ("parked", 1), "{listed:#?}");
    let mut tx = store.write().await.unwrap();
    tx.resend(&key, at(60_000)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(state().await, "due");
    let again = store.listed(None, 100).await.unwrap();
    let again = again.iter().find(|(one, _)| one.notification.key == key).unwrap();
    assert_eq!((again.0.tries, again.1), (0, Some(at(60_000))));
    let mut tx = store.write().await.unwrap();
    tx.give_up(&key, at(60_001)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(state().await, "dropped");
    assert_eq!(store.last_sent("log").await.unwrap(), None);
    let mut tx = store.write().await.unwrap();
    tx.resend_all("log", at(60_002)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(state().await, "dropped", "all means what was not dropped");
    assert_eq!(due(60_000).await, ["web2log", "db4log"], "a parked one holds nothing");
    let mut tx = store.write().await.unwrap();
    tx.mark_sent(&promise(&web, 2, "log").key, at(61_000)).await.unwrap();
    tx.mark_retry(&promise(&web, 2, "log").key, at(0), 9, "too late").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due(61_000).await, ["web3log", "db4log"]);
}

pub async fn windows_come_back_as_they_were(place: Place) {
    let store = place.open().await.unwrap();
    let day = 24 * 3_600_000;
    let [old, late, active, future] = [
        window(1, -5 * day, -4 * day),
        window(2, -2 * day, -day / 2),
        window(3, -1, day),
        window(4, day, 2 * day),
    ];
    let mut tx = store.write().await.unwrap();
    for window in [&future, &active, &late, &old] {
        tx.put_maintenance(window).await.unwrap();
    }
    tx.commit().await.unwrap();
    let all = [&old, &late, &active, &future].map(Clone::clone);
    assert_eq!(store.load().await.unwrap().windows, all, "all, when nobody was there before");
    let mut tx = store.write().await.unwrap();
    tx.heartbeat(at(0)).await.unwrap();
    let mut shorter = active.clone();
    shorter.end = at(1);
    tx.put_maintenance(&shorter).await.unwrap();
    tx.delete_maintenance(future.id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.load().await.unwrap().windows, [late.clone(), shorter.clone()]);
    assert_eq!(store.ended_maintenance(at(0), 10).await.unwrap(), [late, old]);
    assert_eq!(store.ended_maintenance(at(1), 1).await.unwrap(), [shorter], "the end is outside");
}

pub async fn requests_and_signs_of_life_are_remembered(place: Place) {
    let store = place.open().await.unwrap();
    let id = RequestId::from_parts(1, [7; 10]);
    assert_eq!(store.remembered(id).await.unwrap(), None);
    assert_eq!(store.load().await.unwrap().alive, None);
    let mut tx = store.write().await.unwrap();
    tx.remember(id, "noc", r#"{"ok":1}"#, None, at(1)).await.unwrap();
    tx.remember(id, "noc", r#"{"ok":2}"#, None, at(2)).await.unwrap();
    tx.audit("noc", "acknowledge", r#"{"host":"web"}"#, at(1)).await.unwrap();
    tx.heartbeat(at(5)).await.unwrap();
    tx.heartbeat(at(6)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.remembered(id).await.unwrap().as_deref(), Some(r#"{"ok":1}"#));
    assert_eq!(store.load().await.unwrap().alive, Some(at(6)));
    assert!(store.size_bytes().await.unwrap() > 4096);
}

pub async fn what_is_not_committed_never_was(place: Place) {
    let store = place.open().await.unwrap();
    let web = alert(1, "web");
    for _ in 0..3 {
        let mut tx = store.write().await.unwrap();
        let numbers = make_checks(&mut tx, 1).await;
        tx.put_statuses(&[(numbers[0], &Status::waiting(at(0)))]).await.unwrap();
        tx.append_journal(&[row(numbers[0], 1, &[])]).await.unwrap();
        tx.put_alert(&web).await.unwrap();
        tx.add_edge(&edge(&web, 1)).await.unwrap();
        tx.enqueue(&Notification::of(&edge(&web, 1), Reason::First, "log")).await.unwrap();
        drop(tx);
        let loaded = store.load().await.unwrap();
        assert!(loaded.checks.is_empty() && loaded.alerts.is_empty());
        assert!(loaded.statuses.is_empty());
        assert!(store.edges(None, None, 9).await.unwrap().is_empty());
        assert!(store.due_notifications("log", at(9999), 9).await.unwrap().is_empty());
    }
}

pub async fn a_failed_unit_of_work_cannot_be_committed(place: Place) {
    let store = place.open().await.unwrap();
    let mut tx = store.write().await.unwrap();
    tx.put_alert(&alert(1, "web")).await.unwrap();
    tx.put_alert(&alert(2, "web")).await.unwrap_err();
    assert!(tx.commit().await.is_err());
    assert!(store.load().await.unwrap().alerts.is_empty());
    let mut tx = store.write().await.unwrap();
    tx.put_alert(&alert(1, "web")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.load().await.unwrap().alerts.len(), 1);

    // A future that is dropped in the middle leaves the unit of work in an unknown state.
    let rows: Vec<_> = (0..4000).map(|i| row(1, i, &[(1, 1.0)])).collect();
    let mut pending = false;
    for _ in 0..1000 {
        let mut tx = store.write().await.unwrap();
        pending = futures::poll!(std::pin::pin!(tx.append_journal(&rows))).is_pending();
        if pending {
            assert!(tx.commit().await.is_err());
            break;
        }
    }
    assert!(pending, "the database answered each time before it was waited for");
    assert!(store.history(1, at(0), at(9999)).await.unwrap().states.is_empty());
}

pub async fn a_newer_schema_is_refused(place: Place) {
    place.open().await.unwrap().close().await;
    place
        .meddle(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
             execution_time) SELECT 4711, 'later', success, checksum, execution_time \
             FROM _sqlx_migrations WHERE version = 1",
        )
        .await;
    let refused = place.open().await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 4711, known: 17 }), "{refused}");
    assert!(refused.to_string().contains("newer fluxnoc"));
}

pub async fn a_foreign_database_is_refused(place: Place) {
    place.meddle("CREATE TABLE meta (a BIGINT)").await;
    let refused = place.open().await.unwrap_err();
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
    place.meddle("DROP TABLE meta").await;
    place.meddle("CREATE TABLE meta (key TEXT, value TEXT)").await;
    place.meddle("INSERT INTO meta VALUES ('application', 'other')").await;
    let refused = place.open().await.unwrap_err();
    assert!(refused.to_string().contains("`other`"), "{refused}");
    place.meddle("DROP TABLE meta").await;
    place.meddle("CREATE TABLE customers (name TEXT)").await;
    let refused = place.open().await.unwrap_err();
    assert!(refused.to_string().contains("customers"), "{refused}");
    let _: Timestamp = at(0);
}
