//! A real net-snmp agent on a free loopback port, and net-snmp's own tools to read it.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a start may take on a slow machine.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running agent; dropped, it stops.
pub struct Snmpd {
    /// Its UDP port on 127.0.0.1.
    pub port: u16,
    community: String,
    child: Child,
    dir: tempfile::TempDir,
}

impl Snmpd {
    /// Starts an agent with a community and two users, and further lines of configuration.
    pub fn start(community: &str, lines: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("fluxnoc-snmpd-").tempdir().unwrap();
        let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let config = format!(
            "agentaddress udp:127.0.0.1:{port}\n\
             rocommunity {community} 127.0.0.1\n\
             createUser noc SHA-256 auth-passw0rd AES priv-passw0rd\nrouser noc priv\n\
             createUser sign SHA auth-passw0rd\nrouser sign auth\n\
             createUser old MD5 auth-passw0rd AES priv-passw0rd\nrouser old priv\n\
             {lines}\n"
        );
        std::fs::write(dir.path().join("snmpd.conf"), config).unwrap();
        let child = spawn(&dir);
        let mut agent = Self { port, community: community.to_owned(), child, dir };
        agent.wait();
        agent
    }

    /// Starts it again with nothing kept: another identity on the same port.
    pub fn restart(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(self.dir.path().join("state"));
        self.child = spawn(&self.dir);
        self.wait();
    }

    fn stop(&mut self) {
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
            .arg(format!("127.0.0.1:{}", self.port))
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

fn spawn(dir: &tempfile::TempDir) -> Child {
    let dir = dir.path();
    Command::new("/usr/sbin/snmpd")
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
