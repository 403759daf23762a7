//! `fluxnoc speedtest`: one from here, now. No engine, no store.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use tokio::sync::watch;

use super::print;
use super::test_args::{Elsewhere, There};
use crate::model::Networks;
use crate::model::speed::{
    Direction, LatencyBand, SpeedResult, SpeedSpec, SpeedTarget, Throughput, Transport,
    jitter_is_high, loss_is_high, rate,
};
use crate::model::test::TestSpec;
use crate::probe::Shared;
use crate::probe::speed::{self, SpeedFailure, Vantage};

/// `fluxnoc speedtest`.
#[derive(Debug, Args)]
#[command(
    after_help = "A URL that ends with / is the base of a speedtest endpoint (of fluxnoc or \
    LibreSpeed); any other URL is downloaded only. Everything else is HOST[:PORT] of an iperf3 \
    server. Exit codes: 0 measured, 1 not, 2 usage."
)]
pub struct SpeedtestArgs {
    /// A URL, or HOST or HOST:PORT of an iperf3 server
    pub target: Option<String>,
    /// Only from the target
    #[arg(long, conflicts_with = "upload")]
    pub download: bool,
    /// Only to the target
    #[arg(long)]
    pub upload: bool,
    /// UDP instead of TCP; iperf3 only
    #[arg(long)]
    pub udp: bool,
    /// How long each way is measured: 10, 20, 30 or 60 seconds
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = whole_seconds)]
    pub duration: u32,
    /// Parallel streams, 1 to 8
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub streams: u32,
    /// What UDP sends, in Mbit/s of all streams together [default: 10]
    #[arg(long, value_name = "MBPS")]
    pub bitrate: Option<f64>,
    /// Where it is run.
    #[command(flatten)]
    pub there: There,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `20` or `20s`.
fn whole_seconds(text: &str) -> Result<u32, String> {
    let bare = text.strip_suffix('s').unwrap_or(text);
    bare.parse().map_err(|_| "write 10, 20, 30 or 60".to_owned())
}

impl SpeedtestArgs {
    /// The test as an agent runs it; without a target to the nearest of the configured ones.
    ///
    /// # Errors
    /// A sentence that names what is out of range.
    pub fn elsewhere(self) -> Result<Elsewhere, String> {
        let spec = self.spec()?;
        Ok(Elsewhere { there: self.there, spec: TestSpec::Speedtest(spec), json: self.json })
    }

    fn spec(&self) -> Result<SpeedSpec, String> {
        let spec = SpeedSpec {
            target: self.target.clone(),
            protocol: if self.udp { Transport::Udp } else { Transport::Tcp },
            direction: match (self.download, self.upload) {
                (true, _) => Direction::Download,
                (_, true) => Direction::Upload,
                _ => Direction::Bidirectional,
            },
            duration_seconds: self.duration,
            streams: self.streams,
            bitrate_mbps: self.bitrate,
        };
        let test = TestSpec::Speedtest(spec);
        test.check().map_err(|why| as_typed(&why))?;
        match test {
            TestSpec::Speedtest(spec) => Ok(spec),
            _ => Err("no speedtest".to_owned()),
        }
    }

    /// What is meant, or what is wrong with it.
    fn wanted(&self) -> Result<(SpeedSpec, SpeedTarget), String> {
        let spec = self.spec()?;
        let Some(target) = &spec.target else {
            return Err(
                "which target? write fluxnoc speedtest URL, such as http://speed.example/, \
                or HOST[:PORT] of an iperf3 server"
                    .to_owned(),
            );
        };
        let target = target.parse::<SpeedTarget>()?;
        Ok((spec, target))
    }
}

/// The names of fields as what was typed.
fn as_typed(why: &str) -> String {
    let mut text = why.to_owned();
    for (field, option) in [
        ("`duration_seconds`", "--duration"),
        ("`streams`", "--streams"),
        ("`bitrate_mbps`", "--bitrate"),
        ("`protocol` udp", "--udp"),
        ("`target`", "TARGET"),
    ] {
        text = text.replace(field, option);
    }
    text
}

/// Runs it.
#[must_use]
pub fn run(args: &SpeedtestArgs) -> ExitCode {
    let (spec, target) = match args.wanted() {
        Ok(wanted) => wanted,
        Err(why) => {
            print::error(&why);
            return ExitCode::from(2);
        }
    };
    let measured = match measure(&spec, target, !args.json && std::io::stderr().is_terminal()) {
        Ok(measured) => measured,
        Err(error) => {
            print::error(&format!("cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match (measured, args.json) {
        (Ok(result), true) => print::json(&result),
        (Ok(result), false) => print::out(&told(&result)),
        (Err(failure), true) => {
            print::json(&json!({
                "failure": failure.words, "busy": failure.busy, "so_far": failure.so_far,
            }));
            return ExitCode::FAILURE;
        }
        (Err(failure), false) => {
            let measured = failure.so_far.filter(|result| has_figures(result));
            if let Some(result) = measured {
                print::out(&told(&result));
            }
            print::error(failure.words.as_str());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn has_figures(result: &SpeedResult) -> bool {
    result.latency_ms.is_some() || result.download.is_some() || result.upload.is_some()
}

fn measure(
    spec: &SpeedSpec,
    target: SpeedTarget,
    live: bool,
) -> std::io::Result<Result<SpeedResult, SpeedFailure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let shared = Shared::start()?;
    let measured = runtime.block_on(async {
        let vantage = Vantage::here(&shared, &Networks::default());
        let (tell, mut told) = watch::channel(None);
        let targets = [target];
        let mut run = Box::pin(speed::run(spec, &targets, &vantage, &tell));
        loop {
            tokio::select! {
                ended = &mut run => return ended,
                Ok(()) = told.changed() => {
                    let line = told.borrow_and_update().as_ref().map(|so_far| progress(spec, so_far));
                    if let Some(line) = line.filter(|_| live) {
                        let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K{line}");
                    }
                }
            }
        }
    });
    if live {
        let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K");
    }
    // A name lookup may hang in the C library beyond its deadline; nobody waits for it.
    runtime.shutdown_background();
    Ok(measured)
}

/// One line about what is going on.
fn progress(spec: &SpeedSpec, so_far: &SpeedResult) -> String {
    let (word, way) = match (&so_far.download, &so_far.upload) {
        (_, Some(way)) => ("upload", way),
        (Some(way), None) => ("download", way),
        (None, None) => {
            return so_far
                .latency_ms
                .map_or("connecting".to_owned(), |ms| format!("latency {ms:.1} ms"));
        }
    };
    let now = way.intervals.last().map_or(way.mbps, |last| last.mbps);
    let (at, length) = (f64::from(way.took_ms) / 1000.0, f64::from(spec.duration_seconds));
    format!("{word} {}, {:.0} s of {length:.0} s", rate(now), at.min(length))
}

/// The result for people.
#[must_use]
pub fn told(result: &SpeedResult) -> String {
    let mut out = String::new();
    let address = result.address.as_ref().map(|address| format!(" ({address})"));
    let engine = result.engine.word();
    let _ = writeln!(out, "Target    {}{}, {engine}", result.target, address.unwrap_or_default());
    if let Some(ms) = result.latency_ms {
        let band = match LatencyBand::of(ms) {
            LatencyBand::Excellent => "excellent",
            LatencyBand::Acceptable => "acceptable",
            LatencyBand::High => "high",
        };
        let _ = writeln!(out, "Latency   {ms:.2} ms, {band}");
    }
    if let Some(ms) = result.jitter_ms {
        let flag = if jitter_is_high(ms) { ", high (above 10 ms)" } else { "" };
        let _ = writeln!(out, "Jitter    {ms:.2} ms{flag}");
    }
    if let Some(pct) = result.loss_pct {
        let flag = if loss_is_high(pct) { ", high (above 0.1 %)" } else { "" };
        let _ = writeln!(out, "Loss      {pct:.2} %{flag}");
    }
    for (word, way) in [("Download", &result.download), ("Upload", &result.upload)] {
        if let Some(way) = way {
            let _ = writeln!(out, "{word:<9} {}", one_way(way));
        }
    }
    if let Some(grade) = result.grade {
        let _ = writeln!(out, "Grade     {grade} for latency under load");
    }
    if !result.note.is_empty() {
        let _ = writeln!(out, "Note      {}", result.note);
    }
    out.trim_end().to_owned()
}

fn one_way(way: &Throughput) -> String {
    let mut text = rate(way.mbps);
    let took = f64::from(way.took_ms) / 1000.0;
    let _ = write!(text, ", {} in {took:.1} s", megabytes(way.bytes));
    if let Some(ms) = way.loaded_ms {
        let _ = write!(text, ", latency meanwhile {ms:.1} ms");
    }
    if let Some(count) = way.retransmits {
        let _ = write!(text, ", {count} segments sent again");
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "bytes of one test are below 2^53")]
fn megabytes(bytes: u64) -> String {
    let mega = bytes as f64 / 1e6;
    if mega < 10_000.0 { format!("{mega:.1} MB") } else { format!("{:.1} GB", mega / 1000.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SafeText;
    use crate::model::speed::{Engine, Grade};

    fn typed(line: &str) -> Result<(SpeedSpec, SpeedTarget), String> {
        use clap::Parser as _;
        let words = ["fluxnoc", "speedtest"].into_iter().chain(line.split_whitespace());
        let cli = super::super::args::Cli::try_parse_from(words).map_err(|e| e.to_string())?;
        match cli.command {
            Some(super::super::args::Command::Speedtest(args)) => args.wanted(),
            _ => Err("another command".to_owned()),
        }
    }

    #[test]
    fn fs_12_to_fs_17_what_is_typed_is_what_is_asked_for() {
        let (spec, target) = typed("http://x/ --upload --duration 30s --streams 8").unwrap();
        assert_eq!(
            (spec.direction, spec.duration_seconds, spec.streams),
            (Direction::Upload, 30, 8)
        );
        assert_eq!(target.engine, Engine::Http);
        let (spec, target) = typed("lab --udp --bitrate 50").unwrap();
        assert_eq!((spec.protocol, spec.bitrate_mbps), (Transport::Udp, Some(50.0)));
        assert_eq!(target.place, "lab:5201");
        for (line, says) in [
            ("", "which target? write fluxnoc speedtest URL"),
            ("x --duration 15", "--duration: 15 is none of 10, 20, 30, 60"),
            ("x --streams 9", "--streams: 9 is not within 1 to 8"),
            ("x --bitrate 5", "--bitrate: only udp has one; write --udp"),
            ("ftp://x/", "is no target"),
            ("x --download --upload", "cannot be used with"),
        ] {
            let why = typed(line).unwrap_err();
            assert!(why.contains(says), "{line}: {why}");
        }
    }

    #[test]
    fn fs_18_to_fs_21_a_result_is_told_with_its_bands() {
        let mut result = SpeedResult::begun(&"http://x/".parse::<SpeedTarget>().unwrap());
        result.address = Some(SafeText::line("192.0.2.1"));
        result.latency_ms = Some(12.0);
        result.jitter_ms = Some(10.5);
        result.loss_pct = Some(0.5);
        let way = Throughput {
            mbps: 1250.0,
            bytes: 1_562_500_000,
            took_ms: 10_000,
            loaded_ms: Some(31.0),
            ..Throughput::default()
        };
        result.download = Some(way);
        result.grade = Some(Grade::A);
        let wanted = "Target    http://x/ (192.0.2.1), http\n\
            Latency   12.00 ms, acceptable\n\
            Jitter    10.50 ms, high (above 10 ms)\n\
            Loss      0.50 %, high (above 0.1 %)\n\
            Download  1.25 Gbps, 1562.5 MB in 10.0 s, latency meanwhile 31.0 ms\n\
            Grade     A for latency under load";
        assert_eq!(told(&result), wanted);
    }
}
