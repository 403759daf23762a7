//! The CSV: it comes back as it went, its digest is what other programs make of it, and a change shows.

use std::io::Write as _;
use std::process::{Command, Stdio};

use fluxnoc::model::Test;
use fluxnoc::report::{Row, csv, summarize, verify};

use crate::history::{asked, history, sla};

fn file(tests: &[Test]) -> (Vec<u8>, String) {
    let report = summarize(asked(Some(sla())), tests);
    (csv::write(&report, tests, Vec::new()).unwrap(), report.digest)
}

#[test]
fn fs_37_the_csv_comes_back_as_it_went() {
    let tests = history(42);
    let (file, digest) = file(&tests);
    let read = csv::read(&file).unwrap();
    let rows: Vec<Row> = tests.iter().map(Row::of).collect();
    assert_eq!(read.rows, rows);
    assert_eq!(read.digest.as_deref(), Some(&*digest));
    let verified = verify::csv(&file).unwrap();
    assert_eq!((verified.results, verified.digest), (tests.len() as u64, digest));
}

#[test]
fn fs_37_every_line_has_the_same_columns_and_the_summary_is_there() {
    let tests = history(42);
    let (file, _) = file(&tests);
    let mut reader = ::csv::ReaderBuilder::new().flexible(false).from_reader(&*file);
    let records: Vec<::csv::StringRecord> = reader.records().map(|one| one.unwrap()).collect();
    let named = |name: &str| {
        let found = records.iter().find(|one| &one[0] == "summary" && &one[1] == name);
        found.unwrap_or_else(|| panic!("no {name}")).clone()
    };
    let report = summarize(asked(Some(sla())), &tests);
    let download = report.figures[0].counted.unwrap();
    for (name, value) in [
        ("average", download.mean),
        ("p5", download.p5),
        ("p50", download.p50),
        ("p95", download.p95),
        ("p5_with_maintenance", report.figures[0].all.unwrap().p5),
    ] {
        assert_eq!(named(name)[10].parse::<f64>().unwrap(), value, "{name}");
    }
    assert_eq!(&named("verdict")[16], report.verdict.sentence);
    assert_eq!(&named("zone")[16], "Europe/Berlin");
    assert_eq!(&named("start")[16], "2026-03-22 00:00:00 +01:00");
    assert_eq!(&named("end")[16], "2026-04-05 01:00:00 +02:00");
    assert_eq!(&named("carrier")[16], "Example Telecom AG");
    assert_eq!(&named("runs_done")[16], report.quality.done.to_string());
    assert!(named("maintenance")[16].contains("do not count"));
}

#[test]
fn a_file_of_other_results_than_those_of_its_report_is_not_made() {
    let tests = history(42);
    let report = summarize(asked(Some(sla())), &tests);
    assert!(csv::write(&report, &tests[1..], Vec::new()).is_err());
}

/// As the documentation says: `grep '^result,' report.csv | sha256sum`.
#[test]
fn the_digest_is_what_sha256sum_makes_of_the_lines_of_results() {
    let (file, digest) = file(&history(7));
    let text = String::from_utf8(file).unwrap();
    let lines: String =
        text.split_inclusive('\n').filter(|line| line.starts_with("result,")).collect();
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sha256sum of coreutils");
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout).split_whitespace().next(), Some(&*digest));
}

#[test]
fn t14_a_report_that_was_changed_is_found_out() {
    let tests = history(42);
    let (file, digest) = file(&tests);
    let text = String::from_utf8(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let change = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        change(&mut lines);
        verify::csv((lines.join("\n") + "\n").as_bytes())
    };
    assert!(change(&|_| {}).is_ok());
    let told = change(&|lines| lines[9] = lines[9].replace(",9", ",8")).unwrap_err();
    assert!(told.starts_with("it was changed") && told.contains(&digest), "{told}");
    assert!(change(&|lines| drop(lines.remove(9))).is_err(), "one is missing");
    assert!(change(&|lines| lines.swap(9, 10)).is_err(), "two were exchanged");
    assert!(change(&|lines| lines.insert(9, lines[9].clone())).is_err(), "one came twice");
    assert!(change(&|lines| lines[20] = lines[20].replace("false", "true")).is_err());
    let told = change(&|lines| drop(lines.pop())).unwrap_err();
    assert!(told.contains("no digest"), "{told}");
    let told = change(&|lines| lines[5] = lines[5].replace("2026-", "20x6-")).unwrap_err();
    assert!(told.starts_with("line 6: `asked_at`"), "{told}");
    assert!(verify::csv(b"a,b\n1,2\n").unwrap_err().contains("not the columns"));
    assert!(verify::csv(b"").is_err());
    assert!(verify::csv(&[0xff, 0xfe, 0, b'\n']).is_err());
}

/// What a spreadsheet does to a file that it saves without a change of values.
#[test]
fn other_line_ends_quotes_and_a_mark_of_the_byte_order_change_nothing() {
    let (file, digest) = file(&history(3));
    let text = String::from_utf8(file).unwrap();
    let crlf = text.replace('\n', "\r\n");
    assert_eq!(verify::csv(crlf.as_bytes()).unwrap().digest, digest);
    assert_eq!(verify::csv(format!("\u{feff}{text}").as_bytes()).unwrap().digest, digest);
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut quoted =
        ::csv::WriterBuilder::new().quote_style(::csv::QuoteStyle::Always).from_writer(Vec::new());
    for record in reader.records() {
        quoted.write_record(&record.unwrap()).unwrap();
    }
    assert_eq!(verify::csv(&quoted.into_inner().unwrap()).unwrap().digest, digest);
}
