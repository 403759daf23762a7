//! `fluxnoc check` against the monitoring plugins: the same targets, good and bad, looked at by
//! both, with every difference listed beside the decision that it follows.
//!
//! The table is `fixtures/plugins/table.toml`. A difference that is not listed fails, and so does
//! a listed one that is no more. `FLUXNOC_TABLE_ONLY=kind` (or `kind/target`) looks at less and
//! prints what both sides say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "common/dnsserver.rs"]
mod dnsserver;
#[path = "common/mariadb.rs"]
mod mariadb;
#[path = "common/nginx.rs"]
mod nginx;
#[path = "plugins/rude.rs"]
mod rude;
#[path = "plugins/run.rs"]
mod run;
#[path = "plugins/scene.rs"]
mod scene;
#[path = "plugins/stage.rs"]
mod stage;
#[path = "plugins/table.rs"]
mod table;
#[path = "common/tls.rs"]
mod tls;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use run::{Ran, fill, words};
use stage::Stage;
use table::{Entry, KINDS, Outcome};

const TABLE: &str = include_str!("fixtures/plugins/table.toml");
const PLUGINS: &str = "/usr/lib/nagios/plugins";
/// How many targets are looked at together; most of the time is waiting.
const TOGETHER: usize = 6;

/// What came of one target.
struct Row {
    kind: &'static str,
    entry: Entry,
    ours: Ran,
    plugin: Ran,
    faults: Vec<String>,
}

#[test]
fn the_table_is_whole() {
    table::read(TABLE);
}

#[test]
fn a_difference_counts_when_it_is_new_when_it_is_gone_and_when_the_text_is_another() {
    let entry = |states: &str| -> Entry {
        toml::from_str(&format!("target = 'x'\nours = ''\nplugin = ''\ntext = 'why'\n{states}"))
            .unwrap()
    };
    let ran = |outcome, output: &str| Ran {
        outcome,
        output: output.to_owned(),
        took: std::time::Duration::ZERO,
    };
    let (same, differs) = (
        entry("state = 'OK'"),
        entry("our_state = 'UNKNOWN'\nplugin_state = 'exit 4'\ndecision = 'FM-19: because of it'"),
    );
    let (ok, unknown, four) = (Outcome::Ok, Outcome::Unknown, Outcome::Exit(4));
    for (entry, ours, plugin, text, last) in [
        (&same, ok, ok, "why", None),
        (&same, unknown, ok, "why", Some("this difference is not listed")),
        (&same, ok, four, "why", Some("this difference is not listed")),
        (&same, unknown, unknown, "why", Some("the plugin says UNKNOWN, the table OK")),
        (&same, ok, ok, "other", Some("fluxnoc does not say `why`")),
        (&differs, unknown, four, "why", None),
        (&differs, unknown, unknown, "why", Some("the listed difference is no more")),
        (&differs, ok, four, "why", Some("fluxnoc says OK, the table UNKNOWN")),
    ] {
        let faults = faults(entry, &ran(ours, text), &ran(plugin, ""), &BTreeMap::new());
        assert_eq!(faults.last().map(String::as_str), last, "{ours} {plugin} {text}");
    }
}

#[test]
#[ignore = "needs the monitoring plugins and servers; tests/run runs it"]
fn d_27_every_difference_to_the_plugins_is_listed_with_its_decision() {
    scene::on_stage("d_27_every_difference_to_the_plugins_is_listed_with_its_decision", || {
        let only = std::env::var("FLUXNOC_TABLE_ONLY").ok();
        let targets = targets(only.as_deref());
        let stage = Stage::set();
        let began = Instant::now();
        let rows = look(&targets, &stage);
        println!("{}", printed(&rows, only.is_some()));
        println!("{} targets in {:.0} s", rows.len(), began.elapsed().as_secs_f64());
        let faults: Vec<String> = rows.iter().filter_map(complaint).collect();
        assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), rows.len(), faults.join("\n"));
    });
}

fn targets(only: Option<&str>) -> Vec<(&'static str, Entry)> {
    let mut table = table::read(TABLE);
    let mut targets = Vec::new();
    for kind in KINDS {
        for entry in table.0.remove(kind).unwrap_or_default() {
            let path = format!("{kind}/{}", entry.target);
            if only.is_none_or(|only| kind == only || path == only) {
                targets.push((kind, entry));
            }
        }
    }
    targets
}

/// Looks at all targets, a few at a time, and keeps their order.
fn look(targets: &[(&'static str, Entry)], stage: &Stage) -> Vec<Row> {
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::SeqCst);
                    let Some((kind, entry)) = targets.get(index) else { return };
                    let row = row(kind, entry, stage);
                    rows.lock().unwrap().insert(index, row);
                }
            });
        }
    });
    rows.into_inner().unwrap().into_values().collect()
}

fn row(kind: &'static str, entry: &Entry, stage: &Stage) -> Row {
    let mut args = vec!["check".to_owned()];
    args.extend(words(&entry.ours, &stage.places));
    let env = entry.env.iter().map(|(k, v)| (k.clone(), fill(v, &stage.places))).collect();
    let program = env!("CARGO_BIN_EXE_fluxnoc");
    let files = entry.files.iter().map(|(k, v)| (k.clone(), fill(v, &stage.places))).collect();
    let ours = run::run(program, &args, &env, &files, &stage.home);
    let mut line = words(&entry.plugin, &stage.places).into_iter();
    let name = line.next().unwrap_or_default();
    let program = if name.contains('/') { name } else { format!("{PLUGINS}/{name}") };
    assert!(
        Path::new(&program).exists() || entry.expected().1 == Outcome::Unstartable,
        "{program} is not there: tests/run install"
    );
    let args: Vec<String> = line.collect();
    let plugin = run::run(program, &args, &BTreeMap::new(), &files, &stage.home);
    let faults = faults(entry, &ours, &plugin, &stage.places);
    Row { kind, entry: entry.clone(), ours, plugin, faults }
}

fn faults(
    entry: &Entry,
    ours: &Ran,
    plugin: &Ran,
    places: &BTreeMap<String, String>,
) -> Vec<String> {
    let (our_state, plugin_state) = entry.expected();
    let mut faults = Vec::new();
    if ours.outcome != our_state {
        faults.push(format!("fluxnoc says {}, the table {our_state}", ours.outcome));
    }
    if plugin.outcome != plugin_state {
        faults.push(format!("the plugin says {}, the table {plugin_state}", plugin.outcome));
    }
    if !faults.is_empty() {
        match (our_state == plugin_state, ours.outcome == plugin.outcome) {
            (true, false) => faults.push("this difference is not listed".to_owned()),
            (false, true) => faults.push("the listed difference is no more".to_owned()),
            _ => {}
        }
    }
    let text = fill(&entry.text, places);
    if !ours.output.contains(&text) {
        faults.push(format!("fluxnoc does not say `{text}`"));
    }
    faults
}

fn complaint(row: &Row) -> Option<String> {
    (!row.faults.is_empty()).then(|| {
        format!(
            "{} {}: {}\n    fluxnoc: {}\n    plugin:  {}",
            row.kind,
            row.entry.target,
            row.faults.join("; "),
            clip(&row.ours.output),
            clip(&row.plugin.output)
        )
    })
}

/// The table with what was seen.
fn printed(rows: &[Row], whole: bool) -> String {
    let mut text =
        format!("\n{:8} {:24} {:10} {:10} decision\n", "kind", "target", "ours", "plugin");
    for row in rows {
        let decision = row.entry.decision.as_deref().unwrap_or("");
        let mark = if row.faults.is_empty() { decision } else { "FAULT" };
        let _ = writeln!(
            text,
            "{:8} {:24} {:10} {:10} {mark}",
            row.kind, row.entry.target, row.ours.outcome, row.plugin.outcome
        );
        if whole {
            for (side, ran) in [("fluxnoc", &row.ours), ("plugin", &row.plugin)] {
                let took = ran.took.as_secs_f64();
                let _ = writeln!(text, "    {side} ({took:.1} s): {}", clip(&ran.output));
            }
        }
    }
    text
}

fn clip(output: &str) -> String {
    output.trim().chars().take(400).collect::<String>().replace('\n', "\n             ")
}
