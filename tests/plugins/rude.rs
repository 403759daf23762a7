//! Servers that behave as a closure says: rude, slow or endless ones are one line each.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

/// Longer than any check waits, shorter than anybody's patience.
pub const FOREVER: Duration = Duration::from_secs(20);

/// Serves each TCP connection with `manner`; gives the port. It ends with the process.
pub fn tcp(ip: impl Into<IpAddr>, manner: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((ip.into(), 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let manner = Arc::new(manner);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let manner = Arc::clone(&manner);
            std::thread::spawn(move || manner(stream));
        }
    });
    port
}

/// Answers each datagram with what `manner` gives; `None` is silence. Gives the port.
pub fn udp(
    ip: impl Into<IpAddr>,
    manner: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> u16 {
    let socket = Arc::new(UdpSocket::bind((ip.into(), 0)).unwrap());
    let port = socket.local_addr().unwrap().port();
    let manner = Arc::new(manner);
    std::thread::spawn(move || {
        let mut buffer = vec![0_u8; 65_536];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let question = buffer[..length].to_vec();
            let (socket, manner) = (Arc::clone(&socket), Arc::clone(&manner));
            std::thread::spawn(move || {
                if let Some(answer) = manner(&question) {
                    let _ = socket.send_to(&answer, peer);
                }
            });
        }
    });
    port
}

/// Says `text` after `wait` and stays until the peer is gone.
pub fn says(text: &'static [u8], wait: Duration) -> impl Fn(TcpStream) + Send + Sync {
    move |mut stream| {
        std::thread::sleep(wait);
        let _ = stream.write_all(text);
        linger(&mut stream);
    }
}

/// Says `text` and hangs up.
pub fn says_and_closes(text: &'static [u8]) -> impl Fn(TcpStream) + Send + Sync {
    move |mut stream| {
        let _ = stream.write_all(text);
    }
}

/// Waits for a request, says `text` after `wait`, and closes.
pub fn replies(text: impl Into<Vec<u8>>, wait: Duration) -> impl Fn(TcpStream) + Send + Sync {
    let text = text.into();
    move |mut stream| {
        let _ = stream.read(&mut [0; 8192]);
        std::thread::sleep(wait);
        let _ = stream.write_all(&text);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        linger(&mut stream);
    }
}

/// Waits for a request, says `head`, then `more` again and again, as fast as the peer reads or
/// with `pause` in between.
pub fn endless(
    head: &'static [u8],
    more: &'static [u8],
    pause: Duration,
) -> impl Fn(TcpStream) + Send + Sync {
    move |mut stream| {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        let _ = stream.read(&mut [0; 8192]);
        let end = Instant::now() + FOREVER;
        let mut open = stream.write_all(head).is_ok();
        while open && Instant::now() < end {
            std::thread::sleep(pause);
            open = stream.write_all(more).is_ok();
        }
    }
}

/// Ends the connection with a reset, not before the peer has seen it open.
pub fn resets(stream: TcpStream) {
    std::thread::sleep(Duration::from_millis(100));
    let socket = Socket::from(stream);
    let _ = socket.set_linger(Some(Duration::ZERO));
}

/// Reads until the peer is gone.
fn linger(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(FOREVER));
    while stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
}

/// What a pinged address does with the requests of one pinger.
#[derive(Clone, Copy, Debug)]
pub enum Echo {
    /// Answers after this time.
    After(Duration),
    /// Answers only every so-many-th request.
    Every(u32),
    /// Answers each request so many times.
    Times(u32),
    /// Answers with another payload.
    Changed,
    /// Answers with a larger payload.
    Larger,
}

/// TTL of the answers; the stage drops the kernel's own (64) from these addresses.
pub const ECHO_TTL: u32 = 63;

/// Answers the pings that come to `ip` in the kernel's place. Needs a raw socket.
pub fn echo(ip: Ipv4Addr, how: Echo) {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
    socket.bind(&SocketAddrV4::new(ip, 0).into()).unwrap();
    socket.set_ttl_v4(ECHO_TTL).unwrap();
    let socket = Arc::new(socket);
    std::thread::spawn(move || {
        // By who asks: source address and the id of the requests.
        let mut counts = HashMap::<Vec<u8>, u32>::new();
        let mut buffer = vec![0_u8; 65_536];
        while let Ok(length) = (&*socket).read(&mut buffer) {
            let Some((source, request)) = request(&buffer[..length]) else { continue };
            let count = counts.entry([&source.octets(), &request[4..6]].concat()).or_default();
            *count += 1;
            let Some(reply) = reply(&request, how, *count) else { continue };
            let socket = Arc::clone(&socket);
            std::thread::spawn(move || {
                let (wait, times) = match how {
                    Echo::After(wait) => (wait, 1),
                    Echo::Times(times) => (Duration::ZERO, times),
                    Echo::Every(_) | Echo::Changed | Echo::Larger => (Duration::ZERO, 1),
                };
                std::thread::sleep(wait);
                for _ in 0..times {
                    let _ = socket.send_to(&reply, &SocketAddrV4::new(source, 0).into());
                }
            });
        }
    });
}

/// The asker and the ICMP message, when the packet is an echo request.
fn request(packet: &[u8]) -> Option<(Ipv4Addr, Vec<u8>)> {
    let header = usize::from(packet.first()? & 15) * 4;
    let source: [u8; 4] = packet.get(12..16)?.try_into().ok()?;
    let message = packet.get(header..)?;
    (message.len() >= 8 && message[0] == 8).then(|| (source.into(), message.to_vec()))
}

fn reply(request: &[u8], how: Echo, count: u32) -> Option<Vec<u8>> {
    let mut reply = request.to_vec();
    reply[0] = 0;
    match how {
        Echo::Every(every) if !count.is_multiple_of(every) => return None,
        Echo::Changed => reply[8..].fill(0xaa),
        Echo::Larger => reply.extend([0x55; 512]),
        Echo::After(_) | Echo::Every(_) | Echo::Times(_) => {}
    }
    reply[2..4].fill(0);
    let sum = checksum(&reply);
    reply[2..4].copy_from_slice(&sum.to_be_bytes());
    Some(reply)
}

fn checksum(message: &[u8]) -> u16 {
    let words = message.chunks(2);
    let sum: u32 =
        words.map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(u16::MAX)
}
