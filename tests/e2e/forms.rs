//! Every form: each field takes something wrong and says what would be right while nothing changes
//! in the store, then the whole of it is sent and is in the store and the audit.
//!
//! Forms and fields come from the source: a new one fails here until it has its case.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::desk::{Desk, is_in, millis};
use crate::house::has_row;
use crate::prompts::{self, Case};

/// The forms, by their purpose in the source.
pub const FORMS: [Case; 6] = [
    ("Ack", ack),
    ("Window", window),
    ("EditWindow", edit_window),
    ("Rule", rule),
    ("Test", test),
    ("Report", report),
];

/// Where each is made.
const FILES: [(&str, &str); 8] = [
    ("Ack", "acks.rs"),
    ("Window", "window_form.rs"),
    ("EditWindow", "window_edit.rs"),
    ("Rule", "rule_form.rs"),
    ("Test", "test_form.rs"),
    ("Report", "report_form.rs"),
    // The other form of that purpose; its fields follow the kind of test.
    ("Schedule", "schedule_form.rs"),
    // What both have.
    ("Tested", "test_fields.rs"),
];

/// Fields in which any text is right, or which only the engine can refuse.
const FREE: [(&str, &str); 7] = [
    ("Window", "for"),
    ("Test", "agent"),
    ("Test", "target"),
    ("Test", "bitrate"),
    ("Report", "agent"),
    ("Report", "target"),
    ("Report", "file"),
];

/// Fields that the form of that purpose has: `true` for a choice of two.
fn fields(purpose: &str) -> BTreeMap<String, bool> {
    let (_, file) = FILES.into_iter().find(|(name, _)| *name == purpose).expect("a file");
    let mut found = written(&triage().join(file));
    if purpose == "Test" {
        found.extend(fields("Tested"));
    }
    assert!(!found.is_empty(), "{file} makes a form");
    found
}

fn triage() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui/triage")
}

/// The fields that a file makes.
fn written(file: &Path) -> BTreeMap<String, bool> {
    let source = std::fs::read_to_string(file).unwrap();
    let mut found = BTreeMap::new();
    for (call, choice) in [("Field::text(", false), ("Field::toggle(", true)] {
        for rest in source.split(call).skip(1) {
            // Names that are no literals come from a list in the same file.
            let name = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
            found.extend(name.map(|name| (name.to_owned(), choice)));
        }
    }
    found
}

#[test]
fn no_other_file_makes_a_form() {
    let mut makers = Vec::new();
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if !path.ends_with("src/tui/form.rs") && !written(&path).is_empty() {
                makers.push(path.strip_prefix(triage()).unwrap().display().to_string());
            }
        }
    }
    makers.sort_unstable();
    let mut known = FILES.map(|(_, file)| file.to_owned());
    known.sort_unstable();
    assert_eq!(makers, known);
}

#[test]
fn every_form_refuses_what_is_wrong_in_each_field_and_does_what_is_right() {
    prompts::each(&FORMS);
}

/// An open form.
struct Open<'d> {
    desk: &'d mut Desk,
    fields: BTreeMap<String, bool>,
}

impl<'d> Open<'d> {
    /// Opens it with a key, and looks that every field of the source is on screen.
    fn new(desk: &'d mut Desk, purpose: &str, key: &str, title: &str) -> Self {
        desk.press(key);
        let screen = desk.wait(title, |screen| screen.contains(title) && screen.contains("Cancel"));
        let open = Self { desk, fields: fields(purpose) };
        for field in open.fields.keys() {
            assert!(screen.lines().any(|line| label(line) == Some(field)), "{field} in\n{screen}");
        }
        open.desk.rest();
        open
    }

    /// Goes to a field.
    fn go(&mut self, field: &str) {
        for _ in 0..self.fields.len() + 8 {
            let screen = self.desk.console.text();
            let here = self.here(&screen);
            if here.as_deref() == Some(field) {
                return;
            }
            self.desk.console.send("\t");
            // What lies behind the form may change by itself; at a button there is nothing else.
            self.desk.wait("the next field", |next| {
                next != screen && (here.is_none() || self.here(next) != here)
            });
        }
        panic!("no field {field}:\n{}", self.desk.console.text());
    }

    /// The field where the keys are.
    fn here(&self, screen: &str) -> Option<String> {
        let marked = |field: &&String| {
            let mut lines = screen.lines();
            lines.any(|line| label(line) == Some(field) && inside(line).starts_with('›'))
        };
        self.fields.keys().find(marked).cloned()
    }

    /// Writes into a field in place of what is there.
    fn write(&mut self, field: &str, text: &str) {
        self.go(field);
        self.desk.console.send(&format!("\x15{text}"));
        let shown: String = text.chars().take(12).collect();
        self.desk.wait(text, |screen| {
            screen.lines().any(|line| {
                label(line) == Some(field)
                    && (inside(line).contains(shown.trim()) || text.len() > 50)
            })
        });
        self.desk.rest();
    }

    /// Changes a choice.
    fn choose(&mut self, field: &str, words: &str) {
        self.go(field);
        self.desk.console.send(" ");
        self.desk.wait(words, |screen| screen.contains(words));
    }

    /// Each of these alone is refused with these words below its field, and nothing changes; then
    /// what was there is written again.
    fn wrong(&mut self, purpose: &str, wrong: &[(&str, &str, &str, &str)]) {
        for (name, choice) in self.fields.clone() {
            let known = choice
                || FREE.contains(&(purpose, name.as_str()))
                || wrong.iter().any(|(field, ..)| *field == name);
            assert!(known, "nothing wrong was written into {name}");
        }
        for (field, text, says, right) in wrong {
            let before = self.desk.store();
            self.write(field, text);
            // The keys may be anywhere: they go to what is wrong.
            self.desk.console.send("\t");
            self.desk.rest();
            self.desk.console.send("\r");
            let screen = self.desk.wait(says, |screen| {
                let mut lines = screen.lines().skip_while(|line| label(line) != Some(field));
                lines.next().is_some_and(|line| inside(line).starts_with('›'))
                    && lines.next().is_some_and(|line| line.contains(says))
            });
            assert!(screen.contains("Cancel"), "{screen}");
            self.desk.rest();
            self.desk.unchanged(&before);
            self.write(field, right);
        }
    }

    /// Sends it.
    fn send(self, says: &str) -> &'d mut Desk {
        self.desk.rest();
        self.desk.console.send("\r");
        self.desk.wait(says, |screen| screen.contains(says) && !screen.contains("Cancel"));
        self.desk
    }
}

/// What stands between the borders of a card in a line of the screen.
fn inside(line: &str) -> &str {
    let mut parts = line.split('│');
    let longest = parts.by_ref().filter(|part| part.chars().count() > 80);
    longest.last().unwrap_or_default().trim()
}

/// The label of the field in a line.
fn label(line: &str) -> Option<&str> {
    inside(line).trim_start_matches('›').split_whitespace().next()
}

fn ack(desk: &mut Desk) {
    let id = desk.alert("shut-1");
    let mut open = Open::new(desk, "Ack", "A", "Acknowledge");
    let long = "x".repeat(501);
    open.wrong(
        "Ack",
        &[
            ("comment", &long, "a comment has at most 500 characters, this one has 501", "mine"),
            ("end", "soon", "`soon` is no end; write 4h, 06:00, never or until it recovers", "4h"),
            ("end", "", "write 4h, 06:00, never or until it recovers", "4h"),
            ("end", "2020-01-01 06:00", "`2020-01-01 06:00` is over; write 4h", "2h"),
        ],
    );
    open.choose("sticky", "[x] stays when the state changes");
    open.choose("notify", "[ ] nobody is told");
    let desk = open.send("shut-1/tcp acknowledged by noc-1 until");
    let kept = desk.ack("shut-1").unwrap();
    assert_eq!((&kept["comment"], &kept["sticky"]), (&json!("mine"), &json!(true)));
    assert!(is_in(millis(&kept["expires"]), 2 * 3600), "{kept}");
    let detail = desk.did("acknowledge", 1);
    assert_eq!((&detail["targets"], &detail["notify"]), (&json!([id]), &json!(false)));

    // The same form changes what was said; nothing that others wrote before is lost by Esc.
    let mut open = Open::new(desk, "Ack", "e", "Change the acknowledgement");
    open.write("comment", "still mine");
    open.write("end", "never");
    let desk = open.send("shut-1/tcp acknowledged by noc-1");
    let kept = desk.ack("shut-1").unwrap();
    assert_eq!((&kept["comment"], &kept["expires"]), (&json!("still mine"), &json!(null)));
    desk.did("acknowledge", 2);
}

fn window(desk: &mut Desk) {
    let mut open = Open::new(desk, "Window", "M", "Maintenance window");
    let long = "x".repeat(201);
    open.wrong(
        "Window",
        &[
            ("name", "", "a window needs a name: write what it is for", "rack 4"),
            ("name", &long, "a name has at most 200 characters, this one has 201", "rack 4"),
            ("hosts", "", "write a glob of hosts, such as db-prod-* (* is all)", "shut-*"),
            ("hosts", "shut-[", "shut-[", "shut-*"),
            ("hosts", "nosuch-*", "nothing is called so: the window would cover nothing", "shut-*"),
            ("checks", "{tcp", "{tcp", "tcp"),
            ("start", "soon", "`soon` is no moment; write now, 22:00 or 2026-11-25 22:00", "in 1h"),
            ("end", "soon", "`soon` is no length of time; write 1h, 30m or until 06:00", "2h"),
            ("end", "2020-01-01 06:00", "it would end before it begins", "2h"),
            ("end", "400d", "a window lasts at most 366d", "2h"),
            ("repeats", "hourly", "write never, daily, every 3 days", "never"),
            ("repeats", "weekly on moon", "`moon` is no weekday; write mon, tue", "never"),
            ("repeats", "daily in Mars/Base", "there is no time zone `mars/base`", "never"),
        ],
    );
    open.choose("children", "[x] what cannot be reached without them, too");
    open.choose("notifications", "[ ] sent as ever; the window is only shown");
    open.write("for", "j.smith");
    open.desk.wait_for("covers 2 hosts with 2 checks");
    let desk = open.send("2 hosts will be in maintenance from");
    let row = "SELECT name || '|' || host_pattern || '|' || check_pattern || '|' || children || suppress \
               || '|' || created_by || '|' || author FROM maintenance";
    assert_eq!(desk.value(row), "rack 4|shut-*|tcp|10|j.smith|noc-1");
    assert!(is_in(desk.moment("SELECT CAST(start_at AS TEXT) FROM maintenance"), 3600));
    assert!(is_in(desk.moment("SELECT CAST(end_at AS TEXT) FROM maintenance"), 3 * 3600));
    let detail = desk.did("add_maintenance", 1);
    assert_eq!((&detail["name"], &detail["host_pattern"]), (&json!("rack 4"), &json!("shut-*")));
}

/// A window that has not begun and repeats has all the fields.
fn edit_window(desk: &mut Desk) {
    let mut open = Open::new(desk, "Window", "M", "Maintenance window");
    open.write("name", "rack 4");
    open.write("start", "in 1h");
    open.write("repeats", "daily in UTC");
    let desk = open.send("will be in maintenance from");
    let id = desk.value("SELECT id FROM maintenance");
    let end = desk.moment("SELECT CAST(end_at AS TEXT) FROM maintenance");
    desk.press("7");
    desk.wait("the window", |screen| has_row(screen, &["later", "rack 4"]));
    let mut open = Open::new(desk, "EditWindow", "e", "Change the window");
    let long = "x".repeat(201);
    let before = "it would be over before it begins; `U` ends a window now";
    open.wrong(
        "EditWindow",
        &[
            ("name", "", "this cannot be empty; Esc leaves it as it was", "rack 5"),
            ("name", &long, "a name has at most 200 characters, this one has 201", "rack 5"),
            ("start", "soon", "`soon` is no moment; write now, 22:00 or 2026-11-25 22:00", "in 2h"),
            ("end", "soon", "`soon` is no length of time; write 1h, 30m or until 06:00", "4h"),
            ("end", "2020-01-01 06:00", before, "4h"),
            ("end", "1h", before, "4h"),
            ("end", "400d", "a window lasts at most 366d", "4h"),
            ("repeats", "", "this cannot be empty; Esc leaves it as it was", "every 2 days in UTC"),
            ("repeats", "hourly", "write never, daily, every 3 days", "every 2 days in UTC"),
            ("repeats", "daily until 2020-01-01", "no day is left", "every 2 days in UTC"),
        ],
    );
    open.choose("times", "[x] those of every one from this on");
    let desk = open.send("`rack 5` is changed");
    assert_eq!(desk.value("SELECT name FROM maintenance"), "rack 5");
    assert!(is_in(desk.moment("SELECT CAST(start_at AS TEXT) FROM maintenance"), 2 * 3600));
    let moved = desk.moment("SELECT CAST(end_at AS TEXT) FROM maintenance");
    assert!(is_in(moved, 4 * 3600) && moved != end);
    let repeats: serde_json::Value =
        serde_json::from_str(&desk.value("SELECT recurrence FROM maintenance")).unwrap();
    assert_eq!(repeats["repeats"], "every 2 days in UTC", "{repeats}");
    assert!(repeats["length"].as_i64().unwrap() <= 2 * 3_600_000 + 60_000, "{repeats}");
    let detail = desk.did("edit_maintenance", 2);
    assert_eq!((&detail["id"], &detail["name"]), (&json!(id), &json!("rack 5")));
}

/// Nothing of what is wrong is written anywhere; what is right is a file, in force, and in the audit.
fn rule(desk: &mut Desk) {
    let mut open = Open::new(desk, "Rule", "gT", "New rule");
    let needs = "a rule needs this";
    open.wrong(
        "Rule",
        &[
            ("rule_name", "", needs, "Slow"),
            ("host_pattern", "", needs, "shut-*"),
            ("metric", "", needs, "time"),
            ("critical_threshold", "", needs, "5s"),
            ("host_pattern", "shut-[", "shut-[", "shut-*"),
            ("metric", "tyme", "`tyme` is given by no check; did you mean `time`?", "time"),
            ("condition", "=", "`=` is unknown; did you mean `>`?", ">"),
            ("warning_threshold", "many", "many", "2s"),
            ("critical_threshold", "1s", "lies beyond CRITICAL at 1", "5s"),
            ("duration_minutes", "soon", "expected a number of minutes", "5"),
            ("re_alert_minutes", "-1", "-1 is not within 0 to 43200 minutes", "30"),
            ("notify_contact_list", "NOC", "there is no contact list `NOC`", ""),
            ("attempts", "0", "0 is not within 1 to 100", "2"),
            ("of_last", "99", "99 is not within 2 to 32", ""),
            ("since", "soon", "write 7d, 36h or 90m", "1h"),
        ],
    );
    assert!(!open.desk.house.file("rules.d").exists());
    open.choose("auto_notify", "[ ] nobody is told");
    open.choose("override", "[x] judges also where another rule would");
    open.desk.wait_for("would not have fired; it judges 2 checks");
    let desk = open.send("`Slow` is in force, in rules.d/slow.toml; it judges 2 checks");
    let detail = desk.did("save_rule", 1);
    assert_eq!(detail["was"], json!(null));
    let text = detail["text"].as_str().unwrap();
    let file = desk.house.file("rules.d/slow.toml");
    assert!(std::fs::read_to_string(&file).unwrap().ends_with(text), "{text}");
    assert!(text.contains("auto_notify = false\n") && text.contains("override = true\n"), "{text}");

    // The same form changes it; the audit has what was before.
    desk.press("gr");
    desk.wait_for("rules.d/slow.toml");
    desk.judged();
    let mut open = Open::new(desk, "Rule", "e", "Change a rule");
    open.write("critical_threshold", "7s");
    open.desk.wait_for("would not have fired; it judges 2 checks");
    let desk = open.send("`Slow` is in force, in rules.d/slow.toml");
    let detail = desk.did("save_rule", 2);
    assert!(detail["was"].as_str().unwrap().contains("critical_threshold = 5\n"), "{detail}");
    assert!(std::fs::read_to_string(&file).unwrap().contains("critical_threshold = \"7s\""));

    // Its checks are judged anew by then: nothing else changes in the store.
    desk.wait("their results", |screen| screen.matches("no time: `tcp` says").count() == 2);
    desk.line("D", "Delete 1 rule, `Slow` in rules.d/slow.toml: 2 checks go");
    desk.wrong("2", "type 1 and Enter to do it, or Esc");
    desk.right("1", "`Slow` is deleted");
    desk.did("delete_rule", 3);
    assert!(!file.exists());
}

/// Asks for a speedtest to a port where nobody listens, and waits until it has failed.
pub fn run_once(desk: &mut Desk) -> &mut Desk {
    desk.press("6");
    desk.wait("the view", |screen| screen.contains("─ Speed"));
    let mut open = Open::new(desk, "Test", "T", "Run a network test");
    open.wrong("Test", &[]);
    open.write("target", "127.0.0.1:9");
    open.choose("wait", "[x] for an agent that is away");
    let desk = open.send("127.0.0.1:9");
    desk.wait("it failed", |screen| has_row(screen, &["failed", "127.0.0.1:9"]));
    desk
}

/// A report of what was tested is a file of this machine; one that is there stays as it is.
fn report(desk: &mut Desk) {
    let desk = run_once(desk);
    desk.rest();
    let mut open = Open::new(desk, "Report", "E", "Make a report");
    open.wrong(
        "Report",
        &[
            (
                "from",
                "soon",
                "`soon` is not a time; write it as 2026-02-25T02:00:00Z",
                "2026-01-01",
            ),
            ("to", "2025-01-01", "it must be later than `from`", "2028-01-01"),
            ("zone", "Mars/Base", "`Mars/Base` is no zone of the IANA database", "Europe/Berlin"),
        ],
    );
    let path = open.desk.house.file("report.csv");
    // From the zone to the choice behind it.
    open.go("zone");
    open.desk.console.send("\t");
    open.desk.rest();
    open.desk.console.send(" ");
    open.desk.wait("csv", |screen| screen.contains("[csv]"));
    // The end of a long path is what the field shows; the sentence below has all of it.
    open.go("file");
    open.desk.console.send(&format!("\x15{}", path.display()));
    open.desk.wait_for(&format!("written to {}", path.display()));
    open.desk.rest();
    let desk = open.send("✓ saved");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("127.0.0.1:9"), "{text}");
    // The same again: nothing is written over.
    let open = Open::new(desk, "Report", "T", "Make a report");
    let desk = open.send("is there already, and stays as it is");
    desk.rest();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

/// A test that is run once, and a schedule.
fn test(desk: &mut Desk) {
    let desk = run_once(desk);
    let detail = desk.did("run_test", 1);
    assert_eq!((&detail["spec"]["target"], &detail["wait"]), (&json!("127.0.0.1:9"), &json!(true)));
    desk.press("gj");
    desk.wait("the view", |screen| screen.contains("Nothing is tested on schedule"));
    desk.press("T");
    desk.wait("the form", |screen| screen.contains("New schedule") && screen.contains("Cancel"));
    desk.rest();
    desk.console.send("\r");
    desk.wait_for("a name must not be empty");
    desk.rest();
    desk.console.send("\x15uplink\t\t\t\x15127.0.0.1:9");
    desk.wait("the target", |screen| {
        screen.lines().any(|line| label(line) == Some("target") && line.contains("127.0.0.1:9"))
    });
    desk.rest();
    desk.console.send("\r");
    desk.wait("it is made", |screen| {
        screen.contains("`uplink` runs next") && !screen.contains("Cancel")
    });
    let plan = &desk.did("add_schedule", 2)["plan"];
    assert_eq!((&plan["name"], &plan["interval_seconds"]), (&json!("uplink"), &json!(3600)));
}
