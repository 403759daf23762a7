//! One check from the command line, read exactly as the file would be.

use super::hosts::Machine;
use super::layers::Env;
use super::problem::Problems;
use crate::model::{Check, Kind};

/// Name of the host that a check on the command line has; no URL's host can be called so.
const HOST: &str = "command line";

/// A key with its value in TOML and with what it is called on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The configuration's key.
    pub key: &'static str,
    /// The value as TOML, in one line.
    pub value: String,
    /// How the operator knows it: `--warning`, `PORT`.
    pub shown: String,
}

/// Makes one check of what was given; `target` is the host's address, with its name in messages.
///
/// # Errors
/// Everything that is wrong, each with the option that it is about.
pub fn adhoc(
    kind: Kind,
    target: Option<&str>,
    given: &[Given],
    machine: &Machine,
) -> Result<Check, Problems> {
    let address = target.unwrap_or("127.0.0.1");
    let mut lines = vec![
        "[[host]]".to_owned(),
        format!("name = {}", super::show::text(HOST)),
        format!("address = {}", super::show::text(address)),
        "[[host.check]]".to_owned(),
        format!("kind = \"{kind}\""),
        // The longest there is, so that only the timeout itself is judged.
        "interval = \"7d\"".to_owned(),
    ];
    let before = lines.len();
    lines.extend(given.iter().map(|one| format!("{} = {}", one.key, one.value)));
    let mut found = super::parse("command line", &lines.join("\n"), machine, &Env::default())
        .map_err(|problems| rename(problems, before, given))?;
    found.checks.pop().ok_or_else(|| Problems::one("command line", "there is no check in it"))
}

/// Says the option instead of the line of a text that nobody saw.
fn rename(mut problems: Problems, before: usize, given: &[Given]) -> Problems {
    for problem in &mut problems.list {
        let at = problem.place.line.checked_sub(before + 1);
        if let Some(one) = at.and_then(|at| given.get(at)) {
            let message = std::mem::take(&mut problem.message);
            let bare = message.strip_prefix(one.key).and_then(|rest| rest.strip_prefix(": "));
            problem.message = format!("{}: {}", one.shown, bare.unwrap_or(&message));
        }
        problem.place = super::Place::default();
    }
    problems
}
