//! A real net-snmp agent on a free loopback port, and net-snmp's own tools to read it.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a start may take on a slow machine.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running agent; dropped, it stops.
pub struct Snmpd {
    /// Its UDP port on its address.
    pub port: u16,
    address: Ipv4Addr,
    /// What stands before its command.
    enter: Vec<String>,
    community: String,
    child: Child,
    dir: tempfile::TempDir,
}

impl Snmpd {
    /// Starts an agent with a community and two users, and further lines of configuration.
    pub fn start(community: &str, lines: &str) -> Self {
        Self::start_in(&[], Ipv4Addr::LOCALHOST, community, lines)
    }

    /// The same on another address, by a command that has this before it.
    pub fn start_in(enter: &[String], address: Ipv4Addr, community: &str, lines: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("fluxnoc-snmpd-").tempdir().unwrap();
        let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let readers = if address.is_loopback() { "127.0.0.1" } else { "default" };
        let config = format!(
            "agentaddress udp:{address}:{port}\n\
             rocommunity {community} {readers}\n\
             createUser noc SHA-256 auth-passw0rd AES priv-passw0rd\nrouser noc priv\n\
             createUser sign SHA auth-passw0rd\nrouser sign auth\n\
             createUser old MD5 auth-passw0rd AES priv-passw0rd\nrouser old priv\n\
             {lines}\n"
        );
        std::fs::write(dir.path().join("snmpd.conf"), config).unwrap();
        let child = spawn(enter, &dir);
        let (community, enter) = (community.to_owned(), enter.to_vec());
        let mut agent = Self { port, address, enter, community, child, dir };
        agent.wait();
        agent
    }

    /// Starts it again with nothing kept: another identity on the same port.
    pub fn restart(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(self.dir.path().join("state"));
        self.child = spawn(&self.enter, &self.dir);
        self.wait();
    }

    /// It is gone when this returns.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn wait(&mut self) {
        let end = Instant::now() + START_LIMIT;
        while self.try_tool("snmpget", &["1.3.6.1.2.1.1.3.0"]).is_none() {
            let ended = self.child.try_wait().unwrap();
            let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < end, "snmpd {ended:?}: {log}");
        }
    }

    /// What `snmpget` or `snmpbulkwalk` of net-snmp prints about objects: lines `OID value`.
    pub fn tool(&self, program: &str, oids: &[&str]) -> Vec<(String, String)> {
        self.try_tool(program, oids).unwrap_or_else(|| panic!("{program} {oids:?} fails"))
    }

    fn try_tool(&self, program: &str, oids: &[&str]) -> Option<Vec<(String, String)>> {
        let output = self.command(program, oids).output().expect("net-snmp's tools are installed");
        if !output.status.success() {
            return None;
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = |line: &str| {
            let (oid, value) = line.split_once(' ')?;
            Some((oid.trim_start_matches('.').to_owned(), value.trim_matches('"').to_owned()))
        };
        Some(text.lines().filter_map(line).collect())
    }

    /// The tool's command by version 2c: numbers only, one request again.
    pub fn command(&self, program: &str, oids: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(["-v2c", "-c", &self.community, "-Onqet", "-r1", "-t2"])
            .arg(format!("{}:{}", self.address, self.port))
            .args(oids)
            .env("MIBS", "");
        command
    }

    /// One value as a number.
    pub fn number(&self, oid: &str) -> f64 {
        let lines = self.tool("snmpget", &[oid]);
        lines[0].1.parse().unwrap_or_else(|_| panic!("{oid} = {lines:?}"))
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(enter: &[String], dir: &tempfile::TempDir) -> Child {
    let dir = dir.path();
    let words: Vec<&str> = enter.iter().map(String::as_str).chain(["/usr/sbin/snmpd"]).collect();
    Command::new(words[0])
        .args(&words[1..])
        .args(["-f", "-C", "-Lf"])
        .arg(dir.join("log"))
        .arg("-c")
        .arg(dir.join("snmpd.conf"))
        .arg("-p")
        .arg(dir.join("pid"))
        .env("MIBS", "")
        .env("SNMP_PERSISTENT_DIR", dir.join("state"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("snmpd is installed")
}
