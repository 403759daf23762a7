//! The PDF, opened by two readers: what it says, on how many pages, and that they are not blank.

use std::path::{Path, PathBuf};
use std::process::Command;

use fluxnoc::model::{Figures, SafeText, Test, Timestamp};
use fluxnoc::report::{Asked, Report, csv, pdf, summarize, verify};

use crate::history::{DAY, MINUTE, asked, history, run, sla, start};

/// A place for a file that stays, so that it can be looked at.
fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn output(program: &str, args: &[&str]) -> String {
    let out = Command::new(program).args(args).output().expect("poppler-utils is installed");
    assert!(out.status.success(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
    assert!(out.stderr.is_empty(), "{program}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// The text of each page, white space made one.
fn pages(path: &Path) -> Vec<String> {
    let text = output("pdftotext", &["-layout", path.to_str().unwrap(), "-"]);
    let flat = |page: &str| page.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split('\u{c}').map(flat).filter(|page| !page.is_empty()).collect()
}

/// The share of each page that is not white, in thousandths.
fn inked(path: &Path) -> Vec<usize> {
    let root = path.with_extension("");
    let root = root.to_str().unwrap();
    output("pdftoppm", &["-r", "40", "-gray", path.to_str().unwrap(), root]);
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let mut made: Vec<PathBuf> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|made| {
            let name = made.file_name().unwrap().to_str().unwrap();
            name.starts_with(&format!("{stem}-")) && name.ends_with(".pgm")
        })
        .collect();
    made.sort();
    let share = |made: &PathBuf| {
        let bytes = std::fs::read(made).unwrap();
        std::fs::remove_file(made).unwrap();
        bytes.iter().filter(|byte| **byte < 0xe0).count() * 1000 / bytes.len()
    };
    made.iter().map(share).collect()
}

fn written(name: &str, report: &Report) -> PathBuf {
    let path = place(name);
    std::fs::write(&path, pdf::write(report).unwrap()).unwrap();
    path
}

#[test]
#[ignore = "needs pdftotext and pdftoppm of poppler-utils"]
fn fs_37_the_pdf_opens_in_two_readers_and_says_what_it_must() {
    let mut strict = sla();
    strict.download_mbps = Some(900.0);
    let tests = history(42);
    let report = summarize(asked(Some(strict)), &tests);
    let path = written("report-history.pdf", &report);
    let pages = pages(&path);
    let count = pages.len();
    assert!((3..=12).contains(&count), "{count} pages");
    for (index, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("page {} of {count}", index + 1)), "{page}");
        assert!(page.contains(&report.digest), "the digest is on page {}", index + 1);
    }
    let first = &pages[0];
    for wanted in [
        "Musterwerke GmbH",
        "Example Telecom AG",
        "Circuit ET-4711-DUS",
        "HQ-CORE",
        "iperf.dc.example.net:5201",
        "2026-03-22 00:00:00 +01:00",
        "2026-04-05 01:00:00 +02:00",
        "Europe/Berlin",
        &report.verdict.sentence,
        "at least 900 Mbps",
        "P5 (the lowest 5 %)",
        "made during maintenance and do not count",
    ] {
        assert!(first.contains(wanted), "{wanted} is not on the first page:\n{first}");
    }
    let all = pages.join(" ");
    for wanted in [
        "Breach log",
        "How well it was measured",
        "Method",
        "nearest rank",
        "connection refused by 192.0.2.10:5201",
        "not counted",
    ] {
        assert!(all.contains(wanted), "{wanted}");
    }
    let line = &report.log[0];
    let when = fluxnoc::report::shown(line.at, report.asked.zone);
    assert!(all.contains(&format!("{when} SLA {}", line.breach)), "the first line of the log");

    let inked = inked(&path);
    assert_eq!(inked.len(), count);
    assert!(inked.iter().all(|share| *share > 2), "{inked:?}");
    let table = csv::write(&report, &tests, Vec::new()).unwrap();
    let file = std::fs::read(&path).unwrap();
    assert_eq!(verify::pdf(&file, &table).unwrap().results, tests.len() as u64);
    let other = summarize(report.asked.clone(), &tests[1..]);
    let other = csv::write(&other, &tests[1..], Vec::new()).unwrap();
    assert!(verify::pdf(&file, &other).unwrap_err().contains("the PDF states the digest"));
}

#[test]
#[ignore = "needs pdftotext and pdftoppm of poppler-utils"]
fn fs_37_a_report_of_nothing_and_of_one_result_are_reports() {
    let nothing = summarize(asked(Some(sla())), &[]);
    let path = written("report-nothing.pdf", &nothing);
    let all = pages(&path).join(" ");
    assert!(all.contains("No verdict: nothing that counts was measured in this period."));
    assert!(all.contains("nothing was measured") && all.contains("No run broke a limit."));
    let one = run(1, start(), Figures { download_mbps: Some(941.2), ..Figures::default() });
    let report = summarize(asked(None), &[one]);
    let all = pages(&written("report-one.pdf", &report)).join(" ");
    assert!(all.contains("nothing is promised of this link") && all.contains("941 Mbps"));
}

#[test]
#[ignore = "needs pdftotext and pdftoppm of poppler-utils"]
fn t14_hostile_names_are_shown_as_text_on_the_page() {
    let name = "\u{1b}[2Jx\u{202e}fdp.exe\n=1+1";
    let long = "Sehr lange Leitung ".repeat(600);
    let mut parties = sla();
    parties.carrier = Some(name.to_owned());
    parties.link = Some(long.clone());
    let agent = SafeText::text(name);
    let target = SafeText::text(&long);
    let report = summarize(Asked { agent, target, ..asked(Some(parties)) }, &history(5));
    let path = written("report-hostile.pdf", &report);
    let pages = pages(&path);
    let all = pages.join(" ");
    let bad = |c: char| c.is_control() || c == '\u{202e}';
    assert!(!all.contains(bad));
    assert!(all.contains("<U+202E>fdp.exe"), "it is shown for what it is");
    assert!(all.contains("<U+241B>[2Jx"), "and so is what the fonts lack");
    assert!(all.contains("Sehr lange Leitung") && pages.len() < 30);
    assert!(pages.iter().all(|page| page.contains(&report.digest)));
}

/// A year by the minute would have a log of thousands of pages.
#[test]
#[ignore = "needs pdftotext and pdftoppm of poppler-utils"]
fn a_large_report_is_bounded_and_says_what_it_leaves_out() {
    let tests: Vec<Test> = (0..60_000_i64)
        .map(|index| {
            let at = Timestamp::from_millis(start().millis() + index * 20 * DAY / 60_000 * 7 / 10);
            let mbps = 700.0 + f64::from(u32::try_from(index % 300).unwrap());
            let figures = Figures { download_mbps: Some(mbps), ..Figures::default() };
            run(u64::try_from(index).unwrap(), at, figures)
        })
        .collect();
    assert!(tests.last().unwrap().asked_at.millis() < start().millis() + 14 * DAY + MINUTE);
    let report = summarize(asked(Some(sla())), &tests);
    assert_eq!(report.log.len(), 1000);
    let path = written("report-large.pdf", &report);
    assert!(std::fs::metadata(&path).unwrap().len() < 2_000_000);
    let pages = pages(&path);
    assert!(pages.len() < 40, "{}", pages.len());
    let left = report.broken - 1000;
    let all = pages.join(" ");
    assert!(all.contains(&format!("These are the first 1000; {left} more are in the CSV")));
}
