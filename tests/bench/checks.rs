//! HTTP, TCP and custom checks per CPU second, beside the forked monitoring plugins.
//!
//! Floors: HTTP and TCP 10 times, custom 1 time the plugins' checks per CPU second. nginx serves
//! both sides; its own CPU counts for neither.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot measure stops; its numbers are small"
)]

use std::collections::BTreeMap;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use fluxnoc::model::Check;
use fluxnoc::model::spec::{CustomCommand, CustomSpec, Family, HttpSpec, Spec, TcpSpec};
use fluxnoc::probe::{self, Context, Memory, Shared};

mod common;
use common::{Comparison, Scratch, children_cpu, own_cpu, short, verdict};

const PLUGINS: &str = "/usr/lib/nagios/plugins";

fn main() -> ExitCode {
    let scale = if short() { 1 } else { 5 };
    let scratch = Scratch::new("checks");
    let server = Nginx::start(&scratch.0);
    let port = server.port;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let shared = Shared::start().expect("the round-trip thread");
    let url = format!("http://127.0.0.1:{port}/");
    let http = Spec::Http(HttpSpec::get(&url));
    let tcp = Spec::Tcp(TcpSpec { port, send: None, expect: None, family: Family::default() });
    let plugin = format!("{PLUGINS}/check_dummy");
    let argv = vec![plugin.clone(), "0".to_owned(), "fine|x=1".to_owned()];
    let custom =
        Spec::Custom(CustomSpec { command: CustomCommand::Argv(argv), env: BTreeMap::default() });
    let port = port.to_string();

    let ours = |spec: Spec, count: usize| runtime.block_on(our_rate(spec, count * scale, &shared));
    let all = [
        Comparison {
            what: "HTTP checks per CPU second",
            unit: "/s",
            ours: ours(http, 1000),
            peer_name: "check_http",
            peer: peer_rate("check_http", &["-H", "127.0.0.1", "-p", &port], 100 * scale),
            floor: 10.0,
            at_most: false,
        },
        Comparison {
            what: "TCP checks per CPU second",
            unit: "/s",
            ours: ours(tcp, 2000),
            peer_name: "check_tcp",
            peer: peer_rate("check_tcp", &["-H", "127.0.0.1", "-p", &port], 100 * scale),
            floor: 10.0,
            at_most: false,
        },
        Comparison {
            what: "custom checks per CPU second",
            unit: "/s",
            ours: ours(custom, 200),
            peer_name: "forked check_dummy",
            peer: peer_rate("check_dummy", &["0", "fine|x=1"], 200 * scale),
            floor: 1.0,
            at_most: false,
        },
    ];
    verdict(&all)
}

/// Checks per CPU second of this process and its children, eight at once.
async fn our_rate(spec: Spec, count: usize, shared: &Arc<Shared>) -> f64 {
    let check = Arc::new(Check::new("bench", "check", "127.0.0.1", spec));
    let one = |check: Arc<Check>| {
        let context = Context::new(shared, Duration::from_secs(10));
        tokio::spawn(async move { probe::run(&check, &context, &mut Memory::default()).await })
    };
    // Roots are loaded and code is warm before the clock starts.
    let first = one(Arc::clone(&check)).await.expect("a run");
    assert!(first.failure.is_none(), "{first:?}");
    let before = own_cpu() + children_cpu();
    for _ in 0..count / 8 {
        let batch: Vec<_> = (0..8).map(|_| one(Arc::clone(&check))).collect();
        for run in batch {
            assert!(run.await.expect("a run").failure.is_none());
        }
    }
    (count / 8 * 8) as f64 / (own_cpu() + children_cpu() - before)
}

/// Checks per CPU second of a plugin that is forked for each check, as plugin-based monitors do.
fn peer_rate(plugin: &str, args: &[&str], count: usize) -> f64 {
    let before = own_cpu() + children_cpu();
    for _ in 0..count {
        let output = Command::new(format!("{PLUGINS}/{plugin}"))
            .args(args)
            .stdin(Stdio::null())
            .output()
            .expect("the plugin runs (tests/run install)");
        assert!(output.status.success(), "{output:?}");
    }
    count as f64 / (own_cpu() + children_cpu() - before)
}

struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    fn start(dir: &std::path::Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|l| l.local_addr())
            .expect("a free port")
            .port();
        let conf = dir.join("nginx.conf");
        let root = dir.display();
        std::fs::write(
            &conf,
            format!(
                "daemon off; worker_processes 1; pid {root}/pid; error_log {root}/error.log;\n\
                 events {{ worker_connections 1024; }}\n\
                 http {{ access_log off; client_body_temp_path {root}/b; proxy_temp_path {root}/p;\n\
                 fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;\n\
                 server {{ listen 127.0.0.1:{port}; location / {{ return 200 'fine\\n'; }} }} }}\n"
            ),
        )
        .expect("the configuration is written");
        let child = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(&conf)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts (tests/run install)");
        let server = Self { child, port };
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("nginx does not answer");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM lets the master end its worker.
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap_or(0));
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::SIGTERM);
        let _ = self.child.wait();
    }
}
