//! A review as people read it: Markdown that is good to read as text too.
//!
//! In: a review and a zone. Out: words; of what came from outside nothing that Markdown means.
//! Never: asks the engine.

use std::fmt::Write as _;

use crate::model::review::{Listed, Review, ReviewAlert, ReviewDown, ReviewOpen, ReviewWindow};
use crate::model::words::plural;
use crate::model::{CheckKey, SafeText, Span};
use crate::tui::format;
use crate::tui::handover::plain;
use crate::tui::zone::Zone;

/// Of the noisy ones so many are named first.
const NOISY: usize = 5;

/// The whole of it.
#[must_use]
pub fn markdown(review: &Review, zone: &Zone) -> String {
    let mut out = String::new();
    head(&mut out, review, zone);
    let noisy: Vec<&ReviewAlert> =
        review.alerts.rows.iter().filter(|row| row.fired > 1).take(NOISY).collect();
    let _ = writeln!(out, "\n## Noisy\n");
    for row in &noisy {
        let _ = writeln!(out, "- **{}** fired {}", name(&row.check), times(row.fired));
    }
    if noisy.is_empty() {
        out.push_str("none fired more than once\n");
    }
    list(&mut out, "Alerts", &review.alerts, alert);
    list(&mut out, "Nobody acknowledged", &review.unacknowledged, |row| open(row, review, zone));
    list(&mut out, "Open for more than a day", &review.long_open, |row| open(row, review, zone));
    list(&mut out, "Flapping", &review.flapping, |row| {
        format!("**{}** began to flap {}", name(&row.check), times(row.flapped))
    });
    let period = review.to.since(review.from);
    list(&mut out, "Availability of hosts (without maintenance)", &review.down, |row| {
        format!("**{}** {}", plain(&row.host), availability(row.down, period))
    });
    let well = review.hosts.saturating_sub(review.down.count + review.unmeasured.count);
    let _ = writeln!(out, "\n{} 100 %", plural(well, "host"));
    if review.unmeasured.count > 0 {
        list(&mut out, "Hosts of which nothing was measured", &review.unmeasured, |row| plain(row));
    }
    if review.services.count > 0 {
        list(&mut out, "Availability of services", &review.services, |row| service(row, period));
    }
    list(&mut out, "Maintenance", &review.maintenance, |row| window(row, review, zone));
    list(&mut out, "Rules that never fired", &review.never_fired, |row| plain(row));
    out
}

fn head(out: &mut String, review: &Review, zone: &Zone) {
    let (from, to) = (zone.moment(review.from, review.to), zone.moment(review.to, review.to));
    let day = zone.format(review.to, "%Y-%m-%d");
    let _ = writeln!(out, "# Review of {}\n", plain(review.machine.as_str()));
    let _ = writeln!(out, "from {from} to {to} {}, {day}", plain(&zone.name(review.to)));
    if review.cut {
        let _ = writeln!(out, "\nMore happened than is looked through: only the newest is told.");
    }
    let mut words = format!(
        "{} on {}, {} acknowledged",
        plural(review.fired, "alert"),
        plural(review.hosts, "host"),
        review.acknowledged
    );
    if let Some(time) = review.to_acknowledge {
        let _ = write!(words, ", median after {}", format::length(time));
    }
    let _ = writeln!(out, "\n{words}");
}

fn list<T>(out: &mut String, heading: &str, listed: &Listed<T>, line: impl Fn(&T) -> String) {
    let _ = writeln!(out, "\n## {heading} ({})\n", listed.count);
    for row in &listed.rows {
        let _ = writeln!(out, "- {}", line(row));
    }
    match listed.count.saturating_sub(listed.rows.len()) {
        _ if listed.count == 0 => out.push_str("none\n"),
        0 => {}
        more => {
            let _ = writeln!(out, "- and {more} more");
        }
    }
}

fn name(check: &CheckKey) -> String {
    plain(&check.to_string())
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn alert(row: &ReviewAlert) -> String {
    let mut words = format!(
        "**{}** {} {}, {} in all",
        name(&row.check),
        row.worst.word(),
        times(row.fired),
        format::length(row.firing)
    );
    if row.acknowledged > 0 {
        let who: Vec<String> = row.who.iter().map(|name| plain(name.as_str())).collect();
        let _ = write!(words, "; acknowledged {} by {}", times(row.acknowledged), who.join(", "));
    }
    if let Some(time) = row.to_acknowledge {
        let _ = write!(words, ", median after {}", format::length(time));
    }
    if row.open {
        words.push_str("; open now");
    }
    words
}

fn open(row: &ReviewOpen, review: &Review, zone: &Zone) -> String {
    let long = row.until.unwrap_or(review.to).since(row.since);
    let still = if row.until.is_none() { ", still open" } else { "" };
    let who = row.who.as_ref().map(|who: &SafeText| format!(", {} has it", plain(who.as_str())));
    format!(
        "**{}** {} from {}, {}{still}{}: {}",
        name(&row.check),
        row.state.word(),
        zone.moment(row.since, review.to),
        format::length(long),
        who.unwrap_or_default(),
        plain(row.text.as_str())
    )
}

/// `99.95 %, down 5m`.
fn availability(down: Span, period: Span) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a share, shown with two digits")]
    let share = 100.0 * (1.0 - down.millis() as f64 / period.millis().max(1) as f64);
    // What was down is not 100 %.
    let share = if down > Span::ZERO { share.min(99.99) } else { share };
    if down == Span::ZERO {
        return "100 %".to_owned();
    }
    format!("{:.2} %, down {}", share.max(0.0), format::length(down))
}

fn service(row: &ReviewDown, period: Span) -> String {
    let check = row.check.as_deref().unwrap_or_default();
    let name = plain(&format!("{}/{check}", row.host));
    if row.unmeasured {
        return format!("**{name}** nothing was measured");
    }
    format!("**{name}** {}", availability(row.down, period))
}

fn window(row: &ReviewWindow, review: &Review, zone: &Zone) -> String {
    let at = |at| zone.moment(at, review.to);
    let name = plain(&crate::model::words::window(row.name.as_str()));
    format!("{name}: {} to {}, by {}", at(row.start), at(row.end), plain(row.author.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{State, Timestamp};

    #[test]
    fn fb_31_a_review_reads_well_and_shows_nothing_that_markdown_obeys() {
        let at = |minute: i64| Timestamp::from_millis(1_772_000_000_000 + minute * 60_000);
        let evil = SafeText::line("[x](http://evil) **b** | <i>");
        let row = ReviewAlert {
            check: CheckKey::new("web-1", "a|b"),
            fired: 3,
            firing: Span::from_secs(600),
            worst: State::Critical,
            acknowledged: 1,
            to_acknowledge: Some(Span::from_secs(90)),
            who: vec![SafeText::line("ann")],
            flapped: 0,
            open: true,
        };
        let open = ReviewOpen {
            check: CheckKey::new("web-1", "a"),
            state: State::Warning,
            since: at(10),
            until: None,
            who: None,
            text: evil.clone(),
        };
        let down = ReviewDown {
            host: "web-1".into(),
            check: None,
            down: Span::from_millis(1),
            unmeasured: false,
        };
        let service = ReviewDown {
            check: Some("live".into()),
            down: Span::ZERO,
            unmeasured: true,
            ..down.clone()
        };
        let review = Review {
            machine: evil,
            from: at(0),
            to: at(10_080),
            hosts: 9,
            fired: 3,
            acknowledged: 1,
            to_acknowledge: None,
            cut: false,
            alerts: Listed { count: 60, rows: vec![row] },
            unacknowledged: Listed::of(vec![open]),
            long_open: Listed::default(),
            flapping: Listed::default(),
            down: Listed::of(vec![down]),
            unmeasured: Listed::of(vec!["db-9".into()]),
            services: Listed::of(vec![service]),
            maintenance: Listed::default(),
            never_fired: Listed::of(vec!["High CPU".into(), "a\u{1b}[2Jb\0".into()]),
        };
        let text = markdown(&review, &Zone::utc());
        for wanted in [
            "3 alerts on 9 hosts, 1 acknowledged\n",
            "- **web-1/a\\|b** fired 3 times\n",
            "CRITICAL 3 times, 10m in all; acknowledged once by ann, median after 90s; open now\n",
            "- and 59 more\n",
            "99.99 %, down 1ms\n",
            "7 hosts 100 %\n",
            "## Hosts of which nothing was measured (1)\n\n- db-9\n",
            "- **web-1/live** nothing was measured\n",
            "## Rules that never fired (2)\n\n- High CPU\n",
            "## Open for more than a day (0)\n\nnone\n",
        ] {
            assert!(text.contains(wanted), "{wanted} is not in {text}");
        }
        assert!(!text.contains("](http") && !text.contains("<i>"), "{text}");
        assert!(!text.contains(['\u{1b}', '\0']), "no raw byte of a name: {text}");
    }
}
