//! What only a file can suffer: kills, full disks, flipped bytes, other programs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fluxnoc::model::{Host, Notification, Reason, Status};
use fluxnoc::store::{Store, StoreError};

use crate::Place;
use crate::samples::{alert, at, check, edge, make_checks, row, window};

/// Says to the helper test below, run again as a process of its own, what to do and where.
const ROLE: &str = "FLUXNOC_STORE_TEST_ROLE";
const DIRECTORY: &str = "FLUXNOC_STORE_TEST_DIRECTORY";

fn helper(mut command: Command, role: &str, directory: &Path) -> Command {
    command
        .args(["--exact", "sqlite_file::helper_process", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(DIRECTORY, directory);
    command
}

/// Not a test of its own: the process that other tests start and kill.
#[tokio::test]
async fn helper_process() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let directory = PathBuf::from(std::env::var_os(DIRECTORY).unwrap());
    match role.as_str() {
        "episodes" => write_episodes(&directory).await,
        "full" => fill_the_disk(&directory).await,
        other => panic!("no role `{other}`"),
    }
}

/// Until killed: one episode a unit of work, with its status, edge and promise.
async fn write_episodes(directory: &Path) {
    let store = Store::open_sqlite(&directory.join("x.db")).await.unwrap();
    let begun = store.load().await.unwrap().alerts.len();
    for number in begun.. {
        let host = format!("host-{number}");
        let mut episode = alert(0, &host);
        episode.id = fluxnoc::model::AlertId::from_parts(i64::try_from(number).unwrap(), [3; 10]);
        let edge = edge(&episode, 1);
        let mut tx = store.write().await.unwrap();
        let no = tx.upsert_check(&check(&host, "tcp")).await.unwrap();
        tx.put_statuses(&[(no, &Status::waiting(at(1)))]).await.unwrap();
        tx.put_alert(&episode).await.unwrap();
        tx.add_edge(&edge).await.unwrap();
        tx.enqueue(&Notification::of(&edge, Reason::First, "log")).await.unwrap();
        tx.append_journal(&[row(no, 1, &[])]).await.unwrap();
        tx.commit().await.unwrap();
        println!("\ncommitted {}", number + 1);
        std::io::stdout().flush().unwrap();
    }
}

/// Kills the helper when it has said that `count` more units of work are durable.
fn kill_after(mut child: Child, count: usize) -> usize {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = 0;
    for line in lines.map_while(Result::ok) {
        if let Some(number) = line.strip_prefix("committed ") {
            said = number.parse().unwrap();
            if said % 10 == count {
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    said
}

#[tokio::test]
async fn a_kill_leaves_edge_status_and_promise_together_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..10 {
        let command = Command::new(std::env::current_exe().unwrap());
        let child = helper(command, "episodes", directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let said = kill_after(child, round % 10);
        assert!(said > 0);
        let store = Store::open_sqlite(&directory.path().join("x.db")).await.unwrap();
        let loaded = store.load().await.unwrap();
        let edges = store.edges(None, None, 100_000).await.unwrap();
        let promised = store.due_notifications("log", at(1 << 40), 100_000).await.unwrap();
        let count = loaded.alerts.len();
        assert!(count == said || count == said + 1, "{said} were durable, {count} are there");
        assert_eq!(
            [edges.len(), promised.len(), loaded.statuses.len(), loaded.checks.len()],
            [count; 4]
        );
        assert!(loaded.statuses.iter().all(|(_, status)| status.last_result == Some(at(1))));
        store.close().await;
    }
}

/// In a file system of 3 MiB of its own.
async fn fill_the_disk(directory: &Path) {
    let filler = directory.join("filler");
    std::fs::write(&filler, vec![1; 1_500_000]).unwrap();
    let store = Store::open_sqlite(&directory.join("x.db")).await.unwrap();
    let mut tx = store.write().await.unwrap();
    let checks = make_checks(&mut tx, 1).await;
    tx.commit().await.unwrap();
    let mut written = 0;
    let error = loop {
        let rows: Vec<_> = (0..500)
            .map(|i| row(checks[0], written * 500 + i, &[(i, i as f64 * 1.37), (i + 7, 0.1)]))
            .collect();
        let tried = async {
            let mut tx = store.write().await?;
            tx.append_journal(&rows).await?;
            tx.commit().await
        };
        match tried.await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1000, "the disk never fills");
    };
    assert!(matches!(error, StoreError::Unavailable { .. }) && error.may_pass(), "{error}");
    assert!(error.to_string().contains("free space"), "{error}");
    let results = async || store.history(checks[0], at(0), at(1 << 40)).await.unwrap().states.len();
    let expected = usize::try_from(written).unwrap() * 500;
    assert_eq!(results().await, expected, "reading goes on, and nothing is half written");
    for _ in 0..3 {
        let failed = async {
            let mut tx = store.write().await?;
            let big: Vec<_> = (0..4000).map(|i| row(checks[0], -1 - i, &[(i, 0.1)])).collect();
            tx.append_journal(&big).await?;
            tx.commit().await
        };
        assert!(matches!(failed.await, Err(StoreError::Unavailable { .. })));
    }
    std::fs::remove_file(&filler).unwrap();
    let mut tx = store.write().await.unwrap();
    tx.append_journal(&[row(checks[0], 1 << 30, &[])]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(results().await, expected + 1, "it goes on without a restart");
    println!("\nsurvived");
}

#[test]
fn a_full_disk_is_survived_without_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "--propagation", "private", "--", "sh", "-c"]);
    command.arg(format!("mount -t tmpfs -o size=3m none \"${DIRECTORY}\" && exec \"$@\""));
    command.arg("sh").arg(std::env::current_exe().unwrap());
    let output = helper(command, "full", directory.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("survived"), "{text}\n{errors}");
}

/// A database with something in every table that is read at the start; gives its bytes.
async fn filled(path: &Path) -> Vec<u8> {
    let store = Store::open_sqlite(path).await.unwrap();
    let mut tx = store.write().await.unwrap();
    for number in 0..100 {
        tx.upsert_host(&Host::new(&format!("host-{number}"), "192.0.2.1")).await.unwrap();
    }
    let checks = make_checks(&mut tx, 200).await;
    let status = Status::waiting(at(0));
    tx.put_statuses(&checks.iter().map(|no| (*no, &status)).collect::<Vec<_>>()).await.unwrap();
    for number in 0..50 {
        tx.put_alert(&alert(number, &format!("host-{number}"))).await.unwrap();
        tx.put_maintenance(&window(number, 0, 1000)).await.unwrap();
    }
    tx.append_journal(&checks.iter().map(|no| row(*no, 5, &[(1, 1.0)])).collect::<Vec<_>>())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn a_flipped_byte_never_gives_an_empty_database() {
    let directory = tempfile::tempdir().unwrap();
    let good = filled(&directory.path().join("good.db")).await;
    let path = directory.path().join("x.db");
    let (mut refused, mut read) = (0, 0);
    // The last pages hold the indexes that were filled last.
    let (step, last) = (good.len() / 150, good.len() - good.len() / 20);
    let ends = (last..good.len()).step_by(step / 8);
    for offset in (0..100).step_by(7).chain((100..good.len()).step_by(step)).chain(ends) {
        for name in ["x.db-wal", "x.db-shm"] {
            let _ = std::fs::remove_file(directory.path().join(name));
        }
        let mut bad = good.clone();
        bad[offset] ^= 0xff;
        std::fs::write(&path, &bad).unwrap();
        let outcome = async {
            let store = Store::open_sqlite(&path).await?;
            let loaded = store.load().await;
            store.close().await;
            loaded
        };
        match outcome.await {
            Ok(loaded) => {
                read += 1;
                // SQLite has no checksums: a flipped byte inside a row changes that row.
                assert!(loaded.checks.len() >= 199 && loaded.hosts.len() >= 99, "at {offset}");
                assert!(loaded.statuses.len() >= 199 && loaded.alerts.len() >= 49, "at {offset}");
                assert!(loaded.windows.len() >= 49, "at {offset}");
            }
            Err(error) => {
                refused += 1;
                assert!(
                    matches!(
                        error,
                        StoreError::Corrupt { .. }
                            | StoreError::Foreign { .. }
                            | StoreError::Newer { .. }
                    ),
                    "at {offset}: {error}"
                );
            }
        }
    }
    println!("{refused} refused, {read} read");
    assert!(refused > 10);
}

#[tokio::test]
async fn what_is_cut_off_empty_or_gone_is_refused_and_left_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let good = filled(&path).await;
    let text = b"the quick brown fox jumps over the lazy dog".to_vec();
    for bad in [Vec::new(), good[..10].to_vec(), good[..good.len() / 2].to_vec(), text] {
        std::fs::write(&path, &bad).unwrap();
        let refused = Store::open_sqlite(&path).await.unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
        assert!(refused.to_string().contains("restore a backup"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), bad);
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::write(directory.path().join("x.db-wal"), "something").unwrap();
    let refused = Store::open_sqlite(&path).await.unwrap_err();
    assert!(refused.to_string().contains("the file is gone"), "{refused}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_refused_newer_database_gets_no_log_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let beside = directory.path().join("data");
    let place = Place::File(directory);
    place.open().await.unwrap().close().await;
    place.meddle("UPDATE _sqlx_migrations SET version = 4711 WHERE version = 1").await;
    let refused = place.open().await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 4711, .. }), "{refused}");
    let names = std::fs::read_dir(beside).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["fluxnoc.db"]);
}

#[tokio::test]
async fn a_flipped_byte_in_the_log_loses_no_settled_commit_silently() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("live.db");
    let store = Store::open_sqlite(&path).await.unwrap();
    for number in 0..8 {
        let mut tx = store.write().await.unwrap();
        tx.upsert_host(&Host::new(&format!("host-{number}"), "192.0.2.1")).await.unwrap();
        tx.commit().await.unwrap();
    }
    // What a kill leaves behind.
    let file = std::fs::read(&path).unwrap();
    let log = std::fs::read(directory.path().join("live.db-wal")).unwrap();
    store.close().await;
    let copy = directory.path().join("copy.db");
    let log_path = directory.path().join("copy.db-wal");
    let mut refused = 0;
    for offset in (0..log.len()).step_by(log.len() / 120).chain(24..64).chain([log.len()]) {
        let _ = std::fs::remove_file(directory.path().join("copy.db-shm"));
        let mut bad = log.clone();
        if let Some(byte) = bad.get_mut(offset) {
            *byte ^= 0x40;
        }
        std::fs::write(&copy, &file).unwrap();
        std::fs::write(&log_path, &bad).unwrap();
        match Store::open_sqlite(&copy).await {
            Ok(store) => {
                let hosts = store.load().await.unwrap().hosts.len();
                store.close().await;
                // A damaged last commit looks like one that was never finished.
                assert!(hosts >= 6, "{hosts} hosts with a flipped byte at {offset}");
                assert!(offset < log.len() || hosts == 8);
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Corrupt { .. }), "at {offset}: {error}");
                assert_eq!(std::fs::read(&log_path).unwrap(), bad, "the log is left as it was");
                refused += 1;
            }
        }
    }
    assert!(refused > 80, "{refused}");
    // A torn end is what every kill may leave: it is no damage.
    std::fs::write(&copy, &file).unwrap();
    std::fs::write(&log_path, &log[..log.len() - 1000]).unwrap();
    let _ = std::fs::remove_file(directory.path().join("copy.db-shm"));
    let store = Store::open_sqlite(&copy).await.unwrap();
    assert_eq!(store.load().await.unwrap().hosts.len(), 7);
}

#[tokio::test]
async fn only_the_owner_can_read_it_and_a_half_made_one_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("a/b");
    std::fs::create_dir_all(directory.path().join("a")).unwrap();
    let store = Store::open_sqlite(&data.join("x.db")).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    let mut tx = store.write().await.unwrap();
    tx.heartbeat(at(0)).await.unwrap();
    tx.commit().await.unwrap();
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    store.close().await;
    assert!(!data.join("x.db-wal").exists(), "closing empties the log");
    std::fs::write(data.join("y.db.new"), "half of a database").unwrap();
    Store::open_sqlite(&data.join("y.db")).await.unwrap().load().await.unwrap();
    assert!(!data.join("y.db.new").exists());
}

#[tokio::test]
async fn another_program_that_holds_the_file_is_named_as_the_reason() {
    use sqlx::Connection as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let store = Store::open_sqlite(&path).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let refused = store.write().await.err().unwrap();
    assert!(refused.may_pass() && refused.to_string().contains("another program"), "{refused}");
    store.load().await.unwrap();
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    let mut tx = store.write().await.unwrap();
    tx.heartbeat(at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn writers_queue_and_readers_do_not_wait() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(&directory.path().join("x.db")).await.unwrap();
    let mut first = store.write().await.unwrap();
    first.heartbeat(at(1)).await.unwrap();
    let second = tokio::spawn({
        let store = store.clone();
        async move {
            let mut tx = store.write().await.unwrap();
            tx.heartbeat(at(2)).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    assert_eq!(store.load().await.unwrap().alive, None);
    assert!(!second.is_finished());
    first.commit().await.unwrap();
    assert!(store.load().await.unwrap().alive.is_some());
    second.await.unwrap();
    assert_eq!(store.load().await.unwrap().alive, Some(at(2)));
}
