//! A resolver for tests that answers each name as it is told, well or badly, by UDP and TCP.

#![allow(dead_code, reason = "each test uses its part of the harness")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a name's questions get.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These addresses for `A`; nothing for other types.
    Addresses(Vec<Ipv4Addr>),
    /// Another name, and its address.
    Alias(&'static str, Ipv4Addr),
    /// One text record, which `TXT` gets.
    Text(&'static str),
    /// Only a response code: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
    Code(u8),
    /// This answer, later.
    Late(Duration, Box<Self>),
    /// None.
    Silent,
    /// Bytes that are no DNS message.
    Garbage,
    /// A reply with an id that nobody asked with.
    Foreign,
    /// So many addresses: cut over UDP, whole over TCP.
    Long(u8),
    /// Cut over UDP, and closed without a word over TCP.
    Cut,
}

/// Names, lower case without the last dot, with their answers; all others do not exist.
pub type Zone = BTreeMap<&'static str, Answer>;

/// A running resolver; dropped, it stops.
pub struct DnsServer {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl DnsServer {
    /// Starts one at `address`, UDP and TCP; port 0 takes a free one.
    pub fn start(address: SocketAddr, zone: Zone) -> Self {
        let tcp = TcpListener::bind(address).unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = Arc::new(UdpSocket::bind(address).unwrap());
        let (stop, zone) = (Arc::new(AtomicBool::new(false)), Arc::new(zone));
        let (stop_udp, zone_udp) = (Arc::clone(&stop), Arc::clone(&zone));
        let datagrams = std::thread::spawn(move || serve_udp(&udp, &zone_udp, &stop_udp));
        let stop_tcp = Arc::clone(&stop);
        let streams = std::thread::spawn(move || serve_tcp(&tcp, &zone, &stop_tcp));
        Self { address, stop, threads: vec![datagrams, streams] }
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ =
            UdpSocket::bind((self.address.ip(), 0)).map(|waker| waker.send_to(&[], self.address));
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve_udp(socket: &Arc<UdpSocket>, zone: &Arc<Zone>, stop: &AtomicBool) {
    let mut buffer = [0_u8; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let Some(question) = Question::parse(&buffer[..length]) else { continue };
        let (socket, zone) = (Arc::clone(socket), Arc::clone(zone));
        std::thread::spawn(move || {
            if let Some(reply) = question.reply(question.look(&zone), true) {
                let _ = socket.send_to(&reply, peer);
            }
        });
    }
}

fn serve_tcp(listener: &TcpListener, zone: &Arc<Zone>, stop: &AtomicBool) {
    for stream in listener.incoming() {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let Ok(mut stream) = stream else { continue };
        let zone = Arc::clone(zone);
        std::thread::spawn(move || {
            let mut length = [0_u8; 2];
            stream.read_exact(&mut length).ok()?;
            let mut bytes = vec![0_u8; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut bytes).ok()?;
            let question = Question::parse(&bytes)?;
            let reply = question.reply(question.look(&zone), false)?;
            let length = u16::try_from(reply.len()).ok()?;
            stream.write_all(&length.to_be_bytes()).ok()?;
            stream.write_all(&reply).ok()
        });
    }
}

const A: u16 = 1;
const CNAME: u16 = 5;
const TXT: u16 = 16;

/// The one question of a query.
struct Question {
    id: [u8; 2],
    name: String,
    kind: u16,
    /// Name, type and class as they came.
    section: Vec<u8>,
}

impl Question {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.get(12..)?;
        let mut labels = Vec::new();
        loop {
            let (&length, tail) = rest.split_first()?;
            if length == 0 {
                rest = tail;
                break;
            }
            let label = tail.get(..usize::from(length))?;
            labels.push(String::from_utf8_lossy(label).to_lowercase());
            rest = tail.get(usize::from(length)..)?;
        }
        let kind = u16::from_be_bytes(rest.get(..2)?.try_into().ok()?);
        let end = bytes.len() - rest.len() + 4;
        Some(Self {
            id: bytes.get(..2)?.try_into().ok()?,
            name: labels.join("."),
            kind,
            section: bytes.get(12..end)?.to_vec(),
        })
    }

    fn look<'a>(&self, zone: &'a Zone) -> &'a Answer {
        zone.get(self.name.as_str()).unwrap_or(&Answer::Code(3))
    }

    fn reply(&self, answer: &Answer, by_udp: bool) -> Option<Vec<u8>> {
        match answer {
            Answer::Garbage => Some(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            Answer::Late(time, answer) => {
                std::thread::sleep(*time);
                self.reply(answer, by_udp)
            }
            Answer::Foreign => {
                let mut reply = self.message(0, false, &[record(A, &[192, 0, 2, 66])]);
                reply[0] ^= 0xff;
                Some(reply)
            }
            Answer::Code(code) => Some(self.message(*code, false, &[])),
            Answer::Cut | Answer::Long(_) if by_udp => Some(self.message(0, true, &[])),
            Answer::Cut | Answer::Silent => None,
            Answer::Long(count) => {
                let records: Vec<_> = (0..*count).map(|n| record(A, &[192, 0, 2, n])).collect();
                Some(self.message(0, false, if self.kind == A { &records } else { &[] }))
            }
            Answer::Addresses(addresses) => {
                let records: Vec<_> = addresses.iter().map(|ip| record(A, &ip.octets())).collect();
                Some(self.message(0, false, if self.kind == A { &records } else { &[] }))
            }
            Answer::Alias(name, ip) => {
                let name = encoded(name);
                let mut records = vec![record(CNAME, &name)];
                if self.kind == A {
                    records.push([name.as_slice(), &tail(A, &ip.octets())].concat());
                }
                Some(self.message(0, false, &records))
            }
            Answer::Text(text) => {
                let mut data = vec![u8::try_from(text.len()).ok()?];
                data.extend(text.as_bytes());
                let records = [record(TXT, &data)];
                Some(self.message(0, false, if self.kind == TXT { &records } else { &[] }))
            }
        }
    }

    /// A recursive resolver's reply with these records.
    fn message(&self, code: u8, cut: bool, records: &[Vec<u8>]) -> Vec<u8> {
        let flags = 0x81 | if cut { 0x02 } else { 0 };
        let count = u16::try_from(records.len()).unwrap().to_be_bytes();
        let mut message = vec![self.id[0], self.id[1], flags, 0x80 | code, 0, 1];
        message.extend(count);
        message.extend([0, 0, 0, 0]);
        message.extend(&self.section);
        message.extend(records.concat());
        message
    }
}

fn encoded(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// A record of the name that was asked for.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&[0xc0, 12][..], &tail(kind, data)].concat()
}

/// What follows a record's name: a minute to live, class IN.
fn tail(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend([0, 1, 0, 0, 0, 60]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}
