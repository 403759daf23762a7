//! Servers, targets, a receiver and a database that comes and goes, all on loopback.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::Connection as _;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::postgres_server;
use crate::receiver::{Receiver, status};

/// How long something may take on a busy machine that is not measured.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Servers of a stage.
pub const SERVERS: usize = 3;
/// Services that are watched.
pub const TARGETS: usize = 4;

/// A service that is there or not, and notes when it is asked.
pub struct Target {
    pub at: SocketAddr,
    asked: Arc<AtomicUsize>,
    times: Arc<std::sync::Mutex<Vec<Instant>>>,
    open: Option<JoinHandle<()>>,
}

impl Target {
    pub async fn new(at: SocketAddr, asked: &Arc<AtomicUsize>) -> Self {
        let asked = Arc::clone(asked);
        let mut target = Self { at, asked, times: Arc::default(), open: None };
        target.open().await;
        target
    }

    /// When it was asked.
    pub fn times(&self) -> Vec<Instant> {
        self.times.lock().unwrap().clone()
    }

    pub async fn open(&mut self) {
        let listener = TcpListener::bind(self.at).await.unwrap();
        self.at = listener.local_addr().unwrap();
        let (asked, times) = (Arc::clone(&self.asked), Arc::clone(&self.times));
        self.open = Some(tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                asked.fetch_add(1, Ordering::Relaxed);
                times.lock().unwrap().push(Instant::now());
            }
        }));
    }

    pub async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            let _ = open.await;
        }
    }
}

/// The way from a server to the database, which can be cut.
pub struct Wire {
    at: SocketAddr,
    cut: Arc<AtomicBool>,
    ways: Arc<std::sync::Mutex<Vec<JoinHandle<()>>>>,
}

impl Wire {
    async fn new(socket: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let cut = Arc::new(AtomicBool::new(false));
        let ways: Arc<std::sync::Mutex<Vec<JoinHandle<()>>>> = Arc::default();
        let (cut_off, all) = (Arc::clone(&cut), Arc::clone(&ways));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if !cut_off.load(Ordering::Relaxed) {
                    let way = tokio::spawn(carry(stream, socket.clone()));
                    all.lock().unwrap().push(way);
                }
            }
        });
        Self { at, cut, ways }
    }

    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
        for way in self.ways.lock().unwrap().drain(..) {
            way.abort();
        }
    }

    pub fn mend(&self) {
        self.cut.store(false, Ordering::Relaxed);
    }
}

async fn carry(mut stream: TcpStream, socket: PathBuf) {
    if let Ok(mut database) = UnixStream::connect(socket).await {
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut database).await;
    }
}

/// One server; its process may be away.
pub struct Server {
    pub api: SocketAddr,
    pub health: SocketAddr,
    pub data: PathBuf,
    pub wire: Wire,
    pub process: Option<Child>,
}

impl Server {
    pub fn signal(&self, signal: Signal) {
        let pid = self.process.as_ref().and_then(Child::id).unwrap();
        kill(Pid::from_raw(i32::try_from(pid).unwrap()), signal).unwrap();
    }
}

/// All of it.
pub struct Stage {
    pub database: postgres_server::Server,
    pub url: String,
    /// Whether other network namespaces reach the servers.
    open: bool,
    pub targets: Vec<Target>,
    asked: Arc<AtomicUsize>,
    pub receiver: Receiver,
    pub servers: Vec<Server>,
    pub http: reqwest::Client,
    dir: tempfile::TempDir,
}

/// A port that is free now.
async fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

impl Stage {
    /// Three servers, of which one leads and all are ready.
    pub async fn set() -> Self {
        Self::with("", false).await
    }

    /// The same with more in the configuration; `open`: other network namespaces reach the servers.
    pub async fn with(more: &str, open: bool) -> Self {
        let database = postgres_server::Server::start();
        let url = database.database();
        let dir = tempfile::tempdir().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let mut targets = Vec::new();
        for _ in 0..TARGETS {
            targets.push(Target::new(([127, 0, 0, 1], 0).into(), &asked).await);
        }
        let receiver = Receiver::start(|_| status(204)).await;
        let text = config(&targets, &receiver.url) + more;
        std::fs::write(dir.path().join("config.toml"), text).unwrap();
        let mut servers = Vec::new();
        for n in 0..SERVERS {
            servers.push(Server {
                api: free().await,
                health: free().await,
                data: dir.path().join(format!("data-{n}")),
                wire: Wire::new(database.directory().join(".s.PGSQL.5432")).await,
                process: None,
            });
        }
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10));
        let http = http.build().unwrap();
        let mut stage = Self { database, url, open, targets, asked, receiver, servers, http, dir };
        for n in 0..SERVERS {
            stage.start(n);
        }
        stage
            .until("all are ready", PATIENCE, async |stage| stage.all_nominal(SERVERS).await)
            .await;
        stage
    }

    /// Starts a server, or starts it again.
    pub fn start(&mut self, n: usize) {
        let server = &mut self.servers[n];
        let name = self.url.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join(format!("log-{n}")))
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxnoc"));
        command.env_clear();
        let listen = if self.open {
            command.env("FLUXNOC_SERVER__INSECURE", "true");
            command.env("FLUXNOC_CLUSTER__ADVERTISE", format!("http://{}", server.api));
            format!("0.0.0.0:{}", server.api.port())
        } else {
            server.api.to_string()
        };
        let child = command
            .arg("--config")
            .arg(self.dir.path().join("config.toml"))
            .arg("--data-dir")
            .arg(&server.data)
            .args(["serve", "--listen", &listen, "--database"])
            .arg(format!("postgres://fluxnoc@{}/{name}", server.wire.at))
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.dir.path())
            .env("FLUXNOC_SERVER__HEALTH_ADDR", server.health.to_string())
            .env("FLUXNOC_SERVER__NODE_ID", format!("noc-{n}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        server.process = Some(child);
    }

    /// A file or folder of the stage.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What a server logged.
    pub fn log(&self, n: usize) -> String {
        std::fs::read_to_string(self.dir.path().join(format!("log-{n}"))).unwrap_or_default()
    }

    /// Waits until something is so; gives how long it took.
    pub async fn until(
        &self,
        what: &str,
        patience: Duration,
        wanted: impl AsyncFn(&Self) -> bool,
    ) -> Duration {
        let begun = Instant::now();
        while !wanted(self).await {
            if begun.elapsed() > patience {
                let of_agents = (1..10).map(|n| format!("a-{n}.log"));
                for name in (0..SERVERS).map(|n| format!("log-{n}")).chain(of_agents) {
                    let log = std::fs::read_to_string(self.path(&name)).unwrap_or_default();
                    let tail: Vec<&str> = log.lines().rev().take(15).collect();
                    println!("--- {name}");
                    tail.iter().rev().for_each(|line| println!("{line:.300}"));
                }
                panic!("{what}: not within {patience:?}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        begun.elapsed()
    }

    /// What a health listener answers: the status and the text.
    pub async fn health(&self, n: usize, path: &str) -> Option<(u16, String)> {
        let url = format!("http://{}{path}", self.servers[n].health);
        let asked = self.http.get(url).timeout(Duration::from_secs(3)).send().await.ok()?;
        Some((asked.status().as_u16(), asked.text().await.ok()?))
    }

    /// Whether a server says that it leads.
    pub async fn leads(&self, n: usize) -> bool {
        let said = self.health(n, "/cluster/status").await;
        said.is_some_and(|(_, text)| text.contains("\"is_leader\":true"))
    }

    /// The one that leads among these, if there is exactly one.
    pub async fn leader(&self, among: &[usize]) -> Option<usize> {
        let mut found = Vec::new();
        for n in among {
            if self.leads(*n).await {
                found.push(*n);
            }
        }
        assert!(found.len() < 2, "two say that they lead: {found:?}");
        found.pop()
    }

    /// So many servers are ready, and one of them leads.
    pub async fn all_nominal(&self, count: usize) -> bool {
        let mut nominal = 0;
        for n in 0..SERVERS {
            let said = self.health(n, "/ready").await;
            nominal += usize::from(said.is_some_and(|(_, text)| text == NOMINAL));
        }
        nominal == count && self.leader(&[0, 1, 2]).await.is_some()
    }

    /// Asks the API of a server.
    pub async fn get(&self, n: usize, path: &str, token: &str) -> Option<(u16, String)> {
        let url = format!("http://{}{path}", self.servers[n].api);
        let asked = self.http.get(url).header("x-api-token", token).send().await.ok()?;
        Some((asked.status().as_u16(), asked.text().await.ok()?))
    }

    /// Runs a verb of the program beside a server, over its socket; gives what it prints.
    pub async fn verb(&self, n: usize, words: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxnoc"));
        command.arg("--data-dir").arg(&self.servers[n].data).args(words);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.dir.path());
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until the targets are asked again; gives how long that took.
    pub async fn checks_run(&self) -> Duration {
        let before = self.asked.load(Ordering::Relaxed);
        self.until("checks run", PATIENCE, async |stage| {
            stage.asked.load(Ordering::Relaxed) >= before + 2
        })
        .await
    }

    /// Ends one target and waits until somebody was told; the key under which.
    pub async fn down(&mut self, n: usize) {
        self.targets[n].close().await;
        self.told(n, "fired", 1).await;
    }

    /// Waits until an edge of a target was told so often.
    pub async fn told(&self, n: usize, kind: &str, times: usize) {
        let what = format!("h{n} {kind}");
        self.until(&what, PATIENCE, async |stage| stage.tellings(n, kind).len() >= times).await;
    }

    /// The keys under which an edge of a target was told. What was on its way when its sender was
    /// stopped may be sent again, under the same key.
    pub fn tellings(&self, n: usize, kind: &str) -> BTreeSet<String> {
        let host = format!("h{n}");
        let got = self.receiver.got();
        let of = got.iter().filter(|got| {
            let body = got.json();
            body["host"] == host.as_str() && body["edge"] == kind
        });
        of.map(|got| got.header("idempotency-key").unwrap().to_owned()).collect()
    }

    /// Numbers from the database, past all servers.
    pub async fn number(&self, sql: &'static str) -> i64 {
        let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
        let number = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        number
    }

    /// The number under which the store has the check of a host's port.
    pub async fn number_of(&self, host: &str) -> i64 {
        let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
        let sql = "SELECT no FROM checks WHERE host = $1 AND name = 'tcp'";
        let no = sqlx::query_scalar(sql).bind(host).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        no
    }

    /// No edge is told under two keys or lost, and nothing waits.
    pub async fn settles(&self) {
        self.until("nothing waits", PATIENCE, async |stage| {
            stage.number("SELECT COUNT(*) FROM outbox WHERE state = 'due'").await == 0
        })
        .await;
        let parked = self.number("SELECT COUNT(*) FROM outbox WHERE state = 'parked'").await;
        assert_eq!(parked, 0);
        // One alert per host, and one edge per change: the schema refuses a second of a number, this
        // a second of a kind.
        let twice = "SELECT COUNT(*) FROM (SELECT alert, kind FROM edges \
                     WHERE kind IN ('fired', 'recovered') GROUP BY alert, kind \
                     HAVING COUNT(*) > 1) AS twice";
        assert_eq!(self.number(twice).await, 0);
        let of_one = "SELECT COUNT(*) FROM (SELECT alert, edge_seq, reason, destination \
                      FROM outbox GROUP BY alert, edge_seq, reason, destination \
                      HAVING COUNT(*) > 1) AS twice";
        assert_eq!(self.number(of_one).await, 0, "an edge has one key");
    }
}

/// `/ready` with all servers there, byte for byte.
pub const NOMINAL: &str = "{\"status\":\"ready\",\"mode\":\"nominal\",\"checks\":{\"broker\":\
    {\"status\":\"up\"},\"cluster\":{\"status\":\"up\"},\"storage\":{\"status\":\"up\"}}}\n";

fn config(targets: &[Target], url: &str) -> String {
    let mut text = format!(
        "[defaults]\ninterval = \"1s\"\ntimeout = \"500ms\"\nattempts = 1\n\
         [alerting]\ncontact_list = \"all\"\nflapping = false\n\
         [[channel]]\nname = \"hook\"\nkind = \"webhook\"\nformat = \"fluxnoc\"\n\
         url = \"{url}\"\nstorm = 0\n[[contact_list]]\nname = \"all\"\nchannels = [\"hook\"]\n"
    );
    for (n, target) in targets.iter().enumerate() {
        let port = target.at.port();
        write!(
            text,
            "[[host]]\nname = \"h{n}\"\naddress = \"127.0.0.1\"\n\
             [[host.check]]\nkind = \"tcp\"\nport = {port}\n"
        )
        .unwrap();
    }
    text
}
