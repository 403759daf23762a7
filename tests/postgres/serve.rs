//! `fluxnoc serve --database`: keeps everything there, is reached by the verbs, outlives a restart
//! of the database, and says what is wrong when it cannot begin.

use std::os::unix::fs::PermissionsExt as _;

use nix::sys::signal::Signal;

use crate::postgres_server::Server;
use crate::site::{Site, until};
use crate::tls::Authority;

#[test]
#[ignore = "needs PostgreSQL; tests/run runs it"]
fn one_server_keeps_everything_in_postgres_and_outlives_its_restart() {
    let mut postgres = Server::start();
    let url = postgres.database();
    let mut site = Site::new();
    // Before there is a server: the first account, and nothing else.
    site.account("ann", Some(&url));
    let (fine, said) = site.said(&["hosts"], Some(&url));
    assert!(!fine && said.contains("fluxnoc serve") && said.contains("--connect"), "{said}");
    let (fine, said) = site.said(&["--plain"], Some(&url));
    assert!(!fine && said.contains("fluxnoc serve") && said.contains("--connect"), "{said}");
    let (fine, said) = site.said(&["doctor"], Some(&url));
    assert!(said.contains("PostgreSQL 15") && said.contains("schema"), "{fine} {said}");

    let pid = site.serve(&["--database", &url]);
    assert!(!site.database().exists(), "nothing is kept in a file");
    assert_eq!(site.json(&["user", "list"]).to_string().matches("ann").count(), 1);
    site.account("bob", None);
    assert!(site.get("ann", "/api/v1/hosts").is_ok());
    until("the alert", || site.json(&["alerts"])[0]["host"].as_str().map(str::to_owned));

    // Away for a while: checks are made, nothing is judged, and it says so.
    postgres.stop(Signal::SIGINT);
    until("it says so", || site.log().contains("cannot store results").then_some(()));
    let (fine, said) = site.said(&["ack", "ill"], None);
    assert!(!fine && said.contains("the store does not work"), "{said}");
    postgres.again();
    until("it works again", || site.log().contains("works again").then_some(()));
    until("an acknowledgement is kept", || site.said(&["ack", "ill"], None).0.then_some(()));
    assert!(site.runs(), "{pid} is still there");
    site.stop();

    // Started again it knows all of it.
    site.serve(&["--database", &url]);
    let alerts = site.json(&["alerts"]);
    assert_eq!(alerts.as_array().unwrap().len(), 1, "{alerts}");
    assert!(alerts[0]["acknowledged"].is_object(), "{alerts}");
    assert!(site.get("bob", "/api/v1/alerts").is_ok());
    site.stop();
}

#[test]
fn a_database_that_cannot_be_reached_is_named_with_the_mend_and_without_the_password() {
    let site = Site::new();
    let url = "postgres://noc:hunter2@127.0.0.1:1/wonder";
    let (fine, said) = site.said(&["serve", "--listen", "127.0.0.1:0"], Some(url));
    assert!(!fine, "{said}");
    for word in ["127.0.0.1:1", "wonder", "start PostgreSQL"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
    for words in [&["config", "show"][..], &["doctor"], &["user", "list"], &["config", "check"]] {
        let (_, said) = site.said(words, Some(url));
        assert!(!said.contains("hunter2"), "{words:?}: {said}");
    }
    let (_, said) = site.said(&["config", "show"], Some(url));
    assert!(said.contains("postgres://noc:********@127.0.0.1:1/wonder"), "{said}");
    // A misspelt word of TLS is no connection without TLS.
    let (fine, said) =
        site.said(&["serve"], Some("postgres://noc:hunter2@db/wonder?sslmod=require"));
    assert!(!fine && said.contains("sslmod") && !said.contains("hunter2"), "{said}");
}

#[test]
#[ignore = "needs PostgreSQL; tests/run runs it"]
fn the_certificate_of_the_database_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path());
    let pair = authority.issue("server", "localhost", 90);
    // PostgreSQL takes a key only that is its own user's.
    let postgres_dir = tempfile::tempdir().unwrap();
    let key = postgres_dir.path().join("server.key");
    let certificate = postgres_dir.path().join("server.pem");
    std::fs::copy(&pair.key, &key).unwrap();
    std::fs::copy(&pair.certificate, &certificate).unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(postgres_dir.path(), open).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    if let Ok(Some(user)) = nix::unistd::User::from_name("postgres")
        && nix::unistd::geteuid().is_root()
    {
        nix::unistd::chown(&key, Some(user.uid), Some(user.gid)).unwrap();
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let words = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", certificate.display()),
        format!("ssl_key_file={}", key.display()),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
    ];
    let words: Vec<&str> = words.iter().flat_map(|word| ["-c", word]).collect();
    let postgres = Server::start_with(&words);
    let site = Site::new();
    let url = |host: &str, tail: &str| format!("postgres://fluxnoc@{host}:{port}/postgres?{tail}");
    let root = authority.file().display().to_string();
    let (_, said) = site.said(
        &["doctor"],
        Some(&url("localhost", &format!("sslmode=verify-full&sslrootcert={root}"))),
    );
    assert!(said.contains("PostgreSQL 15"), "{said}");
    // Another name, and an authority that nobody named.
    for bad in [
        url("127.0.0.1", &format!("sslmode=verify-full&sslrootcert={root}")),
        url("localhost", "sslmode=verify-full"),
    ] {
        let (fine, said) = site.said(&["doctor"], Some(&bad));
        assert!(!fine && !said.contains("PostgreSQL 15"), "{bad}: {said}");
        assert!(said.contains("sslrootcert"), "{said}");
    }
    drop(postgres);
}
