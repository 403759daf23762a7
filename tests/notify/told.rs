//! How far the word about an alert has come, as every console is told: queued, sent, failed, given
//! up, held.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::model::{AlertId, ChannelKind, Format, Name, Routes, Span};
use fluxnoc::protocol::{Command, NotificationScope, Told, ToldRow};
use fluxnoc::store::{Store, Telling};
use sqlx::Connection as _;

use crate::delivery::{channel, hook};
use crate::lab::{Lab, START, host, inventory, refused};
use crate::receiver::{PATIENCE, Receiver, status};

async fn start(dir: &tempfile::TempDir, url: &str) -> Lab {
    let mut wanted = inventory(vec![host("web-1", &["http"])]);
    let mut routes = Routes::default();
    let kind = ChannelKind::Webhook(hook(url, Format::Fluxnoc));
    routes.channels.insert("hook".into(), channel("hook", kind));
    routes.lists.insert("ops".into(), vec![Name::from("hook")]);
    routes.default_list = Some("ops".into());
    wanted.routes = Arc::new(routes);
    Lab::start(dir.path(), wanted, Clock::manual(START)).await
}

fn alert(lab: &Lab) -> AlertId {
    lab.world.alert_of(&"web-1/http".parse().unwrap()).expect("an alert").id
}

/// Moves the clock by a second at a time until the word is as far as wanted.
async fn until(lab: &mut Lab, what: &str, wanted: impl Fn(Told) -> bool) {
    let (id, end) = (alert(lab), Instant::now() + PATIENCE);
    loop {
        lab.drain();
        let told = lab.world.told(id);
        if told.is_some_and(&wanted) {
            return;
        }
        assert!(Instant::now() < end, "{what}: {told:?}");
        lab.clock.advance(Span::from_secs(1));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_console_is_told_how_far_the_word_has_come() {
    let receiver = Receiver::start(|_| status(503)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut lab = start(&dir, &receiver.url).await;
    lab.report_times(3, "web-1/http", &refused()).await;
    // Promised is not sent.
    let id = alert(&lab);
    assert!(lab.world.alert(id).unwrap().notified.is_some());
    assert!(lab.world.told(id).is_none_or(|told| told != Told::Sent));
    until(&mut lab, "it fails", |told| matches!(told, Told::Failed(1..))).await;
    until(&mut lab, "and again", |told| matches!(told, Told::Failed(3..))).await;
    // Who looks now sees the same.
    let mut other = lab.engine.handle.watch(crate::lab::noc()).await.unwrap();
    let mut seen = fluxnoc::protocol::World::new();
    while !seen.is_ready() {
        seen.apply(&other.next().await.unwrap(), lab.clock.now().wall);
    }
    assert!(matches!(seen.told(id), Some(Told::Failed(3..))), "{:?}", seen.told(id));
    receiver.answers(|_| status(200));
    until(&mut lab, "it is taken", |told| told == Told::Sent).await;
    lab.stop().await;
}

#[tokio::test]
async fn what_is_given_up_says_so_and_what_is_sent_again_or_dropped_too() {
    let receiver = Receiver::start(|_| status(400)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut lab = start(&dir, &receiver.url).await;
    lab.report_times(3, "web-1/http", &refused()).await;
    until(&mut lab, "it is refused", |told| told == Told::Parked).await;
    receiver.answers(|_| status(200));
    let which = NotificationScope::Destination("hook".to_owned());
    lab.execute(Command::ResendNotifications { which }).await.unwrap();
    until(&mut lab, "it is sent again", |told| told == Told::Sent).await;
    lab.stop().await;
}

#[tokio::test]
async fn while_paging_is_held_the_word_is_held() {
    let receiver = Receiver::start(|_| status(200)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut lab = start(&dir, &receiver.url).await;
    let reason = "core switch is replaced".to_owned();
    let hold = Command::HoldPaging { length: Span::from_secs(3600), reason };
    lab.execute(hold).await.unwrap();
    lab.report_times(3, "web-1/http", &refused()).await;
    until(&mut lab, "it is held", |told| told == Told::Held).await;
    lab.execute(Command::ResumePaging).await.unwrap();
    until(&mut lab, "it goes on", |told| told == Told::Sent).await;
    lab.stop().await;
}

/// Ten thousand open alerts, each told to two destinations in two edges, are read at once.
#[tokio::test]
async fn ten_thousand_alerts_are_read_in_bounded_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.db");
    let store = Store::open_sqlite(&path).await.unwrap();
    let url = format!("sqlite://{}", path.display());
    let mut database = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let ids: Vec<String> = (0..10_000_u32)
        .map(|n| {
            let mut bytes = [0; 10];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            AlertId::from_parts(1_772_000_000_000, bytes).to_string()
        })
        .collect();
    let ids = serde_json::to_string(&ids).unwrap();
    for sql in [
        "INSERT INTO alerts (id, host, check_name, phase, state, opened, since, output, attempt, \
         attempts, edge_seq, in_maintenance, suppressed) SELECT value, value, 'http', 'firing', \
         'CRITICAL', 0, 0, 'x', 3, 3, 2, 0, 0 FROM json_each(?1)",
        "INSERT INTO outbox (key, alert, edge_seq, reason, destination, not_before, state, tries, \
         body) SELECT value || n || d, value, n, 'first', d, n, 'due', n, '{}' \
         FROM json_each(?1), (SELECT 1 n UNION SELECT 2), (SELECT 'a' d UNION SELECT 'b')",
    ] {
        sqlx::query(sql).bind(&ids).execute(&mut database).await.unwrap();
    }
    let begun = Instant::now();
    let rows = store.tellings().await.unwrap();
    let took = begun.elapsed();
    println!("20,000 promises of 10,000 alerts: {took:?}");
    assert_eq!(rows.len(), 20_000);
    assert!(rows.iter().all(|row| row.tries == 2), "the last of each destination");
    assert!(took < Duration::from_secs(2), "{took:?}");
    // No message of them is larger than others are.
    let told = |row: &Telling| ToldRow { alert: row.alert, told: Told::Failed(row.tries) };
    let told: Vec<ToldRow> = rows.iter().map(told).collect();
    let events = ToldRow::events(&told);
    assert_eq!(events.len(), 40);
    assert!(events.iter().all(|event| serde_json::to_string(event).unwrap().len() < 64 << 10));
}
