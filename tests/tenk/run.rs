//! The run itself: starts targets and program, types, measures, and says what was broken.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use fluxnoc::protocol::due;

use super::fleet::{self, Kind, Ports, Series};
use super::form::Form;
use super::program::{self, Sample};
use super::pty::Terminal;
use super::targets::{Targets, Wanted};
use super::verdict::{self, Fault, Watched};

const PORTS: Ports = Ports { tcp: 7001, http: 7002, dns: 7053, udp: 7004 };
const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two keys: longer than the console waits before it looks closer.
const KEY_EVERY: Duration = Duration::from_millis(600);
const SAMPLE_EVERY: Duration = Duration::from_secs(2);
/// Hosts that the cursor may have stood on, or of which a check once had no answer: their ping is
/// asked at once.
const LOOKED_AT: usize = 64;
/// Faults that are printed in full.
const SHOWN: usize = 20;
/// Descriptors more or less that still count as flat: those of the checks just under way.
const DESCRIPTORS: usize = 64;

/// What was measured from outside.
struct Measured {
    keys: Vec<(Duration, Duration)>,
    samples: Vec<Sample>,
    own_lag: Vec<(Duration, Duration)>,
}

/// Runs the form and panics with everything that was broken.
pub fn run(form: &Form) {
    let dir = tempfile::tempdir().unwrap();
    let targets = Targets::start(form.fleet, Wanted { ports: PORTS, echo: true }, dir.path());
    let mut terminal = start(form, &targets, dir.path());
    let from = targets.counters.now();
    let started = Instant::now();
    let measured = measure(form, &mut terminal, dir.path(), started);
    let to = targets.counters.now();
    leave(&mut terminal);

    let arrivals = targets.counters.arrivals();
    let mut watched =
        Watched { fleet: form.fleet, arrivals: &arrivals, from, to, looked_at: &HashSet::new() };
    let looked_at = looked_at(&verdict::faults(&watched));
    watched.looked_at = &looked_at;
    let mut broken = Vec::new();
    judge_checks(form, &watched, targets.counters.begin, &mut broken);
    judge_program(form, &measured, &mut broken);
    println!("{}", if broken.is_empty() { "all limits hold" } else { "BROKEN:" });
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn start(form: &Form, targets: &Targets, dir: &Path) -> Terminal {
    let script = dir.join("custom.sh");
    std::fs::write(&script, fleet::SCRIPT).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, mode).unwrap();
    let config = dir.join("config.toml");
    std::fs::write(&config, form.fleet.config(targets.ports, &script, &targets.pipe)).unwrap();
    let data = dir.join("data");
    let args = ["--config", config.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
    let begun = Instant::now();
    let program = Path::new(env!("CARGO_BIN_EXE_fluxnoc"));
    let terminal = Terminal::start(program, &args, &[("HOME", dir.to_str().unwrap())], 200, 60);
    terminal.wait("the first frame", PATIENCE, |text| !text.trim().is_empty());
    println!("first frame after {:?}", begun.elapsed());
    let hosts = form.fleet.hosts.to_string();
    terminal.wait("all hosts", PATIENCE, |text| text.contains(&hosts));
    println!("all {hosts} hosts on screen after {:?}", begun.elapsed());
    terminal
}

fn measure(form: &Form, terminal: &mut Terminal, dir: &Path, started: Instant) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let socket = dir.join("data/fluxnoc.sock");
    let mut measured = Measured { keys: Vec::new(), samples: Vec::new(), own_lag: Vec::new() };
    let (mut next_sample, mut next_key) = (started, started);
    let mut was_down = false;
    let mut told = 0;
    while started.elapsed() < form.lasts {
        let now = Instant::now();
        if now >= next_sample {
            next_sample += SAMPLE_EVERY;
            let sample = Sample::take(terminal.pid(), started.elapsed());
            measured.samples.push(sample);
            let lag = program::own_lag(&runtime, &socket);
            measured.own_lag.push((started.elapsed(), lag));
            if sample.at.as_secs() / 20 > told {
                told = sample.at.as_secs() / 20;
                let (rss, fds) = (sample.rss_kib / 1024, sample.descriptors);
                println!(
                    "{:>4} s: {rss} MiB, {fds} descriptors, {} threads, {:.1} s of processor, \
                     own lag {lag:?}, last key {:?}",
                    sample.at.as_secs(),
                    sample.threads,
                    sample.cpu.as_secs_f64(),
                    measured.keys.last().map(|(_, took)| *took)
                );
            }
        }
        if now >= next_key {
            next_key += KEY_EVERY;
            if let Some(took) = press_when_possible(terminal, &mut was_down) {
                measured.keys.push((started.elapsed(), took));
            }
        }
        let next = next_sample.min(next_key);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    measured
}

/// Moves the cursor once there are two alerts to move between: down, up, down, and at either end
/// of the list the only way there is.
fn press_when_possible(terminal: &mut Terminal, was_down: &mut bool) -> Option<Duration> {
    let (at, rows) = program::place(&terminal.text())?;
    if rows < 2 {
        return None;
    }
    *was_down = at == 1 || at < rows && !*was_down;
    Some(program::press(terminal, if *was_down { "j" } else { "k" }))
}

/// Leaves through the question, as a person does.
fn leave(terminal: &mut Terminal) {
    println!("the last screen:\n{}", terminal.text());
    let begun = Instant::now();
    terminal.send("q");
    std::thread::sleep(Duration::from_millis(300));
    terminal.send("s");
    assert!(terminal.wait_exit(), "the program failed; the screen:\n{}", terminal.text());
    println!("stopped after {:?}", begun.elapsed());
}

/// Hosts whose pings are denser than their interval, when they are as few as can have been looked
/// at.
fn looked_at(faults: &[Fault]) -> HashSet<u32> {
    let hosts: HashSet<u32> = faults
        .iter()
        .filter_map(|fault| match fault {
            Fault::Double { series, .. } if series.kind() == Kind::Ping => Some(series.host()),
            _ => None,
        })
        .collect();
    if hosts.len() <= LOOKED_AT { hosts } else { HashSet::new() }
}

fn judge_checks(form: &Form, watched: &Watched<'_>, begin: i64, broken: &mut Vec<String>) {
    let faults = verdict::faults(watched);
    let checks = watched.fleet.series().count();
    println!(
        "{} arrivals of {checks} checks; looked at: {:?}; faults: {}",
        watched.arrivals.len(),
        watched.looked_at,
        faults.len()
    );
    if !faults.is_empty() {
        let shown: Vec<String> = faults.iter().take(SHOWN).map(ToString::to_string).collect();
        broken.push(format!(
            "{} of {checks} checks' intervals are broken, such as:\n  {}",
            faults.len(),
            shown.join("\n  ")
        ));
    }
    let phase = |series: Series| {
        let interval = i64::from(watched.fleet.interval) * 1000;
        let own = i64::try_from(due::hash(&series.key()) % interval.unsigned_abs()).unwrap();
        u32::try_from((own - begin).rem_euclid(interval)).unwrap()
    };
    for kind in Kind::ALL {
        let of_kind: Vec<_> =
            watched.arrivals.iter().filter(|a| a.series.kind() == kind).copied().collect();
        let lags = verdict::lags(&Watched { arrivals: &of_kind, ..*watched }, phase);
        println!("  {:<6} {}", kind.word(), percentiles(&lags));
    }
    let lags = verdict::lags(watched, phase);
    let lag = Duration::from_millis(verdict::percentile(&lags, 99.0).into());
    println!("slot to target: {}", percentiles(&lags));
    if lag >= form.lag {
        broken.push(format!("start lag p99 is {lag:?}, the limit {:?}", form.lag));
    }
}

fn percentiles(ordered: &[u32]) -> String {
    let at = |per_cent| verdict::percentile(ordered, per_cent);
    format!(
        "{} runs, lag p50 {} ms, p90 {} ms, p99 {} ms, p99.9 {} ms, most {} ms",
        ordered.len(),
        at(50.0),
        at(90.0),
        at(99.0),
        at(99.9),
        at(100.0)
    )
}

fn judge_program(form: &Form, measured: &Measured, broken: &mut Vec<String>) {
    let worst = measured.own_lag.iter().map(|(_, lag)| *lag).max().unwrap_or_default();
    println!("the program's own lag p99, the worst of the run: {worst:?}");
    if worst >= form.lag {
        broken.push(format!("the program says lag p99 {worst:?}, the limit is {:?}", form.lag));
    }
    judge_keys(form, measured, broken);
    judge_memory(form, measured, broken);
    judge_descriptors(form, measured, broken);
}

fn judge_keys(form: &Form, measured: &Measured, broken: &mut Vec<String>) {
    let mut micros: Vec<u32> = measured
        .keys
        .iter()
        .map(|(_, took)| u32::try_from(took.as_micros()).unwrap_or(u32::MAX))
        .collect();
    micros.sort_unstable();
    let at = |per_cent| Duration::from_micros(verdict::percentile(&micros, per_cent).into());
    println!(
        "{} keys, to the screen p50 {:?}, p90 {:?}, p99 {:?}, most {:?}",
        micros.len(),
        at(50.0),
        at(90.0),
        at(99.0),
        at(100.0)
    );
    let ramp = form.lasts.min(Duration::from_secs(form.fleet.interval.into()));
    let (first, rest): (Vec<_>, Vec<_>) = measured.keys.iter().partition(|(at, _)| *at < ramp);
    for (when, keys) in [("while all begin", first), ("after that", rest)] {
        let mut worst: Vec<_> = keys.iter().map(|(at, took)| (*took, at.as_secs())).collect();
        worst.sort_unstable();
        let over = worst.iter().filter(|(took, _)| *took >= form.key).count();
        let worst: Vec<_> = worst.iter().rev().take(5).collect();
        println!("  {when}: {} keys, {over} over the limit, the worst {worst:?}", keys.len());
    }
    let expected = form.lasts.as_millis() / KEY_EVERY.as_millis() / 2;
    if (micros.len() as u128) < expected {
        broken.push(format!("only {} keys could be pressed", micros.len()));
    }
    if at(99.0) >= form.key {
        broken.push(format!("key to screen p99 is {:?}, the limit {:?}", at(99.0), form.key));
    }
}

fn judge_memory(form: &Form, measured: &Measured, broken: &mut Vec<String>) {
    let third = form.lasts * 3 / 10;
    let early = measured.samples.iter().find(|s| s.at >= third).unwrap();
    let late = measured.samples.last().unwrap();
    let growth = 100.0 * (late.rss_kib as f64 / early.rss_kib as f64 - 1.0);
    let cpu = (late.cpu - early.cpu).as_secs_f64() / (late.at - early.at).as_secs_f64();
    println!(
        "memory {} KiB at {:?}, {} KiB at {:?}: {growth:+.1} %; {:.0} % of a processor",
        early.rss_kib,
        early.at,
        late.rss_kib,
        late.at,
        100.0 * cpu
    );
    if growth.abs() > form.growth {
        broken.push(format!("memory grew by {growth:.1} %, the limit is {} %", form.growth));
    }
}

/// Flat: what is open at the quietest moments does not rise, and what is open at the busiest
/// differs by the checks under way.
fn judge_descriptors(form: &Form, measured: &Measured, broken: &mut Vec<String>) {
    let part = |from: u32, to: u32| {
        let (from, to) = (form.lasts * from / 10, form.lasts * to / 10);
        let inside = measured.samples.iter().filter(move |s| s.at >= from && s.at < to);
        let mut counts: Vec<usize> = inside.map(|s| s.descriptors).collect();
        counts.sort_unstable();
        (counts[0], counts[counts.len() / 2], counts[counts.len() - 1])
    };
    let (early, late) = (part(3, 5), part(8, 10));
    println!("descriptors (least, median, most): {early:?} then {late:?}");
    if late.0 > early.0 + DESCRIPTORS || late.1 > early.1 + DESCRIPTORS {
        broken.push(format!("open descriptors rise: {early:?} then {late:?}"));
    }
    let (most, least) = (early.2.max(late.2), early.0.min(late.0));
    if most > least + 4 * DESCRIPTORS {
        broken.push(format!("open descriptors are between {least} and {most}"));
    }
}
