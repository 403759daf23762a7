//! Files and pipes that are appended to, moved, emptied and flooded.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use super::*;
use crate::model::{Span, Steady, Timestamp};

/// A log in a directory of its own, looked at by a clock that moves a second a look.
struct Bench {
    dir: tempfile::TempDir,
    follower: Option<Follower>,
    now: Now,
}

impl Bench {
    fn new() -> Self {
        let now = Now { steady: Steady::from_millis(0), wall: Timestamp::from_millis(0) };
        Self { dir: tempfile::tempdir().unwrap(), follower: None, now }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("fb.log")
    }

    fn append(&self, bytes: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path()).unwrap();
        file.write_all(bytes.as_ref()).unwrap();
    }

    /// Looks until there is no more for the moment.
    fn look(&mut self) -> Vec<String> {
        let log = Log { name: "fb-1".into(), path: self.path() };
        let follower = self.follower.get_or_insert_with(|| Follower::new(log));
        let mut seen = Vec::new();
        self.now.steady = self.now.steady + Span::from_secs(1);
        for _ in 0..1000 {
            if !follower.look(self.now, &mut |line| seen.push(line.text.to_string())) {
                return seen;
            }
        }
        panic!("it never ends: {seen:?}");
    }
}

#[test]
fn a_log_begins_near_its_end_and_goes_on_with_what_is_appended() {
    let mut bench = Bench::new();
    for number in 0..5000 {
        bench.append(format!("line {number} {}\n", "x".repeat(40)));
    }
    bench.append("ha");
    let seen = bench.look();
    assert_eq!(seen.len(), BEGIN);
    assert!(seen[0].starts_with("line 4900 ") && seen[99].starts_with("line 4999 "), "{seen:?}");
    assert!(bench.look().is_empty());
    bench.append("lf\nanother\nand ha");
    assert_eq!(bench.look(), ["half", "another"]);
    bench.append("lf\n");
    assert_eq!(bench.look(), ["and half"]);
}

#[test]
fn a_log_that_is_renamed_is_read_to_its_end_and_the_new_one_from_its_begin() {
    let mut bench = Bench::new();
    bench.append("old\n");
    assert_eq!(bench.look(), ["old"]);
    let aside = bench.dir.path().join("fb.log.1");
    fs::rename(bench.path(), &aside).unwrap();
    // The writer has not noticed yet.
    fs::OpenOptions::new().append(true).open(&aside).unwrap().write_all(b"late\nno end").unwrap();
    assert_eq!(bench.look(), ["late"]);
    bench.append("new\n");
    assert_eq!(bench.look(), ["no end", "new"]);
    bench.append("newer\n");
    assert_eq!(bench.look(), ["newer"]);
}

#[test]
fn a_log_that_is_emptied_is_read_from_its_begin() {
    let mut bench = Bench::new();
    bench.append("a long line before it\n");
    bench.look();
    fs::write(bench.path(), "after\n").unwrap();
    assert_eq!(bench.look(), ["its log was emptied; it goes on from the begin", "after"]);
    fs::remove_file(bench.path()).unwrap();
    assert!(bench.look().is_empty());
    bench.append("again\n");
    assert_eq!(bench.look(), ["again"]);
}

#[test]
fn a_log_that_is_not_there_is_waited_for_and_told_once() {
    let mut bench = Bench::new();
    let seen = bench.look();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].ends_with("is not there yet; it is followed as soon as it is"), "{seen:?}");
    assert!(bench.look().is_empty());
    bench.append("first\nsecond\n");
    assert_eq!(bench.look(), ["first", "second"], "all of it, for it was not there before");
}

#[test]
fn what_is_no_log_is_named_with_the_mend() {
    let mut bench = Bench::new();
    fs::create_dir(bench.path()).unwrap();
    let seen = bench.look();
    assert!(seen[0].ends_with("is a directory; name the file in it as `log`"), "{seen:?}");
    assert!(bench.look().is_empty(), "told once");
    fs::remove_dir(bench.path()).unwrap();
    std::os::unix::fs::symlink("/dev/zero", bench.path()).unwrap();
    assert!(bench.look()[0].contains("neither a file nor a pipe"));
    fs::remove_file(bench.path()).unwrap();
    bench.append("now\n");
    assert_eq!(bench.look(), ["now"]);

    let complaint = |kind: ErrorKind| {
        let log = Log { name: "fb-1".into(), path: "/var/log/fb.log".into() };
        let mut seen = String::new();
        Follower::new(log).complain(&kind.into(), &mut |line| seen = line.text.to_string());
        seen
    };
    let seen = complaint(ErrorKind::PermissionDenied);
    assert!(seen.contains("may not be read by ") && seen.contains("group"), "{seen}");
}

#[test]
fn a_pipe_is_read_through_writers_that_come_and_go() {
    let mut bench = Bench::new();
    nix::unistd::mkfifo(&bench.path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(bench.look().is_empty(), "without a writer");
    let writer = || OpenOptions::new().write(true).open(bench.dir.path().join("fb.log")).unwrap();
    let mut first = writer();
    first.write_all(b"one\ntw").unwrap();
    assert_eq!(bench.look(), ["one"]);
    assert!(bench.look().is_empty(), "the writer is there and says nothing");
    first.write_all(b"o\nhalf").unwrap();
    drop(first);
    assert_eq!(bench.look(), ["two", "half"], "what its writer left is a line");
    let mut second = OpenOptions::new().write(true).open(bench.path()).unwrap();
    second.write_all(b"three\n").unwrap();
    assert_eq!(bench.look(), ["three"]);
    fs::remove_file(bench.path()).unwrap();
    bench.append("a file now\n");
    assert_eq!(bench.look(), ["a file now"]);
}

#[test]
fn a_flood_is_counted_and_garbage_is_bounded() {
    let mut bench = Bench::new();
    bench.append("");
    bench.look();
    bench.append("x\n".repeat(10_000));
    let seen = bench.look();
    assert_eq!(seen.len(), 301);
    assert_eq!(seen[300], "9700 lines were left out: more than 50 a second arrived");
    bench.append(vec![b'y'; 5 * 1024 * 1024]);
    assert!(bench.look().is_empty());
    bench.append("\n\x00\x1b[2J\u{9b}end\n");
    let seen = bench.look();
    assert!(seen[0].starts_with("a line of more than 65536 bytes was left out"), "{seen:?}");
    assert_eq!(seen[1], "␀<U+009B>end");
    let file = OpenOptions::new().append(true).open(bench.path()).unwrap();
    file.set_len(200 * 1024 * 1024).unwrap();
    bench.append("\nlast\n");
    let seen = bench.look();
    assert!(seen[0].contains("MiB of its log were left out"), "{seen:?}");
    assert_eq!(seen.last().unwrap(), "last");
}
