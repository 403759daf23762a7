//! `fluxnoc report`: a file of results for a carrier or a program, and whether one is as it was made.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};

use super::print;
use super::test_args::test_kind;
use crate::model::words::plural;
use crate::model::{Name, TestKind, Timestamp};
use crate::protocol::{ReportFormat, ReportWish};
use crate::report::verify;

/// Largest file that is read to be verified.
const FILE: u64 = 1 << 30;

/// `fluxnoc report`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ReportArgs {
    /// What else is done.
    #[command(subcommand)]
    pub command: Option<ReportCommand>,
    /// Only of this agent, or of the server under its machine's name
    #[arg(long, value_name = "NAME")]
    pub agent: Option<Name>,
    /// Only of this target, as it was written
    #[arg(long)]
    pub target: Option<String>,
    /// Of which tests: speedtest, trace, probe or dns
    #[arg(long, value_name = "KIND", default_value = "speedtest", value_parser = test_kind)]
    pub test: TestKind,
    /// First day or moment: 2026-01-01, or 2026-01-01T06:00:00Z
    #[arg(long, required = true, value_name = "TIME")]
    pub start: Option<String>,
    /// Last day, or the moment that it ends at
    #[arg(long, required = true, value_name = "TIME")]
    pub end: Option<String>,
    /// The zone of its times, such as Europe/Berlin [default: UTC]
    #[arg(long)]
    pub zone: Option<String>,
    /// pdf for people, csv for programs and for verifying
    #[arg(long, value_enum, default_value_t = Format::Pdf)]
    pub format: Format,
    /// Where to write it; - is stdout [default: fluxnoc-report.pdf or .csv here]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What else is done.
#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// Check that a report is as it was made: its results give the digest that it states
    Verify {
        /// The report as CSV; a PDF needs its CSV beside it
        file: PathBuf,
        /// The CSV of the same report, when FILE is a PDF
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
    },
    /// Look back at the last days: alerts and who had them, what was down, what is noisy, what never
    /// fires
    Review {
        /// How many days, 1 to 92
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=92))]
        days: u32,
        /// As Markdown (the default)
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// As what it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Pdf,
    /// For programs.
    Csv,
}

impl ReportArgs {
    /// What is wanted, and where it is written.
    ///
    /// # Errors
    /// A sentence about a time.
    pub fn wanted(self) -> Result<(ReportWish, PathBuf), String> {
        let moment = |option: &str, text: Option<String>, is_end| {
            Timestamp::of_day_or_moment(&text.unwrap_or_default(), is_end)
                .map_err(|why| format!("{option}: {why}"))
        };
        let format = match self.format {
            Format::Pdf => ReportFormat::Pdf,
            Format::Csv => ReportFormat::Csv,
        };
        let wish = ReportWish {
            start: moment("--start", self.start, false)?,
            end: moment("--end", self.end, true)?,
            agent: self.agent,
            target: self.target,
            test_type: self.test,
            zone: self.zone,
            format,
        };
        let usual = || PathBuf::from(format!("fluxnoc-report.{}", format.word()));
        Ok((wish, self.out.unwrap_or_else(usual)))
    }
}

/// Writes a report where it is wanted.
///
/// # Errors
/// When it cannot be written.
pub fn save(file: &[u8], out: &Path) -> anyhow::Result<ExitCode> {
    if out == Path::new("-") {
        let mut stdout = std::io::stdout().lock();
        let is_text = !file.starts_with(b"%PDF");
        if stdout.is_terminal() && !is_text {
            anyhow::bail!("a PDF is nothing for a terminal: write --out FILE");
        }
        stdout.write_all(file)?;
        stdout.flush()?;
        return Ok(ExitCode::SUCCESS);
    }
    std::fs::write(out, file)
        .map_err(|error| anyhow::anyhow!("cannot write {}: {error}", out.display()))?;
    print::out(&format!("{}: {}", out.display(), plural(file.len(), "byte")));
    Ok(ExitCode::SUCCESS)
}

/// `fluxnoc report verify`.
#[must_use]
pub fn verified(file: &Path, csv: Option<&Path>) -> ExitCode {
    let checked = read(file).and_then(|bytes| match csv {
        Some(csv) => verify::pdf(&bytes, &read(csv)?).map_err(|why| said(file, &why)),
        None if bytes.starts_with(b"%PDF") => Err(said(
            file,
            "a PDF states a digest and not the results: name its CSV with --csv FILE",
        )),
        None => verify::csv(&bytes).map_err(|why| said(file, &why)),
    });
    match checked {
        Ok(verified) => {
            let results = plural(verified.results, "result");
            print::out(&format!("as it was made: {results}, sha256 {}", verified.digest));
            ExitCode::SUCCESS
        }
        Err(why) => {
            print::error(&why);
            ExitCode::FAILURE
        }
    }
}

fn said(file: &Path, why: &str) -> String {
    format!("{}: {why}", file.display())
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let size = std::fs::metadata(file).map_err(|error| said(file, &error.to_string()))?.len();
    if size > FILE {
        return Err(said(file, "it is larger than 1 GiB"));
    }
    std::fs::read(file).map_err(|error| said(file, &error.to_string()))
}
