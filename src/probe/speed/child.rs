//! The child that speaks iperf3.
//!
//! The library prints its reports to stdout and keeps state for the whole process, and a hostile
//! server may make it take any amount of memory: so it runs in a process of its own, with a limit.
//! The parent writes an order to its standard input and keeps that open: when the parent goes,
//! however it goes, the child ends.

use std::io::{BufRead as _, Read as _, Write as _};
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// Most address space of the child, in bytes; its threads reserve most of it without using it.
const MEMORY: u64 = 2 << 30;
/// Longest order, in bytes.
const ORDER_LIMIT: u64 = 4096;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// Between two reports, in seconds.
const BEAT: f64 = 0.25;

/// What the child is to measure: one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    pub address: IpAddr,
    pub port: u16,
    pub udp: bool,
    /// From the server.
    pub reverse: bool,
    pub streams: u32,
    pub seconds: u32,
    /// What each stream of UDP sends.
    pub bits_per_second: u64,
}

/// Runs as the child: reads an order, measures, writes the events of `--json-stream` to stdout.
#[must_use]
pub fn run() -> ExitCode {
    bound_memory();
    let mut line = String::new();
    let stdin = std::io::stdin();
    let read = stdin.lock().take(ORDER_LIMIT).read_line(&mut line);
    let order: Order = match read
        .map_err(|error| error.to_string())
        .and_then(|_| serde_json::from_str(&line).map_err(|error| error.to_string()))
    {
        Ok(order) => order,
        Err(why) => return told(&format!("this command is for fluxnoc itself: {why}")),
    };
    let watch = std::thread::Builder::new().spawn(|| {
        // Nothing more is written: this returns when the parent goes.
        let _ = std::io::stdin().lock().read(&mut [0]);
        std::process::exit(1);
    });
    let measured = match watch {
        Ok(_) => measure(&order),
        Err(error) => Err(format!("this machine gives no thread: {error}")),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => told(&why),
    }
}

fn bound_memory() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_AS) {
        // A limit that cannot be set leaves the machine's own.
        let _ = setrlimit(Resource::RLIMIT_AS, MEMORY.min(hard), hard);
    }
}

fn told(why: &str) -> ExitCode {
    let event = serde_json::json!({ "event": "error", "data": why });
    let _ = writeln!(std::io::stdout().lock(), "{event}");
    ExitCode::FAILURE
}

fn measure(order: &Order) -> Result<(), String> {
    let mut builder = riperf3::ClientBuilder::new(&order.address.to_string())
        .port(Some(order.port))
        .duration(order.seconds)
        .num_streams(order.streams)
        .reverse(order.reverse)
        .interval(BEAT)
        .connect_timeout(CONNECT)
        // What comes is counted, not read: a copy of it would measure this machine and not the link.
        .skip_rx_copy(order.reverse && !order.udp)
        // It says for how long the server counted.
        .get_server_output(!order.reverse && !order.udp)
        .json_stream(true);
    if order.udp {
        builder = builder
            .protocol(riperf3::TransportProtocol::Udp)
            .bandwidth(order.bits_per_second)
            .udp_counters_64bit(true);
    }
    let client = builder.build().map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Each reserves address space, and the streams have threads of their own.
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let ended = runtime.block_on(client.run());
    runtime.shutdown_background();
    ended.map(drop).map_err(|error| error.to_string())
}
