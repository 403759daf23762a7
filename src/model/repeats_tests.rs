//! What is written, what is said back, and what is refused.

use super::*;

fn read(text: &str) -> Result<String, String> {
    text.parse::<Repeats>().map(|repeats| repeats.to_string())
}

#[test]
fn what_is_written_is_read_and_said_in_one_form() {
    for (written, said) in [
        ("daily", "daily in UTC"),
        ("every day", "daily in UTC"),
        ("every 3 days", "every 3 days in UTC"),
        ("every 9999 days", "every 9999 days in UTC"),
        ("weekly on mo,we", "weekly on mon,wed in UTC"),
        ("Weekly ON Wed, mon", "weekly on mon,wed in UTC"),
        ("weekly on mon-fri", "weekly on mon,tue,wed,thu,fri in UTC"),
        ("weekly on sat-mon,sat", "weekly on mon,sat,sun in UTC"),
        ("every 2 weeks on tue", "every 2 weeks on tue in UTC"),
        ("monthly on 15", "monthly on 15 in UTC"),
        ("monthly on last", "monthly on last day in UTC"),
        ("monthly on 2nd tue", "monthly on 2nd tue in UTC"),
        ("monthly on last friday", "monthly on last fri in UTC"),
        (
            "weekly on sun in europe/berlin except 2026-12-27,2026-12-20 until 2027-03-31",
            "weekly on sun until 2027-03-31 except 2026-12-20,2026-12-27 in Europe/Berlin",
        ),
    ] {
        assert_eq!(read(written).as_deref(), Ok(said), "{written}");
        assert_eq!(read(said).as_deref(), Ok(said), "said again: {said}");
    }
    let here = Repeats::parse("daily", chrono_tz::Australia::Lord_Howe).unwrap();
    assert_eq!(here.to_string(), "daily in Australia/Lord_Howe", "the writer's zone");
}

#[test]
fn what_is_wrong_is_said_in_a_sentence() {
    let many: Vec<String> =
        (0..150).map(|n| (date("2026-01-01").unwrap() + Days::new(n)).to_string()).collect();
    for (written, part) in [
        ("", "write never, daily"),
        ("sometimes", "write never, daily"),
        ("weekly", "write never, daily"),
        ("weekly on", "write never, daily"),
        ("weekly on noday", "`noday` is no weekday"),
        ("weekly on m", "`m` is no weekday"),
        ("weekly on mon,", "`` is no weekday"),
        ("every 0 days", "1 to 9999"),
        ("every 10000 days", "1 to 9999"),
        ("every -1 weeks on mon", "1 to 9999"),
        ("monthly on 0", "1 to 31"),
        ("monthly on 32", "1 to 31"),
        ("monthly on 6th tue", "1st to 5th"),
        ("monthly on 2nd day", "`day` is no weekday"),
        ("daily until", "missing after `until`"),
        ("daily until tomorrow", "`tomorrow` is no day"),
        ("daily until 2026-02-30", "`2026-02-30` is no day"),
        ("daily until 999999-01-01", "is no day"),
        ("daily except 2026-12-24,x", "`x` is no day"),
        ("daily in Mars/Base", "no time zone `mars/base`"),
        ("daily until 2027-01-01 until 2027-01-02", "`until` is there twice"),
        ("daily in UTC nonsense x", "`nonsense` is not understood"),
        (&format!("daily except {}", many.join(",")), "at most 100"),
        (&format!("daily in {}", "x".repeat(3000)), "longer than"),
        ("daily in \u{1b}[31m", "no time zone `[31m`"),
    ] {
        let why = read(written).expect_err(written);
        assert!(why.contains(part), "{written}: {why}");
    }
}

#[test]
fn the_distance_is_the_shortest() {
    for (written, days) in [
        ("every 3 days", 3),
        ("weekly on mon,wed", 2),
        ("weekly on sun,mon", 1),
        ("weekly on tue", 7),
        ("every 2 weeks on mon,sun", 6),
        ("every 2 weeks on tue", 14),
        ("monthly on 31", 28),
    ] {
        assert_eq!(written.parse::<Repeats>().unwrap().distance(), days, "{written}");
    }
}

use chrono::Days;
