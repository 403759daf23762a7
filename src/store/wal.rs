//! Looks for damage in SQLite's write-ahead log before SQLite reads it.
//!
//! SQLite ends at the first frame whose checksum is wrong and silently forgets what follows. That
//! is right for the torn end of a killed write, and wrong for a flipped byte. A commit is synced
//! before the next one is written, so a whole commit of the same generation after a bad frame's own
//! commit proves that the bad frame had been good.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Checks the log at `path`; `Err` says in words what is wrong with it. No log is fine.
pub(super) fn check(path: &Path) -> Result<(), String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("its log cannot be read: {error}")),
    };
    scan(BufReader::with_capacity(1 << 16, file))
}

fn scan(mut file: impl Read) -> Result<(), String> {
    let mut header = [0; HEADER];
    if !fill(&mut file, &mut header)? || header == [0; HEADER] {
        return Ok(());
    }
    let magic = word(&header, 0);
    let page = word(&header, 2) as usize;
    let big = magic & 1 == 1;
    let sum = sums((0, 0), &header[..24], big);
    if magic & !1 != 0x377f_0682
        || !(512..=65_536).contains(&page)
        || !page.is_power_of_two()
        || sum != (word(&header, 6), word(&header, 7))
    {
        return Err("the first bytes of its log are damaged".to_owned());
    }
    let salt = (word(&header, 4), word(&header, 5));
    let mut frame = vec![0; FRAME_HEADER + page];
    let mut sum = Some(sum);
    let mut bad_at = 0_u64;
    let mut number = 0_u64;
    let mut commits_after = 0;
    while fill(&mut file, &mut frame)? {
        number += 1;
        if (word(&frame, 2), word(&frame, 3)) != salt {
            // The rest is of an older generation, unless these very bytes are the damage.
            if sum.take().is_some() {
                bad_at = number;
            }
            continue;
        }
        if let Some(before) = sum {
            let now = sums(sums(before, &frame[..8], big), &frame[FRAME_HEADER..], big);
            let right = now == (word(&frame, 4), word(&frame, 5));
            sum = right.then_some(now);
            if !right {
                bad_at = number;
            }
        }
        if sum.is_none() && word(&frame, 1) != 0 {
            commits_after += 1;
        }
    }
    // The first commit at or after the bad frame may be its own, and unfinished.
    if commits_after >= 2 {
        return Err(format!("its log is damaged at frame {bad_at}, before later commits"));
    }
    Ok(())
}

/// True when `buffer` was filled, false at the end of the file.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Result<bool, String> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(format!("its log cannot be read: {error}")),
    }
}

fn word(bytes: &[u8], index: usize) -> u32 {
    let at = index * 4;
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    word.map_or(0, u32::from_be_bytes)
}

/// SQLite's running checksum over pairs of words.
fn sums((mut a, mut b): (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        let (first, second) = (word(pair, 0), word(pair, 1));
        let [first, second] =
            if big { [first, second] } else { [first.swap_bytes(), second.swap_bytes()] };
        a = a.wrapping_add(first).wrapping_add(b);
        b = b.wrapping_add(second).wrapping_add(a);
    }
    (a, b)
}
