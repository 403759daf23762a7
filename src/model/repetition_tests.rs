//! What a change of a window makes of it: tables.

use super::*;
use crate::model::{MaintenanceId, SafeText, Span};

fn at(text: &str) -> Timestamp {
    format!("2026-{text}:00Z").parse().unwrap()
}

fn window(start: &str, hours: u64) -> Maintenance {
    let start = at(start);
    Maintenance {
        id: MaintenanceId::from_parts(0, [0; 10]),
        name: SafeText::line("patching"),
        host_pattern: "db-*".parse().ok(),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start,
        end: start + Span::from_secs(hours * 3600),
        children: None,
        recurrence: None,
        previous: None,
        suppress_notifications: true,
        created_by: None,
        author: SafeText::line("noc"),
        created: start,
    }
}

fn series(rule: &str, start: &str, hours: u64) -> Maintenance {
    let fixed = window(start, hours);
    let (recurrence, first) =
        Recurrence::new(rule.parse().unwrap(), fixed.start, fixed.end).unwrap();
    Maintenance {
        start: first.start,
        end: first.end,
        recurrence: Some(Box::new(recurrence)),
        ..fixed
    }
}

/// `12-02T22:00 +4h`, then when the next two begin.
fn said(window: &Maintenance) -> String {
    let short = |at: Timestamp| at.to_utc().unwrap().format("%m-%dT%H:%M").to_string();
    let mut text = format!("{} +{}", short(window.start), window.end.since(window.start));
    for next in window.following(2) {
        text.push_str(&format!(", {}", short(next.start)));
    }
    text
}

fn changed(was: &Maintenance, to: &Maintenance, rule: &str, every: bool, wall: &str) -> String {
    let rule = (!rule.is_empty()).then(|| rule.parse().unwrap());
    match to.rescheduled(was, rule.as_ref(), every, at(wall)) {
        Ok(window) => said(&window),
        Err(why) => why,
    }
}

#[test]
fn another_rule_counts_from_today_and_keeps_the_time_of_day() {
    // 2026-11-29 is a Sunday.
    let wed = series("weekly on wed", "11-25T22:00", 4).advanced(at("11-26T02:00")).unwrap();
    for (rule, expected) in [
        ("weekly on mon", "11-30T22:00 +4h, 12-07T22:00, 12-14T22:00"),
        ("daily", "11-29T22:00 +4h, 11-30T22:00, 12-01T22:00"),
        ("every 2 weeks on sun", "11-29T22:00 +4h, 12-13T22:00, 12-27T22:00"),
        ("monthly on 2nd tue", "12-08T22:00 +4h, 01-12T22:00, 02-09T22:00"),
        ("daily until 2026-11-30", "11-29T22:00 +4h, 11-30T22:00"),
        ("daily until 2026-11-28", "no day is left: it would never begin"),
        ("never", "12-02T22:00 +4h"),
        ("weekly on wed", "12-02T22:00 +4h, 12-09T22:00, 12-16T22:00"),
        // The clocks of another zone: what is shown stays.
        ("weekly on wed in Europe/Berlin", "12-02T22:00 +4h, 12-09T22:00, 12-16T22:00"),
    ] {
        assert_eq!(changed(&wed, &wed, rule, false, "11-29T12:00"), expected, "{rule}");
    }
    // Sunday's has begun by its time of day: it is not begun in its middle.
    let late = changed(&wed, &wed, "weekly on sun", false, "11-29T23:00");
    assert_eq!(late, "12-06T22:00 +4h, 12-13T22:00, 12-20T22:00");
    // A series that has not begun does not begin sooner than it was to.
    let later = series("weekly on wed", "12-20T22:00", 4);
    let moved = changed(&later, &later, "weekly on mon", false, "11-29T12:00");
    assert_eq!(moved, "12-21T22:00 +4h, 12-28T22:00, 01-04T22:00");
    let long = series("weekly on wed", "11-25T22:00", 30);
    let why = changed(&long, &long, "daily", false, "11-25T12:00");
    assert_eq!(why, "it lasts 1d6h and would reach into its next time, which may be 1d later");
}

#[test]
fn exceptions_and_the_last_day_keep_the_count_and_bring_nothing_back() {
    let two = series("every 2 weeks on tue", "11-17T22:00", 4).advanced(at("11-18T02:00")).unwrap();
    assert_eq!(said(&two), "12-01T22:00 +4h, 12-15T22:00, 12-29T22:00");
    for (rule, expected) in [
        ("every 2 weeks on tue except 2026-12-15", "12-01T22:00 +4h, 12-29T22:00, 01-12T22:00"),
        ("every 2 weeks on tue except 2026-12-01", "12-15T22:00 +4h, 12-29T22:00, 01-12T22:00"),
        ("every 2 weeks on tue until 2026-12-16", "12-01T22:00 +4h, 12-15T22:00"),
    ] {
        assert_eq!(changed(&two, &two, rule, false, "11-29T12:00"), expected, "{rule}");
    }
    // The next was left out by hand.
    let skipped = two.advanced(at("11-29T12:00")).unwrap();
    let rule = "every 2 weeks on tue until 2027-01-01";
    let said = changed(&skipped, &skipped, rule, false, "11-29T12:00");
    assert_eq!(said, "12-15T22:00 +4h, 12-29T22:00");
    // One that was moved by itself stays there; the others keep their time.
    let moved = Maintenance { start: at("12-01T20:00"), ..two };
    let rule = "every 2 weeks on tue except 2026-12-15";
    let said = changed(&moved, &moved, rule, false, "11-29T12:00");
    assert_eq!(said, "12-01T20:00 +6h, 12-29T22:00, 01-12T22:00");
}

#[test]
fn times_are_those_of_one_or_of_every_occurrence() {
    let wed = series("weekly on wed", "11-25T22:00", 4).advanced(at("11-26T02:00")).unwrap();
    let moved = Maintenance { start: at("12-02T20:00"), end: at("12-02T21:00"), ..wed.clone() };
    let wall = "11-29T12:00";
    let one = "12-02T20:00 +1h, 12-09T22:00, 12-16T22:00";
    let all = "12-02T20:00 +1h, 12-09T20:00, 12-16T20:00";
    assert_eq!(changed(&wed, &moved, "", false, wall), one);
    assert_eq!(changed(&wed, &moved, "weekly on wed", false, wall), one);
    assert_eq!(changed(&wed, &moved, "", true, wall), all);
    assert_eq!(changed(&wed, &moved, "weekly on wed", true, wall), all);
    // Another rule from the new start on.
    let fri = changed(&wed, &moved, "weekly on fri", false, wall);
    assert_eq!(fri, "12-04T20:00 +1h, 12-11T20:00, 12-18T20:00");
    assert_eq!(changed(&wed, &moved, "never", false, wall), "12-02T20:00 +1h");
    // A fixed window that repeats from now on.
    let fixed = window("11-30T22:00", 4);
    let weekly = changed(&fixed, &fixed, "weekly on mon", false, wall);
    assert_eq!(weekly, "11-30T22:00 +4h, 12-07T22:00, 12-14T22:00");
    assert_eq!(changed(&fixed, &fixed, "", true, wall), "11-30T22:00 +4h");
    assert_eq!(changed(&fixed, &fixed, "never", false, wall), "11-30T22:00 +4h");
}

#[test]
fn what_is_in_effect_goes_on_to_its_end() {
    let wed = series("weekly on wed", "11-25T22:00", 4);
    let wall = "11-25T23:00";
    for (rule, expected) in [
        ("weekly on mon", "11-25T22:00 +4h, 11-30T22:00, 12-07T22:00"),
        ("daily", "11-25T22:00 +4h, 11-26T22:00, 11-27T22:00"),
        ("weekly on wed except 2026-11-25,2026-12-02", "11-25T22:00 +4h, 12-09T22:00, 12-16T22:00"),
        ("weekly on wed until 2026-11-25", "11-25T22:00 +4h"),
        ("never", "11-25T22:00 +4h"),
    ] {
        assert_eq!(changed(&wed, &wed, rule, false, wall), expected, "{rule}");
    }
    let fixed = window("11-25T22:00", 4);
    let daily = changed(&fixed, &fixed, "daily", false, wall);
    assert_eq!(daily, "11-25T22:00 +4h, 11-26T22:00, 11-27T22:00");
    let longer = Maintenance { end: at("11-26T04:00"), ..wed.clone() };
    let all = changed(&wed, &longer, "", true, wall);
    assert_eq!(all, "11-25T22:00 +6h, 12-02T22:00, 12-09T22:00");
    let over = wed.rescheduled(&wed, "never".parse().ok().as_ref(), false, at(wall)).unwrap();
    assert_eq!(over.advanced(at("11-26T02:00")), None, "it is fixed now");
}

#[test]
fn it_is_written_as_it_is_read() {
    for text in ["never", "weekly on mon,wed except 2026-12-24 in Europe/Berlin"] {
        let read: Repetition = text.parse().unwrap();
        assert_eq!(read.to_string(), text);
        let json = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Repetition>(&json).unwrap(), read);
    }
    let wrong = serde_json::from_str::<Repetition>("\"sometimes\"").unwrap_err().to_string();
    assert!(wrong.contains("repeats: write never, daily"), "{wrong}");
}
