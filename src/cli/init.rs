//! `fluxnoc init`: a few questions, a configuration that is checked before it is written, and then
//! the console on it.

use std::fmt::Write as _;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;

use super::args::Global;
use super::console::{self, Console};
use super::import::{self, Format};
use super::{config_cmd, machine, print};
use crate::config::{Machine, toml_text, valid_target};
use crate::model::id::valid_name;
use crate::model::words::plural;

/// Most bytes of an answer.
const ANSWER: u64 = 1024;
/// Most hosts that are typed.
const HOSTS: usize = 64;
/// Most resolvers that are watched.
const RESOLVERS: usize = 3;

/// `fluxnoc init`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct InitArgs {
    /// Ask nothing: this machine, its default gateway and its resolvers
    #[arg(long)]
    pub yes: bool,
}

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Answers {
    this_machine: bool,
    gateway: Option<IpAddr>,
    resolvers: Vec<IpAddr>,
    hosts: Vec<(String, String)>,
    /// Files to import from.
    imports: Vec<(Format, PathBuf)>,
}

/// Asks, writes, and opens the console.
///
/// # Errors
/// When there is a configuration already, nobody can be asked, or it cannot be written.
pub fn run(global: &Global, args: InitArgs) -> anyhow::Result<ExitCode> {
    let target = import::target(global);
    if std::fs::symlink_metadata(&target).is_ok() {
        bail!(
            "{} exists already; `fluxnoc import` adds hosts to it, `fluxnoc config check` tests it",
            target.display()
        );
    }
    let interactive = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if !args.yes && !interactive {
        print::error("init asks questions and this is no terminal; write fluxnoc init --yes");
        return Ok(ExitCode::from(2));
    }
    let machine = machine::this();
    let suggested = Answers {
        this_machine: true,
        gateway: machine::gateway(),
        resolvers: machine::resolvers().into_iter().take(RESOLVERS).collect(),
        ..Answers::default()
    };
    let answers = if args.yes { suggested } else { ask(suggested, &target)? };
    let text = text(&answers, &machine);
    if let Err(problems) = import::parse(&target, &text) {
        return Ok(config_cmd::refused(&problems));
    }
    import::write_whole(&target, &text)?;
    print::out(&format!("written to {}", target.display()));
    for (format, file) in answers.imports {
        let args = import::ImportArgs { format, file, dry_run: false };
        // What cannot be read there is no reason against the rest.
        if let Err(why) = import::run(global, &args) {
            print::error(&format!("{why:#}"));
        }
    }
    if args.yes || !yes("Open the console on it now?", true)? {
        print::out("`fluxnoc` opens the console on it; `fluxnoc demo` shows the keys");
        return Ok(ExitCode::SUCCESS);
    }
    match config_cmd::read(global) {
        Ok(config) => console::of(global, config).and_then(Console::run),
        Err(problems) => Ok(config_cmd::refused(&problems)),
    }
}

fn ask(suggested: Answers, target: &Path) -> anyhow::Result<Answers> {
    print::out(&format!("This writes {}. Enter takes what is suggested.\n", target.display()));
    let mut answers = Answers { this_machine: yes("Watch this machine?", true)?, ..suggested };
    if let Some(gateway) = answers.gateway
        && !yes(&format!("Watch the default gateway {gateway}?"), true)?
    {
        answers.gateway = None;
    }
    let resolvers: Vec<String> = answers.resolvers.iter().map(ToString::to_string).collect();
    if !resolvers.is_empty()
        && !yes(&format!("Watch the resolvers {}?", resolvers.join(", ")), true)?
    {
        answers.resolvers.clear();
    }
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    for (format, file) in [
        (Format::Hosts, PathBuf::from("/etc/hosts")),
        (Format::SshConfig, home.join(".ssh/config")),
    ] {
        let count = count(format, &file);
        let hosts = plural(count, "host");
        if count > 0 && yes(&format!("Import {hosts} from {}?", file.display()), false)? {
            answers.imports.push((format, file));
        }
    }
    print::out("Other hosts to ping, each as NAME ADDRESS; an empty line ends:");
    while answers.hosts.len() < HOSTS {
        let Some(line) = line("  host: ")?.filter(|line| !line.is_empty()) else { break };
        match host(&line) {
            Ok(host) if answers.hosts.iter().any(|(name, _)| *name == host.0) => {
                print::out("  there is one of that name already");
            }
            Ok(host) => answers.hosts.push(host),
            Err(why) => print::out(&format!("  {why}")),
        }
    }
    Ok(answers)
}

fn count(format: Format, file: &Path) -> usize {
    let Ok(opened) = std::fs::File::open(file) else { return 0 };
    let mut bytes = Vec::new();
    // A larger one is worth a command of its own.
    if opened.take(1 << 20).read_to_end(&mut bytes).is_err() {
        return 0;
    }
    let base = file.parent().unwrap_or(Path::new(""));
    let found = import::read(format, &String::from_utf8_lossy(&bytes), base);
    found.map_or(0, |found| found.entries.len())
}

/// `NAME ADDRESS`, or one word that is both.
fn host(line: &str) -> Result<(String, String), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (name, address) = match words.as_slice() {
        [one] => (*one, *one),
        [name, address] => (*name, *address),
        _ => return Err("write a name and an address, such as web-1 192.0.2.10".to_owned()),
    };
    valid_name(name)?;
    valid_target(address)?;
    Ok((name.to_owned(), address.to_owned()))
}

fn yes(question: &str, otherwise: bool) -> anyhow::Result<bool> {
    let hint = if otherwise { "[Y/n]" } else { "[y/N]" };
    loop {
        let Some(answer) = line(&format!("{question} {hint} "))? else {
            bail!("the input ended; nothing more was done");
        };
        match answer.to_ascii_lowercase().as_str() {
            "" => return Ok(otherwise),
            "y" | "yes" => return Ok(true),
            "n" | "no" => return Ok(false),
            _ => print::out("write y or n"),
        }
    }
}

/// A line that is typed; `None` at the end of the input.
fn line(prompt: &str) -> anyhow::Result<Option<String>> {
    let mut out = std::io::stdout().lock();
    out.write_all(prompt.as_bytes())?;
    out.flush()?;
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(ANSWER).read_until(b'\n', &mut bytes)?;
    Ok((read > 0).then(|| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// The configuration of these answers.
fn text(answers: &Answers, machine: &Machine) -> String {
    let mut out = String::from(
        "# What fluxnoc watches. `fluxnoc config show` prints everything that is in force,\n\
         # `fluxnoc config check` tests this file, :reload in the console takes it in.\n",
    );
    let mut names: Vec<String> = answers.hosts.iter().map(|(name, _)| name.clone()).collect();
    let mut free = |wanted: &str| {
        let mut name = wanted.to_owned();
        let mut n = 2;
        while names.contains(&name) {
            name = format!("{wanted}-{n}");
            n += 1;
        }
        names.push(name.clone());
        name
    };
    let mut host = |name: &str, address: &str, what: &str, rest: &str| {
        let (name, address) = (toml_text(name), toml_text(address));
        let notes =
            if what.is_empty() { String::new() } else { format!("notes = {}\n", toml_text(what)) };
        let _ = write!(out, "\n[[host]]\nname = {name}\naddress = {address}\n{notes}{rest}");
    };
    if answers.this_machine {
        let name =
            if valid_name(&machine.hostname).is_ok() { &machine.hostname } else { "localhost" };
        let rest = "checks = [\"system\"]\n";
        host(&free(name), "127.0.0.1", "this machine", rest);
    }
    if let Some(gateway) = answers.gateway {
        let rest = "checks = [\"ping\", \"trace\"]\n";
        host(&free("gateway"), &gateway.to_string(), "the default gateway", rest);
    }
    for (n, resolver) in answers.resolvers.iter().enumerate() {
        // Every resolver can say who serves the root, also one without the whole internet.
        let rest = "[[host.check]]\nkind = \"dns\"\nquery = \".\"\ntype = \"NS\"\n";
        let name = free(&format!("resolver-{}", n + 1));
        host(&name, &resolver.to_string(), "a resolver of this machine", rest);
    }
    for (name, address) in &answers.hosts {
        host(name, address, "", "checks = [\"ping\"]\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Env, parse};

    #[test]
    fn what_is_written_is_a_good_configuration() {
        let machine = Machine { hostname: "noc".to_owned(), addresses: Vec::new() };
        let answers = Answers {
            this_machine: true,
            gateway: Some("192.0.2.1".parse().unwrap()),
            resolvers: vec!["192.0.2.53".parse().unwrap(), "2001:db8::53".parse().unwrap()],
            hosts: vec![
                ("gateway".to_owned(), "192.0.2.9".to_owned()),
                ("a \"quoted\" name".to_owned(), "web-1.example".to_owned()),
            ],
            imports: Vec::new(),
        };
        let config = parse("x", &text(&answers, &machine), &machine, &Env::default()).unwrap();
        let names: Vec<&str> = config.hosts.iter().map(|host| &*host.name).collect();
        let wanted =
            ["noc", "gateway-2", "resolver-1", "resolver-2", "gateway", "a \"quoted\" name"];
        assert_eq!(names, wanted);
        assert_eq!(config.checks.len(), 7);
        let nothing = text(&Answers::default(), &machine);
        assert!(parse("x", &nothing, &machine, &Env::default()).unwrap().hosts.is_empty());
    }

    #[test]
    fn a_typed_host_is_a_name_and_an_address() {
        assert_eq!(host("web-1 192.0.2.10").unwrap().1, "192.0.2.10");
        assert_eq!(host("web-1.example").unwrap().0, "web-1.example");
        for bad in ["a b c", "a/b 192.0.2.1", "web http://x", "web 1.2.3"] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }
}
