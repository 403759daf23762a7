//! The monitored hosts: one thread that plays all of them and counts who was checked when.
//!
//! Every server listens on all addresses, and the address that was asked tells which host it was.
//! Echo requests are answered by the kernel; a raw socket sees them.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::unix::pipe;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_util::sync::CancellationToken;

use super::fleet::{Fleet, Kind, Ports, Series};
use super::verdict::Arrival;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
/// Longest request that is read.
const REQUEST_LIMIT: usize = 4096;
/// Room for a burst of echo requests.
const RECEIVE_BUFFER: usize = 4 << 20;
const BACKLOG: i32 = 4096;

/// Milliseconds on the clock that the program's timetable uses.
pub fn boot_millis() -> i64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).unwrap();
    time.tv_sec() * 1000 + time.tv_nsec() / 1_000_000
}

/// What the targets saw.
#[derive(Debug)]
pub struct Counters {
    fleet: Fleet,
    /// The moment that arrivals are counted from, as [`boot_millis`] gives it.
    pub begin: i64,
    arrivals: Mutex<Vec<Arrival>>,
}

impl Counters {
    fn new(fleet: Fleet) -> Self {
        Self { fleet, begin: boot_millis(), arrivals: Mutex::default() }
    }

    /// The counters' time.
    pub fn now(&self) -> u32 {
        u32::try_from(boot_millis() - self.begin).unwrap()
    }

    /// All arrivals so far.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().unwrap().clone()
    }

    fn count(&self, address: Ipv4Addr, kind: Kind) {
        if let Some(host) = self.fleet.host_at(address) {
            self.count_host(host, kind);
        }
    }

    fn count_host(&self, host: u32, kind: Kind) {
        let arrival = Arrival { series: Series::new(host, kind), at: self.now() };
        self.arrivals.lock().unwrap().push(arrival);
    }
}

/// Which ports the targets take (0: a free one), and whether echo requests are counted, which
/// needs a raw socket.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub ports: Ports,
    pub echo: bool,
}

/// The running targets.
#[derive(Debug)]
pub struct Targets {
    pub counters: Arc<Counters>,
    pub ports: Ports,
    /// Where the custom checks write their host's number.
    pub pipe: PathBuf,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Targets {
    /// Starts them; `dir` is where the pipe is made.
    pub fn start(fleet: Fleet, wanted: Wanted, dir: &Path) -> Self {
        let counters = Arc::new(Counters::new(fleet));
        let pipe = dir.join("custom.pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let stop = CancellationToken::new();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name("targets".to_owned()).spawn({
            let (counters, pipe, stop) = (Arc::clone(&counters), pipe.clone(), stop.clone());
            move || {
                let runtime =
                    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    tell.send(serve(&counters, wanted, &pipe)).unwrap();
                    stop.cancelled().await;
                });
            }
        });
        let thread = thread.unwrap();
        let ports = told.recv_timeout(Duration::from_secs(10)).expect("the targets start");
        Self { counters, ports, pipe, stop, thread: Some(thread) }
    }
}

impl Drop for Targets {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // Its panic has been printed; a second one here would hide the test's own.
            let _ = thread.join();
        }
    }
}

/// Opens everything and leaves it to tasks of this runtime.
fn serve(counters: &Arc<Counters>, wanted: Wanted, pipe: &Path) -> Ports {
    let (tcp, tcp_port) = listener(wanted.ports.tcp);
    let (http, http_port) = listener(wanted.ports.http);
    let (dns, dns_port) = datagrams(wanted.ports.dns);
    let (udp, udp_port) = datagrams(wanted.ports.udp);
    tokio::spawn(accept(tcp, Kind::Tcp, Arc::clone(counters)));
    tokio::spawn(accept(http, Kind::Http, Arc::clone(counters)));
    tokio::spawn(answer(dns, Kind::Dns, Arc::clone(counters)));
    tokio::spawn(answer(udp, Kind::Udp, Arc::clone(counters)));
    // Open for writing too, so that it never ends between two scripts.
    let pipe = pipe::OpenOptions::new().read_write(true).open_receiver(pipe).unwrap();
    tokio::spawn(read_pipe(pipe, Arc::clone(counters)));
    if wanted.echo {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))
            .expect("a raw socket (as root, or in a namespace of one's own)");
        socket.set_nonblocking(true).unwrap();
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        let socket = UdpSocket::from_std(socket.into()).unwrap();
        tokio::spawn(echoes(socket, Arc::clone(counters)));
    }
    Ports { tcp: tcp_port, http: http_port, dns: dns_port, udp: udp_port }
}

fn listener(port: u16) -> (TcpListener, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into()).unwrap();
    socket.listen(BACKLOG).unwrap();
    let listener = TcpListener::from_std(socket.into()).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn datagrams(port: u16) -> (UdpSocket, u16) {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into()).unwrap();
    setsockopt(&socket, sockopt::Ipv4PacketInfo, &true).unwrap();
    let port = socket.local_addr().unwrap().as_socket_ipv4().unwrap().port();
    (UdpSocket::from_std(socket.into()).unwrap(), port)
}

async fn accept(listener: TcpListener, kind: Kind, counters: Arc<Counters>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // One that was given up before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => panic!("cannot accept: {error}"),
        };
        if let Ok(SocketAddr::V4(local)) = stream.local_addr() {
            counters.count(*local.ip(), kind);
        }
        if kind == Kind::Http {
            tokio::spawn(async move {
                let _ = tokio::time::timeout(Duration::from_secs(10), exchange(stream)).await;
            });
        }
    }
}

/// Reads a request's head and answers it.
async fn exchange(mut stream: TcpStream) -> io::Result<()> {
    let mut request = Vec::with_capacity(512);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < REQUEST_LIMIT {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    stream.write_all(ANSWER).await?;
    stream.shutdown().await
}

/// A datagram: who sent it, to which of our addresses, and what.
struct Datagram {
    from: SockaddrIn,
    to: Ipv4Addr,
    length: usize,
}

fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Datagram> {
    let mut control = nix::cmsg_space!(nix::libc::in_pktinfo);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = MsgFlags::empty();
    let message = recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let to = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)))
        }
        _ => None,
    });
    let from = message.address.ok_or(io::ErrorKind::InvalidData)?;
    Ok(Datagram { from, to: to.ok_or(io::ErrorKind::InvalidData)?, length: message.bytes })
}

/// Sends from the address that was asked: everybody else would be a stranger to who asked.
fn reply(socket: &UdpSocket, asked: &Datagram, bytes: &[u8]) -> nix::Result<usize> {
    let own = nix::libc::in_addr { s_addr: u32::from(asked.to).to_be() };
    let unset = nix::libc::in_addr { s_addr: 0 };
    let info = nix::libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: own, ipi_addr: unset };
    let control = [ControlMessage::Ipv4PacketInfo(&info)];
    let parts = [IoSlice::new(bytes)];
    sendmsg(socket.as_raw_fd(), &parts, &control, MsgFlags::empty(), Some(&asked.from))
}

/// The UDP service and the resolver.
async fn answer(socket: UdpSocket, kind: Kind, counters: Arc<Counters>) {
    let mut buffer = [0_u8; 1500];
    loop {
        let asked = socket
            .async_io(Interest::READABLE, || receive(&socket, &mut buffer))
            .await
            .expect("the targets receive");
        counters.count(asked.to, kind);
        let bytes = match kind {
            Kind::Dns => resolved(&buffer[..asked.length], asked.to),
            _ => Some(b"answer".to_vec()),
        };
        if let Some(bytes) = bytes {
            // Who gave up meanwhile needs no answer.
            let _ = reply(&socket, &asked, &bytes);
        }
    }
}

/// The answer to a question: the resolver's own address.
fn resolved(question: &[u8], own: Ipv4Addr) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    let name_end = HEADER + question.get(HEADER..)?.iter().position(|byte| *byte == 0)? + 1;
    let mut answer = question.get(..name_end + 4)?.to_vec();
    // A response, recursion desired and available, no error; one question, one answer.
    answer[2..HEADER].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    // The name of the question, A, IN, for a minute, four bytes.
    answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
    answer.extend(own.octets());
    Some(answer)
}

/// Counts echo requests; the kernel answers them.
async fn echoes(socket: UdpSocket, counters: Arc<Counters>) {
    let mut buffer = [0_u8; 2048];
    loop {
        let length = socket.recv(&mut buffer).await.expect("the targets receive");
        if let Some(to) = echo_request(&buffer[..length]) {
            counters.count(to, Kind::Ping);
        }
    }
}

/// Where an IPv4 packet with an echo request goes.
fn echo_request(packet: &[u8]) -> Option<Ipv4Addr> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let to: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
    (*packet.get(header)? == 8).then(|| Ipv4Addr::from(to))
}

/// Every custom check writes a line with its host's number.
async fn read_pipe(mut pipe: pipe::Receiver, counters: Arc<Counters>) {
    let mut text = Vec::new();
    loop {
        pipe.read_buf(&mut text).await.expect("the pipe is open");
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let host = String::from_utf8_lossy(&line).trim().parse();
            counters.count_host(host.expect("a host's number in the pipe"), Kind::Custom);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::SocketAddrV4;

    use super::super::fleet;
    use super::*;

    const FLEET: Fleet = Fleet { hosts: 600, interval: 10 };

    fn ask(to: SocketAddrV4, question: &[u8]) -> Vec<u8> {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        // Connected: only an answer from the address that was asked is heard.
        socket.connect(to).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket.send(question).unwrap();
        let mut answer = [0; 512];
        let length = socket.recv(&mut answer).expect("an answer from the address that was asked");
        answer[..length].to_vec()
    }

    #[test]
    fn addresses_lead_back_to_their_hosts() {
        let fleet = Fleet { hosts: 70_000, interval: 60 };
        for host in 0..fleet.hosts {
            assert_eq!(fleet.host_at(fleet::address(host)), Some(host));
        }
        assert_eq!(fleet.host_at(fleet::address(70_000)), None);
        assert_eq!(fleet.host_at(Ipv4Addr::LOCALHOST), None);
        assert_eq!(FLEET.host_at(Ipv4Addr::new(127, 10, 0, 0)), None);
    }

    #[test]
    fn counters_see_what_a_client_does() {
        let dir = tempfile::tempdir().unwrap();
        let any = Ports { tcp: 0, http: 0, dns: 0, udp: 0 };
        let targets = Targets::start(FLEET, Wanted { ports: any, echo: false }, dir.path());
        let ports = targets.ports;
        let mut expected = Vec::new();
        for host in [0, 1, 299, 300, 599] {
            let address = fleet::address(host);
            drop(std::net::TcpStream::connect((address, ports.tcp)).unwrap());

            let mut http = std::net::TcpStream::connect((address, ports.http)).unwrap();
            http.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let mut page = String::new();
            http.read_to_string(&mut page).unwrap();
            assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.ends_with("ok\n"), "{page}");

            assert_eq!(ask(SocketAddrV4::new(address, ports.udp), b"ask"), b"answer");
            let question =
                b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04tenk\x00\x00\x01\x00\x01";
            let answer = ask(SocketAddrV4::new(address, ports.dns), question);
            assert_eq!(answer[..4], [0x12, 0x34, 0x81, 0x80]);
            assert_eq!(answer[answer.len() - 4..], address.octets());
            let kinds = [Kind::Tcp, Kind::Http, Kind::Udp, Kind::Dns];
            expected.extend(kinds.map(|kind| Series::new(host, kind)));
        }
        // A stranger's address is nobody's check.
        drop(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, ports.tcp)).unwrap());
        let script = dir.path().join("script");
        std::fs::write(&script, fleet::SCRIPT).unwrap();
        for (third, code) in [("", 0), ("critical", 2)] {
            let mut command = std::process::Command::new("sh");
            let done = command.arg(&script).arg("300").arg(&targets.pipe).arg(third).status();
            assert_eq!(done.unwrap().code(), Some(code));
            expected.push(Series::new(300, Kind::Custom));
        }
        // Every client was answered or wrote its line; the counters may be a moment behind.
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while targets.counters.arrivals().len() < expected.len() {
            assert!(std::time::Instant::now() < until, "{:?}", targets.counters.arrivals());
            std::thread::yield_now();
        }
        let mut seen: Vec<Series> = targets.counters.arrivals().iter().map(|a| a.series).collect();
        seen.sort_unstable();
        expected.sort_unstable();
        assert_eq!(seen, expected);
    }

    #[test]
    fn only_echo_requests_count() {
        let mut packet = [0_u8; 28];
        packet[0] = 0x45;
        packet[16..20].copy_from_slice(&[127, 10, 0, 7]);
        packet[20] = 8;
        assert_eq!(echo_request(&packet), Some(Ipv4Addr::new(127, 10, 0, 7)));
        packet[20] = 0;
        assert_eq!(echo_request(&packet), None);
        assert_eq!(echo_request(&packet[..20]), None);
        assert_eq!(echo_request(&[]), None);
    }

    #[test]
    fn a_damaged_question_gets_no_answer() {
        assert_eq!(resolved(&[0; 11], Ipv4Addr::LOCALHOST), None);
        assert_eq!(resolved(&[1; 40], Ipv4Addr::LOCALHOST), None);
        assert_eq!(resolved(&[0; 16], Ipv4Addr::LOCALHOST), None);
    }
}
