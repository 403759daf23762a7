//! Fifty alerts a second come and fifty go, on a line of 200 ms there and back; somebody
//! acknowledges. What the screen showed under the cursor when the key was pressed is what the audit
//! rows must say.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::engine::{Engine, Handle, Inventory, Keep, Setup};
use fluxnoc::model::spec::{Spec, TcpSpec};
use fluxnoc::model::{
    Check, CheckKey, EdgeKind, Failure, FailureKind, Host, Observation, RequestId, SafeText, Span,
};
use fluxnoc::protocol::work::{Finding, Report};
use fluxnoc::protocol::{
    Actor, Answer, Command, LogFilter, LogKind, Outcome, Query, Request, Role,
};
use fluxnoc::store::{DirLock, Store};
use tokio_util::sync::CancellationToken;

use crate::dice::Dice;
use crate::line::{Line, Link};
use crate::stage::{FLUXNOC, alone};

const LINK: Link = Link { rate: None, way: Duration::from_millis(100) };
/// Nobody presses a key for what they have seen for less than this.
const REACTION: Duration = Duration::from_millis(150);
/// Hosts with a check each: one that came does not come again for a while.
const HOSTS: usize = 6000;
/// Alerts that fire at a time.
const FIRING: usize = 1500;
/// Alerts that come, and as many that go, in one step.
const EACH: usize = 5;
const STEP: Duration = Duration::from_millis(100);

/// How many are acknowledged: forty, or what `FLUXNOC_ACKS` says.
fn rounds() -> usize {
    std::env::var("FLUXNOC_ACKS").ok().and_then(|count| count.parse().ok()).unwrap_or(40)
}

fn inventory() -> Inventory {
    let mut inventory = Inventory::default();
    for n in 0..HOSTS {
        let host = format!("edge-{n:04}");
        let spec = Spec::Tcp(TcpSpec { port: 9, ..tcp() });
        // A name of its own, so that no storm groups them.
        let mut check = Check::new(&host, &format!("port-{n:04}"), "127.0.0.1", spec);
        (check.attempts, check.interval) = (1, Span::from_secs(3600));
        inventory.hosts.push(Host::new(&host, "127.0.0.1"));
        inventory.checks.push(check);
    }
    inventory
}

fn tcp() -> TcpSpec {
    serde_json::from_value(serde_json::json!({ "port": 9, "send": null, "expect": null })).unwrap()
}

fn request(actor: Actor, command: Command) -> Request {
    let id = RequestId::from_parts(Clock::System.now().wall.millis(), rand::random());
    Request { id, actor, command }
}

/// Lets alerts come and go until told to stop; gives how many came and went.
async fn feed(handle: Handle, stop: Arc<AtomicBool>) -> (usize, usize) {
    let claim = request(Actor::Worker, Command::Claim(fluxnoc::protocol::Claim::of_boot(1)));
    let Ok(Outcome::Assigned { assignments, .. }) = handle.execute(claim).await else {
        panic!("no assignments");
    };
    let generations: BTreeMap<CheckKey, u64> =
        assignments.iter().map(|given| (given.check.key.clone(), given.generation)).collect();
    let mut dice = Dice(7);
    let (mut next, mut seq) = (0, 0);
    let (mut came, mut went) = (0, 0);
    let mut firing: VecDeque<CheckKey> = VecDeque::new();
    let mut tick = tokio::time::interval(STEP);
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        let mut results = Vec::new();
        for _ in 0..EACH {
            let key = loop {
                let n = next % HOSTS;
                next += 1;
                let key = CheckKey::new(format!("edge-{n:04}"), format!("port-{n:04}"));
                if !firing.contains(&key) {
                    break key;
                }
            };
            let kind = [FailureKind::Refused, FailureKind::Timeout, FailureKind::NoRoute];
            let kind = kind[usize::try_from(dice.roll(3)).unwrap()];
            let seen = Observation::failed(Failure::new(kind, format!("no answer, try {next}")));
            results.push(finding(&generations, &key, seen));
            firing.push_back(key);
            came += 1;
        }
        while firing.len() > FIRING {
            let at = usize::try_from(dice.roll(firing.len() as u64)).unwrap();
            let key = firing.remove(at).unwrap();
            results.push(finding(&generations, &key, Observation::seen("open", Vec::new())));
            went += 1;
        }
        seq += 1;
        let report = Report {
            boot: 1,
            seq,
            results,
            traces: Vec::new(),
            lag: Span::ZERO,
            ..Report::default()
        };
        handle.execute(request(Actor::Worker, Command::Report(report))).await.unwrap();
    }
    (came, went)
}

fn finding(
    generations: &BTreeMap<CheckKey, u64>,
    key: &CheckKey,
    observation: Observation,
) -> Finding {
    let now = Clock::System.now().wall;
    Finding {
        check: key.clone(),
        generation: generations[key],
        slot: now,
        at: now,
        forced: false,
        sample: false,
        observation,
    }
}

/// The row under the cursor.
fn row(screen: &vt100::Screen) -> Option<String> {
    let (_, wide) = screen.size();
    screen.rows(0, wide.get()).find(|row| row.trim_start_matches('│').starts_with('›'))
}

/// Whether what is under the cursor is over (it stays, struck through) or taken.
fn is_over(screen: &vt100::Screen) -> bool {
    let words = ["✓ OK", "– gone", "hand to", "acknowledging"];
    row(screen).is_none_or(|row| words.iter().any(|word| row.contains(word)))
}

/// The host under the cursor.
fn under(screen: &vt100::Screen) -> Option<String> {
    let row = row(screen)?;
    let at = row.find("edge-")?;
    row.get(at..at + "edge-0000".len()).map(str::to_owned)
}

fn foot(screen: &vt100::Screen) -> String {
    let (_, wide) = screen.size();
    screen.rows(0, wide.get()).last().unwrap_or_default()
}

/// Waits until what is under the cursor was seen for as long as a hand needs, then presses; gives
/// what the screen showed at that moment.
fn press_at(line: &Line, key: &str) -> Option<String> {
    let (mut seen, mut since) = (line.look(under), Instant::now());
    loop {
        let now = line.look(under);
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
        if since.elapsed() >= REACTION {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    line.press_looking(key, under)
}

/// What was under the cursor when, in the seconds before and after a key.
fn told(line: &Line, pressed: Instant) -> String {
    let mut parser = line.parser();
    let (mut out, mut last) = (String::new(), None);
    for (at, bytes) in line.log() {
        parser.process(&bytes);
        let now = row(parser.screen());
        if now == last || at + Duration::from_secs(5) < pressed {
            continue;
        }
        let sign = if at < pressed { '-' } else { '+' };
        let apart = if at < pressed { pressed - at } else { at - pressed };
        let _ = writeln!(out, "{sign}{apart:?} {}", now.clone().unwrap_or_default());
        last = now;
    }
    out + &line.text()
}

/// Moves the cursor and waits to see it there; at the end of a list it stays. What is typed ahead
/// of the screen means what will be there, which is another matter.
fn go(line: &Line, key: &str) {
    let before = line.press_looking(key, under);
    line.wait_for(Duration::from_secs(1), |screen| under(screen) != before);
}

/// One acknowledgement under a comment of its own; gives what was under the cursor when its key
/// was pressed, `None` when the alert was over by then.
fn acknowledge(line: &Line, dice: &mut Dice, round: usize) -> Option<String> {
    let moves = ["j", "k", "n", "\x1b[6~", "j", "G", "gg"];
    go(line, moves[usize::try_from(dice.roll(7)).unwrap()]);
    // At times so long that the hand rests just before the key.
    let wait = if round.is_multiple_of(8) { 2700 + dice.roll(500) } else { dice.roll(350) };
    std::thread::sleep(Duration::from_millis(wait));
    // Nobody takes what is struck through or taken, but for one who does not look.
    if dice.roll(8) != 0 && line.look(is_over) {
        go(line, "n");
    }
    let want = press_at(line, "a")?;
    let pressed = Instant::now();
    let open = |screen: &vt100::Screen| screen.contents().contains("⏎ send");
    line.wait_for(Duration::from_secs(2), open)?;
    let named = line.look(foot);
    assert!(
        named.contains(&want),
        "round {round}: {want} was under the cursor, not what{named}\n{}",
        told(line, pressed)
    );
    let comment = words(round);
    line.press(&format!("\x15{comment}"));
    line.wait_screen("the comment", |screen| foot(screen).contains(&comment));
    std::thread::sleep(REACTION);
    line.press("\r");
    line.wait_screen("the line goes", |screen| !open(screen));
    Some(want)
}

fn words(round: usize) -> String {
    format!("taken in round {round:04}.")
}

/// The audit rows: host by comment.
async fn audited(handle: &Handle) -> BTreeMap<String, Vec<String>> {
    let filter =
        LogFilter { kinds: vec![LogKind::Edge(EdgeKind::Acknowledged)], ..LogFilter::default() };
    let actor = Actor::Local { name: SafeText::line("audit"), role: Role::Viewer };
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut before = None;
    loop {
        let query = Query::Log { filter: filter.clone(), before, limit: 1000 };
        let Ok(Answer::Log(page)) = handle.query(actor.clone(), query).await else { panic!() };
        for entry in page.entries {
            assert_eq!(entry.actor.as_ref().map(SafeText::as_str), Some("hand"));
            let host = entry.host.map(|host| host.to_string()).unwrap_or_default();
            rows.entry(entry.text.to_string()).or_default().push(host);
        }
        match page.next {
            Some(next) => before = Some(next),
            None => return rows,
        }
    }
}

#[test]
fn dc_04_every_acknowledgement_hits_what_the_screen_showed_under_the_cursor() {
    let _alone = alone();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let _lock = DirLock::acquire(&data).unwrap();
    let engine = Engine::start(Setup {
        inventory: inventory(),
        reload: Arc::new(|| Err("not here".to_owned())),
        keep_rule: fluxnoc::engine::keep_no_rules(),
        store: Store::open_sqlite(&data.join("fluxnoc.db")).await.unwrap(),
        keep: Keep::default(),
        clock: Clock::System,
        machine: "storm".to_owned(),
    })
    .await
    .unwrap();
    let handle = engine.handle.clone();
    let listener = tokio::net::UnixListener::bind(data.join("fluxnoc.sock")).unwrap();
    let closing = CancellationToken::new();
    tokio::spawn(fluxnoc::api::serve(listener, handle.clone(), closing.clone()));
    let stop = Arc::new(AtomicBool::new(false));
    let fed = tokio::spawn(feed(handle.clone(), Arc::clone(&stop)));

    let config = dir.path().join("config.toml");
    std::fs::write(&config, "[[host]]\nname = \"x\"\naddress = \"127.0.0.1\"\n").unwrap();
    let mut args = vec!["--config".to_owned(), config.display().to_string()];
    args.extend(["--data-dir".to_owned(), data.display().to_string()]);
    args.extend(["--as".to_owned(), "hand".to_owned()]);
    let begun = Instant::now();
    let wanted = tokio::task::spawn_blocking(move || {
        let line = Line::start(FLUXNOC.as_ref(), &args, &[], (120, 40), LINK);
        line.wait("alerts", |screen| screen.contains("edge-"));
        line.press("2");
        line.wait("the list", |screen| screen.contains("Alerts: unhandled"));
        let mut dice = Dice(4242);
        let mut wanted = Vec::new();
        let mut over = 0;
        let mut round = 0;
        // Those that are over before they are sent are no acknowledgements: others come for them.
        while wanted.len() < rounds() + rounds() / 10 {
            match acknowledge(&line, &mut dice, round) {
                Some(host) => wanted.push((words(round), host)),
                None => over += 1,
            }
            assert!(over < 50 + rounds(), "{over} were over\n{}", line.text());
            round += 1;
        }
        println!("{} acknowledged, {over} were over before the key arrived", wanted.len());
        wanted
    })
    .await
    .unwrap();
    stop.store(true, Ordering::Relaxed);
    let (came, went) = fed.await.unwrap();
    let rate = came as f64 / begun.elapsed().as_secs_f64();
    println!("{came} alerts came and {went} went, {rate:.0} a second");
    assert!(rate > 45.0, "only {rate:.0} alerts a second came");

    let mut rows = audited(&handle).await;
    let (mut hits, mut late) = (0, 0);
    for (comment, host) in &wanted {
        match rows.remove(comment) {
            Some(hosts) => {
                assert_eq!(hosts, [host.as_str()], "{comment}");
                hits += 1;
            }
            // It recovered while the comment was typed.
            None => late += 1,
        }
    }
    println!("{hits} hit what the screen showed, {late} were over when they were sent");
    assert!(rows.is_empty(), "nobody asked for {rows:?}");
    assert!(hits >= rounds(), "{hits} of {}", wanted.len());
    closing.cancel();
    engine.stopped().await.unwrap();
}
