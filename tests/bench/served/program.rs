//! Programs beside a benchmark: started, awaited, looked at, ended.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fluxnoc::client::Client;
use fluxnoc::clock::Clock;
use fluxnoc::model::{PlainToken, RequestId, SafeText, Scope};
use fluxnoc::protocol::{Actor, Command as Order, Outcome, Request, Role};

/// How long a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A port that nobody has.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}

/// A program that ends with its value.
pub struct Program(pub Child);

impl Program {
    /// Starts it; what it says goes into a file of the directory.
    pub fn start(command: &mut Command, dir: &Path, name: &str) -> Self {
        let log = std::fs::File::create(dir.join(format!("{name}.log"))).expect("a log");
        let errors = log.try_clone().expect("its second handle");
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        Self(command.spawn().unwrap_or_else(|error| panic!("{name} (tests/run install): {error}")))
    }

    /// CPU seconds so far.
    pub fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("it runs");
        let rest = text.rsplit_once(')').expect("a name").1;
        let words: Vec<f64> = rest.split_whitespace().map(|w| w.parse().unwrap_or(0.0)).collect();
        [11, 12].iter().filter_map(|at| words.get(*at)).sum::<f64>() / 100.0
    }

    /// Resident memory in KiB.
    pub fn rss_kib(&self) -> f64 {
        let path = format!("/proc/{}/statm", self.0.id());
        let text = std::fs::read_to_string(path).expect("it runs");
        let pages: f64 =
            text.split_whitespace().nth(1).and_then(|p| p.parse().ok()).expect("pages");
        pages * 4.0
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `fluxnoc serve` of the release binary, with `config.toml` and `data` of a directory.
pub fn serve(dir: &Path, port: u16) -> Program {
    let mut command = Command::new(own());
    command.arg("--config").arg(dir.join("config.toml")).arg("--data-dir").arg(dir.join("data"));
    command.args(["serve", "--listen", &format!("127.0.0.1:{port}")]);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", dir);
    let program = Program::start(&mut command, dir, "fluxnoc");
    await_port(port);
    program
}

/// A client by the socket of the server in a directory.
pub fn operator(dir: &Path) -> Client {
    Client::connect(&dir.join("data/fluxnoc.sock"), "bench", Role::Admin).expect("its socket")
}

/// A request of the bench.
pub fn request(command: Order) -> Request {
    let id = RequestId::from_parts(Clock::System.now().wall.millis(), rand::random());
    let actor = Actor::Local { name: SafeText::line("bench"), role: Role::Admin };
    Request { id, actor, command }
}

/// A token: of an operator for the API, or for the agent of that name.
pub async fn token(admin: &Client, name: &str, agent: Option<&str>) -> String {
    let (role, scopes) = match agent {
        Some(_) => (Role::Viewer, Vec::new()),
        None => (Role::Operator, vec![Scope::Api]),
    };
    let agent = agent.map(Into::into);
    let order =
        Order::AddToken { name: name.into(), role, scopes, expires: None, agent, uses: None };
    match admin.execute(&request(order)).await {
        Ok(Outcome::Token { plain: Some(PlainToken(text)), .. }) => text,
        other => panic!("no token: {other:?}"),
    }
}

/// Waits until a port is open.
pub fn await_port(port: u16) {
    let (end, at) = (Instant::now() + PATIENCE, SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    while TcpStream::connect(at).is_err() {
        assert!(Instant::now() < end, "nobody listens at {at}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The release binary.
pub fn own() -> String {
    std::env::var("FLUXNOC_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_fluxnoc").to_owned())
}
