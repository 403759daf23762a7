//! A handover as people read it: the words of its lines, as text and as Markdown.
//!
//! In: a handover and a zone. Out: words; of what came from outside nothing that Markdown means.
//! Never: asks the engine, draws.

use std::fmt::Write as _;

use crate::model::{Handover, HandoverPart, HandoverRow, SafeText, Topic};
use crate::tui::format;
use crate::tui::zone::Zone;

/// Most bytes of Markdown: they must fit into a clipboard.
pub const COPY_LIMIT: usize = 50_000;

/// `since 14:00 UTC, the begin of the shift, to 21:04`.
#[must_use]
pub fn span(handover: &Handover, zone: &Zone) -> String {
    let Handover { from, to, since, .. } = handover;
    let (from, end) = (zone.moment(*from, *to), zone.moment(*to, *to));
    let day = zone.format(*to, "%Y-%m-%d");
    format!("from {from} ({}) to {end} {}, {day}", since.words(), zone.name(*to))
}

/// What stands before the words of a line: when, and until when.
#[must_use]
pub fn when(row: &HandoverRow, topic: Topic, handover: &Handover, zone: &Zone) -> String {
    let at = |at| zone.moment(at, handover.to);
    match topic {
        Topic::Acknowledged => match row.until {
            Some(until) => format!("until {}", at(until)),
            None => "until it recovers".to_owned(),
        },
        Topic::Ending => row.until.map(at).unwrap_or_default(),
        Topic::Unwatched => match row.until {
            Some(until) => {
                let long = format::length(until.since(row.at));
                format!("{} to {} ({long})", at(row.at), at(until))
            }
            None => format!("since {}", at(row.at)),
        },
        Topic::Open | Topic::Flapping => {
            let age = format::age(handover.to.since(row.at));
            format!("since {} ({age})", at(row.at))
        }
        Topic::New | Topic::Recovered | Topic::Notes => at(row.at),
    }
}

/// The state, the check and who, as far as there are some.
#[must_use]
pub fn subject(row: &HandoverRow) -> Vec<String> {
    let mut words = Vec::new();
    words.extend(row.state.map(|state| state.word().to_owned()));
    words.extend(row.check.as_ref().map(ToString::to_string));
    words.extend(row.who.as_ref().map(ToString::to_string));
    words
}

/// `Open, nobody has it (12)`.
#[must_use]
pub fn heading(part: &HandoverPart) -> String {
    format!("{} ({})", part.topic.heading(), part.count)
}

/// `+ 37 more`, when not all have a line.
#[must_use]
pub fn more(part: &HandoverPart, shown: usize) -> Option<String> {
    let more = part.count.saturating_sub(shown.min(part.rows.len()));
    (more > 0).then(|| format!("+ {more} more"))
}

/// What is said of all of it, above the topics.
#[must_use]
pub fn remarks(handover: &Handover) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(name) = &handover.on_duty {
        all.push(format!("{name} took over last"));
    }
    if handover.cut {
        all.push("more happened than is looked through: only the newest of it is told".to_owned());
    }
    all
}

/// As plain text.
#[must_use]
pub fn text(handover: &Handover, zone: &Zone) -> String {
    let mut out = format!("Handover of {}\n{}\n", handover.machine, span(handover, zone));
    for remark in remarks(handover) {
        let _ = writeln!(out, "{remark}");
    }
    for part in &handover.parts {
        let _ = writeln!(out, "\n{}", heading(part));
        if part.count == 0 {
            out.push_str("  none\n");
        }
        for row in &part.rows {
            let when = when(row, part.topic, handover, zone);
            let words: Vec<String> = std::iter::once(when).chain(subject(row)).collect();
            let _ = writeln!(out, "  {}: {}", words.join("  "), row.text);
        }
        if let Some(more) = more(part, usize::MAX) {
            let _ = writeln!(out, "  {more}");
        }
    }
    out
}

/// As Markdown, with so many lines of each topic at most.
#[must_use]
pub fn markdown(handover: &Handover, zone: &Zone, lines: usize) -> String {
    let span = span(handover, zone);
    let mut out =
        format!("# Handover of {}\n\n{}\n", plain(handover.machine.as_str()), plain(&span));
    for remark in remarks(handover) {
        let _ = writeln!(out, "\n{}", plain(&remark));
    }
    for part in &handover.parts {
        let _ = writeln!(out, "\n## {}\n", heading(part));
        if part.count == 0 {
            out.push_str("none\n");
        }
        for row in part.rows.iter().take(lines) {
            let when = plain(&when(row, part.topic, handover, zone));
            let words: Vec<String> = subject(row).iter().map(|word| plain(word)).collect();
            let bold =
                if words.is_empty() { String::new() } else { format!(" **{}**", words.join(" ")) };
            let _ = writeln!(out, "- {when}{bold}: {}", plain(row.text.as_str()));
        }
        if let Some(more) = more(part, lines) {
            let _ = writeln!(out, "- {more}");
        }
    }
    out
}

/// As Markdown that fits into a clipboard: with fewer lines of each topic where it must be.
#[must_use]
pub fn copied(handover: &Handover, zone: &Zone) -> String {
    let all = [usize::MAX, 25, 12, 6, 3, 1];
    let mut texts = all.into_iter().map(|lines| markdown(handover, zone, lines));
    texts.find(|text| text.len() <= COPY_LIMIT).unwrap_or_else(|| markdown(handover, zone, 0))
}

/// Words as Markdown shows them: every sign that it may mean something by is written as itself, and
/// what no terminal may see is spelt out, for names come as they are.
#[must_use]
pub fn plain(text: &str) -> String {
    let text = SafeText::line(text);
    let mut out = String::with_capacity(text.as_str().len());
    for letter in text.as_str().chars() {
        if "\\`*_{}[]()#+!|<>~&$^".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    // What many readers make links of by themselves.
    out.replace("://", ":\u{2060}//").replace("www.", "www\u{2060}.")
}

#[cfg(test)]
#[path = "handover_tests.rs"]
mod tests;
