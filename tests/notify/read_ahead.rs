//! What was read of the outbox and has not left: it is taken back when it is not to leave any more.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use fluxnoc::clock::Clock;
use fluxnoc::model::{ChannelKind, Format, Name, Routes, Span};
use fluxnoc::protocol::{Command, NotificationScope};
use tokio::sync::Semaphore;

use crate::delivery::{channel, hook};
use crate::lab::{Lab, START, good, refused};
use crate::lanes::wanted;
use crate::receiver::PATIENCE;

/// Many more than are under way at once.
const HOSTS: usize = 60;
/// What is under way at once.
const AT_ONCE: usize = 8;

/// A receiver that answers so many as there are permits, and counts who came.
#[derive(Clone)]
struct Gate {
    permits: Arc<Semaphore>,
    came: Arc<AtomicUsize>,
    /// It answers, but takes nothing.
    down: Arc<AtomicBool>,
    /// The keys of what it answered, and whether it took it.
    answered: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Gate {
    async fn start() -> (Self, String) {
        let gate = Self {
            permits: Arc::new(Semaphore::new(0)),
            came: Arc::default(),
            down: Arc::default(),
            answered: Arc::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().fallback(take).with_state(gate.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (gate, url)
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }

    /// What it took, or did not.
    fn answered(&self, taken: bool) -> Vec<String> {
        let all = self.answered.lock().unwrap();
        all.iter().filter(|(_, took)| *took == taken).map(|(key, _)| key.clone()).collect()
    }

    async fn until(&self, lab: &Lab, count: usize) {
        self.wait(lab, &format!("{count} come"), || self.came() >= count).await;
    }

    async fn wait(&self, lab: &Lab, what: &str, so: impl Fn() -> bool) {
        let end = std::time::Instant::now() + PATIENCE;
        while !so() {
            let answered = self.answered.lock().unwrap().clone();
            let came = self.came();
            assert!(std::time::Instant::now() < end, "{what}: {came} came, {answered:?}");
            lab.clock.advance(Span::from_millis(100));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn take(State(gate): State<Gate>, headers: HeaderMap) -> StatusCode {
    gate.came.fetch_add(1, Ordering::SeqCst);
    gate.permits.acquire().await.unwrap().forget();
    let taken = !gate.down.load(Ordering::SeqCst);
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    gate.answered.lock().unwrap().push((key, taken));
    if taken { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// The receiver, and an engine that tells it of these hosts.
async fn site(dir: &std::path::Path, names: &[&str]) -> (Gate, Lab) {
    let (gate, url) = Gate::start().await;
    let mut routes = Routes::default();
    let kind = ChannelKind::Webhook(hook(&url, Format::Fluxnoc));
    let mut way = channel("hook", kind);
    way.timeout = Span::from_secs(600);
    routes.channels.insert("hook".into(), way);
    routes.lists.insert("all".into(), vec![Name::from("hook")]);
    routes.default_list = Some("all".into());
    let inventory = wanted(names, &Arc::new(routes));
    (gate, Lab::start(dir, inventory, Clock::manual(START)).await)
}

/// All have failed, some of them are on their way, and the rest waits.
async fn full(dir: &std::path::Path) -> (Gate, Lab) {
    let names: Vec<String> = (0..HOSTS).map(|n| format!("web-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (gate, mut lab) = site(dir, &names).await;
    for name in &names {
        lab.report(&format!("{name}/http"), refused()).await;
    }
    gate.until(&lab, AT_ONCE).await;
    // One lands, and by then all that waits has been read.
    gate.permits.add_permits(1);
    gate.until(&lab, AT_ONCE + 1).await;
    (gate, lab)
}

/// Lets all leave that would.
async fn open(gate: &Gate, lab: &mut Lab) {
    gate.permits.add_permits(1000);
    for _ in 0..10 {
        lab.clock.advance(Span::from_secs(1));
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    lab.drain();
}

#[tokio::test]
async fn all_leave_a_few_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let (gate, mut lab) = full(dir.path()).await;
    open(&gate, &mut lab).await;
    gate.until(&lab, HOSTS).await;
    lab.stop().await;
    assert_eq!(gate.came(), HOSTS, "each once");
}

#[tokio::test]
async fn what_is_dropped_leaves_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let (gate, mut lab) = full(dir.path()).await;
    let which = NotificationScope::Destination("hook".to_owned());
    lab.execute(Command::DropNotifications { which }).await.unwrap();
    open(&gate, &mut lab).await;
    lab.stop().await;
    assert_eq!(gate.came(), AT_ONCE + 1, "only what was on its way");
}

#[tokio::test]
async fn while_paging_is_held_only_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (gate, mut lab) = full(dir.path()).await;
    let (length, reason) = (Span::from_secs(1800), "core switch is replaced".to_owned());
    lab.execute(Command::HoldPaging { length, reason }).await.unwrap();
    open(&gate, &mut lab).await;
    lab.stop().await;
    assert_eq!(gate.came(), AT_ONCE + 2, "what was on its way, and the hold's start");
}

#[tokio::test]
async fn what_fails_after_a_hold_that_began_and_ended_meanwhile_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let (gate, mut lab) = site(dir.path(), &["web-0"]).await;
    lab.report("web-0/http", refused()).await;
    let alert = lab.world.open_alerts().next().unwrap().id;
    gate.until(&lab, 1).await;
    let (length, reason) = (Span::from_secs(1800), "core switch is replaced".to_owned());
    lab.execute(Command::HoldPaging { length, reason }).await.unwrap();
    lab.report("web-0/http", good()).await;
    lab.execute(Command::ResumePaging).await.unwrap();
    // Only now it is answered.
    gate.down.store(true, Ordering::SeqCst);
    gate.permits.add_permits(1);
    let first = format!("{alert}:1:first:hook");
    gate.wait(&lab, "the first fails", || gate.answered(false) == [first.clone()]).await;
    gate.down.store(false, Ordering::SeqCst);
    gate.permits.add_permits(1000);
    let digest = format!("digest:{alert}:2:recovered:hook");
    gate.wait(&lab, "the rest is told", || gate.answered(true).contains(&digest)).await;
    lab.stop().await;
    let of_alert = |key: &String| key.contains(&alert.to_string());
    let told: Vec<String> = gate.answered(true).into_iter().filter(of_alert).collect();
    assert_eq!(told, [first, digest]);
}
