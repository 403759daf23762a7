//! The wall over a world that runs sixty times as fast: what it shows, and what it takes.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::{Duration, Instant};

use fluxnoc::model::{Alert, AlertId, Phase, State};
use fluxnoc::protocol::Event;

use crate::pty::Terminal;
use crate::stage::{self, FLUXNOC, PATIENCE, Stage, alone, runtime};

/// The views of the timetable with what only they show.
const VIEWS: [(&str, &str); 7] = [
    ("board", "busiest links"),
    ("overview", "Hosts by site"),
    ("alerts", "─ Alerts: "),
    ("hosts", "─ Hosts, worst first"),
    ("checks", "─ Checks ─"),
    ("paths", "─ Paths"),
    ("maintenance", "─ Maintenance: "),
];
/// How soon a new CRITICAL is in front.
const SOON: Duration = Duration::from_secs(2);
/// Growth that is none, in KiB.
const FLAT: u64 = 12 * 1024;
/// Descriptors more or less that are none.
const DESCRIPTORS: usize = 4;

/// A minute and a half; an hour with `FLUXNOC_WALL=hour`.
fn lasts() -> Duration {
    let long = std::env::var("FLUXNOC_WALL").is_ok_and(|value| value == "hour");
    if long { Duration::from_mins(60) } else { Duration::from_secs(90) }
}

fn calls(alert: &Alert) -> bool {
    alert.phase == Phase::Firing && alert.state == State::Critical && alert.is_unhandled()
}

/// What the board has on top.
fn front(screen: &vt100::Screen) -> Option<String> {
    let (_, wide) = screen.size();
    let rows: Vec<String> = screen.rows(0, wide.get()).collect();
    let rule =
        rows.iter().position(|row| row.trim().chars().all(|c| c == '─') && row.len() > 40)?;
    rows.get(rule + 1).cloned()
}

/// A CRITICAL that is to come to the front.
struct Due {
    since: Instant,
    id: AlertId,
    words: String,
}

/// What the run saw.
#[derive(Default)]
struct Seen {
    views: BTreeSet<&'static str>,
    fronts: usize,
    over: usize,
    slowest: Duration,
    samples: Vec<(u64, usize)>,
}

#[test]
fn dc_09_the_wall_shows_all_and_takes_no_more_with_time() {
    let _alone = alone();
    let stage = Stage::new();
    let config = stage.dir.path().join("config.toml");
    let views: Vec<String> = VIEWS.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let text = format!(
        "[wall]\nrotate = \"5s\"\nviews = [{}]\n[[host]]\nname = \"x\"\naddress = \"127.0.0.1\"\n",
        views.join(", ")
    );
    std::fs::write(&config, text).unwrap();
    let config = config.display().to_string();
    let args = ["--config", &config, "--wall", "demo", "--speed", "60", "--seed", "3"];
    let terminal = Terminal::start(FLUXNOC.as_ref(), &args, &stage.env(), 120, 33);
    terminal.wait("the board", PATIENCE, |screen| screen.contains("busiest links"));
    let seen = runtime().block_on(watch(&terminal, &stage, lasts()));
    println!(
        "{} new CRITICAL in front, the slowest after {:?}, {} over before; views {:?}",
        seen.fronts, seen.slowest, seen.over, seen.views
    );
    assert_eq!(seen.views.len(), VIEWS.len(), "not every view was shown: {:?}", seen.views);
    assert!(seen.fronts >= 5, "{} came to the front", seen.fronts);
    flat(&seen.samples);
}

/// Follows the engine's events beside the screen.
async fn watch(terminal: &Terminal, stage: &Stage, lasts: Duration) -> Seen {
    let client = stage.client().await;
    let mut events = client.watch().await.unwrap();
    let mut seen = Seen::default();
    let (mut ready, mut calling) = (false, HashSet::<AlertId>::new());
    let mut due: VecDeque<Due> = VecDeque::new();
    let begun = Instant::now();
    let mut next = begun;
    while begun.elapsed() < lasts {
        let event = tokio::time::timeout(Duration::from_millis(20), events.next()).await;
        match event.as_ref().ok().map(|event| event.as_deref().expect("the engine goes on")) {
            Some(Event::Ready) => ready = true,
            Some(Event::Alert(alert)) => {
                if !calls(alert) {
                    calling.remove(&alert.id);
                } else if calling.insert(alert.id) && ready {
                    let words = format!("{} {}", alert.check.host, alert.check.name);
                    due.push_back(Due { since: Instant::now(), id: alert.id, words });
                }
            }
            Some(Event::AlertGone(id)) => drop(calling.remove(id)),
            Some(Event::Resync) => panic!("this watcher was too slow"),
            _ => {}
        }
        look(terminal, &calling, &mut due, &mut seen);
        if Instant::now() >= next {
            next += Duration::from_secs(1);
            let pid = terminal.pid();
            seen.samples.push((stage::memory(pid), stage::descriptors(pid)));
        }
    }
    seen
}

/// What is on the screen now.
fn look(terminal: &Terminal, calling: &HashSet<AlertId>, due: &mut VecDeque<Due>, seen: &mut Seen) {
    let (text, front) = terminal.screen(|screen| (screen.contents(), front(screen)));
    for (name, words) in VIEWS {
        if text.contains(words) {
            seen.views.insert(name);
        }
    }
    // The newest is in front; what came just before it had its moment, or shares it.
    let at = due
        .iter()
        .rposition(|wanted| front.as_ref().is_some_and(|row| row.contains(&wanted.words)));
    if let Some(at) = at {
        for came in due.drain(..=at) {
            seen.slowest = seen.slowest.max(came.since.elapsed());
            seen.fronts += 1;
        }
    }
    due.retain(|wanted| {
        let over = !calling.contains(&wanted.id);
        seen.over += usize::from(over);
        assert!(
            over || wanted.since.elapsed() <= SOON,
            "{} is not in front after {:?}:\n{text}",
            wanted.words,
            wanted.since.elapsed()
        );
        !over
    });
}

/// The last third takes what the second third took.
fn flat(samples: &[(u64, usize)]) {
    let third = samples.len() / 3;
    let middle = |part: &[(u64, usize)], pick: fn(&(u64, usize)) -> u64| {
        let mut all: Vec<u64> = part.iter().map(pick).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    let (second, last) = (&samples[third..2 * third], &samples[2 * third..]);
    let memory = [second, last].map(|part| middle(part, |sample| sample.0));
    let open = [second, last].map(|part| middle(part, |sample| sample.1 as u64));
    println!("memory {} then {} MiB, descriptors {open:?}", memory[0] / 1024, memory[1] / 1024);
    assert!(memory[1] <= memory[0] + FLAT, "{memory:?} KiB");
    assert!(open[1].abs_diff(open[0]) <= DESCRIPTORS as u64, "{open:?}");
}
