//! `fluxnoc completions` and `fluxnoc man`: derived from what can be typed.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use super::args::Cli;
use super::print;

/// Prints the completions of a shell.
///
/// # Errors
/// When they are no text.
pub fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "fluxnoc", &mut script);
    print::out(String::from_utf8(script)?.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual page of the program, or of one of its commands (`maintenance add`).
///
/// # Errors
/// When there is no such command.
pub fn page(words: &[String]) -> anyhow::Result<ExitCode> {
    let mut command = Cli::command();
    command.build();
    let mut at = &command;
    let mut name = "fluxnoc".to_owned();
    for word in words {
        let word: String = word.chars().take(64).collect();
        at = at
            .find_subcommand(&word)
            .filter(|command| !command.is_hide_set())
            .with_context(|| format!("there is no command `{name} {word}`"))?;
        name = format!("{name} {}", at.get_name());
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(at.clone()).render(&mut page)?;
    print::out(String::from_utf8(page)?.trim_end());
    Ok(ExitCode::SUCCESS)
}
