//! The house rules that the compiler does not hold: layers, file heads, sizes, homes of crates.
//!
//! The table says for every module what it may import. A forbidden, upward or sideways import, a
//! file over 500 lines or without `//!`, a module root without `Never:`, a function over 100 lines
//! (clippy) or a crate outside its home fails here.
//!
//! `demo` stands on the model alone: the simulated network is data and pure functions, and `cli`
//! joins it to the engine and the worker as it joins everything else.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the lowest layer up, each with what it may import.
const LAYERS: &[(&str, u8, &[&str])] = &[
    ("model", 0, &[]),
    ("protocol", 1, &["model"]),
    ("config", 1, &["model"]),
    ("rules", 1, &["model"]),
    ("promql", 1, &["model"]),
    ("clock", 1, &["model"]),
    ("demo", 1, &["model"]),
    ("secrets", 1, &["model"]),
    ("meters", 1, &["model"]),
    ("probe", 2, &["secrets", "clock", "model"]),
    ("store", 2, &["meters", "model"]),
    ("auth", 2, &["model"]),
    ("notify", 2, &["secrets", "clock", "model"]),
    // Metrics and states on their way to others; it counts for itself what it sent.
    ("outward", 2, &["secrets", "clock", "meters", "model"]),
    // Log lines of watched instances, for a screen: it knows neither engine nor console.
    ("tail", 2, &["clock", "model"]),
    // Memory is a source of `PromQL`'s series.
    ("series", 2, &["promql", "model"]),
    ("report", 2, &["model"]),
    (
        "engine",
        3,
        &[
            "store", "auth", "series", "report", "notify", "outward", "promql", "rules",
            "protocol", "config", "clock", "meters", "model",
        ],
    ),
    ("client", 3, &["protocol", "clock", "model"]),
    ("cluster", 3, &["store", "clock", "model"]),
    ("discovery", 3, &["probe", "config", "clock", "model"]),
    ("api", 4, &["engine", "cluster", "protocol", "config", "clock", "meters", "model"]),
    ("backend", 4, &["engine", "client", "protocol", "model"]),
    ("worker", 5, &["backend", "probe", "protocol", "clock", "model"]),
    // The rules are pure: the console plays the calendar of slots forward by the engine's own.
    ("tui", 5, &["backend", "protocol", "rules", "config", "clock", "model"]),
    (
        "cli",
        6,
        &[
            "api",
            "backend",
            "client",
            "secrets",
            "clock",
            "cluster",
            "config",
            "demo",
            "discovery",
            "engine",
            "meters",
            "model",
            "notify",
            "probe",
            "promql",
            "protocol",
            "report",
            "rules",
            "series",
            "store",
            "tail",
            "tui",
            "worker",
        ],
    ),
];

/// Crates that may be named in few modules only.
const HOMES: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "probe"]),
    // In `api` a server passes requests on to the one that leads.
    ("reqwest", &["api", "client", "notify", "outward", "probe"]),
    ("prost", &["outward"]),
    ("snap", &["outward"]),
    ("lettre", &["config", "notify"]),
    ("argon2", &["auth"]),
    ("jsonwebtoken", &["auth"]),
    ("axum", &["api"]),
    ("tower_http", &["api"]),
    ("prometheus", &["meters"]),
    ("ratatui", &["tui"]),
    ("crossterm", &["tui"]),
    ("tui_logger", &["tui"]),
    ("surge_ping", &["probe"]),
    ("async_snmp", &["probe"]),
    ("croner", &["model"]),
    ("krilla", &["report"]),
    ("skrifa", &["report"]),
    ("riperf3", &["probe"]),
    ("ipnet", &["model"]),
    ("promql_parser", &["promql"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
];

/// Wall clocks that only `clock` may read.
const TIME: &[&str] = &["SystemTime::now", "Utc::now", "Local::now", "now_v7"];

const LONGEST_FILE: usize = 500;

struct File {
    path: PathBuf,
    module: String,
    is_root: bool,
    text: String,
}

fn sources() -> Vec<File> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("src is readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let files = paths.into_iter().map(|path| {
        let inside = path.strip_prefix(&root).expect("under src").to_path_buf();
        let first = inside.components().next().expect("a part").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        let is_root = inside.ends_with("mod.rs") && inside.components().count() == 2
            || inside.components().count() == 1;
        File { text: fs::read_to_string(&path).expect("UTF-8"), path: inside, module, is_root }
    });
    files.collect()
}

/// The code without line comments and without what is in string literals on one line.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut out = String::new();
        let mut in_string = false;
        let mut previous = ' ';
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            if !in_string && c == '/' && chars.peek() == Some(&'/') {
                break;
            }
            if c == '"' && previous != '\\' && !(previous == '\'' && chars.peek() == Some(&'\'')) {
                in_string = !in_string;
            }
            if !in_string {
                out.push(c);
            }
            previous = c;
        }
        out
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules of this crate that a file imports, in `use` trees and in paths.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if at > 0 && code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        found.extend(first_word(&word));
                        word.clear();
                        continue;
                    }
                    _ => {}
                }
                word.push(c);
            }
            found.extend(first_word(&word));
        } else {
            found.extend(first_word(rest));
        }
    }
    found
}

fn first_word(text: &str) -> Option<String> {
    let text = text.trim_start();
    let word: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

fn violations(files: &[File]) -> Vec<String> {
    let table: BTreeMap<&str, (u8, &[&str])> =
        LAYERS.iter().map(|(name, layer, allowed)| (*name, (*layer, *allowed))).collect();
    let mut bad = Vec::new();
    for file in files {
        let path = file.path.display();
        let lines = file.text.lines().count();
        if lines > LONGEST_FILE {
            bad.push(format!("{path}: {lines} lines; a file is one idea, at most {LONGEST_FILE}"));
        }
        if !file.text.starts_with("//!") {
            bad.push(format!("{path}: no head; begin with `//!` and say what the file is for"));
        }
        if file.module == "main" || file.module == "lib" {
            continue;
        }
        let head: String = file.text.lines().take_while(|l| l.starts_with("//!")).collect();
        if file.is_root && !head.contains("Never:") {
            bad.push(format!("{path}: the head of a module says what it never does (`Never:`)"));
        }
        let code = code(&file.text);
        if code.contains("super::super::super::") {
            bad.push(format!("{path}: `super::super::super::` escapes the table; use `crate::`"));
        }
        let Some((_, allowed)) = table.get(file.module.as_str()) else {
            bad.push(format!("{path}: module `{}` is not in the table", file.module));
            continue;
        };
        for import in imports(&code) {
            let known = table.contains_key(import.as_str());
            if known && import != file.module && !allowed.contains(&import.as_str()) {
                bad.push(format!("{path}: `{}` must not import `{import}`", file.module));
            }
        }
        for (name, homes) in HOMES {
            let named =
                code.contains(&format!("{name}::")) || code.contains(&format!("use {name}"));
            if named && !homes.contains(&file.module.as_str()) {
                bad.push(format!("{path}: `{name}` is at home in {homes:?} only"));
            }
        }
        if file.module != "clock" {
            for reader in TIME.iter().filter(|reader| code.contains(**reader)) {
                bad.push(format!("{path}: only `clock` reads time (`{reader}`)"));
            }
        }
        if code.contains("unsafe ")
            && !file.path.ends_with("probe/spawn.rs")
            && !file.path.starts_with("probe/trace")
        {
            bad.push(format!("{path}: `unsafe` is allowed in probe/spawn.rs and probe/trace only"));
        }
        if code.contains("unbounded_channel") {
            bad.push(format!("{path}: every queue is bounded"));
        }
    }
    bad
}

#[test]
fn the_house_rules_hold() {
    let bad = violations(&sources());
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

#[test]
fn the_table_has_no_arrow_upwards_or_sideways() {
    let layer: BTreeMap<&str, u8> = LAYERS.iter().map(|(name, layer, _)| (*name, *layer)).collect();
    for (name, own, allowed) in LAYERS {
        for import in *allowed {
            assert!(layer[import] < *own, "{name} -> {import}");
        }
    }
}

#[test]
fn planted_violations_are_found() {
    let plant = |path: &str, module: &str, is_root: bool, text: &str| {
        let file = File {
            path: PathBuf::from(path),
            module: module.to_owned(),
            is_root,
            text: text.to_owned(),
        };
        violations(&[file]).join("\n")
    };
    let seen = plant("model/x.rs", "model", false, "//! x\nuse crate::store::Store;\n");
    assert!(seen.contains("must not import `store`"), "{seen}");
    let seen =
        plant("rules/x.rs", "rules", false, "//! x\nuse crate::{model::A, clock::{B, C}};\n");
    assert!(seen.contains("must not import `clock`"), "{seen}");
    let seen = plant("tui/mod.rs", "tui", true, "//! x\n");
    assert!(seen.contains("Never:"), "{seen}");
    let seen = plant("tui/x.rs", "tui", false, &format!("//! x\n{}", "\n".repeat(600)));
    assert!(seen.contains("600") || seen.contains("601"), "{seen}");
    let seen = plant("api/x.rs", "api", false, "use sqlx::Row;\n");
    assert!(seen.contains("no head") && seen.contains("`sqlx`"), "{seen}");
    let seen = plant("tui/x.rs", "tui", false, "//! x\nlet now = chrono::Utc::now();\n");
    assert!(seen.contains("only `clock`"), "{seen}");
    let fine = plant("model/x.rs", "model", false, "//! x\n// use crate::store::Store;\n");
    assert!(fine.is_empty(), "mentions in comments do not count: {fine}");
}

#[test]
fn dc_06_the_packages_of_the_order_are_dependencies_and_in_use() {
    let packages = [
        "ratatui",
        "crossterm",
        "tokio",
        "reqwest",
        "sqlx",
        "serde",
        "tui-logger",
        "chrono",
        "surge-ping",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the manifest");
    let dependencies = manifest.split("[dev-dependencies]").next().expect("a part");
    let all = sources().iter().map(|file| code(&file.text)).collect::<String>();
    for package in packages {
        let declared = dependencies.lines().any(|line| line.starts_with(&format!("{package} =")));
        assert!(declared, "`{package}` is not a dependency");
        let name = package.replace('-', "_");
        assert!(all.contains(&format!("{name}::")), "`{package}` is not in use");
    }
}

#[test]
fn dc_07_the_top_level_is_as_ordered() {
    let wanted = ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "config.toml.example"];
    let folders = ["src", "tests", "themes"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in wanted {
        assert!(root.join(name).is_file(), "{name} is missing");
    }
    for name in folders {
        assert!(root.join(name).is_dir(), "{name} is missing");
    }
    for entry in fs::read_dir(root).expect("the top level") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let known = wanted.contains(&name.as_str()) || folders.contains(&name.as_str());
        assert!(
            known || name.starts_with('.') || name == "target",
            "`{name}` does not belong here"
        );
    }
}

/// D-34: what the checks and their processes need may be Linux's own; console, commands and client
/// stand on what every Unix has, so that they can follow to another system.
#[test]
fn d_34_nothing_but_the_checks_is_of_linux_alone() {
    const LINUX: [&str; 11] = [
        "procfs",
        "target_os",
        "os::linux",
        "prctl",
        "epoll",
        "netlink",
        "signalfd",
        "inotify",
        "memfd",
        "SYS_",
        "CLONE_",
    ];
    // Where the tables of the kernel are read, and what is not there is not known.
    const ASKS: [&str; 3] = ["meters/process.rs", "cli/machine.rs", "worker/spool.rs"];
    let mut found = Vec::new();
    for file in sources() {
        let path = file.path.display().to_string();
        if file.module == "probe" || path.ends_with("_tests.rs") {
            continue;
        }
        let code = code(&file.text);
        let words = LINUX.iter().filter(|word| code.contains(**word));
        found.extend(words.map(|word| format!("{path}: {word}")));
        let reads = |line: &str| !line.trim_start().starts_with("//") && line.contains("\"/proc/");
        if file.text.lines().any(reads) && !ASKS.contains(&&*path) {
            found.push(format!("{path}: /proc"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
