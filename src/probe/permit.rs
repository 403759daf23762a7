//! What of this machine a check may use besides the network: programs and secrets.
//!
//! A server's own checks may use what its configuration says. An agent's come from a server that may
//! be in other hands one day, so its machine says what they may use.

use std::path::{Path, PathBuf};

use crate::model::secret::MASK;
use crate::model::{Failure, FailureKind, Secret};

/// Variables that a server may give to a program: those of shells, loaders and interpreters make any
/// program run anything.
const VARIABLES: [&str; 3] = ["CHECK_", "NAGIOS_", "MONITORING_"];

/// What checks may use.
#[derive(Clone, Debug, Default)]
pub enum Permit {
    /// Everything.
    #[default]
    Everything,
    /// Only this.
    Only(Allowed),
}

/// What the operator of an agent's machine allows.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// Folders whose programs may be run, canonical.
    pub scripts: Vec<PathBuf>,
    /// Secrets that may be used.
    pub secrets: Vec<Secret>,
}

impl Permit {
    /// The file to run for a program: with a list, the very file that was looked at.
    pub(super) fn program(&self, path: PathBuf) -> Result<PathBuf, Failure> {
        let Self::Only(allowed) = self else { return Ok(path) };
        let file = path.canonicalize().map_err(|error| {
            Failure::new(FailureKind::Missing, format!("{}: {error}", path.display()))
        })?;
        if allowed.scripts.iter().any(|folder| file.starts_with(folder)) {
            return Ok(file);
        }
        let folder = file.parent().unwrap_or(Path::new("/")).display();
        let mend = format!("start it with --allow-scripts {folder}, or with another folder");
        Err(denied(&file.display().to_string(), &mend))
    }

    /// Whether a line for the shell may be run.
    pub(super) fn shell(&self) -> Result<(), Failure> {
        let Self::Only(_) = self else { return Ok(()) };
        Err(denied("a shell text", "write it into a script in a folder of --allow-scripts"))
    }

    /// Whether a program may be given these variables.
    pub(super) fn variables<'a>(
        &self,
        mut names: impl Iterator<Item = &'a String>,
    ) -> Result<(), Failure> {
        let Self::Only(_) = self else { return Ok(()) };
        let allowed = |name: &str| VARIABLES.iter().any(|prefix| name.starts_with(prefix));
        match names.find(|name| !allowed(name)) {
            None => Ok(()),
            Some(name) => {
                let mend = "name it CHECK_..., NAGIOS_... or MONITORING_...";
                Err(denied(&format!("the variable {name}"), mend))
            }
        }
    }

    /// Whether a secret may be used.
    pub(super) fn secret(&self, secret: &Secret) -> Result<(), Failure> {
        let Self::Only(allowed) = self else { return Ok(()) };
        let option = match secret {
            Secret::Inline(value) if value == MASK => {
                let why = "a secret that stands in the server's configuration does not leave the \
                    server; write { env = \"NAME\" } or { file = \"PATH\" } there and allow that \
                    at the agent";
                return Err(Failure::new(FailureKind::Config, why));
            }
            Secret::Inline(_) => return Ok(()),
            Secret::Command(_) => {
                let mend = "keep the secret in a file and allow that";
                return Err(denied(&secret.describe(), mend));
            }
            _ if allowed.secrets.contains(secret) => return Ok(()),
            Secret::Env(name) => format!("env:{name}"),
            Secret::File(path) => format!("file:{path}"),
        };
        Err(denied(&secret.describe(), &format!("start it with --allow-secret {option}")))
    }
}

fn denied(what: &str, mend: &str) -> Failure {
    Failure::new(FailureKind::Denied, format!("not allowed on this agent: {what}; {mend}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(scripts: &[&Path], secrets: &[Secret]) -> Permit {
        let scripts = scripts.iter().map(|path| path.canonicalize().unwrap()).collect();
        Permit::Only(Allowed { scripts, secrets: secrets.to_vec() })
    }

    #[test]
    fn t10_only_files_that_really_lie_in_an_allowed_folder_are_run() {
        let dir = tempfile::tempdir().unwrap();
        let allowed = dir.path().join("allowed");
        std::fs::create_dir(&allowed).unwrap();
        let beside = dir.path().join("allowed-not");
        std::fs::create_dir(&beside).unwrap();
        std::fs::write(allowed.join("good"), "").unwrap();
        std::fs::write(beside.join("bad"), "").unwrap();
        std::os::unix::fs::symlink(beside.join("bad"), allowed.join("link")).unwrap();
        std::os::unix::fs::symlink(allowed.join("good"), beside.join("link")).unwrap();
        let permit = only(&[&allowed], &[]);
        let good = allowed.canonicalize().unwrap().join("good");
        assert_eq!(permit.program(allowed.join("good")).unwrap(), good);
        assert_eq!(permit.program(beside.join("link")).unwrap(), good, "what was looked at");
        for path in [
            beside.join("bad"),
            allowed.join("link"),
            allowed.join("../allowed-not/bad"),
            allowed.join("missing"),
        ] {
            assert!(permit.program(path.clone()).is_err(), "{}", path.display());
        }
        let why = permit.program(beside.join("bad")).unwrap_err();
        assert_eq!(why.kind, FailureKind::Denied);
        assert!(why.message.as_str().contains("not allowed on this agent"), "{}", why.message);
        assert!(only(&[], &[]).program(allowed.join("good")).is_err());
        assert!(permit.shell().is_err() && Permit::Everything.shell().is_ok());
        assert_eq!(Permit::Everything.program("x".into()).unwrap(), Path::new("x"));
    }

    #[test]
    fn t10_a_server_gives_no_variables_that_run_something() {
        let permit = only(&[], &[]);
        for (name, may) in [
            ("CHECK_LEVEL", true),
            ("NAGIOS_HOST", true),
            ("LD_PRELOAD", false),
            ("BASH_ENV", false),
            ("PATH", false),
            ("PYTHONPATH", false),
        ] {
            assert_eq!(permit.variables([name.to_owned()].iter()).is_ok(), may, "{name}");
        }
        assert!(Permit::Everything.variables(["PATH".to_owned()].iter()).is_ok());
    }

    #[test]
    fn t10_secrets_are_used_only_when_they_are_listed() {
        let env = |name: &str| Secret::Env(name.to_owned());
        let file = |path: &str| Secret::File(path.to_owned());
        let permit = only(&[], &[env("DB"), file("/etc/s")]);
        for (secret, may) in [
            (env("DB"), true),
            (file("/etc/s"), true),
            (env("HOME"), false),
            (file("/etc/shadow"), false),
            (Secret::Command(vec!["cat".to_owned()]), false),
            (Secret::Inline(MASK.to_owned()), false),
        ] {
            assert_eq!(permit.secret(&secret).is_ok(), may, "{secret:?}");
        }
        let why = permit.secret(&env("HOME")).unwrap_err();
        assert!(why.message.as_str().contains("--allow-secret env:HOME"), "{}", why.message);
    }
}
