//! A report as a PDF: on its first page who, what, when and the verdict; then each direction with
//! its chart, the breach log, how well it was measured and by what method. The number of the page
//! and the digest stand on each.

mod fonts;
mod graph;
mod ink;
mod paper;

use super::stats::Stats;
use super::summary::{Figure, LOG_LIMIT, Report, Source};
use super::verdict::{Outcome, Promise};
use super::{shown, verify};
use crate::model::speed::rate;
use fonts::{Faces, Weight};
use paper::{
    BODY, Cell, Column, DARK, GREEN, GREY, HEIGHT, INNER, Ink, MARGIN, Mark, NOTE, PALE, Paper,
    RED, STRONG, Style, WIDTH,
};

/// The PDF of a report.
///
/// # Errors
/// When it cannot be made.
pub fn write(report: &Report) -> Result<Vec<u8>, String> {
    let faces = Faces::load()?;
    let mut paper = Paper::new(&faces);
    first_page(&mut paper, report);
    paper.turn();
    directions(&mut paper, report);
    log(&mut paper, report);
    quality(&mut paper, report);
    method(&mut paper, report);
    edges(&mut paper, report);
    let asked = &report.asked;
    let about = ink::About {
        title: format!("Network performance of {} to {}", asked.agent, asked.target),
        subject: report.verdict.sentence.clone(),
        keywords: vec![format!("{}{}", verify::MARK, report.digest)],
        made: asked.made_at.to_utc(),
    };
    ink::draw(&paper.pages, &faces, about)
}

const fn colour(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::Met => GREEN,
        Outcome::Broken => RED,
        Outcome::Unknown => GREY,
    }
}

fn first_page(paper: &mut Paper<'_>, report: &Report) {
    let asked = &report.asked;
    let title = Style { size: 20.0, weight: Weight::Bold, ink: DARK };
    paper.space(14.0);
    paper.text((MARGIN, paper.y()), title, INNER, "Network performance report");
    paper.space(10.0);
    let parties = asked.sla.as_ref();
    let known = |pick: fn(&crate::model::Sla) -> &Option<String>| {
        parties.and_then(|sla| pick(sla).clone()).unwrap_or_else(|| "not stated".to_owned())
    };
    let facts = [
        ("Customer", known(|sla| &sla.customer)),
        ("Carrier", known(|sla| &sla.carrier)),
        ("Link", known(|sla| &sla.link)),
        ("Measured from", asked.agent.to_string()),
        ("Measured to", asked.target.to_string()),
        (
            "Period",
            format!("{}  to  {}", shown(asked.start, asked.zone), shown(asked.end, asked.zone)),
        ),
        ("Zone", format!("{} (the end of the period is not part of it)", asked.zone.name())),
        ("Made", shown(asked.made_at, asked.zone)),
    ];
    for (name, text) in facts {
        let lines = paper.lines(&text, BODY, INNER - 100.0, 3);
        for (index, line) in lines.iter().enumerate() {
            paper.space(14.5);
            let y = paper.y();
            if index == 0 {
                paper.text((MARGIN, y), Style { ink: GREY, ..BODY }, 95.0, name);
            }
            paper.text((MARGIN + 100.0, y), BODY, INNER - 100.0, line);
        }
    }
    paper.space(16.0);
    verdict(paper, report);
    figures(paper, report);
    paper.space(10.0);
    paper.paragraph(&report.maintenance(), BODY, 4);
}

fn verdict(paper: &mut Paper<'_>, report: &Report) {
    let style = Style { size: 11.0, weight: Weight::Bold, ink: DARK };
    let ink = colour(report.verdict.outcome);
    let lines = paper.lines(&report.verdict.sentence, style, INNER - 28.0, 9);
    let height = 16.0 * u16::try_from(lines.len()).map_or(9.0, f32::from) + 16.0;
    let at = (MARGIN, paper.y());
    paper.put(Mark::Box { at, size: (INNER, height), ink: PALE });
    paper.put(Mark::Box { at, size: (4.0, height), ink });
    paper.space(4.0);
    for line in lines {
        paper.space(16.0);
        let at = (MARGIN + 16.0, paper.y());
        paper.text(at, Style { ink, ..style }, INNER - 26.0, &line);
    }
    paper.space(12.0);
    if report.verdict.lines.is_empty() {
        return;
    }
    paper.heading("Promised and measured", 40.0);
    let columns = [
        Column { head: "", share: 0.17, is_number: false },
        Column { head: "Promised", share: 0.23, is_number: false },
        Column { head: "Measured", share: 0.20, is_number: false },
        Column { head: "Judged by", share: 0.25, is_number: false },
        Column { head: "", share: 0.15, is_number: false },
    ];
    let rows: Vec<Vec<Cell>> = report
        .verdict
        .lines
        .iter()
        .map(|line| {
            let (said, ink) = match line.is_kept() {
                Some(true) => ("kept", GREEN),
                Some(false) => ("broken", RED),
                None => ("not measured", GREY),
            };
            vec![
                Cell(line.promise.word().to_owned(), STRONG),
                Cell(line.promised(), BODY),
                Cell(line.measured(), BODY),
                Cell(line.promise.tail().to_owned(), NOTE),
                Cell(said.to_owned(), Style { ink, ..STRONG }),
            ]
        })
        .collect();
    paper.table(&columns, &rows);
}

fn words(figure: &Figure) -> (&'static str, fn(f64) -> String) {
    match figure.name {
        "download_mbps" => ("Download", rate),
        "upload_mbps" => ("Upload", rate),
        "latency_ms" => ("Latency", milliseconds),
        "jitter_ms" => ("Jitter", milliseconds),
        _ => ("Packet loss", |value| Promise::Loss.figure(value)),
    }
}

fn milliseconds(value: f64) -> String {
    Promise::Latency.figure(value)
}

const STATS: [Column; 8] = [
    Column { head: "", share: 0.16, is_number: false },
    Column { head: "Runs", share: 0.09, is_number: true },
    Column { head: "Average", share: 0.125, is_number: true },
    Column { head: "Least", share: 0.125, is_number: true },
    Column { head: "P5", share: 0.125, is_number: true },
    Column { head: "P50", share: 0.125, is_number: true },
    Column { head: "P95", share: 0.125, is_number: true },
    Column { head: "Most", share: 0.125, is_number: true },
];

fn stats_row(name: &str, of: Option<&Stats>, words: fn(f64) -> String, style: Style) -> Vec<Cell> {
    let mut cells = vec![Cell(name.to_owned(), Style { weight: Weight::Bold, ..style })];
    match of {
        None => cells.push(Cell("0".to_owned(), style)),
        Some(of) => {
            cells.push(Cell(of.count.to_string(), style));
            let all = [of.mean, of.min, of.p5, of.p50, of.p95, of.max];
            cells.extend(all.map(|value| Cell(words(value), style)));
        }
    }
    cells
}

fn figures(paper: &mut Paper<'_>, report: &Report) {
    paper.heading("Figures of the period", 90.0);
    let small = Style { size: 8.0, ..BODY };
    let mut rows = Vec::new();
    for figure in &report.figures {
        let (name, words) = words(figure);
        rows.push(stats_row(name, figure.counted.as_ref(), words, small));
        // Both totals, where they differ.
        if figure.all != figure.counted {
            rows.push(stats_row(
                "  all runs",
                figure.all.as_ref(),
                words,
                Style { ink: GREY, ..small },
            ));
        }
    }
    paper.table(&STATS, &rows);
}

fn directions(paper: &mut Paper<'_>, report: &Report) {
    let asked = &report.asked;
    let sla = asked.sla.as_ref();
    let limits = [
        sla.and_then(|sla| sla.download_mbps),
        sla.and_then(|sla| sla.upload_mbps),
        sla.and_then(|sla| sla.latency_ms),
    ];
    for ((chart, limit), figure) in report.charts.iter().zip(limits).zip(&report.figures) {
        let (name, words) = words(figure);
        paper.heading(name, graph::TALL + 70.0);
        let period = (asked.start, asked.end, asked.zone);
        graph::put(paper, &graph::Plot { chart, limit, words, period });
        let small = Style { size: 8.0, ..BODY };
        paper.table(&STATS, &[stats_row("Counted", figure.counted.as_ref(), words, small)]);
    }
}

fn log(paper: &mut Paper<'_>, report: &Report) {
    paper.heading("Breach log", 40.0);
    if report.broken == 0 {
        paper.paragraph("No run broke a limit.", BODY, 1);
        return;
    }
    let left = report.broken - u64::try_from(report.log.len()).unwrap_or(report.broken);
    let intro = format!(
        "{} limits were broken by single runs. Times are those of {}.",
        report.broken,
        report.asked.zone.name()
    );
    paper.paragraph(&intro, NOTE, 2);
    paper.space(6.0);
    let columns = [
        Column { head: "When", share: 0.29, is_number: false },
        Column { head: "Limit of", share: 0.15, is_number: false },
        Column { head: "What was measured (limit)", share: 0.41, is_number: false },
        Column { head: "", share: 0.15, is_number: false },
    ];
    let small = Style { size: 8.0, ..BODY };
    let rows: Vec<Vec<Cell>> = report
        .log
        .iter()
        .map(|line| {
            let ink = if line.in_maintenance { GREY } else { DARK };
            let style = Style { ink, ..small };
            let whose = match line.source {
                Source::Sla => "SLA",
                Source::Threshold => "threshold",
            };
            let counted = if line.in_maintenance { "not counted" } else { "" };
            vec![
                Cell(shown(line.at, report.asked.zone), style),
                Cell(whose.to_owned(), style),
                Cell(line.breach.to_string(), style),
                Cell(counted.to_owned(), style),
            ]
        })
        .collect();
    paper.table(&columns, &rows);
    if left > 0 {
        paper.space(4.0);
        let rest = format!(
            "These are the first {LOG_LIMIT}; {left} more are in the CSV of this report, under \
             `breaches`, or follow from the figures there."
        );
        paper.paragraph(&rest, NOTE, 2);
    }
}

fn quality(paper: &mut Paper<'_>, report: &Report) {
    let quality = &report.quality;
    paper.heading("How well it was measured", 100.0);
    let columns = [
        Column { head: "Runs", share: 0.60, is_number: false },
        Column { head: "How many", share: 0.20, is_number: true },
        Column { head: "", share: 0.20, is_number: false },
    ];
    let of_expected = |count: u64| {
        let expected = quality.expected.filter(|expected| *expected > 0);
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 runs")]
        let share = expected.map(|expected| count as f64 * 100.0 / expected as f64);
        share.map(|share| format!("{share:.1} % of those due")).unwrap_or_default()
    };
    let mut rows = Vec::new();
    let mut row = |name: &str, count: String, note: String| {
        rows.push(vec![Cell(name.to_owned(), BODY), Cell(count, BODY), Cell(note, NOTE)]);
    };
    match quality.expected {
        Some(expected) => row("due by the schedule", expected.to_string(), String::new()),
        None => row("due by the schedule", "not known".to_owned(), String::new()),
    }
    let all = [
        ("measured, and counted", quality.done),
        ("failed: they began and could not measure", quality.failed),
        ("missed: target, vantage or link were busy or away", quality.missed),
        ("cancelled by a person", quality.cancelled),
        ("not over when this was made", quality.unfinished),
        ("measured during maintenance, not counted", quality.done_in_maintenance),
        ("failed during maintenance, not counted", quality.failed_in_maintenance),
    ];
    for (name, count) in all {
        let note = if count > 0 { of_expected(count) } else { String::new() };
        row(name, count.to_string(), note);
    }
    paper.table(&columns, &rows);
    if !quality.reasons.is_empty() {
        paper.space(8.0);
        let columns = [
            Column { head: "Why runs did not measure", share: 0.80, is_number: false },
            Column { head: "How often", share: 0.20, is_number: true },
        ];
        let rows: Vec<Vec<Cell>> = quality
            .reasons
            .iter()
            .map(|(why, count)| vec![Cell(why.clone(), BODY), Cell(count.to_string(), BODY)])
            .collect();
        paper.table(&columns, &rows);
    }
}

fn method(paper: &mut Paper<'_>, report: &Report) {
    paper.heading("Method", 190.0);
    let all = [
        "Each run is one test between the two ends, made by fluxnoc. Rates are those at the \
         receiver, in decimal megabits per second; latency and jitter are round trips before the \
         load, in milliseconds; loss is in per cent.",
        "P5, P50 and P95 are the values that 5, 50 and 95 per cent of the counted runs do not \
         exceed, by nearest rank: each is a value that was measured. A promised rate is held \
         against the low tail, P5; promised latency, jitter and loss against the high tail, P95. \
         Equality keeps a promise.",
        "Availability is the share of runs that measured among those that began. A run that failed \
         or was missed has no figures and is never counted as a rate of 0. What was measured during \
         maintenance is stored and told, and counts neither for the figures nor for the verdict.",
    ];
    for text in all {
        paper.paragraph(text, BODY, 12);
        paper.space(5.0);
    }
    let digest = format!(
        "The digest at the foot of each page is the SHA-256 of the {} results of the period, those \
         during maintenance and the failed ones included, one on each line as the CSV of this \
         report states them: the lines that begin with `result,`, each with its line feed. \
         `fluxnoc report verify` compares the two.",
        report.results
    );
    paper.paragraph(&digest, BODY, 12);
}

/// What stands at the head and the foot of each page.
fn edges(paper: &mut Paper<'_>, report: &Report) {
    let small = Style { size: 7.0, ..NOTE };
    let count = paper.pages.len();
    let asked = &report.asked;
    let who = format!("{} to {}", asked.agent, asked.target);
    let day = |at| shown(at, asked.zone).chars().take(16).collect::<String>();
    let when = format!("{} – {}", day(asked.start), day(asked.end));
    let pages = std::mem::take(&mut paper.pages);
    for (index, page) in pages.into_iter().enumerate() {
        paper.pages.push(page);
        let line = |y| Mark::Line {
            points: vec![(MARGIN, y), (WIDTH - MARGIN, y)],
            width: 0.5,
            ink: paper::FAINT,
            is_dashed: false,
        };
        if index > 0 {
            let wide = paper.width(&when, small);
            paper.text((MARGIN, 36.0), small, INNER - wide - 20.0, &who);
            paper.text((WIDTH - MARGIN - wide, 36.0), small, wide + 1.0, &when);
            paper.put(line(42.0));
        }
        let foot = HEIGHT - 46.0;
        paper.put(line(foot));
        let digest = format!("SHA-256 of the results: {}", report.digest);
        paper.text((MARGIN, foot + 12.0), small, INNER, &digest);
        let number = format!("page {} of {count}", index + 1);
        let wide = paper.width(&number, small);
        paper.text((WIDTH - MARGIN - wide, foot + 12.0), small, wide + 1.0, &number);
    }
}
