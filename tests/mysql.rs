//! The `MySQL` probe against a real `MariaDB`: login, refusals, encryption, slow queries.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use std::time::Duration;

use common::mariadb::MariaDb;
use fluxnoc::model::spec::{MysqlSpec, MysqlTls, Spec};
use fluxnoc::model::{Check, FailureKind, Observation, Secret, Span};
use fluxnoc::probe::{self, Context, Memory, Shared};

const USERS: &str = "CREATE DATABASE shop;\n\
    CREATE DATABASE closed;\n\
    CREATE TABLE shop.queue (n DECIMAL(10,2));\n\
    INSERT INTO shop.queue VALUES (12.50), (3);\n\
    CREATE USER monitor@'%' IDENTIFIED BY 'geheim';\n\
    GRANT SELECT ON shop.* TO monitor@'%';\n\
    CREATE USER open@'%';\n\
    CREATE USER modern@'%' IDENTIFIED VIA ed25519 USING PASSWORD('geheim');\n";

fn spec(server: &MariaDb) -> MysqlSpec {
    MysqlSpec {
        user: "monitor".to_owned(),
        password: Some(Secret::Inline("geheim".to_owned())),
        port: server.port,
        socket: None,
        database: None,
        tls: MysqlTls::Prefer,
        query: None,
    }
}

async fn run(spec: MysqlSpec, millis: u64) -> Observation {
    let mut check = Check::new("db-1", "mysql", "127.0.0.1", Spec::Mysql(spec));
    check.timeout = Span::from_millis(millis);
    let context = Context::new(&Shared::start().unwrap(), Duration::from_millis(millis));
    let seen = probe::run(&check, &context, &mut Memory::default()).await;
    assert!(!format!("{seen:?}").contains("geheim"), "{seen:?}");
    seen
}

fn failed(seen: &Observation) -> (FailureKind, &str) {
    let failure = seen.failure.as_ref().expect("a failure");
    (failure.kind, failure.message.as_str())
}

#[tokio::test]
#[ignore = "needs MariaDB; tests/run runs it"]
async fn fm_17_a_real_server_is_asked_and_its_refusals_are_told_apart() {
    let server = MariaDb::start(USERS, &["--plugin-load-add=auth_ed25519"]);
    let seen = run(spec(&server), 5000).await;
    assert_eq!(seen.failure, None, "{}", seen.output);
    assert!(seen.output.as_str().starts_with("MariaDB 1"), "{}", seen.output);
    assert_eq!(seen.value("result"), None, "nothing was asked for");
    assert!(seen.value("query_time").is_some() && seen.value("time_login").is_some(), "{seen:?}");

    let with = |change: fn(&mut MysqlSpec)| {
        let mut spec = spec(&server);
        change(&mut spec);
        run(spec, 5000)
    };
    let number = with(|s| {
        s.database = Some("shop".into());
        s.query = Some("SELECT SUM(n), 'rest' FROM queue".into());
    });
    assert_eq!(number.await.value("result"), Some(15.5));
    let slow = with(|s| s.query = Some("SELECT SLEEP(0.5)".into())).await;
    assert!(slow.value("query_time") >= Some(0.5), "the query's own time: {slow:?}");
    let open = with(|s| {
        s.user = "open".into();
        s.password = None;
    });
    assert_eq!(open.await.failure, None);

    let wrong = with(|s| s.password = Some(Secret::Inline("falsch".into()))).await;
    let (kind, text) = failed(&wrong);
    assert_eq!(kind, FailureKind::Login);
    assert!(text.contains("Access denied") && text.ends_with("(error 1045)"), "{text}");
    let forbidden = with(|s| s.database = Some("closed".into())).await;
    assert!(failed(&forbidden).1.ends_with("(error 1044)"), "{forbidden:?}");
    let syntax = with(|s| s.query = Some("SELEKT".into())).await;
    assert_eq!(failed(&syntax).0, FailureKind::Mismatch);
    assert!(failed(&syntax).1.ends_with("(error 1064)"), "{syntax:?}");
    let two = with(|s| s.query = Some("SELECT 1; SELECT 2".into())).await;
    assert!(failed(&two).1.ends_with("(error 1064)"), "one statement only: {two:?}");
    let modern = with(|s| s.user = "modern".into()).await;
    assert_eq!(failed(&modern).0, FailureKind::Config);
    assert!(failed(&modern).1.contains("wants the login method client_ed25519"), "{modern:?}");
    let plain = with(|s| s.tls = MysqlTls::Require).await;
    assert_eq!(failed(&plain).0, FailureKind::Tls);

    let mut slow = spec(&server);
    slow.query = Some("SELECT SLEEP(30)".into());
    let seen = run(slow, 500).await;
    let words = format!("query not answered by 127.0.0.1:{} within 500ms", server.port);
    assert_eq!(failed(&seen), (FailureKind::Timeout, words.as_str()));
    assert!(seen.value("time_login").is_some(), "slow is not refused");

    let mut local = spec(&server);
    local.socket = Some(server.socket().to_string_lossy().into_owned());
    local.port = 1;
    assert_eq!(run(local, 5000).await.failure, None);
}

#[tokio::test]
#[ignore = "needs MariaDB; tests/run runs it"]
async fn fm_17_a_real_server_is_asked_over_tls() {
    let made = rcgen::generate_simple_self_signed(vec!["db-1".to_owned()]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(dir.path(), everybody).unwrap();
    let options = [
        format!("--ssl-cert={}", certificate.display()),
        format!("--ssl-key={}", key.display()),
        "--require-secure-transport=ON".to_owned(),
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let server = MariaDb::start(USERS, &options);
    for tls in [MysqlTls::Prefer, MysqlTls::Require] {
        let mut spec = spec(&server);
        spec.tls = tls;
        spec.query = Some(
            "SELECT LENGTH(VARIABLE_VALUE) > 0 FROM information_schema.SESSION_STATUS \
                           WHERE VARIABLE_NAME = 'Ssl_cipher'"
                .into(),
        );
        let seen = run(spec, 5000).await;
        assert_eq!((seen.value("result"), &seen.failure), (Some(1.0), &None), "{tls:?}");
    }
    let mut verify = spec(&server);
    verify.tls = MysqlTls::Verify;
    let seen = run(verify, 5000).await;
    assert_eq!(failed(&seen), (FailureKind::Tls, "certificate is not trusted: self-signed"));
    let mut plain = spec(&server);
    plain.tls = MysqlTls::Disable;
    let seen = run(plain, 5000).await;
    assert_eq!(failed(&seen).0, FailureKind::Login, "{seen:?}");
}
