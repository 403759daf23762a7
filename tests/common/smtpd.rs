//! A real mail server (aiosmtpd) on a free port of loopback; it stops when it is dropped.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::tls::Pair;

const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub struct Smtpd {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    child: Child,
    said: Receiver<Value>,
}

impl Smtpd {
    /// Starts one: `mode` is PLAIN, STARTTLS or TLS, `login` a user and a password that it asks
    /// for.
    pub fn start(mode: &str, pair: Option<&Pair>, login: Option<(&str, &str)>) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/common/smtpd.py");
        // Debian's, which has the package.
        let mut command = Command::new("/usr/bin/python3");
        command.arg("-W").arg("ignore").arg(script).arg(mode);
        match (pair, login) {
            (Some(pair), _) => drop(command.arg(&pair.certificate).arg(&pair.key)),
            (None, Some(_)) => drop(command.arg("").arg("")),
            (None, None) => {}
        }
        if let Some((user, password)) = login {
            command.arg(user).arg(password);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (send, said) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let value: Value = serde_json::from_str(&line).expect("a line of JSON");
                if send.send(value).is_err() {
                    break;
                }
            }
        });
        let first = said.recv_timeout(PATIENCE).expect("python3-aiosmtpd is installed");
        let port = u16::try_from(first["port"].as_u64().unwrap()).unwrap();
        Self { port, child, said }
    }

    /// The next message that it took.
    pub fn next(&self) -> Value {
        self.said.recv_timeout(PATIENCE).expect("a message")
    }

    /// True when it took nothing that was not asked for.
    pub fn has_no_more(&self) -> bool {
        self.said.try_recv().is_err()
    }
}

impl Drop for Smtpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A header of a message.
pub fn header<'a>(message: &'a Value, name: &str) -> Option<&'a str> {
    let headers = message["headers"].as_array().unwrap();
    let found = headers.iter().find(|pair| pair[0].as_str().unwrap().eq_ignore_ascii_case(name));
    found.map(|pair| pair[1].as_str().unwrap())
}
