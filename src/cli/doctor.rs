//! `fluxnoc doctor`: what this machine allows, one line each: OK, WARN or FAIL with the mend.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::ExitCode;

use nix::sys::resource::{Resource, getrlimit};
use serde::Serialize;
use socket2::{Domain, Protocol, Socket, Type};

use super::args::Global;
use super::{config_cmd, lifecycle, look, print};
use crate::clock::Clock;
use crate::config::settings::Console;
use crate::config::{Config, Problems, locate};
use crate::model::words::plural;
use crate::model::{RemoteWrite, SafeText, Secret};
use crate::store::Store;
use crate::tui::glyphs;
use crate::tui::theme::ColourTier;

/// The database's name in the data directory.
const DATABASE: &str = "fluxnoc.db";

/// How good a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Grade {
    /// Nothing to do.
    Ok,
    /// Works, with less.
    Warn,
    /// Does not work.
    Fail,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub name: &'static str,
    /// How good it is.
    pub grade: Grade,
    /// What was found.
    pub text: SafeText,
    /// What to do about it; empty when nothing.
    pub mend: SafeText,
}

fn finding(name: &'static str, grade: Grade, text: impl AsRef<str>, mend: &str) -> Finding {
    Finding { name, grade, text: SafeText::line(text.as_ref()), mend: SafeText::line(mend) }
}

/// Runs `fluxnoc doctor`; 1 when something fails.
#[must_use]
pub fn run(global: &Global, json: bool) -> ExitCode {
    let config = config_cmd::read(global);
    let mut findings = vec![icmp(Domain::IPV4, "ping"), icmp(Domain::IPV6, "ping v6")];
    findings.push(descriptors(config.as_ref().ok()));
    findings.push(clock());
    findings.push(configuration(&config));
    findings.extend(config.as_ref().ok().and_then(remote_write));
    findings.extend(data(global, config.as_ref().ok()));
    let console = config.as_ref().map(|config| config.settings.console.clone());
    findings.extend(terminal(&console.unwrap_or_default()));
    if json {
        print::json(&findings);
    } else {
        for one in &findings {
            let grade = match one.grade {
                Grade::Ok => "OK",
                Grade::Warn => "WARN",
                Grade::Fail => "FAIL",
            };
            print::out(&format!("{grade:<4}  {:<13}  {}", one.name, one.text));
            if !one.mend.is_empty() {
                print::out(&format!("                     {}", one.mend));
            }
        }
    }
    if findings.iter().any(|one| one.grade == Grade::Fail) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Who is sent every number, and what of it is readable on the way.
fn remote_write(config: &Config) -> Option<Finding> {
    let name = "remote write";
    let all = &config.remote_write;
    let names: Vec<&str> = all.iter().map(|to| &*to.name).collect();
    let samples: usize = all.iter().map(|to| to.queue).sum();
    let text = format!(
        "to {}: at most {samples} samples wait in memory; /metrics says how it goes",
        names.join(", ")
    );
    let is_open = |to: &&RemoteWrite| {
        let url = url::Url::parse(&to.url).ok();
        let far = url.is_some_and(|url| {
            let own = url.host_str().is_some_and(|host| {
                let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
                host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
            });
            url.scheme() == "http" && !own
        });
        far && (to.token.is_some() || to.password.is_some())
    };
    match all.iter().find(is_open) {
        _ if all.is_empty() => None,
        Some(open) => {
            let mend =
                format!("what {} is logged in with can be read on the way: https", open.name);
            Some(finding(name, Grade::Warn, text, &mend))
        }
        None => Some(finding(name, Grade::Ok, text, "")),
    }
}

/// ICMP on a datagram socket (no privilege) or a raw one.
fn icmp(domain: Domain, name: &'static str) -> Finding {
    let protocol = if domain == Domain::IPV4 { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
    let open = |kind: Type| Socket::new(domain, kind, Some(protocol));
    let Err(datagram) = open(Type::DGRAM) else {
        return finding(name, Grade::Ok, "datagram socket, no privilege needed", "");
    };
    if open(Type::RAW).is_ok() {
        return finding(name, Grade::Ok, "raw socket", "");
    }
    if datagram.raw_os_error() == Some(nix::libc::EAFNOSUPPORT) {
        let mend = "checks of IPv6 addresses will be UNKNOWN here";
        return finding(name, Grade::Warn, "this machine has no such address family", mend);
    }
    finding(
        name,
        Grade::Fail,
        format!("not permitted: {datagram}"),
        "as root: sysctl -w net.ipv4.ping_group_range=\"0 2147483647\", or \
         setcap cap_net_raw+ep $(command -v fluxnoc)",
    )
}

/// Every run of a check needs a descriptor or two.
fn descriptors(config: Option<&Config>) -> Finding {
    let name = "descriptors";
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return finding(name, Grade::Warn, "the limit cannot be read", "");
    };
    let checks = config.map_or(0, |config| config.checks.len() as u64);
    // The engine raises its own limit to the hard one; some are for store, socket and console.
    let wanted = (checks / 4).clamp(256, 65_536);
    let text = format!("{soft} now, {hard} at most, {}", plural(checks, "check"));
    if hard < wanted {
        let mend =
            format!("raise the hard limit to {wanted}: ulimit -Hn, or LimitNOFILE= of the service");
        return finding(name, Grade::Warn, text, &mend);
    }
    finding(name, Grade::Ok, text, "")
}

/// A wall clock in a sane year, a boot clock that moves.
fn clock() -> Finding {
    let name = "clock";
    let clock = Clock::System;
    let first = clock.now();
    let year = first.wall.to_utc().map_or(0, |time| chrono::Datelike::year(&time));
    if !(2024..2100).contains(&year) {
        let mend = "set the clock (timedatectl set-ntp true): windows and histories go by it";
        return finding(name, Grade::Fail, format!("the year is {year}"), mend);
    }
    if first.steady.millis() == 0 {
        let mend = "this kernel has no CLOCK_BOOTTIME; schedules need it";
        return finding(name, Grade::Fail, "there is no steady clock", mend);
    }
    let local = first.wall.to_utc().map(|time| time.with_timezone(&chrono::Local));
    let zone =
        local.map_or(String::new(), |time| format!(", local time {}", time.format("%H:%M %:z")));
    finding(name, Grade::Ok, format!("{}{zone}", first.wall), "")
}

fn configuration(config: &Result<Config, Problems>) -> Finding {
    let name = "configuration";
    match config {
        Ok(config) => {
            let place = match &config.source {
                Some(path) => path.display().to_string(),
                None => "no file, this machine only".to_owned(),
            };
            let hosts = plural(config.hosts.len(), "host");
            let text = format!("{place}: {hosts}, {}", plural(config.checks.len(), "check"));
            match config.warnings.len() {
                0 => finding(name, Grade::Ok, text, ""),
                count => finding(
                    name,
                    Grade::Warn,
                    format!("{text}, {}", plural(count, "warning")),
                    "see them with: fluxnoc config check",
                ),
            }
        }
        Err(problems) => {
            let count = problems.list.len() + problems.omitted;
            let first = problems.list.first().map(ToString::to_string).unwrap_or_default();
            let text = format!("{}, the first: {first}", plural(count, "problem"));
            finding(name, Grade::Fail, text, "see all of them with: fluxnoc config check")
        }
    }
}

/// The data directory and the database, without opening it.
fn data(global: &Global, config: Option<&Config>) -> Vec<Finding> {
    let dir = match locate::data_dir(global.data_dir.as_deref()) {
        Ok(dir) => dir,
        Err(why) => return vec![finding("data", Grade::Fail, why, "")],
    };
    let mut findings = vec![directory(&dir)];
    if let Some(url) = config.and_then(|config| config.settings.store.url.as_ref()) {
        findings.push(postgres(url));
        return findings;
    }
    let database = dir.join(DATABASE);
    match fs::metadata(&database) {
        Ok(found) => findings.push(file(&database, &found)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            findings.push(finding(
                "database",
                Grade::Ok,
                "not there yet; made at the first start",
                "",
            ));
        }
        Err(error) => {
            let text = format!("{}: {error}", database.display());
            findings.push(finding("database", Grade::Fail, text, "make it readable for this user"));
        }
    }
    findings
}

/// Whether the `PostgreSQL` database answers. Nothing is changed in it.
fn postgres(url: &Secret) -> Finding {
    let name = "database";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return finding(name, Grade::Fail, error.to_string(), ""),
    };
    let looked = runtime.block_on(async {
        let url = lifecycle::database_url(url).await?;
        anyhow::Ok(Store::look_at_postgres(&url).await?)
    });
    match looked {
        Ok(text) => finding(name, Grade::Ok, text, ""),
        Err(error) => finding(name, Grade::Fail, format!("{error:#}"), ""),
    }
}

fn directory(dir: &Path) -> Finding {
    let name = "data";
    let shown = dir.display();
    // The directory itself or the nearest one above that is there.
    let Some(there) = dir.ancestors().find(|path| path.exists()) else {
        return finding(name, Grade::Fail, format!("{shown} is nowhere"), "write --data-dir DIR");
    };
    let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
    if !there.is_dir() {
        let text = format!("{} is no directory", there.display());
        return finding(name, Grade::Fail, text, "write another --data-dir");
    }
    let access =
        nix::unistd::access(there, nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK);
    if let Err(error) = access {
        let text = format!("{} cannot be written: {error}", there.display());
        return finding(name, Grade::Fail, text, "give it to this user, or write --data-dir DIR");
    }
    let open = fs::metadata(dir).is_ok_and(|found| found.permissions().mode() & 0o022 != 0);
    if open {
        let mend = format!("others may replace the database: chmod go-w {shown}");
        return finding(name, Grade::Warn, format!("{shown} is writable for others"), &mend);
    }
    let state = if there == dir { "is writable" } else { "will be made" };
    let free = nix::sys::statvfs::statvfs(there)
        .map_or(u64::MAX, |fs| fs.blocks_available().saturating_mul(fs.fragment_size()));
    if free < 1 << 30 {
        let text = format!("{shown} {state}, {} MiB free", free >> 20);
        return finding(name, Grade::Warn, text, "make room, or lower max_size of [store]");
    }
    finding(name, Grade::Ok, format!("{shown} {state}, {} GiB free", free >> 30), "")
}

fn file(path: &Path, found: &fs::Metadata) -> Finding {
    let name = "database";
    let shown = path.display();
    let writable =
        nix::unistd::access(path, nix::unistd::AccessFlags::R_OK | nix::unistd::AccessFlags::W_OK);
    if !found.is_file() || writable.is_err() {
        let mend = "give it to this user";
        return finding(name, Grade::Fail, format!("{shown} cannot be read and written"), mend);
    }
    let mut head = [0_u8; 16];
    let read = fs::File::open(path)
        .and_then(|mut file| std::io::Read::read(&mut file, &mut head))
        .unwrap_or(0);
    if read > 0 && !head.starts_with(b"SQLite format 3\0") {
        let mend = "move it away; another one is made at the next start";
        return finding(name, Grade::Fail, format!("{shown} is no SQLite database"), mend);
    }
    let own = found.uid() == nix::unistd::geteuid().as_raw();
    let size = found.len() >> 20;
    if !own {
        let text = format!("{shown} belongs to another user, {size} MiB");
        return finding(name, Grade::Warn, text, "run fluxnoc as that user");
    }
    finding(name, Grade::Ok, format!("{shown}, {size} MiB"), "")
}

/// Size, colours and characters of the terminal: what was chosen, why, and how it looks.
fn terminal(console: &Console) -> Vec<Finding> {
    let name = "terminal";
    let term = look::variable("TERM").filter(|term| term != "dumb");
    let Some(term) = term else {
        let mend =
            "the console needs one; the other commands do not. Set TERM, such as xterm-256color";
        let text = "TERM names no terminal that can move a cursor";
        return vec![finding(name, Grade::Warn, text, mend)];
    };
    let size = terminal_size::terminal_size();
    let (width, height) = size.map_or((0, 0), |(width, height)| (width.0, height.0));
    let text = format!("{term}, {width}x{height}");
    let small = width < 120 || height < 40;
    let mend = if small { "the overview shows everything at 120x40 and above" } else { "" };
    let grade = if small { Grade::Warn } else { Grade::Ok };
    let (colours, why) = ColourTier::choose(&console.color, look::variable);
    let colours = format!("{} ({why}), theme {}", colours.words(), console.theme);
    let charset = glyphs::choose(&console.glyphs, look::variable);
    let sample = glyphs::fitted(SAMPLE, charset.tier, charset.utf8);
    let text_of = format!("{} ({}): {sample}", charset.tier.name(), charset.why);
    let (good, advice) = if charset.utf8 {
        (Grade::Ok, "")
    } else {
        (Grade::Warn, "set LANG=C.UTF-8 where the terminal shows UTF-8; --glyphs chooses otherwise")
    };
    vec![
        finding(name, grade, text, mend),
        finding("colours", Grade::Ok, colours, ""),
        finding("glyphs", good, text_of, advice),
    ]
}

/// States, a frame and bars, as the console would draw them.
const SAMPLE: &str = "● CRIT  ▲ WARN  ? UNKN  ◇ MAINT  ✓ OK  ╭─┬─╮ │ ╰─┴─╯  ▁▂▃▄▅▆▇█  ⣀⡠⠔⠊⠉  › … ×";
