//! What is typed into the plain console: the script verbs, and a few words of its own.

use clap::Parser as _;

use super::say::Teller;
use crate::cli::args::{Cli, Command as Typed, NotifyCommand};
use crate::cli::verb::{self, Usual, Verb};
use crate::model::Timestamp;
use crate::tui::Leave;

/// The commands, as `help` prints them.
pub const HELP: &str = "\
status                                    how everything is
alerts                                    the firing alerts, each with a number
show HOST[/CHECK]                         a host and its checks
ack NUMBER|HOST|HOST/CHECK [--comment T] [--expires 4h] [--sticky]
unack NUMBER|HOST|HOST/CHECK
recheck NUMBER|HOST|HOST/CHECK
maintenance add --hosts GLOB --for 1h [--name T], maintenance list, maintenance end ID
notify hold 30m REASON, notify resume     tell nobody of anything for a time; end that
handover [--since 14:00] [--markdown]     what the next team must know
note TEXT, sign-off NAME                  write into it; say who takes over
hosts [GLOB] [--json], alerts --all [--json]
quit                                      leave";

/// What a line means.
#[derive(Debug)]
pub enum Line {
    /// Nothing.
    Nothing,
    /// To say these.
    Say(Vec<String>),
    /// To leave; `None` asks how.
    Quit(Option<Leave>),
    /// To ask the engine.
    Verb(Box<Verb>),
}

/// Understands a line.
///
/// # Errors
/// What is wrong with it, in lines.
pub fn line(
    text: &str,
    teller: &mut Teller,
    now: Timestamp,
    usual: &Usual,
) -> Result<Line, String> {
    let words = shell_words::split(text)
        .map_err(|_| "a quotation mark is missing; write --comment 'two words'".to_owned())?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Ok(match words.as_slice() {
        [] => Line::Nothing,
        ["help" | "?"] => Line::Say(HELP.lines().map(str::to_owned).collect()),
        ["status"] => Line::Say(teller.summary(now)),
        ["alerts"] => Line::Say(teller.alerts(now)),
        ["show", name] => Line::Say(teller.show(name, now)?),
        ["show", ..] => return Err("write show HOST or show HOST/CHECK".to_owned()),
        ["quit" | "exit" | "q"] => Line::Quit(None),
        ["quit", "stop"] => Line::Quit(Some(Leave::Stop)),
        ["quit", "keep"] => Line::Quit(Some(Leave::Keep)),
        ["quit", ..] => return Err("write quit, quit keep or quit stop".to_owned()),
        words => Line::Verb(Box::new(typed(words, teller, now, usual)?)),
    })
}

fn typed(words: &[&str], teller: &Teller, now: Timestamp, usual: &Usual) -> Result<Verb, String> {
    let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    numbers(&mut words, teller)?;
    let all = std::iter::once("fluxnoc".to_owned()).chain(words.iter().cloned());
    let cli = Cli::try_parse_from(all).map_err(|error| error.to_string())?;
    let unknown = || format!("`{}` is no command here; type help", words.join(" "));
    let command = cli.command.ok_or_else(unknown)?;
    let here = matches!(
        command,
        Typed::Hosts { .. }
            | Typed::Alerts { .. }
            | Typed::Ack(_)
            | Typed::Unack { .. }
            | Typed::Recheck { .. }
            | Typed::Handover { .. }
            | Typed::Note { .. }
            | Typed::SignOff { .. }
            | Typed::Maintenance(_)
            | Typed::Notify(NotifyCommand::Hold { .. } | NotifyCommand::Resume { .. })
    );
    if !here {
        return Err(unknown());
    }
    verb::verb(command, now, usual).ok_or_else(unknown)?
}

/// The numbers of the last list become what they stood for then.
fn numbers(words: &mut [String], teller: &Teller) -> Result<(), String> {
    let Some((verb, rest)) = words.split_first_mut() else { return Ok(()) };
    if !matches!(verb.as_str(), "ack" | "unack" | "recheck") {
        return Ok(());
    }
    // Values of options are no targets.
    let targets = rest.iter_mut().take_while(|word| !word.starts_with('-'));
    for word in targets {
        let Ok(number) = word.parse::<usize>() else { continue };
        if teller.world().host(word).is_some() {
            continue;
        }
        let gone = || format!("there is no alert {number} in the last list; type alerts");
        let id = teller.numbered(number).ok_or_else(gone)?;
        *word = if verb == "recheck" {
            teller.check_of(id).ok_or_else(|| format!("alert {number} is over"))?
        } else {
            id.to_string()
        };
    }
    Ok(())
}
