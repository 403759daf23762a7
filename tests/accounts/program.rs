//! The program itself: accounts from the command line, with an engine and without, and a login at
//! `fluxnoc serve` with them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::net::PASSWORD;

fn fluxnoc(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluxnoc"));
    command
        .args(arguments)
        .arg("--config")
        .arg(dir.join("config.toml"))
        .arg("--data-dir")
        .arg(dir.join("data"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("FLUXNOC_LOG", "info")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it to its end, with this on stdin.
fn run(dir: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = fluxnoc(dir, arguments).spawn().unwrap();
    // What reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn done(dir: &Path, arguments: &[&str], input: &str) -> String {
    let output = run(dir, arguments, input);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn place() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let config = "[server]\nlisten = \"127.0.0.1:0\"\nhealth_enabled = false\n\n\
        [[host]]\nname = \"here\"\naddress = \"127.0.0.1\"\n";
    std::fs::write(dir.path().join("config.toml"), config).unwrap();
    dir
}

#[test]
fn fs_40_users_and_tokens_are_made_where_no_engine_runs() {
    let dir = place();
    let dir = dir.path();
    let nobody = done(dir, &["user", "list", "--json"], "");
    assert_eq!(serde_json::from_str::<Value>(&nobody).unwrap(), json!([]), "no default account");
    let said =
        done(dir, &["user", "add", "Ann", "--role", "admin"], &format!("{PASSWORD}\nrest\n"));
    assert_eq!(said, "user Ann: admin\n");
    let failures = [
        (&["user", "add", "ANN", "--role", "viewer"][..], PASSWORD, "there is a user `Ann`", 1),
        (&["user", "add", "bob", "--role", "viewer"], "eleven char", "at least 12 characters", 1),
        (&["user", "add", "bob", "--role", "viewer"], "", "no password was given", 2),
        (&["user", "add", "bob", "--role", "root"], PASSWORD, "viewer, operator or admin", 2),
        (&["user", "add", "bob"], PASSWORD, "--role", 2),
        (&["user", "passwd", "bob"], PASSWORD, "there is no user `bob`", 1),
        (&["token", "revoke", "x"], "", "there is no token `x`", 1),
        (&["token", "add", "--role", "viewer", "--expires", "soon"], "", "90d or never", 2),
    ];
    for (arguments, input, words, code) in failures {
        let output = run(dir, arguments, input);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(words), "{arguments:?}: {error}");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(!error.contains(PASSWORD), "{error}");
    }
    done(dir, &["user", "add", "bob", "--role", "viewer"], PASSWORD);
    done(dir, &["user", "passwd", "bob"], "another horse battery");
    done(dir, &["user", "role", "bob", "operator"], "");
    let listed = done(dir, &["user", "list"], "");
    let rows: Vec<Vec<&str>> =
        listed.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(rows, [["NAME", "ROLE"], ["Ann", "admin"], ["bob", "operator"]]);
    done(dir, &["user", "remove", "bob"], "");

    let scopes = ["--scope", "metrics", "--scope", "read", "--name", "prom"];
    let made = done(dir, &[&["token", "add", "--role", "viewer"][..], &scopes].concat(), "");
    let token = made.lines().last().unwrap();
    assert!(token.starts_with("fnx_") && token.len() == 47, "{made}");
    let listed = done(dir, &["token", "list"], "");
    assert!(listed.contains("prom  viewer  read,metrics  2"), "{listed}");
    assert!(!listed.contains("fnx_"));
    assert_eq!(done(dir, &["token", "revoke", "prom"], ""), "done: 1\n");
}

/// A served engine; killed at the end.
struct Served {
    child: Child,
    at: String,
}

impl Served {
    fn start(dir: &Path) -> Self {
        let mut child = fluxnoc(dir, &["serve"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let at = loop {
            let line = lines.next().expect("it listens").unwrap();
            if let Some((_, at)) = line.split_once("listens at http://") {
                break at.split(['"', ' ']).next().unwrap().to_owned();
            }
        };
        // Somebody must read on.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, at }
    }

    fn ask(&self, method: &str, path: &str, header: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.at).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\
             content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Once the engine has read its store.
    fn login(&self, password: &str) -> (u16, Value) {
        let body = json!({ "username": "ann", "password": password }).to_string();
        loop {
            let (status, said) = self.ask("POST", "/api/auth/login", "", &body);
            if status != 503 {
                return (status, said);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn fs_38_fs_40_a_first_admin_a_server_and_a_login() {
    let dir = place();
    let dir = dir.path();
    done(dir, &["user", "add", "ann", "--role", "admin"], PASSWORD);
    let served = Served::start(dir);
    assert_eq!(served.login("wrong horse battery").0, 401);
    let (status, said) = served.login(PASSWORD);
    assert_eq!((status, &said["token_type"]), (200, &json!("Bearer")), "{said}");
    let bearer = format!("authorization: Bearer {}\r\n", said["token"].as_str().unwrap());
    assert_eq!(served.ask("GET", "/api/v1/hosts", &bearer, "").0, 200);
    assert_eq!(served.ask("GET", "/api/v1/hosts", "", "").0, 401);
    let key = std::fs::metadata(dir.join("data/jwt.key")).unwrap();
    assert_eq!((key.permissions().mode() & 0o7777, key.len()), (0o600, 32));

    // A token from the same machine, through the socket of the running engine.
    let made = done(dir, &["token", "add", "--role", "viewer", "--name", "cd"], "");
    let token = format!("x-api-token: {}\r\n", made.lines().last().unwrap());
    assert_eq!(served.ask("GET", "/api/v1/hosts", &token, "").0, 200);
    assert_eq!(served.ask("POST", "/api/v1/stop", &token, "").0, 403);
    done(dir, &["token", "revoke", "cd"], "");
    assert_eq!(served.ask("GET", "/api/v1/hosts", &token, "").0, 401);

    // A session outlives the server, and ends with the password.
    drop(served);
    let served = Served::start(dir);
    served.login(PASSWORD);
    assert_eq!(served.ask("GET", "/api/v1/hosts", &bearer, "").0, 200);
    done(dir, &["user", "passwd", "ann"], "another horse battery");
    assert_eq!(served.ask("GET", "/api/v1/hosts", &bearer, "").0, 401);
    drop(served);

    // A key that others could have read starts no server.
    let exposed = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(dir.join("data/jwt.key"), exposed).unwrap();
    let output = run(dir, &["serve"], "");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("mode 0644: others may have read it; remove it"), "{error}");
    assert_eq!(output.status.code(), Some(1));
}
