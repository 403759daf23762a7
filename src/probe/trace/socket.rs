//! Sockets with an error queue: sending with a TTL, and reading what routers said about it. The
//! only unsafe code of the tracer.
//!
//! The kernel sorts ICMP errors to the socket whose packet they quote (`IP_RECVERR`), which needs
//! no privilege. Reading never blocks and never waits for a full buffer.
#![expect(
    unsafe_code,
    reason = "registering a descriptor and getnameinfo; both small and said why"
)]

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvfrom, recvmsg, setsockopt, sockopt,
};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::packet::Family;
use super::tracker::{Cause, Refusal};

/// Largest answer that is looked at; what matters is in front.
const BUFFER: usize = 2048;
/// A pending error of an earlier probe makes a send fail once; so many may be pending.
const SEND_ATTEMPTS: usize = 32;
/// Longest host name (`NI_MAXHOST`).
const NAME_BUFFER: usize = 1025;

/// Something that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// Data, with its sender.
    Data(Option<IpAddr>, Vec<u8>),
    /// An ICMP error: who sent it, what it says, and the payload of ours that it quotes.
    Error(IpAddr, Cause, Vec<u8>),
    /// An error of this machine, or one that says nothing about the path.
    Noise,
}

/// A connected datagram or raw socket with its error queue.
#[derive(Debug)]
pub(super) struct Port {
    fd: AsyncFd<Socket>,
    family: Family,
}

impl Port {
    /// Opens and connects a socket; must be called inside a runtime.
    pub fn open(kind: Type, protocol: Protocol, to: SocketAddr) -> io::Result<Self> {
        let (socket, family) = socket(kind, protocol, to)?;
        // A few hundred errors fit; a flood shall not take memory.
        socket.set_recv_buffer_size(256 * 1024)?;
        socket.connect(&SockAddr::from(to))?;
        Ok(Self { fd: register(socket, Interest::READABLE | Interest::ERROR)?, family })
    }

    /// Sends with a TTL.
    pub fn send(&self, ttl: u8, bytes: &[u8]) -> io::Result<()> {
        let socket = self.fd.get_ref();
        set_ttl(socket, self.family, ttl)?;
        let mut result = socket.send(bytes).map(drop);
        for _ in 1..SEND_ATTEMPTS {
            match &result {
                Err(error) if is_pending_icmp(error) => result = socket.send(bytes).map(drop),
                _ => break,
            }
        }
        result
    }

    /// Waits until something came in and calls `take` for each, at most `limit` times.
    pub async fn receive(&self, limit: usize, mut take: impl FnMut(Received)) -> io::Result<()> {
        let mut ready = self.fd.ready(Interest::READABLE | Interest::ERROR).await?;
        let socket = self.fd.get_ref();
        let mut taken = 0;
        while taken < limit {
            let error = read_error(socket)?;
            let data = read_data(socket);
            if error.is_none() && data.is_none() {
                ready.clear_ready();
                break;
            }
            for received in error.into_iter().chain(data) {
                taken += 1;
                take(received);
            }
        }
        Ok(())
    }
}

/// How a TCP connection with a short life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connected {
    /// The target answered: accepted or reset.
    Answered,
    /// A router or the target sent an ICMP error.
    Error(IpAddr, Cause),
    /// The kernel gave up without saying who answered.
    Nothing,
}

/// A TCP connection attempt.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It goes on.
    Open(AsyncFd<Socket>),
    /// The answer came before the call returned, as it may on loopback.
    Over(Connected),
}

impl Attempt {
    /// Sends a SYN with a TTL; must be called inside a runtime.
    pub fn start(to: SocketAddr, ttl: u8) -> io::Result<Self> {
        let (socket, family) = socket(Type::STREAM, Protocol::TCP, to)?;
        set_ttl(&socket, family, ttl)?;
        // Nothing is to be said on the connection: a reset leaves no state on either side.
        socket.set_linger(Some(Duration::ZERO))?;
        match socket.connect(&SockAddr::from(to)) {
            Ok(()) => Ok(Self::Over(Connected::Answered)),
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {
                Ok(Self::Open(register(socket, Interest::WRITABLE | Interest::ERROR)?))
            }
            // Without a word from the network it is this machine that cannot.
            Err(error) => match read_error(&socket) {
                Ok(Some(Received::Error(from, cause, _))) => {
                    Ok(Self::Over(Connected::Error(from, cause)))
                }
                _ if error.kind() == io::ErrorKind::ConnectionRefused => {
                    Ok(Self::Over(Connected::Answered))
                }
                _ => Err(error),
            },
        }
    }

    /// Waits for the end of the attempt.
    pub async fn end(self) -> Connected {
        let fd = match self {
            Self::Open(fd) => fd,
            Self::Over(end) => return end,
        };
        loop {
            let Ok(mut ready) = fd.ready(Interest::WRITABLE | Interest::ERROR).await else {
                return Connected::Nothing;
            };
            let socket = fd.get_ref();
            let state = socket.take_error();
            // After the state: an error is queued before it ends the attempt.
            if let Ok(Some(Received::Error(from, cause, _))) = read_error(socket) {
                return Connected::Error(from, cause);
            }
            match state {
                Ok(None) if socket.peer_addr().is_ok() => return Connected::Answered,
                Ok(Some(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    return Connected::Answered;
                }
                Ok(None) if !ready.ready().is_write_closed() => ready.clear_ready(),
                _ => return Connected::Nothing,
            }
        }
    }
}

fn socket(kind: Type, protocol: Protocol, to: SocketAddr) -> io::Result<(Socket, Family)> {
    let socket = Socket::new(Domain::for_address(to), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if to.is_ipv4() {
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
        Ok((socket, Family::V4))
    } else {
        setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
        Ok((socket, Family::V6))
    }
}

fn register(socket: Socket, interest: Interest) -> io::Result<AsyncFd<Socket>> {
    // SAFETY: the socket owns its open descriptor, is moved into the `AsyncFd` and neither closed
    // nor replaced before the `AsyncFd` is dropped; `as_raw_fd` always gives that descriptor.
    unsafe { AsyncFd::register_with_interest(socket, interest) }.map_err(io::Error::from)
}

fn set_ttl(socket: &Socket, family: Family, ttl: u8) -> io::Result<()> {
    match family {
        Family::V4 => socket.set_ttl_v4(u32::from(ttl)),
        Family::V6 => socket.set_unicast_hops_v6(u32::from(ttl)),
    }
}

/// Errors that the kernel hands to the next call although they are about an earlier packet.
fn is_pending_icmp(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::ECONNREFUSED
                | libc::ENOPROTOOPT
                | libc::EPROTO
                | libc::EACCES
                | libc::EHOSTDOWN
                | libc::EMSGSIZE
        )
    )
}

/// The next entry of the error queue.
fn read_error(socket: &Socket) -> io::Result<Option<Received>> {
    let mut buffer = [0_u8; BUFFER];
    let mut control = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let mut parts = [IoSliceMut::new(&mut buffer)];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message =
        match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)
        {
            Ok(message) => message,
            Err(nix::errno::Errno::EAGAIN) => return Ok(None),
            Err(nix::errno::Errno::EINTR) => return Ok(Some(Received::Noise)),
            Err(error) => return Err(error.into()),
        };
    let length = message.bytes;
    let mut found = None;
    for item in message.cmsgs()? {
        found = match item {
            ControlMessageOwned::Ipv4RecvErr(error, offender) => {
                let from = offender.map(|a| IpAddr::from(a.sin_addr.s_addr.to_ne_bytes()));
                from.zip(cause(&error))
            }
            ControlMessageOwned::Ipv6RecvErr(error, offender) => {
                let from = offender.map(|a| IpAddr::from(Ipv6Addr::from(a.sin6_addr.s6_addr)));
                from.zip(cause(&error))
            }
            _ => found,
        };
    }
    Ok(Some(match found {
        Some((from, cause)) => {
            let quote = buffer.get(..length).unwrap_or_default().to_vec();
            Received::Error(from.to_canonical(), cause, quote)
        }
        None => Received::Noise,
    }))
}

/// The next datagram, or the noise of a pending error.
fn read_data(socket: &Socket) -> Option<Received> {
    let mut buffer = [0_u8; BUFFER];
    match recvfrom::<SockaddrStorage>(socket.as_fd().as_raw_fd(), &mut buffer) {
        Ok((length, from)) => {
            let from = from.and_then(|address| {
                let v4 = address.as_sockaddr_in().map(|a| IpAddr::from(a.ip()));
                v4.or_else(|| address.as_sockaddr_in6().map(|a| IpAddr::from(a.ip())))
            });
            let bytes = buffer.get(..length).unwrap_or_default().to_vec();
            Some(Received::Data(from.map(|ip| ip.to_canonical()), bytes))
        }
        Err(nix::errno::Errno::EAGAIN) => None,
        Err(_) => Some(Received::Noise),
    }
}

/// What an ICMP error says; `None` for what says nothing about the path.
fn cause(error: &libc::sock_extended_err) -> Option<Cause> {
    const V4: u8 = libc::SO_EE_ORIGIN_ICMP;
    const V6: u8 = libc::SO_EE_ORIGIN_ICMP6;
    let refusal = match (error.ee_origin, error.ee_type, error.ee_code) {
        (V4, 11, 0) | (V6, 3, 0) => return Some(Cause::Expired),
        (V4, 3, 0 | 6 | 11) | (V6, 1, 0) => Refusal::Network,
        (V4, 3, 1 | 7 | 12) | (V6, 1, 3) => Refusal::Host,
        (V4, 3, 2) => Refusal::Protocol,
        (V4, 3, 3) | (V6, 1, 4) => Refusal::Port,
        (V4, 3, 9 | 10 | 13) | (V6, 1, 1 | 5 | 6) => Refusal::Filtered,
        (V4, 3, 4) | (V6, 2, _) => return None,
        (V4, 3, _) | (V6, 1, _) => Refusal::Other,
        _ => return None,
    };
    Some(Cause::Refused(refusal))
}

/// The reverse name of an address by the system's resolver (so `/etc/hosts` counts); blocks.
///
/// # Errors
/// When the resolver gave no verdict; `Ok(None)` is "has no name".
pub(super) fn reverse_name(address: IpAddr) -> Result<Option<String>, i32> {
    let address = SockAddr::from(SocketAddr::new(address, 0));
    let mut name = [0 as libc::c_char; NAME_BUFFER];
    let room = libc::socklen_t::try_from(NAME_BUFFER).unwrap_or(libc::socklen_t::MAX);
    // SAFETY: address and name point to memory of the given lengths that outlives the call; no
    // service name is asked for, for which a null pointer with length zero is right.
    let code = unsafe {
        libc::getnameinfo(
            address.as_ptr().cast(),
            address.len(),
            name.as_mut_ptr(),
            room,
            std::ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    match code {
        0 => {
            let bytes: Vec<u8> =
                name.iter().take_while(|c| **c != 0).map(|c| c.to_ne_bytes()[0]).collect();
            Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
        }
        libc::EAI_NONAME => Ok(None),
        code => Err(code),
    }
}
