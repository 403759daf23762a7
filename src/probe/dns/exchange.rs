//! One question to one resolver: UDP, and TCP when the reply was cut.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::message::{Parsed, Question, Reply};
use crate::model::{Failure, FailureKind, Span};
use crate::probe::{errno, udp};

/// Room for a reply over UDP. We offer no EDNS, so an honest one has at most 512 bytes.
const UDP_LIMIT: usize = 4096;

/// Asks once and gives the reply with the time it took, both ways together when it came by TCP.
pub(super) async fn ask(
    address: SocketAddr,
    label: &str,
    question: &Question,
    timeout: Span,
    deadline: Instant,
) -> Result<(Reply, Duration), Failure> {
    let id: u16 = rand::random();
    let asking = Asking { address, label, question, id, bytes: question.encode(id)? };
    let mut strangers: u32 = 0;
    let start = Instant::now();
    let exchange = async {
        match asking.by_udp(&mut strangers).await? {
            Some(reply) => Ok(reply),
            None => asking.by_tcp().await,
        }
    };
    match tokio::time::timeout_at(deadline.into(), exchange).await {
        Ok(reply) => reply.map(|reply| (reply, start.elapsed())),
        Err(_) if strangers > 0 => {
            let text = format!(
                "resolver {label} answered other questions ({strangers}) and not ours within {timeout}"
            );
            Err(Failure::new(FailureKind::Protocol, text))
        }
        Err(_) => {
            let text = format!("no answer from resolver {label} within {timeout}");
            Err(Failure::new(FailureKind::Timeout, text))
        }
    }
}

struct Asking<'a> {
    address: SocketAddr,
    label: &'a str,
    question: &'a Question,
    id: u16,
    bytes: Vec<u8>,
}

impl Asking<'_> {
    /// The reply, or `None` when it was cut. The socket is connected, so that only the resolver
    /// itself is heard, and it is fresh, so that its port is hard to guess.
    async fn by_udp(&self, strangers: &mut u32) -> Result<Option<Reply>, Failure> {
        let socket = udp::connected(self.address).await.map_err(|error| self.broken(&error))?;
        socket.send(&self.bytes).await.map_err(|error| self.broken(&error))?;
        let mut buffer = [0_u8; UDP_LIMIT];
        loop {
            let length = socket.recv(&mut buffer).await.map_err(|error| self.broken(&error))?;
            match self.question.parse(self.id, buffer.get(..length).unwrap_or_default()) {
                Parsed::Reply(reply) => return Ok(Some(reply)),
                Parsed::Truncated => return Ok(None),
                Parsed::Garbage => return Err(self.garbage()),
                Parsed::Foreign => *strangers = strangers.saturating_add(1),
            }
        }
    }

    async fn by_tcp(&self) -> Result<Reply, Failure> {
        let broken = |error: io::Error| self.broken_tcp(&error);
        let mut stream = TcpStream::connect(self.address).await.map_err(broken)?;
        let length = u16::try_from(self.bytes.len()).unwrap_or(u16::MAX);
        let mut request = length.to_be_bytes().to_vec();
        request.extend(&self.bytes);
        stream.write_all(&request).await.map_err(broken)?;
        // The length has two bytes, so no reply is beyond 64 KiB.
        let length = stream.read_u16().await.map_err(broken)?;
        let mut reply = vec![0_u8; usize::from(length)];
        stream.read_exact(&mut reply).await.map_err(broken)?;
        match self.question.parse(self.id, &reply) {
            Parsed::Reply(reply) => Ok(reply),
            Parsed::Truncated | Parsed::Garbage | Parsed::Foreign => Err(self.garbage()),
        }
    }

    fn garbage(&self) -> Failure {
        let text = format!("resolver {} sent something that is no DNS reply", self.label);
        Failure::new(FailureKind::Protocol, text)
    }

    fn broken(&self, error: &io::Error) -> Failure {
        let (label, words) = (self.label, errno::words(error));
        let kind = errno::kind(error).unwrap_or(FailureKind::Internal);
        let text = match kind {
            FailureKind::Refused => format!("resolver {label} refused: its port is closed"),
            FailureKind::NoRoute => format!("no route to resolver {label}: {words}"),
            FailureKind::Local => {
                format!("this machine cannot send to resolver {label}: {words}")
            }
            _ => format!("cannot ask resolver {label}: {words}"),
        };
        Failure::new(kind, text)
    }

    /// The reply was cut, so only TCP has the whole of it; what fails there is the resolver's.
    fn broken_tcp(&self, error: &io::Error) -> Failure {
        let words = errno::words(error);
        let text = format!("reply of resolver {} was cut, and TCP failed: {words}", self.label);
        Failure::new(errno::kind(error).unwrap_or(FailureKind::Protocol), text)
    }
}
