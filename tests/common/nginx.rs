//! A real nginx with the sites that a test writes; it stops when it is dropped.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running server; dropped, it stops.
pub struct Nginx {
    child: Child,
    _dir: tempfile::TempDir,
}

impl Nginx {
    /// Starts one with these `server { ... }` blocks and waits until `port` of 127.0.0.1 is open.
    pub fn start(servers: &str, port: u16) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self::start_by(Command::new(program()), servers, address)
    }

    /// The same by a command that may stand for it elsewhere, and waits for an address.
    pub fn start_by(mut command: Command, servers: &str, address: SocketAddr) -> Self {
        let dir = tempfile::Builder::new().prefix("fluxnoc-nginx-").tempdir().unwrap();
        let root = dir.path().display();
        let config = dir.path().join("nginx.conf");
        // One process without a master: it dies with our kill. It stays who we are, for in a user
        // namespace there is nobody else.
        let text = format!(
            "daemon off; master_process off; user root root; pid {root}/pid; error_log {root}/error.log;
             events {{ worker_connections 512; }}
             http {{
               access_log off; default_type text/plain; server_tokens off;
               client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;
               fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi;
               scgi_temp_path {root}/scgi;
               {servers}
             }}"
        );
        std::fs::write(&config, text).unwrap();
        let log = dir.path().join("error.log");
        let mut child = command
            .args(["-e".as_ref(), log.as_os_str(), "-c".as_ref(), config.as_os_str()])
            .args(["-p".as_ref(), dir.path().as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is installed");
        let end = Instant::now() + START_LIMIT;
        while TcpStream::connect(address).is_err() {
            let ended = child.try_wait().unwrap();
            if ended.is_some() || Instant::now() > end {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                let _ = child.kill();
                let _ = child.wait();
                panic!("nginx did not start ({ended:?}):\n{said}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, _dir: dir }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where it is.
pub fn program() -> &'static str {
    let known = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
    known.into_iter().find(|path| std::path::Path::new(path).exists()).unwrap_or("nginx")
}
