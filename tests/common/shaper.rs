//! A link of a known rate: a TCP forwarder that lets so much through in each direction.
//!
//! All connections share the rate, as on a real link. It needs no kernel module, so it is the same
//! everywhere. What it holds is little, so that a sender's figures are not about its buffers.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

/// What is passed on at once, in bytes.
const PIECE: usize = 8 * 1024;
/// What a socket's buffers may hold, in bytes; the kernel doubles it.
const BUFFER: u32 = 64 * 1024;
/// How far behind the link may be and catch up: a thread that is late must not make it slower.
const CATCH_UP: Duration = Duration::from_millis(50);

/// One direction of the link.
struct Bucket {
    bytes_per_second: f64,
    free_at: Mutex<Instant>,
}

impl Bucket {
    fn new(mbps: f64) -> Arc<Self> {
        let bytes_per_second = mbps * 1e6 / 8.0;
        Arc::new(Self { bytes_per_second, free_at: Mutex::new(Instant::now()) })
    }

    /// Waits until so many bytes have gone through.
    async fn pass(&self, bytes: usize) {
        let until = {
            let mut free_at = self.free_at.lock().unwrap();
            let earliest = Instant::now() - CATCH_UP;
            let took = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second);
            *free_at = (*free_at).max(earliest) + took;
            *free_at
        };
        tokio::time::sleep_until(until.into()).await;
    }
}

/// A running link; dropped, it is cut.
pub struct Shaper {
    /// Where its near end listens.
    pub address: SocketAddr,
    stop: CancellationToken,
}

impl Shaper {
    /// A link to `far` of so many Mbit/s in each direction, TCP's headers not counted.
    pub fn start(far: SocketAddr, mbps: f64) -> Self {
        let (ready, listens) = std::sync::mpsc::channel();
        let stop = CancellationToken::new();
        let until = stop.clone();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let near = small_socket();
                near.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
                let listener = near.listen(64).unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                let (up, down) = (Bucket::new(mbps), Bucket::new(mbps));
                loop {
                    let (here, _) = tokio::select! {
                        accepted = listener.accept() => accepted.unwrap(),
                        () = until.cancelled() => return,
                    };
                    tokio::spawn(join(here, far, Arc::clone(&up), Arc::clone(&down)));
                }
            });
        });
        Self { address: listens.recv().unwrap(), stop }
    }
}

impl Drop for Shaper {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn small_socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(BUFFER).unwrap();
    socket.set_send_buffer_size(BUFFER).unwrap();
    socket
}

async fn join(here: TcpStream, far: SocketAddr, up: Arc<Bucket>, down: Arc<Bucket>) {
    // What refuses there refuses here.
    let Ok(there) = small_socket().connect(far).await else { return };
    let _ = (here.set_nodelay(true), there.set_nodelay(true));
    let (from_here, to_here) = here.into_split();
    let (from_there, to_there) = there.into_split();
    tokio::join!(carry(from_here, to_there, &up), carry(from_there, to_here, &down));
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, bucket: &Bucket) {
    let mut piece = vec![0; PIECE];
    while let Ok(size @ 1..) = from.read(&mut piece).await {
        bucket.pass(size).await;
        if to.write_all(&piece[..size]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
