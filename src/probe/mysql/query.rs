//! One query and the first column of its first row, as text.
//!
//! The answer is read to its end, so that the connection can be closed politely, but never beyond
//! the limits.

use super::wire::{Fields, ServerError, Wire};
use crate::model::{Failure, FailureKind};

/// Largest packet of an answer, in bytes.
const PACKET_LIMIT: usize = 1024 * 1024;
/// Largest answer, in bytes.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;
/// Most columns (the server's own limit).
const COLUMN_LIMIT: u64 = 4096;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// No result set: the statement only did something.
    Done,
    /// A result set without a row.
    Empty,
    /// The first row's first column is NULL.
    Null,
    /// The first row's first column; not yet safe to show.
    Value(String),
}

/// Why there is no answer.
pub(super) enum Refused {
    /// The server says so.
    Server(ServerError),
    /// Something else failed.
    Other(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

/// Sends `sql` and reads its answer.
///
/// # Errors
/// The server's error, a broken protocol, or an answer beyond the limits.
pub(super) async fn ask(wire: &mut Wire, sql: &str) -> Result<Answer, Refused> {
    const QUERY: u8 = 0x03;
    wire.command(QUERY, sql.as_bytes()).await?;
    let mut room = ANSWER_LIMIT;
    let first = next(wire, &mut room).await?;
    match first.first() {
        Some(0x00) => return Ok(Answer::Done),
        // The server may ask for any file of this machine here. It gets none.
        Some(0xfb) => return Err(wire.garbage("it asks for a file of this machine").into()),
        _ => {}
    }
    let columns = Fields(&first).length().filter(|count| (1..=COLUMN_LIMIT).contains(count));
    let Some(columns) = columns else {
        return Err(wire.garbage("its answer cannot be read").into());
    };
    for _ in 0..columns {
        next(wire, &mut room).await?;
    }
    let mut packet = next(wire, &mut room).await?;
    if !is_end(&packet) {
        return Err(wire.garbage("its columns have no end").into());
    }
    packet = next(wire, &mut room).await?;
    let answer = if is_end(&packet) {
        return Ok(Answer::Empty);
    } else if packet.first() == Some(&0xfb) {
        Answer::Null
    } else {
        let value = Fields(&packet).counted();
        let value = value.ok_or_else(|| wire.garbage("its row cannot be read"))?;
        Answer::Value(String::from_utf8_lossy(value).chars().take(256).collect())
    };
    while !is_end(&packet) {
        packet = next(wire, &mut room).await?;
    }
    Ok(answer)
}

/// The next packet, when it is no error and there is room for it.
async fn next(wire: &mut Wire, room: &mut usize) -> Result<Vec<u8>, Refused> {
    let packet = wire.read(PACKET_LIMIT).await?;
    // A row takes time beyond its bytes; many tiny ones are no smaller than a few large.
    *room = room.saturating_sub(packet.len() + 256);
    if *room == 0 {
        let limit = ANSWER_LIMIT / 1024 / 1024;
        let text = format!("the query's answer is above {limit} MiB; let it give one row");
        return Err(Failure::new(FailureKind::TooLarge, text).into());
    }
    match ServerError::read(&packet) {
        Some(error) => Err(Refused::Server(error)),
        None if packet.first() == Some(&0xff) => {
            Err(wire.garbage("its error cannot be read").into())
        }
        None => Ok(packet),
    }
}

/// True for the mark behind columns and rows.
fn is_end(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}
