//! Days and moments: tables, four zones in the nights of a change, and any moment against stepping.

use super::*;
use proptest::prelude::*;

/// The zones of the tables: an hour north, an hour west, half an hour south, none.
const ZONES: [&str; 4] =
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A window that begins on a clock of the zone, for so long on that clock.
fn made(rule: &str, zone: &str, start: &str, hours: f64) -> (Recurrence, Occurrence) {
    let repeats: Repeats = format!("{rule} in {zone}").parse().unwrap();
    let shown = NaiveDateTime::parse_from_str(start, "%Y-%m-%d %H:%M").unwrap();
    let start = moment(repeats.zone, shown, false).unwrap();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hours")]
    let length = Span::from_secs((hours * 3600.0) as u64);
    Recurrence::new(repeats, start, start + length).unwrap()
}

fn said(zone: &str, found: Occurrence) -> String {
    let zone: Tz = zone.parse().unwrap();
    let show = |at: Timestamp| at.to_utc().unwrap().with_timezone(&zone).format("%m-%d %H:%M%:z");
    let elapsed = found.end.since(found.start);
    format!("{} to {}, {elapsed}", show(found.start), show(found.end))
}

/// The occurrence that begins on that day.
fn on(rule: &Recurrence, day: &str) -> Option<Occurrence> {
    rule.on(day.parse().unwrap())
}

#[test]
fn wall_time_counts_in_the_nights_of_a_change_in_four_zones() {
    for (zone, start, hours, day, expected) in [
        // Forward: 02:00 is 03:00.
        ("Europe/Berlin", "02:00", 2.0, "2026-03-29", "03-29 03:00+02:00 to 03-29 04:00+02:00, 1h"),
        ("Europe/Berlin", "01:30", 2.0, "2026-03-29", "03-29 01:30+01:00 to 03-29 03:30+02:00, 1h"),
        (
            "Europe/Berlin",
            "02:30",
            0.5,
            "2026-03-29",
            "03-29 03:30+02:00 to 03-29 04:00+02:00, 30m",
        ),
        (
            "Europe/Berlin",
            "02:30",
            0.75,
            "2026-03-29",
            "03-29 03:30+02:00 to 03-29 04:15+02:00, 45m",
        ),
        ("Europe/Berlin", "02:00", 2.0, "2026-03-28", "03-28 02:00+01:00 to 03-28 04:00+01:00, 2h"),
        // Back: 03:00 is 02:00 again.
        ("Europe/Berlin", "02:00", 2.0, "2026-10-25", "10-25 02:00+02:00 to 10-25 04:00+01:00, 3h"),
        (
            "Europe/Berlin",
            "02:15",
            0.25,
            "2026-10-25",
            "10-25 02:15+02:00 to 10-25 02:30+01:00, 1h15m",
        ),
        ("Europe/Berlin", "23:00", 5.0, "2026-10-24", "10-24 23:00+02:00 to 10-25 04:00+01:00, 6h"),
        (
            "America/New_York",
            "02:00",
            2.0,
            "2026-03-08",
            "03-08 03:00-04:00 to 03-08 04:00-04:00, 1h",
        ),
        (
            "America/New_York",
            "01:00",
            2.0,
            "2026-11-01",
            "11-01 01:00-04:00 to 11-01 03:00-05:00, 3h",
        ),
        // Half an hour: forward in October, back in April.
        (
            "Australia/Lord_Howe",
            "02:00",
            2.0,
            "2026-10-04",
            "10-04 02:30+11:00 to 10-04 04:00+11:00, 1h30m",
        ),
        (
            "Australia/Lord_Howe",
            "01:00",
            2.0,
            "2026-04-05",
            "04-05 01:00+11:00 to 04-05 03:00+10:30, 2h30m",
        ),
        (
            "Asia/Kathmandu",
            "02:00",
            2.0,
            "2026-03-29",
            "03-29 02:00+05:45 to 03-29 04:00+05:45, 2h",
        ),
        (
            "Asia/Kathmandu",
            "02:00",
            2.0,
            "2026-10-25",
            "10-25 02:00+05:45 to 10-25 04:00+05:45, 2h",
        ),
        ("UTC", "02:00", 2.0, "2026-03-29", "03-29 02:00+00:00 to 03-29 04:00+00:00, 2h"),
    ] {
        let (rule, _) = made("daily", zone, &format!("2026-01-05 {start}"), hours);
        let found = on(&rule, day).map(|found| said(zone, found));
        assert_eq!(found.as_deref(), Some(expected), "{zone} {start} for {hours} h on {day}");
    }
}

#[test]
fn days_come_as_the_rule_says() {
    for (rule, expected) in [
        ("daily", "03-02 03-03 03-04"),
        ("every 3 days", "03-02 03-05 03-08"),
        ("every 9999 days", "03-02 07-17 12-01"),
        ("weekly on mon,wed", "03-02 03-04 03-09"),
        ("weekly on sun", "03-08 03-15 03-22"),
        ("every 2 weeks on tue,sun", "03-03 03-08 03-17"),
        ("monthly on 1", "04-01 05-01 06-01"),
        ("monthly on 31", "03-31 05-31 07-31"),
        ("monthly on last day", "03-31 04-30 05-31"),
        ("monthly on 2nd tue", "03-10 04-14 05-12"),
        ("monthly on 5th fri", "05-29 07-31 10-30"),
        ("monthly on last fri", "03-27 04-24 05-29"),
        ("daily except 2026-03-03,2026-03-04", "03-02 03-05 03-06"),
        ("daily until 2026-03-03", "03-02 03-03"),
        ("monthly on 30 until 2026-03-30", "03-30"),
    ] {
        let (rule_, first) = made(rule, "Europe/Berlin", "2026-03-02 22:00", 2.0);
        let mut all = vec![first];
        all.extend(rule_.after(rule_.day, first.start, 2));
        let zone = chrono_tz::Europe::Berlin;
        let day = |o: &Occurrence| local(zone, o.start).unwrap().format("%m-%d").to_string();
        let days: Vec<String> = all.iter().map(day).collect();
        assert_eq!(days.join(" "), expected, "{rule}");
    }
}

#[test]
fn what_would_never_begin_or_never_end_is_refused() {
    let start = at("2026-03-02T22:00:00Z");
    let new = |rule: &str, hours: u64| {
        Recurrence::new(rule.parse().unwrap(), start, start + Span::from_secs(hours * 3600))
    };
    assert!(new("daily until 2026-03-01", 1).unwrap_err().contains("never begin"));
    let all = (2..=31).map(|day| format!("2026-03-{day:02}")).collect::<Vec<_>>().join(",");
    let gone = format!("daily until 2026-03-31 except {all}");
    assert!(new(&gone, 1).unwrap_err().contains("never begin"));
    assert!(new("daily", 24).unwrap_err().contains("next time"));
    assert!(new("weekly on mon,tue", 25).unwrap_err().contains("next time"));
    assert!(new("weekly on mon", 24 * 6).is_ok() && new("daily", 23).is_ok());
}

#[test]
fn moments_beyond_the_calendar_are_no_panic() {
    let (rule, _) = made("daily", "Europe/Berlin", "2026-03-02 22:00", 2.0);
    for millis in [i64::MIN, i64::MIN / 2, -8_334_601_228_800_000, 8_210_266_876_799_999, i64::MAX]
    {
        let moment = Timestamp::from_millis(millis);
        let _ = rule.next(None, moment);
        let _ = rule.next(Some(NaiveDate::MAX), moment);
        assert!(
            Recurrence::new(rule.repeats.clone(), moment, moment + Span::from_secs(60)).is_err()
                || millis.abs() < i64::MAX / 2
        );
    }
}

fn rules() -> impl Strategy<Value = String> {
    let days =
        prop::sample::subsequence(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"], 1..=7);
    prop_oneof![
        (1..40_u32).prop_map(|n| format!("every {n} days")),
        (1..5_u32, days).prop_map(|(n, days)| format!("every {n} weeks on {}", days.join(","))),
        (1..=31_u32).prop_map(|day| format!("monthly on {day}")),
        Just("monthly on last day".to_owned()),
        (0..5_usize, 0..7_usize).prop_map(|(nth, day)| {
            let nth = ["1st", "2nd", "3rd", "4th", "5th"][nth];
            let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][day];
            format!("monthly on {nth} {day}")
        }),
        (0..7_usize).prop_map(|day| {
            format!("monthly on last {}", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][day])
        }),
    ]
}

proptest! {
    /// Each lies within its bounds, none overlaps the next, and what is computed from any moment
    /// is what stepping through them all finds.
    #[test]
    fn any_moment_agrees_with_stepping(
        rule in rules(),
        zone in prop::sample::select(ZONES.to_vec()),
        start in 1_767_225_600_i64..1_800_000_000,
        length in 60_u64..20 * 86_400,
        skip in prop::collection::btree_set(0_usize..30, 0..6),
        moment in 0_usize..30_000,
    ) {
        let repeats: Repeats = format!("{rule} in {zone}").parse().unwrap();
        let room = u64::try_from(repeats.distance()).unwrap() * 86_400;
        let length = Span::from_secs(60 + length % (room - 60 - 7200));
        let start = Timestamp::from_millis(start * 1000);
        let (mut rule, first) = Recurrence::new(repeats, start, start + length).unwrap();
        // Some of the first days are left out.
        let mut days = vec![rule.day];
        while days.len() < 30 {
            days.push(named(&rule.repeats.rule, rule.first.date(), days.last().unwrap().succ_opt().unwrap()).unwrap());
        }
        rule.repeats.except = skip.iter().map(|at| days[*at]).collect();
        let mut all: Vec<(NaiveDate, Occurrence)> = Vec::new();
        while all.len() < 40 {
            let before = all.last().map(|(day, _)| *day);
            all.push(rule.next(before, first.start).unwrap());
        }
        let hours = Span::from_secs(2 * 3600);
        for (day, found) in &all {
            let shown = local(rule.repeats.zone, found.start).unwrap();
            prop_assert!(found.start >= start && found.start < found.end);
            prop_assert!(found.end.since(found.start) <= length + hours);
            prop_assert!(found.end.since(found.start) + hours >= length.min(hours));
            prop_assert!(!rule.repeats.except.contains(day));
            prop_assert!(shown.date() == *day || shown.date() == day.succ_opt().unwrap());
        }
        for two in all.windows(2) {
            prop_assert!(two[0].1.end <= two[1].1.start, "{:?}", two);
        }
        let last = all[39].1.end.since(first.start).millis();
        let moment = first.start + Span::from_millis(last / 30_000 * moment as u64);
        let stepped = all.iter().find(|(_, found)| found.end > moment);
        prop_assert_eq!(rule.next(None, moment), stepped.copied());
    }
}
