//! An operator's desk: a console on a site where nothing happens by itself, a hand that waits until
//! the picture stands, and what the store holds, read from its file.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::{House, LARGE};
use crate::pty::{PATIENCE, Terminal};

/// Who sits there.
pub const OPERATOR: &str = "noc-1";

/// How long nothing was painted before a key is pressed: what a key means is what was on screen a
/// quarter of a second before it.
const REST: Duration = Duration::from_millis(350);

/// Tables that the engine writes for itself: what it measured, its counters and its own marks. All
/// others change only when somebody does something, or when a check changes its state.
const OF_THE_ENGINE: [&str; 7] =
    ["_sqlx_migrations", "chunks", "counters", "days", "journal", "meta", "series"];

/// Rows of tables, by the name of the table.
pub type Tables = BTreeMap<String, Vec<String>>;

/// What the audit says of one command.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// Who.
    pub actor: String,
    /// The command's name.
    pub command: String,
    /// The command, with its objects.
    pub detail: Value,
}

/// Two hosts with a closed port and one that is well; one run an hour, so that what changes is what
/// the test does.
fn site(house: &House) -> String {
    let shut = |host: &str| {
        format!(
            "[[host]]\nname = \"{host}\"\naddress = \"127.0.0.1\"\nrunbook = \"call the web team\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = 9\n"
        )
    };
    let mark = house.file("ran").display().to_string();
    format!(
        r#"
[defaults]
interval = "1h"
timeout = "1s"
attempts = 1

[[action]]
name = "jot"
key = "g i"
scope = "host"
command = ["/usr/bin/touch", "{mark}-{{host}}"]
confirm = true

{}
{}
[[host]]
name = "job-1"
address = "127.0.0.1"
[[host.check]]
kind = "custom"
name = "job"
shell = "echo all is well"
"#,
        shut("shut-1"),
        shut("shut-2"),
    )
}

/// A line without its times of day: a prompt's "until 11:05" moves with the clock.
fn timeless(line: &str) -> String {
    regex::Regex::new(r"\d\d:\d\d").unwrap().replace_all(line, "(time)").into_owned()
}

/// See the module's head.
pub struct Desk {
    /// The console.
    pub console: Terminal,
    /// Configuration and data.
    pub house: House,
}

impl Desk {
    /// Opens the list of alerts on the small site; the cursor is on shut-1/tcp.
    pub fn open(more: &[&str]) -> Self {
        Self::open_with("", more)
    }

    /// The same with more in the configuration.
    pub fn open_with(config: &str, more: &[&str]) -> Self {
        let house = House::new("");
        house.configure(&(site(&house) + config));
        let mut desk = Self::at(house, more, "2 unhandled");
        desk.press("2");
        desk.wait("all alerts", |screen| screen.contains("Alerts: unhandled 2"));
        desk
    }

    /// The same at a server, where the operator has an account.
    pub fn open_remote() -> Self {
        let house = House::new("");
        house.configure(&site(&house));
        let mut desk = Self::remote(house, "2 unhandled");
        desk.press("2");
        desk.wait("all alerts", |screen| screen.contains("Alerts: unhandled 2"));
        desk
    }

    /// Starts a server on a configuration, opens a console that is connected to it, and waits for
    /// its problems.
    pub fn remote(house: House, problems: &str) -> Self {
        let url = house.serve();
        Self::connected(house, &url, problems)
    }

    /// Opens a console that is connected to a server, and waits for its problems.
    pub fn connected(house: House, url: &str, problems: &str) -> Self {
        house.account(OPERATOR);
        let console = house.connect(LARGE, url, OPERATOR);
        console.wait("the problems", PATIENCE, |screen| {
            screen.contains("LIVE") && screen.contains(problems)
        });
        let desk = Self { console, house };
        desk.settled();
        desk
    }

    /// Opens a console on a configuration, and waits for its problems.
    pub fn at(house: House, more: &[&str], problems: &str) -> Self {
        let mut all = vec!["--as", OPERATOR];
        all.extend(more);
        let console = house.console(LARGE, &all);
        console.wait("the problems", PATIENCE, |screen| {
            screen.contains("LIVE") && screen.contains(problems)
        });
        let desk = Self { console, house };
        desk.settled();
        desk
    }

    /// Waits until every promise to tell somebody is kept.
    fn settled(&self) {
        let until = Instant::now() + PATIENCE;
        let due = "SELECT key FROM outbox WHERE state <> 'sent'";
        while !self.rows(due).is_empty() {
            assert!(Instant::now() < until, "{:?}", self.rows(due));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until every check had a first result: what a new rule judges has it a moment later.
    pub fn judged(&self) {
        let until = Instant::now() + PATIENCE;
        let waits = "SELECT check_no FROM statuses WHERE last_result IS NULL";
        while !self.rows(waits).is_empty() {
            assert!(Instant::now() < until, "{:?}", self.rows(waits));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits for the screen.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.console.wait(what, PATIENCE, wanted)
    }

    /// Waits for a text on screen.
    pub fn wait_for(&self, text: &str) -> String {
        self.console.wait_for(text)
    }

    /// Waits until the picture stands.
    pub fn rest(&self) {
        self.console.silence(REST, PATIENCE);
    }

    /// Presses keys when the picture stands.
    pub fn press(&mut self, keys: &str) {
        self.rest();
        self.console.send(keys);
    }

    /// Opens an input line; gives the screen with it.
    pub fn line(&mut self, key: &str, prompt: &str) -> String {
        self.press(key);
        let screen =
            self.wait(prompt, |screen| screen.contains("⏎ send") && last(screen).contains(prompt));
        self.rest();
        screen
    }

    /// Writes a text into the open line in place of what is there.
    pub fn write(&mut self, text: &str) {
        self.console.send(&format!("\x15{text}"));
        let shown: String = text.chars().rev().take(40).collect::<Vec<_>>().iter().rev().collect();
        self.wait(text, |screen| last(screen).trim_end().ends_with(shown.trim_end()));
    }

    /// Sends something wrong: the line stays with it, says why, and nothing is changed in the store.
    pub fn wrong(&mut self, text: &str, says: &str) {
        let before = self.store();
        self.write(text);
        let prompt = last(&self.console.text()).to_owned();
        self.console.send("\r");
        self.wait(says, |screen| screen.contains(says));
        self.rest();
        assert_eq!(timeless(last(&self.console.text())), timeless(&prompt));
        self.unchanged(&before);
    }

    /// Sends something right, and waits for what is said then.
    pub fn right(&mut self, text: &str, says: &str) {
        self.write(text);
        self.console.send("\r");
        self.wait(says, |screen| screen.contains(says) && !screen.contains("⏎ send"));
    }

    /// Everything in the store that an operator can change, and what follows from it.
    pub fn store(&self) -> Tables {
        let names = self.rows("SELECT name FROM sqlite_master WHERE type = 'table'");
        let names = names.into_iter().filter(|name| !OF_THE_ENGINE.contains(&name.as_str()));
        names.map(|name| (name.clone(), self.table(&name, &[]))).collect()
    }

    /// Panics when something of it is not as it was.
    pub fn unchanged(&self, before: &Tables) {
        let now = self.store();
        for (name, rows) in before {
            assert_eq!(now.get(name), Some(rows), "table {name}");
        }
    }

    /// All rows of a table, every value as SQL writes it, without these columns.
    pub fn table(&self, name: &str, without: &[&str]) -> Vec<String> {
        let columns = self.rows(&format!("SELECT name FROM pragma_table_info('{name}')"));
        let quoted: Vec<String> = columns
            .iter()
            .filter(|column| !without.contains(&column.as_str()))
            .map(|column| format!("'{column}=' || quote({column})"))
            .collect();
        self.rows(&format!(
            "SELECT {} AS line FROM {name} ORDER BY line",
            quoted.join(" || ' ' || ")
        ))
    }

    /// Rows of one text each.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        self.house.rows(sql)
    }

    /// The one value of a query.
    pub fn value(&self, sql: &str) -> String {
        let rows = self.rows(sql);
        let [one] = rows.as_slice() else { panic!("{sql}: {rows:?}") };
        one.clone()
    }

    /// Every command of a person, the newest last.
    pub fn audit(&self) -> Vec<Audit> {
        // What the engine did by itself, a window's beginning say, is nobody's command; nor is a
        // login to a server.
        let column = |name: &str| {
            self.rows(&format!("SELECT {name} FROM audit WHERE actor <> 'fluxnoc' AND command <> 'login' ORDER BY seq"))
        };
        let actors = column("actor").into_iter().zip(column("command"));
        let all = actors.zip(column("detail"));
        all.map(|((actor, command), detail)| Audit {
            actor,
            command,
            detail: serde_json::from_str(&detail).unwrap(),
        })
        .collect()
    }

    /// The newest command, which is the operator's and the `count`th of all; it may be on its way.
    pub fn did(&self, command: &str, count: usize) -> Value {
        let until = Instant::now() + PATIENCE;
        let mut all = self.audit();
        while all.len() < count && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
            all = self.audit();
        }
        assert_eq!(all.len(), count, "{all:#?}");
        let last = all.pop().expect("a command");
        assert_eq!((last.actor.as_str(), last.command.as_str()), (OPERATOR, command));
        last.detail
    }

    /// The id of a host's open alert.
    pub fn alert(&self, host: &str) -> String {
        self.value(&format!("SELECT id FROM alerts WHERE host = '{host}' AND phase = 'firing'"))
    }

    /// Who has a host's alert and why; `None` when nobody has.
    pub fn ack(&self, host: &str) -> Option<Value> {
        let sql = format!("SELECT COALESCE(ack, '') FROM alerts WHERE host = '{host}'");
        Some(self.value(&sql))
            .filter(|text| !text.is_empty())
            .map(|text| serde_json::from_str(&text).unwrap())
    }

    /// A moment in the store, as milliseconds.
    pub fn moment(&self, sql: &str) -> i64 {
        self.value(sql).parse().unwrap()
    }
}

/// Tells a story on the small site, on the local console and on one that is connected to a server.
pub fn everywhere(story: fn(Desk)) {
    story(Desk::open(&[]));
    story(Desk::open_remote());
}

/// The last line of a screen.
pub fn last(screen: &str) -> &str {
    screen.lines().last().unwrap_or_default()
}

/// The present moment, in milliseconds.
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// A moment in a document, in milliseconds.
pub fn millis(at: &Value) -> i64 {
    let text = at.as_str().unwrap_or_else(|| panic!("no moment: {at}"));
    text.parse::<fluxnoc::model::Timestamp>().unwrap().millis()
}

/// True when a moment is so many seconds from now, give or take a minute.
pub fn is_in(at: i64, seconds: i64) -> bool {
    (at - now() - seconds * 1000).abs() < 60_000
}
