//! A real `MariaDB` on a free loopback port, with a data directory that goes away with it.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a first start may take on a slow machine.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A running server; dropped, it stops.
pub struct MariaDb {
    /// Its port on 127.0.0.1.
    pub port: u16,
    child: Child,
    dir: tempfile::TempDir,
}

impl MariaDb {
    /// Starts a server that runs `sql` first and has the given extra options.
    pub fn start(sql: &str, options: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("fluxnoc-mariadb-").tempdir().unwrap();
        let user = unprivileged(dir.path());
        let data = dir.path().join("data");
        let install = Command::new(program("mariadb-install-db"))
            .args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"])
            .arg(format!("--datadir={}", data.display()))
            .args(&user)
            // Servers that run at the same time would share the names of temporary tables.
            .env("TMPDIR", dir.path())
            .output()
            .expect("mariadb-install-db is installed");
        assert!(install.status.success(), "{}", String::from_utf8_lossy(&install.stderr));
        let init = dir.path().join("init.sql");
        std::fs::write(&init, sql).unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let port = free_port();
        let mut child = Command::new(program("mariadbd"))
            .args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"])
            .args(["--innodb-buffer-pool-size=8M", "--innodb-log-file-size=8M"])
            .arg(format!("--port={port}"))
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", dir.path().join("sock").display()))
            .arg(format!("--pid-file={}", dir.path().join("pid").display()))
            .arg(format!("--init-file={}", init.display()))
            .args(&user)
            .args(options)
            .env("TMPDIR", dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("mariadbd is installed");
        let end = Instant::now() + START_LIMIT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while TcpStream::connect(address).is_err() {
            let ended = child.try_wait().unwrap();
            if ended.is_some() || Instant::now() > end {
                let log = std::fs::read_to_string(dir.path().join("log")).unwrap_or_default();
                let _ = child.kill();
                let _ = child.wait();
                panic!("mariadbd did not start ({ended:?}):\n{log}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { port, child, dir }
    }

    /// The path of its Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("sock")
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        // The data is thrown away: no need to ask politely.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Where a distribution keeps a server program.
fn program(name: &str) -> PathBuf {
    ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/sbin"]
        .iter()
        .map(|dir| Path::new(dir).join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| PathBuf::from(name))
}

/// The option that makes a server started by root run as somebody else, who then owns `dir`.
fn unprivileged(dir: &Path) -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let found = ["mysql", "nobody"]
        .iter()
        .find_map(|name| nix::unistd::User::from_name(name).ok().flatten())
        .ok_or_else(|| io::Error::other("neither mysql nor nobody exists"))
        .unwrap();
    // In a user namespace there may be no other user; then its root, who is none outside, does.
    match std::os::unix::fs::chown(dir, Some(found.uid.as_raw()), Some(found.gid.as_raw())) {
        Ok(()) => Some(format!("--user={}", found.name)),
        Err(_) => Some("--user=root".to_owned()),
    }
}
