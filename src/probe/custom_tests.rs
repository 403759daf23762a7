//! Real scripts in temporary folders, one for each way a script can misbehave.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::probe::context::Shared;

struct Bench {
    folder: TempDir,
    shared: Arc<Shared>,
}

impl Bench {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), shared: Shared::start().unwrap() }
    }

    fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        chmod(&path, 0o755);
        path
    }

    fn context(&self, seconds: f64) -> Context {
        Context::new(&self.shared, Duration::from_secs_f64(seconds))
    }

    async fn argv(&self, argv: &[&str]) -> Result<Observation, Failure> {
        let argv = argv.iter().map(|part| (*part).to_owned()).collect();
        let spec = CustomSpec { command: CustomCommand::Argv(argv), env: BTreeMap::new() };
        run(&spec, &self.context(30.0)).await
    }

    async fn shell(&self, line: &str, seconds: f64) -> Observation {
        let command = CustomCommand::Shell(line.to_owned());
        run(&CustomSpec { command, env: BTreeMap::new() }, &self.context(seconds)).await.unwrap()
    }
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn reason(observation: &Observation) -> String {
    let failure = observation.failure.as_ref().expect("a failure");
    assert_eq!(failure.kind, FailureKind::Plugin);
    assert_eq!(observation.claimed, None);
    failure.message.to_string()
}

/// True when the process exists and is no zombie.
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

async fn gone_within(seconds: u64, pids: &[String]) -> bool {
    let end = Instant::now() + Duration::from_secs(seconds);
    while pids.iter().any(|pid| runs(pid)) {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

/// The lines of a file that a script writes, once there are `count`.
async fn pids_in(path: &Path, count: usize) -> Vec<String> {
    for _ in 0..500 {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let pids: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if pids.len() >= count && text.ends_with('\n') {
            return pids;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} has no {count} numbers", path.display());
}

#[tokio::test]
async fn fm_19_exit_codes_0_to_3_are_the_four_states() {
    let bench = Bench::new();
    let states = [State::Ok, State::Warning, State::Critical, State::Unknown];
    for (code, state) in states.into_iter().enumerate() {
        let line = format!("echo 'text {code} | x={code}s;1;2'; exit {code}");
        let seen = bench.shell(&line, 10.0).await;
        assert_eq!((seen.claimed, seen.failure), (Some(state), None));
        assert_eq!(seen.output.to_string(), format!("text {code}"));
        assert_eq!(seen.metrics.len(), 1);
    }
}

#[tokio::test]
async fn f_45_other_ends_are_failures_with_the_reason() {
    let bench = Bench::new();
    for (line, words) in [
        ("exit 4", "exit code 4 is outside 0 to 3"),
        ("echo 'x | a=1'; exit 255", "exit code 255 is outside 0 to 3"),
        ("exit 126", "exit code 126 is outside 0 to 3 (not executable)"),
        ("no-such-program-anywhere", "exit code 127 is outside 0 to 3 (command not found)"),
        ("kill -9 $$", "killed by signal 9 (SIGKILL)"),
        ("kill -SEGV $$", "killed by signal 11 (SIGSEGV)"),
    ] {
        let seen = bench.shell(line, 10.0).await;
        assert_eq!(reason(&seen), words, "{line}");
        assert!(seen.output.as_str().starts_with(words), "{line}");
        assert!(seen.metrics.is_empty(), "{line}");
    }
    let seen = bench.shell("no-such-program-anywhere", 10.0).await;
    assert!(seen.output.as_str().contains("not found"), "stderr is shown: {}", seen.output);
    let seen = bench.shell("echo useful; echo noise >&2; exit 0", 10.0).await;
    assert_eq!(seen.output.as_str(), "useful");
    let seen = bench.shell("exit 0", 10.0).await;
    assert_eq!(seen.output.as_str(), "the plugin printed nothing");
}

#[tokio::test]
async fn f_45_missing_and_not_executable_are_said() {
    let bench = Bench::new();
    let plain = bench.script("plain.sh", "exit 0");
    chmod(&plain, 0o644);
    let plain = plain.to_str().unwrap();
    let folder = bench.folder.path().to_str().unwrap();
    let bad = bench.script("bad", "");
    std::fs::write(&bad, "#!/no/such/interpreter\n").unwrap();
    for (argv, words) in [
        (plain, format!("{plain} is not executable (mode 0644); chmod +x it")),
        ("/no/such/file", "/no/such/file does not exist".to_owned()),
        ("no-such-name", format!("no-such-name is not found in {PATH}")),
        (folder, format!("{folder} is not a file")),
        (bad.to_str().unwrap(), format!("{} or the interpreter", bad.display())),
    ] {
        let failure = bench.argv(&[argv]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Missing, "{failure:?}");
        assert!(failure.message.as_str().starts_with(&words), "{failure:?}");
    }
    assert_eq!(bench.argv(&[]).await.unwrap_err().kind, FailureKind::Config);
    assert_eq!(bench.argv(&["true"]).await.unwrap().claimed, Some(State::Ok));
}

#[tokio::test]
async fn f_45_a_script_without_a_first_line_is_the_shells_but_a_foreign_program_is_not() {
    let bench = Bench::new();
    let plain = bench.script("plain", "");
    std::fs::write(&plain, "echo \"mine $1\"; exit 1\n").unwrap();
    let seen = bench.argv(&[plain.to_str().unwrap(), "a b"]).await.unwrap();
    assert_eq!((seen.claimed, seen.output.as_str()), (Some(State::Warning), "mine a b"));
    for content in [b"\x7fELF\x02\x01\x01\0\0".as_slice(), b""] {
        std::fs::write(&plain, content).unwrap();
        let failure = bench.argv(&[plain.to_str().unwrap()]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Missing);
        assert!(failure.message.as_str().contains("is no program"), "{failure:?}");
    }
}

#[tokio::test]
async fn f_46_a_gigabyte_ends_early() {
    let bench = Bench::new();
    let start = Instant::now();
    let seen = bench.shell("echo first line; head -c 1000000000 /dev/zero", 30.0).await;
    assert_eq!(reason(&seen), "printed more than 64 KiB and was killed (output cut at 64 KiB)");
    assert!(seen.output.as_str().contains("(output cut at 64 KiB): first line"));
    let seen = bench.shell("head -c 1000000000 /dev/zero >&2; echo done; exit 1", 30.0).await;
    assert_eq!((seen.claimed, seen.output.as_str()), (Some(State::Warning), "done"));
    let seen = bench.shell("head -c 70000 /dev/zero; exit 0", 30.0).await;
    assert!(reason(&seen).contains("output cut"), "the same when the program is faster");
    let seen = bench.shell("head -c 60000 /dev/zero | tr '\\0' x; exit 0", 30.0).await;
    assert_eq!(seen.claimed, Some(State::Ok));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[tokio::test]
async fn f_47_who_ignores_term_is_gone_with_its_children() {
    let bench = Bench::new();
    let list = bench.folder.path().join("pids");
    let script = bench.script(
        "stubborn.sh",
        &format!(
            "trap '' TERM HUP INT\n\
             sh -c \"trap '' TERM; sleep 1000 & sleep 1000\" &\n\
             setsid sh -c \"trap '' TERM; sleep 1000\" &\n\
             {{ echo $$; ps -eo pid=,ppid= | awk -v p=$$ '$2==p {{print $1}}'; }} > {}.new\n\
             mv {0}.new {0}\n\
             while :; do sleep 1000; done",
            list.display()
        ),
    );
    let spec = CustomSpec {
        command: CustomCommand::Argv(vec![script.to_str().unwrap().to_owned()]),
        env: BTreeMap::new(),
    };
    let start = Instant::now();
    let seen = run(&spec, &bench.context(1.0)).await.unwrap();
    assert_eq!(reason(&seen), "ran longer than 1s and was killed");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let pids = pids_in(&list, 3).await;
    assert!(gone_within(2, &pids).await, "left: {pids:?}");
    let leader: i32 = pids[0].parse().unwrap();
    assert_eq!(left_of(leader), Vec::<String>::new());
}

/// Processes that still are in the session of a leader.
fn left_of(leader: i32) -> Vec<String> {
    let mut left = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = rest.split(' ').collect();
        if fields[3] == leader.to_string() && !["Z", "X"].contains(&fields[0]) {
            left.push(stat);
        }
    }
    left
}

#[tokio::test]
async fn f_47_children_that_outlive_a_good_end_are_killed_and_not_waited_for() {
    let bench = Bench::new();
    let start = Instant::now();
    // The first holds the pipe, the second does not, the third has a group of its own.
    let line = "sleep 1000 & echo $!; sleep 1000 >/dev/null 2>&1 & echo $!; set -m; \
                sleep 1000 & echo $!; echo $$; exit 1";
    let seen = bench.shell(line, 30.0).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(seen.claimed, Some(State::Warning));
    let pids: Vec<String> =
        format!("{}\n{}", seen.output, seen.long).lines().map(str::to_owned).collect();
    assert_eq!(pids.len(), 4);
    assert!(gone_within(2, &pids).await, "left: {pids:?}");
}

#[tokio::test]
async fn f_47_a_dropped_run_kills_too() {
    let bench = Bench::new();
    let list = bench.folder.path().join("pids");
    let line = format!("trap '' TERM; sleep 1000 & echo $$ $! > {}; wait", list.display());
    let spec = CustomSpec { command: CustomCommand::Shell(line), env: BTreeMap::new() };
    let context = bench.context(60.0);
    let task = tokio::spawn(async move { run(&spec, &context).await });
    let pids = pids_in(&list, 2).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(gone_within(2, &pids).await, "left: {pids:?}");
}

#[tokio::test]
async fn f_47_two_hundred_runs_leave_no_zombie() {
    let bench = Bench::new();
    let mut pids = Vec::new();
    for number in 0..200 {
        let seen = bench.shell(&format!("echo $$; exit {}", number % 6), 30.0).await;
        let word = seen.output.as_str().split(' ').next_back().unwrap_or_default();
        pids.push(word.parse::<u32>().expect("a number").to_string());
    }
    // All were waited for when their runs returned: not even a zombie has the number.
    let own = std::process::id().to_string();
    for pid in pids {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
        assert_ne!(parent, Some(own.as_str()), "{stat}");
    }
}

#[tokio::test]
async fn f_48_hostile_output_is_safe() {
    let bench = Bench::new();
    let line = r"printf '\377\376 \033[2J | a=NaN b=1e400 c=U d=5ms\n\033]0;x\007\n'; exit 0";
    let seen = bench.shell(line, 10.0).await;
    let text = format!("{}{}", seen.output, seen.long);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
    assert_eq!(seen.metrics.len(), 2);
    assert!(seen.long.as_str().contains("2 perfdata items were not used"), "{}", seen.long);
}

#[tokio::test]
async fn f_48_a_million_items_are_cut() {
    let bench = Bench::new();
    let line = "printf 'x |'; i=0; yes ' a=1' | head -n 1000000";
    assert!(reason(&bench.shell(line, 30.0).await).contains("output cut"));
}

#[tokio::test]
async fn f_49_arguments_arrive_as_they_are() {
    let bench = Bench::new();
    let script = bench.script("args.sh", "printf '%s|' \"$#\" | tr '|' ' '; printf '<%s>' \"$@\"");
    let script = script.to_str().unwrap();
    let seen = bench.argv(&[script, "$(id)", "a b", "'\"", "-rf", "", "x;y", "`z`"]).await.unwrap();
    assert_eq!(seen.output.as_str(), "7 <$(id)><a b><'\"><-rf><><x;y><`z`>");
    let seen = bench.argv(&[script, "two\nlines"]).await.unwrap();
    assert_eq!((seen.output.as_str(), seen.long.as_str()), ("1 <two", "lines>"));
    let long = "x".repeat(1024 * 1024);
    let failure = bench.argv(&[script, &long]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Config, "{failure:?}");
    assert!(failure.message.as_str().contains("longer than the system takes"));
    let failure = bench.argv(&[script, "a\0b"]).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Config, "{failure:?}");
}

#[tokio::test]
async fn f_50_what_everybody_can_change_is_refused() {
    let bench = Bench::new();
    let open = bench.script("check.sh", "exit 0");
    chmod(&open, 0o777);
    let open = open.canonicalize().unwrap();
    let words = format!("{} is writable by everybody (mode 0777); chmod o-w it", open.display());
    let link = bench.folder.path().join("link.sh");
    symlink("check.sh", &link).unwrap();
    for path in [&open, &link] {
        let failure = bench.argv(&[path.to_str().unwrap()]).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Missing);
        assert_eq!(failure.message.as_str(), words);
    }
    let spec = CustomSpec {
        command: CustomCommand::Shell(format!("{} -w 1", open.display())),
        env: BTreeMap::new(),
    };
    assert_eq!(run(&spec, &bench.context(5.0)).await.unwrap_err().message.as_str(), words);
    chmod(&open, 0o755);
    assert!(bench.argv(&[link.to_str().unwrap()]).await.is_ok());

    let folder = bench.folder.path().join("shared");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(&open, folder.join("inner.sh")).unwrap();
    symlink(folder.join("inner.sh"), bench.folder.path().join("into.sh")).unwrap();
    symlink(&open, folder.join("out.sh")).unwrap();
    chmod(&folder, 0o777);
    for path in ["shared/inner.sh", "into.sh", "shared/out.sh"] {
        let path = bench.folder.path().join(path);
        let failure = bench.argv(&[path.to_str().unwrap()]).await.unwrap_err();
        let message = failure.message.as_str();
        assert!(message.ends_with("shared is writable by everybody (mode 0777); chmod o-w it"));
    }
    chmod(&folder, 0o1777);
    assert!(bench.argv(&[folder.join("inner.sh").to_str().unwrap()]).await.is_ok());
    let circle = bench.folder.path().join("circle");
    symlink("circle", &circle).unwrap();
    assert_eq!(
        bench.argv(&[circle.to_str().unwrap()]).await.unwrap_err().kind,
        FailureKind::Missing
    );
}

#[tokio::test]
async fn f_51_the_environment_is_empty_and_only_three_descriptors_are_open() {
    let bench = Bench::new();
    // A descriptor of ours that exec would pass on.
    let leak = std::fs::File::open("/etc/passwd").unwrap();
    nix::fcntl::fcntl(&leak, nix::fcntl::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    let script = bench.script(
        "dump.sh",
        "env -u PWD -u OLDPWD -u SHLVL -u _ | sort; ls -x /proc/$$/fd\n\
         readlink /proc/$$/fd/0; grep NoNewPrivs /proc/$$/status; ulimit -c\n\
         ulimit -H -c; grep -cE 'Sig(Blk|Ign):.0{7}[01][08]0{7}$' /proc/self/status; ps -o sid= -p $$ | grep -c $$",
    );
    let spec = CustomSpec {
        command: CustomCommand::Argv(vec![script.to_str().unwrap().to_owned()]),
        env: BTreeMap::from([("EXTRA".to_owned(), "a b".to_owned())]),
    };
    let seen = run(&spec, &bench.context(10.0)).await.unwrap();
    let text = format!("{}\n{}", seen.output, seen.long);
    // The C library keeps signals 32 and 33 for itself and leaves them as they came.
    // The shell keeps its own script open as descriptor 10 or 255.
    let wanted = format!(
        "EXTRA=a b\nLC_ALL=C\nPATH={PATH}\n0  1  10  2\n/dev/null\nNoNewPrivs: 1\n0\n0\n2\n1"
    );
    assert_eq!(text.replace("0  1  2  255", "0  1  10  2"), wanted);
    drop(leak);
    let spec = CustomSpec {
        command: CustomCommand::Argv(vec!["true".to_owned()]),
        env: BTreeMap::from([("A=B".to_owned(), String::new())]),
    };
    assert_eq!(run(&spec, &bench.context(5.0)).await.unwrap_err().kind, FailureKind::Config);
}

#[test]
fn the_allowance_is_told_as_it_was_written() {
    for (millis, text) in [(9_998, "10s"), (30_000, "30s"), (1_499, "1s500ms"), (247, "250ms")] {
        assert_eq!(allowance(Duration::from_millis(millis)).to_string(), text);
    }
}
