//! One log that is followed: from its end on, through rotation, truncation and writers that go.

use std::collections::VecDeque;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use tracing::Level;

use super::allowance::{Allowance, RATE};
use super::entry::entry;
use super::lines::Lines;
use super::{Line, Log};
use crate::model::{Now, SafeText};

/// Bytes before the end at which a log that was there already begins.
const BEFORE: u64 = 64 * 1024;
/// Lines of these that are shown.
const BEGIN: usize = 100;
/// Bytes of one look; the rest waits for the next.
const LOOK: usize = 1024 * 1024;
/// Who is further behind than this goes on near the end.
const BEHIND: u64 = 16 * 1024 * 1024;
/// Bytes of one read.
const READ: usize = 64 * 1024;

/// A log with what was read of it.
#[derive(Debug)]
pub struct Follower {
    log: Log,
    open: Option<Opened>,
    lines: Lines,
    allowance: Allowance,
    /// True until it was there, or was seen not to be there.
    first: bool,
    /// What hinders, as it was told.
    trouble: Option<String>,
}

#[derive(Debug)]
struct Opened {
    file: File,
    /// Device and number: another file under the same name has another one.
    id: (u64, u64),
    is_pipe: bool,
    /// How far it is read.
    at: u64,
}

/// What one look at the open file came to.
enum End {
    /// There is more.
    More,
    /// All was read.
    Read,
    /// It became shorter, or is further on than can be read: it goes on at that place.
    Elsewhere(u64),
}

impl Follower {
    /// Begins near the end of what is there.
    pub fn new(log: Log) -> Self {
        let (lines, allowance) = (Lines::default(), Allowance::new());
        Self { log, open: None, lines, allowance, first: true, trouble: None }
    }

    /// Reads what is new; true when there is more than one look takes.
    pub fn look(&mut self, now: Now, say: &mut impl FnMut(Line)) -> bool {
        let more = match self.advance(now, say) {
            Ok(more) => {
                self.trouble = None;
                more
            }
            Err(error) => {
                self.open = None;
                self.complain(&error, say);
                false
            }
        };
        if let Some(count) = self.allowance.left_out(now.steady) {
            let lines = if count == 1 { "line was" } else { "lines were" };
            let text = format!("{count} {lines} left out: more than {RATE} a second arrived");
            self.note(Level::WARN, &text, say);
        }
        more
    }

    fn advance(&mut self, now: Now, say: &mut impl FnMut(Line)) -> io::Result<bool> {
        if self.open.is_none() {
            self.start(now, say)?;
        }
        let end = self.read(now, say)?;
        match end {
            End::More => return Ok(true),
            End::Elsewhere(place) => {
                self.finish_line(now, say);
                if let Some(open) = &mut self.open {
                    open.file.seek(SeekFrom::Start(place))?;
                    open.at = place;
                }
                return Ok(true);
            }
            End::Read => {}
        }
        if !self.was_replaced() {
            return Ok(false);
        }
        // What was written between the last read and the new name.
        if matches!(self.read(now, say)?, End::More) {
            return Ok(true);
        }
        self.finish_line(now, say);
        self.open = None;
        Ok(true)
    }

    /// Opens it: what was there at the start from near its end, what came later from its begin.
    fn start(&mut self, now: Now, say: &mut impl FnMut(Line)) -> io::Result<()> {
        let was_first = std::mem::take(&mut self.first);
        let (file, metadata) = open(&self.log.path)?;
        let is_pipe = metadata.file_type().is_fifo();
        let mut opened = Opened { file, id: id(&metadata), is_pipe, at: 0 };
        if was_first && !is_pipe {
            opened.at = self.begin(&mut opened.file, metadata.len(), now, say)?;
        }
        self.open = Some(opened);
        Ok(())
    }

    /// Shows the last lines of a file; how far it was read.
    fn begin(
        &mut self,
        file: &mut File,
        length: u64,
        now: Now,
        say: &mut impl FnMut(Line),
    ) -> io::Result<u64> {
        let from = length.saturating_sub(BEFORE);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        let read = file.by_ref().take(BEFORE).read_to_end(&mut bytes)?;
        // A line that began before is no line.
        let whole = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(at) if from > 0 => bytes.get(at + 1..).unwrap_or_default(),
            None if from > 0 => &[],
            _ => &bytes,
        };
        let mut last = VecDeque::new();
        self.lines.push(whole, |line, dropped| {
            if last.len() == BEGIN {
                last.pop_front();
            }
            last.push_back((line.to_vec(), dropped));
        });
        for (line, dropped) in last {
            self.allowance.take(now.steady).then(|| say(shown(&self.log, &line, dropped, now)));
        }
        Ok(from.saturating_add(u64::try_from(read).unwrap_or(0)))
    }

    fn read(&mut self, now: Now, say: &mut impl FnMut(Line)) -> io::Result<End> {
        let Some(open) = &mut self.open else { return Ok(End::Read) };
        if !open.is_pipe {
            let length = open.file.metadata()?.len();
            if length < open.at {
                note(&self.log, Level::INFO, "its log was emptied; it goes on from the begin", say);
                return Ok(End::Elsewhere(0));
            }
            let behind = length.saturating_sub(open.at);
            if behind > BEHIND {
                let text = format!(
                    "{} MiB of its log were left out: more came than can be read",
                    (behind - BEFORE) / (1024 * 1024)
                );
                note(&self.log, Level::WARN, &text, say);
                return Ok(End::Elsewhere(length - BEFORE));
            }
        }
        let mut bytes = vec![0; READ];
        let mut total = 0;
        while total < LOOK {
            let read = match open.file.read(&mut bytes) {
                Ok(read) => read,
                // The pipe has a writer that says nothing at the moment.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(End::Read),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let (log, allowance) = (&self.log, &mut self.allowance);
            let mut each = |line: &[u8], dropped| {
                if allowance.take(now.steady) {
                    say(shown(log, line, dropped, now));
                }
            };
            if read == 0 {
                if open.is_pipe {
                    // Its writer went; the next one begins a line of its own.
                    self.lines.end(&mut each);
                }
                return Ok(End::Read);
            }
            open.at = open.at.saturating_add(u64::try_from(read).unwrap_or(0));
            total += read;
            self.lines.push(bytes.get(..read).unwrap_or_default(), &mut each);
        }
        Ok(End::More)
    }

    fn finish_line(&mut self, now: Now, say: &mut impl FnMut(Line)) {
        let (log, allowance) = (&self.log, &mut self.allowance);
        self.lines.end(|line, dropped| {
            if allowance.take(now.steady) {
                say(shown(log, line, dropped, now));
            }
        });
    }

    /// True when another file has the name now; one that was moved away is read on until then.
    fn was_replaced(&self) -> bool {
        let Some(open) = &self.open else { return false };
        std::fs::metadata(&self.log.path).is_ok_and(|metadata| id(&metadata) != open.id)
    }

    /// Tells what hinders, once.
    fn complain(&mut self, error: &io::Error, say: &mut impl FnMut(Line)) {
        let path = self.log.path.display();
        let text = match error.kind() {
            ErrorKind::NotFound => {
                format!("its log {path} is not there yet; it is followed as soon as it is")
            }
            ErrorKind::PermissionDenied => format!(
                "its log {path} may not be read by {}; let that user read it, or be in its group",
                user()
            ),
            ErrorKind::IsADirectory => {
                format!("its log {path} is a directory; name the file in it as `log`")
            }
            _ => format!("its log {path} cannot be read: {error}"),
        };
        if self.trouble.as_ref() != Some(&text) {
            let waits = error.kind() == ErrorKind::NotFound;
            self.note(if waits { Level::INFO } else { Level::WARN }, &text, say);
            self.trouble = Some(text);
        }
    }

    fn note(&self, level: Level, text: &str, say: &mut impl FnMut(Line)) {
        note(&self.log, level, text, say);
    }
}

fn user() -> String {
    let id = nix::unistd::geteuid();
    let user = nix::unistd::User::from_uid(id).ok().flatten();
    user.map_or_else(|| format!("user {id}"), |user| user.name)
}

fn note(log: &Log, level: Level, text: &str, say: &mut impl FnMut(Line)) {
    say(Line { name: log.name.clone(), level, text: SafeText::line(text) });
}

fn shown(log: &Log, line: &[u8], dropped: u64, now: Now) -> Line {
    if dropped > 0 {
        let kept = line.len();
        let text = format!("a line of more than {kept} bytes was left out; it has {dropped} more");
        return Line { name: log.name.clone(), level: Level::WARN, text: SafeText::line(&text) };
    }
    let entry = entry(line);
    Line { name: log.name.clone(), level: entry.level, text: entry.shown(now.wall) }
}

fn id(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Opens a file or a pipe, and nothing else: a device would do something.
fn open(path: &Path) -> io::Result<(File, Metadata)> {
    good(&std::fs::metadata(path)?)?;
    // Without waiting for the writer of a pipe.
    let flags = nix::libc::O_NONBLOCK | nix::libc::O_CLOEXEC | nix::libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    good(&metadata)?;
    Ok((file, metadata))
}

fn good(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if kind.is_file() || kind.is_fifo() {
        return Ok(());
    }
    Err(io::Error::other("it is neither a file nor a pipe; name one as `log`"))
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
