//! Configuration and database files that are wrong: what is refused, and that the rest goes on.

use std::process::Child;

use fluxnoc::protocol::{Answer, Query};
use nix::sys::signal::Signal;
use sqlx::{Connection as _, Executor as _};

use crate::house::{House, LARGE, SMALL_SITE, host, signal, type_line, words_of};

const THREE_MISTAKES: &str = r#"
[defaults]
intervall = "2s"

[[host]]
name = "shut-1"
address = "127.0.0.1"
[[host.check]]
kind = "tpc"
port = 9
[[host.check]]
kind = "tcp"
port = 99999
"#;

fn with_new_host() -> String {
    format!(
        "{SMALL_SITE}\n[[host]]\nname = \"new-1\"\naddress = \"127.0.0.1\"\n[[host.check]]\n\
         kind = \"custom\"\nname = \"new\"\nshell = \"echo here I am\"\n"
    )
}

#[test]
fn every_configuration_error_is_told_and_nothing_is_started() {
    let house = House::new(THREE_MISTAKES);
    let mut console = house.console(LARGE, &[]);
    assert_eq!(console.wait_code(), 2);
    let screen = console.wait_output();
    assert!(!console.is_full_screen());
    for words in
        ["intervall", "interval", "tpc", "tcp", "99999", "config.toml:3:", "config.toml:9:"]
    {
        assert!(screen.contains(words), "{words} in:\n{screen}");
    }
    for verb in [&["hosts", "--json"][..], &["alerts"], &["__engine"], &["config", "check"]] {
        let refused = house.run(verb);
        assert_eq!(refused.status.code(), Some(2), "{verb:?}: {}", words_of(&refused));
        assert!(refused.stdout.is_empty());
    }
    assert!(!house.data().exists(), "no data directory, no database");
}

/// An engine without a screen, as a child.
struct Engine(Child);

impl Engine {
    fn start(house: &House) -> Self {
        let child = house.command(&["__engine"]).spawn().unwrap();
        let engine = Self(child);
        let until = std::time::Instant::now() + crate::pty::PATIENCE;
        while !house.data().join("fluxnoc.sock").exists() {
            assert!(std::time::Instant::now() < until, "no socket");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        engine
    }

    fn end(mut self) {
        signal(self.0.id(), Signal::SIGTERM);
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn sighup_with_a_bad_file_keeps_the_running_configuration() {
    let house = House::new(SMALL_SITE);
    let engine = Engine::start(&house);
    let console = house.console(LARGE, &[]);
    console.wait_for("1 unhandled");
    let before = house.json(&["hosts", "--json"]).as_array().unwrap().len();

    house.configure(THREE_MISTAKES);
    signal(engine.0.id(), Signal::SIGHUP);
    let screen = console.wait_for("the configuration was not read again");
    assert!(screen.contains("config.toml:3"), "{screen}");
    // Verbs read the same bad file; whoever watches already sees all hosts, checked as before.
    let Answer::Hosts(hosts) = house.ask(&Query::Hosts { pattern: None }) else { panic!() };
    assert_eq!(hosts.len(), before);
    let log = std::fs::read_to_string(house.data().join("fluxnoc.log")).unwrap();
    assert!(log.contains("tpc") && log.contains("99999"), "every problem is in the log:\n{log}");

    house.configure(&with_new_host());
    signal(engine.0.id(), Signal::SIGHUP);
    console.wait("the new host and no error", crate::pty::PATIENCE, |screen| {
        screen.contains("2 OK") && !screen.contains("was not read again")
    });
    let hosts = house.json(&["hosts", "--json"]);
    assert_eq!(hosts.as_array().unwrap().len(), before + 1);
    drop(console);
    engine.end();
}

#[test]
fn reload_in_the_console_with_a_bad_file_keeps_the_running_configuration() {
    let house = House::new(SMALL_SITE);
    let mut console = house.console(LARGE, &[]);
    console.wait_for("1 unhandled");
    house.configure(THREE_MISTAKES);
    type_line(&mut console, ":", "reload");
    let screen = console.wait_for("intervall");
    assert!(screen.contains("config.toml:3"), "{screen}");
    assert!(screen.contains("1 CRITICAL") && screen.contains("1 OK"), "{screen}");

    house.configure(&with_new_host());
    type_line(&mut console, ":", "reload");
    console.wait_for("configuration reloaded");
    console.wait_for("2 OK");
    let hosts = house.json(&["hosts", "--json"]);
    assert!(host(&hosts, "new-1").is_some());
}

#[test]
fn a_newer_database_is_refused_and_left_as_it_is() {
    let house = House::new(SMALL_SITE);
    house.json(&["maintenance", "list", "--json"]);
    let path = house.data().join("fluxnoc.db");
    meddle(
        &path,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 4711, 'later', success, checksum, execution_time FROM _sqlx_migrations LIMIT 1",
    );
    refused_untouched(&house, "written by a newer fluxnoc");
}

#[test]
fn a_foreign_database_is_refused_and_left_as_it_is() {
    let house = House::new(SMALL_SITE);
    std::fs::create_dir(house.data()).unwrap();
    std::fs::File::create(house.data().join("fluxnoc.db")).unwrap();
    meddle(&house.data().join("fluxnoc.db"), "CREATE TABLE recipes (name TEXT)");
    refused_untouched(&house, "is not a database of fluxnoc");
}

fn meddle(path: &std::path::Path, sql: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}", path.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        connection.execute(sql).await.unwrap();
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        connection.close().await.unwrap();
    });
}

/// Console and verbs both refuse it, and change nothing in the directory but the lock.
fn refused_untouched(house: &House, why: &str) {
    let path = house.data().join("fluxnoc.db");
    let before = std::fs::read(&path).unwrap();
    println!(
        "{:?}",
        std::fs::read_dir(house.data()).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>()
    );
    let mut console = house.console(LARGE, &[]);
    assert_eq!(console.wait_code(), 1);
    let screen = console.wait_output();
    // A sentence may be wrapped anywhere.
    let joined = screen.replace('\n', "");
    assert!(joined.contains(why), "{screen}");
    assert!(!console.is_full_screen());
    let refused = house.run(&["alerts", "--json"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(words_of(&refused).contains(why), "{}", words_of(&refused));
    assert!(refused.stdout.is_empty());
    assert!(std::fs::read(&path).unwrap() == before, "the file is untouched");
    assert!(!house.data().join("fluxnoc.sock").exists());
    // SQLite makes an empty log to read a database that has one; nothing is in it.
    let log = std::fs::metadata(house.data().join("fluxnoc.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0);
}
