//! `fluxnoc migrate-store` by the real program: what was known on SQLite is known on PostgreSQL.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::postgres_server::Server;
use crate::site::{Site, until};

/// What does not change from one second to the next.
fn still(hosts: &Value) -> Vec<Value> {
    let check =
        |check: &Value| json!([check["name"], check["kind"], check["state"], check["hard"]]);
    let checks = |host: &Value| host["checks"].as_array().unwrap().iter().map(check).collect();
    let host = |host: &Value| {
        let checks: Vec<Value> = checks(host);
        json!([host["name"], host["address"], host["state"], host["underlying_state"], checks])
    };
    hosts.as_array().unwrap().iter().map(host).collect()
}

/// What a person would look at.
fn seen(site: &Site, to: &str) -> Vec<(&'static str, Value)> {
    let history = format!("?from=2020-01-01T00:00:00Z&to={to}&points=500");
    let get = |path: &str| site.get("ann", path).unwrap();
    vec![
        ("hosts", Value::from(still(&site.json(&["hosts"])))),
        ("alerts", site.json(&["alerts"])),
        ("windows", site.json(&["maintenance", "list"])),
        ("users", site.json(&["user", "list"])),
        ("tokens", site.json(&["token", "list"])),
        ("edges", get("/api/v1/edges?limit=100")),
        ("history", get(&format!("/api/v1/history/well/tcp{history}"))),
        ("history of the other", get(&format!("/api/v1/history/ill/tcp{history}"))),
    ]
}

#[test]
#[ignore = "needs PostgreSQL; tests/run runs it"]
fn what_was_known_on_sqlite_is_known_on_postgres() {
    let postgres = Server::start();
    let url = postgres.database();
    let mut site = Site::new();
    site.account("ann", None);
    site.serve(&[]);
    until("the alert", || site.json(&["alerts"])[0]["host"].as_str().map(str::to_owned));
    for words in [
        &["ack", "ill", "--comment", "on it", "--expires", "never"][..],
        &["maintenance", "add", "--hosts", "other-*", "--for", "2h", "--name", "patching"],
        &["token", "add", "--role", "viewer", "--name", "wall"],
        &["note", "the switch hums"],
    ] {
        let (fine, said) = site.said(words, None);
        assert!(fine, "{words:?}: {said}");
    }
    std::thread::sleep(std::time::Duration::from_secs(4));
    let to = chrono::Utc::now() - chrono::Duration::seconds(1);
    let to = to.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let before = seen(&site, &to);
    assert!(before[6].1.to_string().len() > 100, "{}", before[6].1);
    // Not beside an engine.
    let (fine, said) = site.said(&["migrate-store", &url], None);
    assert!(!fine && said.contains("stop it first"), "{said}");
    site.stop();
    let file = std::fs::read(site.database()).unwrap();
    let (fine, said) = site.said(&["migrate-store", &url], None);
    assert!(fine && said.contains("alerts: 1 row, the same on both sides"), "{said}");
    assert!(std::fs::read(site.database()).unwrap() == file, "the file is as it was");
    // Not twice.
    let (fine, said) = site.said(&["migrate-store"], Some(&url));
    assert!(!fine && said.contains("not empty"), "{said}");
    site.serve(&["--database", &url]);
    for ((what, was), (_, is)) in before.iter().zip(seen(&site, &to)) {
        assert_eq!(*was, is, "{what}");
    }
    site.stop();
}

#[test]
#[ignore = "needs PostgreSQL; tests/run runs it"]
fn a_move_that_is_killed_leaves_nothing_behind() {
    let postgres = Server::start();
    let url = postgres.database();
    let site = Site::new();
    site.account("ann", None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        use sqlx::Connection as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(site.database());
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) \
                   INSERT INTO paths (seq, at, host, body) \
                   SELECT i, i, 'h', hex(randomblob(100)) FROM n";
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    let mut command = site.command(&["migrate-store", &url]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    // Tables go by their names: the large one comes among the last.
    let mut said = Vec::new();
    while !said.last().is_some_and(|line: &String| line.contains("outbox:")) {
        said.push(lines.next().unwrap_or_else(|| panic!("not told: {said:?}")).unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    until("the target is empty again", || {
        site.said(&["doctor"], Some(&url)).1.contains("empty").then_some(())
    });
    let (fine, said) = site.said(&["migrate-store", &url], None);
    assert!(fine && said.contains("paths: 300000 rows, the same"), "{said}");
}
