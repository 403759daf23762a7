//! Real processes with odd names, and made-up `/proc` folders for what cannot be brought about.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::probe::context::Shared;

/// Children that end with the test.
#[derive(Default)]
struct Children(Vec<Child>);

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Children {
    fn start(&mut self, program: &Path, args: &[&str]) -> u32 {
        // Another test may hold the copied file open while it forks.
        for _ in 0..50 {
            let spawned =
                Command::new(program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
            match spawned {
                Ok(child) => {
                    let pid = child.id();
                    self.0.push(child);
                    return pid;
                }
                Err(error) if error.raw_os_error() == Some(libc::ETXTBSY) => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("{} stays busy", program.display());
    }
}

fn sleeper(folder: &TempDir, name: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::copy("/bin/sleep", &path).unwrap();
    path
}

fn context() -> Context {
    let shared: Arc<Shared> = Shared::start().unwrap();
    Context::new(&shared, Duration::from_secs(30))
}

async fn look_for(spec: ProcessSpec) -> Result<Observation, Failure> {
    run(&spec, &context(), &mut Memory::default()).await
}

fn named(name: &str) -> ProcessSpec {
    ProcessSpec { process: Some(name.to_owned()), ..ProcessSpec::default() }
}

#[tokio::test]
async fn fm_18_odd_names_are_counted_right() {
    let folder = TempDir::new().unwrap();
    let mut children = Children::default();
    let number = std::process::id();
    for name in [
        format!("a b{number}"),
        format!("c\n{number}"),
        format!(") S 1 {number}"),
        format!("((){number}"),
        format!("a-name-beyond-fifteen-bytes-{number}"),
    ] {
        let path = sleeper(&folder, &name);
        children.start(&path, &["1000"]);
        children.start(&path, &["1000"]);
        let seen = look_for(named(&name)).await.unwrap();
        assert_eq!(seen.value("count"), Some(2.0), "{name:?}: {}", seen.output);
        assert!(seen.value("rss").unwrap() > 0.0);
        assert!(seen.value("cpu").unwrap() < 50.0);
        assert!(seen.output.as_str().starts_with("2 processes match "), "{}", seen.output);
        assert!(seen.failure.is_none());
    }
    let seen = look_for(named(&format!("a-name-beyond-fifteen-bytes-{number}x"))).await.unwrap();
    assert_eq!(seen.value("count"), Some(0.0));
    assert!(seen.output.as_str().starts_with("no process matches a-name-beyond"));
}

#[tokio::test]
async fn fm_18_all_conditions_must_hold() {
    let folder = TempDir::new().unwrap();
    let mut children = Children::default();
    let name = format!("cond{}", std::process::id());
    let path = sleeper(&folder, &name);
    children.start(&path, &["1001"]);
    let pid = children.start(&path, &["1002"]);
    let user = User::from_uid(nix::unistd::getuid()).unwrap().unwrap();
    let file = folder.path().join("pid");
    std::fs::write(&file, format!("{pid}\nmore\n")).unwrap();
    let pid_file = Some(file.to_str().unwrap().to_owned());
    let with = |pattern: &str, user: &str, pid_file: &Option<String>| ProcessSpec {
        process: Some(name.clone()),
        pattern: Some(pattern.to_owned()),
        user: Some(user.to_owned()),
        pid_file: pid_file.clone(),
    };
    let number = user.uid.to_string();
    for (pattern, owner, pid_file, count) in [
        ("100[12]$", user.name.as_str(), &None, 2.0),
        (" 1002$", &number, &None, 1.0),
        ("100[12]$", &number, &pid_file, 1.0),
        ("1001$", &number, &pid_file, 0.0),
        ("100", "4294967294", &None, 0.0),
    ] {
        let seen = look_for(with(pattern, owner, pid_file)).await.unwrap();
        assert_eq!(seen.value("count"), Some(count), "{pattern} {owner}: {}", seen.output);
    }
    for (spec, words) in [
        (ProcessSpec::default(), "give one of process"),
        (with("(", "root", &None), "pattern cannot be used"),
        (with("x", "nobody-has-this-name", &None), "user nobody-has-this-name does not exist"),
    ] {
        let failure = look_for(spec).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config);
        assert!(failure.message.as_str().starts_with(words), "{failure:?}");
    }
}

#[tokio::test]
async fn fm_18_pid_files_are_validated() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("pid");
    let name = file.to_str().unwrap().to_owned();
    let spec = ProcessSpec { pid_file: Some(name.clone()), ..ProcessSpec::default() };
    let seen = look_for(spec.clone()).await.unwrap();
    assert_eq!(seen.value("count"), Some(0.0));
    assert_eq!(seen.output.to_string(), format!("pid file {name} does not exist"));

    // A number that was just waited for runs no more; a zombie does not run either.
    let mut child = Command::new("true").spawn().unwrap();
    std::fs::write(&file, format!(" {}\n", child.id())).unwrap();
    let stat = format!("/proc/{}/stat", child.id());
    while !std::fs::read_to_string(&stat).unwrap().contains(") Z ") {
        std::thread::sleep(Duration::from_millis(5));
    }
    let words = format!("pid file {name} names {}, which does not run", child.id());
    assert_eq!(look_for(spec.clone()).await.unwrap().output.to_string(), words);
    child.wait().unwrap();
    assert_eq!(look_for(spec.clone()).await.unwrap().output.to_string(), words);

    for bad in ["", "abc", "0", "-1", "99999999999", "12 34", "\u{1b}[2J"] {
        std::fs::write(&file, bad).unwrap();
        let failure = look_for(spec.clone()).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config, "{bad}");
        assert!(failure.message.as_str().contains("holds no process number"), "{failure:?}");
    }
    std::fs::remove_file(&file).unwrap();
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(
        look_for(spec).await.unwrap_err().message.to_string(),
        format!("pid file {name} is not a file")
    );
}

#[tokio::test]
async fn fm_18_processor_time_is_measured_over_the_interval() {
    let folder = TempDir::new().unwrap();
    let mut children = Children::default();
    let path = folder.path().join(format!("busy{}", std::process::id()));
    std::fs::copy("/bin/sh", &path).unwrap();
    children.start(&path, &["-c", "while :; do :; done"]);
    let spec = named(path.file_name().unwrap().to_str().unwrap());
    let mut memory = Memory::default();
    let first = run(&spec, &context(), &mut memory).await.unwrap();
    assert!(first.value("cpu").unwrap() > 5.0, "{}", first.output);
    assert!(memory.sampled.is_some() && memory.counters.len() == 1);
    let second = run(&spec, &context(), &mut memory).await.unwrap();
    let cpu = second.value("cpu").unwrap();
    assert!((5.0..=110.0).contains(&cpu), "{}", second.output);
}

/// A made-up `/proc` with one process per line of a table.
fn fake(processes: &[(i32, &str, char, u64)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("uptime"), "1000.00 1.0\n").unwrap();
    for (pid, comm, state, ticks) in processes {
        let process = folder.path().join(pid.to_string());
        std::fs::create_dir(&process).unwrap();
        let stat = format!(
            "{pid} ({comm}) {state} 1 1 1 0 -1 4194304 1 0 0 0 {ticks} 0 0 0 20 0 1 0 500 1000 10 0"
        );
        std::fs::write(process.join("stat"), stat).unwrap();
        std::fs::write(process.join("cmdline"), format!("/usr/sbin/{comm}\0-x\0\0")).unwrap();
    }
    folder
}

fn scan(spec: &ProcessSpec, proc: &TempDir) -> Result<Seen, Failure> {
    Wanted::new(spec).unwrap().scan(proc.path(), Instant::now() + Duration::from_mins(1))
}

#[test]
fn f_43_zombies_and_ourselves_do_not_count() {
    let own = i32::try_from(std::process::id()).unwrap();
    let proc = fake(&[
        (1, "init", 'S', 0),
        (20, "web", 'S', 5),
        (21, "web", 'Z', 5),
        (22, "web", 'X', 5),
        (own, "web", 'R', 5),
    ]);
    // One that vanished between the listing and the reading.
    std::fs::create_dir(proc.path().join("4000")).unwrap();
    let seen = scan(&named("web"), &proc).unwrap();
    assert_eq!(seen.found.iter().map(|one| one.pid).collect::<Vec<_>>(), [20]);
    let pattern =
        ProcessSpec { pattern: Some("sbin/web -x$".to_owned()), ..ProcessSpec::default() };
    assert_eq!(scan(&pattern, &proc).unwrap().found.len(), 1);
}

#[test]
fn f_43_a_reused_number_is_another_process() {
    let proc = fake(&[(1, "init", 'S', 0), (20, "web", 'S', 300)]);
    let seen = scan(&named("web"), &proc).unwrap();
    let ticks_per_second = 1.0 / seen.tick;
    // The same number with another start time was somebody else: nothing is subtracted.
    let before = BTreeMap::from([("cpu.20.77".to_owned(), 10_000)]);
    let age = 1000.0 - 500.0 / ticks_per_second;
    let cpu = cpu_percent(&seen, age + 1.0, &before).unwrap();
    assert!((cpu - 300.0 / ticks_per_second / (age + 1.0) * 100.0).abs() < 1e-9);
    assert_eq!(cpu_percent(&seen, 10.0, &before), Some(0.0), "older than the interval");
    let before = BTreeMap::from([("cpu.20.500".to_owned(), 200)]);
    let cpu = cpu_percent(&seen, 10.0, &before).unwrap();
    assert!((cpu - 100.0 / ticks_per_second * 10.0).abs() < 1e-9);
    assert_eq!(cpu_percent(&seen, 0.0, &before), None, "never a division by zero");
}

#[test]
fn a_proc_that_hides_others_is_said() {
    let proc = fake(&[(20, "web", 'S', 0)]);
    assert_eq!(scan(&named("db"), &proc).unwrap_err().kind, FailureKind::Denied);
    assert_eq!(scan(&named("web"), &proc).unwrap().found.len(), 1);
}

#[test]
fn f_43_many_processes_are_one_pass() {
    // Numbers above the highest of Linux, so that none is our own.
    let proc = TempDir::new().unwrap();
    std::fs::create_dir(proc.path().join("1")).unwrap();
    std::fs::write(proc.path().join("1/stat"), "1 (init) S 0").unwrap();
    for pid in 5_000_000..5_010_000 {
        std::fs::create_dir(proc.path().join(pid.to_string())).unwrap();
        let stat = format!("{pid} (w) S 1 1 1 0 -1 4194304 1 0 0 0 1 0 0 0 20 0 1 0 500 1000 10 0");
        std::fs::write(proc.path().join(format!("{pid}/stat")), stat).unwrap();
    }
    let start = Instant::now();
    assert_eq!(scan(&named("w"), &proc).unwrap().found.len(), 10_000);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let late = Wanted::new(&named("w")).unwrap().scan(proc.path(), Instant::now());
    assert_eq!(late.unwrap_err().kind, FailureKind::Local);
}

#[test]
fn sizes_are_short() {
    for (count, text) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (47_185_920, "45 MiB")] {
        assert_eq!(bytes(count), text);
    }
}
