//! What was read of the outbox and has not left: it is taken back when it is not to leave any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use fluxnoc::clock::Clock;
use fluxnoc::model::{ChannelKind, Format, Name, Routes, Span};
use fluxnoc::protocol::{Command, NotificationScope};
use tokio::sync::Semaphore;

use crate::delivery::{channel, hook};
use crate::lab::{Lab, START, refused};
use crate::lanes::wanted;
use crate::receiver::PATIENCE;

/// Many more than are under way at once.
const HOSTS: usize = 60;
/// What is under way at once.
const AT_ONCE: usize = 8;

/// A receiver that takes so many as there are permits, and counts who came.
#[derive(Clone)]
struct Gate {
    permits: Arc<Semaphore>,
    came: Arc<AtomicUsize>,
}

impl Gate {
    async fn start() -> (Self, String) {
        let gate = Self { permits: Arc::new(Semaphore::new(0)), came: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new().fallback(take).with_state(gate.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (gate, url)
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }

    async fn until(&self, lab: &Lab, count: usize) {
        let end = std::time::Instant::now() + PATIENCE;
        while self.came() < count {
            assert!(std::time::Instant::now() < end, "{} of {count} came", self.came());
            lab.clock.advance(Span::from_millis(100));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn take(State(gate): State<Gate>) {
    gate.came.fetch_add(1, Ordering::SeqCst);
    gate.permits.acquire().await.unwrap().forget();
}

/// All have failed, some of them are on their way, and the rest waits.
async fn full(dir: &std::path::Path) -> (Gate, Lab) {
    let (gate, url) = Gate::start().await;
    let mut routes = Routes::default();
    let kind = ChannelKind::Webhook(hook(&url, Format::Fluxnoc));
    let mut way = channel("hook", kind);
    way.timeout = Span::from_secs(600);
    routes.channels.insert("hook".into(), way);
    routes.lists.insert("all".into(), vec![Name::from("hook")]);
    routes.default_list = Some("all".into());
    let names: Vec<String> = (0..HOSTS).map(|n| format!("web-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let inventory = wanted(&names, &Arc::new(routes));
    let mut lab = Lab::start(dir, inventory, Clock::manual(START)).await;
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
