//! The perfdata grammar as a table, and properties over any bytes.

use proptest::prelude::*;

use super::*;

fn one(text: &str) -> Option<Metric> {
    let output = parse(format!("x | {text}").as_bytes());
    assert!(output.metrics.len() <= 1, "{text}");
    output.metrics.into_iter().next()
}

#[test]
fn fm_19_text_long_text_and_perfdata_are_told_apart() {
    let output = parse(
        b"PING OK - Packet loss = 0%, RTA = 12.44 ms|rta=12.445000ms;100.000000;200.000000;0.000000 pl=0%;5;15;0\nsecond line\nthird | a=1\nb=2 c=3\n",
    );
    assert_eq!(output.text.as_str(), "PING OK - Packet loss = 0%, RTA = 12.44 ms");
    assert_eq!(output.long.as_str(), "second line\nthird");
    let labels: Vec<&str> = output.metrics.iter().map(|metric| &*metric.name).collect();
    assert_eq!(labels, ["rta", "pl", "a", "b", "c"]);
    let rta = &output.metrics[0];
    assert!((rta.value - 0.012_445).abs() < 1e-12 && rta.unit == Unit::Seconds);
    assert_eq!(rta.warning, "0.1".parse().ok());
    assert_eq!((rta.critical, rta.min), ("0.2".parse().ok(), Some(0.0)));
    assert_eq!(output.dropped, 0);
}

#[test]
fn labels_may_be_quoted() {
    for (text, label, value) in [
        ("a=1", "a", 1.0_f64),
        ("'a b'=2", "a b", 2.0),
        ("'it''s'=3", "it's", 3.0),
        ("'a=b'=4", "a=b", 4.0),
        ("/var/lib=5;;;;", "/var/lib", 5.0),
        ("load1=4.680;1.000;2.000;0;", "load1", 4.68),
        ("''''=6", "'", 6.0),
        ("\ta=7\t", "a", 7.0),
    ] {
        let metric = one(text).expect(text);
        assert_eq!((&*metric.name, metric.value.to_bits()), (label, value.to_bits()), "{text}");
    }
    for bad in ["=1", "''=1", "' '=1", "'a=1", "'a'1", "a", "a b", "'a' =1"] {
        assert_eq!(one(bad), None, "{bad}");
        assert!(parse(format!("x | {bad}").as_bytes()).dropped > 0, "{bad}");
    }
    assert_eq!(one("'open=1 good=2").map(|metric| metric.value), Some(2.0));
}

#[test]
fn units_become_base_units_with_their_ranges() {
    let kib = 1024.0_f64;
    for (text, value, unit) in [
        ("x=5", 5.0, Unit::Count),
        ("x=-5.5%", -5.5, Unit::Percent),
        ("x=1s", 1.0, Unit::Seconds),
        ("x=250ms", 0.25, Unit::Seconds),
        ("x=2m", 120.0, Unit::Seconds),
        ("x=2h", 7200.0, Unit::Seconds),
        ("x=1d", 86_400.0, Unit::Seconds),
        ("x=7B", 7.0, Unit::Bytes),
        // The plugins' KB is 1024, see the head of the module.
        ("x=2KB", 2.0 * kib, Unit::Bytes),
        ("x=2KiB", 2.0 * kib, Unit::Bytes),
        ("x=3MB", 3.0 * kib * kib, Unit::Bytes),
        ("x=1TB", kib * kib * kib * kib, Unit::Bytes),
        ("x=8c", 8.0, Unit::Counter),
        ("x=21.5C", 21.5, Unit::Celsius),
        ("x=10b", 10.0, Unit::Other("b".into())),
        ("x=10Mb", 1e7, Unit::Other("b".into())),
        ("x=10Mbps", 1e7, Unit::BitsPerSecond),
        ("x=3packets", 3.0, Unit::Other("packets".into())),
        ("x=3verylongunit", 3.0, Unit::Other("verylong".into())),
        ("x=1e-3s", 0.001, Unit::Seconds),
        ("x=+1.5e2", 150.0, Unit::Count),
        ("x=.5", 0.5, Unit::Count),
        ("x=5.", 5.0, Unit::Count),
        ("x=2EB", 2.0 * kib.powi(6), Unit::Bytes),
    ] {
        let metric = one(text).expect(text);
        assert!((metric.value - value).abs() <= value.abs() * 1e-12, "{text}: {}", metric.value);
        assert_eq!(metric.unit, unit, "{text}");
    }
    let metric = one("x=1500ms;@10:20;~:5000;0;60000").unwrap();
    assert_eq!(metric.warning, "@0.01:0.02".parse().ok());
    assert_eq!(metric.critical, "~:5".parse().ok());
    assert_eq!((metric.min, metric.max), (Some(0.0), Some(60.0)));
    let metric = one("x=1MB;;10;;100").unwrap();
    assert_eq!((metric.warning, metric.max), (None, Some(100.0 * kib * kib)));
    assert_eq!(metric.critical.map(|range| range.end), Some(10.0 * kib * kib));
}

#[test]
fn what_is_no_number_is_dropped_and_counted() {
    for bad in [
        "x=1e400",
        "x=NaN",
        "x=nan",
        "x=inf",
        "x=-inf",
        "x=0x1F",
        "x=",
        "x=-",
        "x=1,5",
        "x=abc",
        "x=1.2.3",
        "x=9e307EB",
        "x=--1",
        "x=1e5e5",
        "x=UU",
        "x=;1;2",
    ] {
        let output = parse(format!("x | {bad} good=1").as_bytes());
        assert_eq!(output.metrics.len(), 1, "{bad}: {:?}", output.metrics);
        assert_eq!(output.dropped, 1, "{bad}");
        assert!(output.long.as_str().contains("1 perfdata item was not used"), "{bad}");
    }
    assert!(one("x=U").unwrap().value.is_nan());
    let metric = one("x=5;1:12%%;2:1;nan;1e999").unwrap();
    assert_eq!(metric.warning, "1:12".parse().ok());
    assert_eq!((metric.critical, metric.min, metric.max), (None, None, None));
    assert_eq!(one("x=5;inf;nan:").map(|m| (m.warning, m.critical)), Some((None, None)));
}

#[test]
fn f_48_many_items_are_256() {
    use std::fmt::Write as _;
    let mut text = "x | ".to_owned();
    for number in 0..100_000 {
        let _ = write!(text, "a{number}={number} ");
    }
    let output = parse(text.as_bytes());
    assert_eq!(output.metrics.len(), SERIES_LIMIT);
    assert_eq!(output.dropped, 100_000 - SERIES_LIMIT);
    let twice = parse(b"x | a=1 a=2");
    assert_eq!((twice.metrics[0].value, twice.dropped), (1.0, 1));
}

#[test]
fn f_48_hostile_bytes_become_safe_text() {
    let output = parse(b"\n\nOK \xff\xfe \x1b[2J | 'a\x1b\xff'=1\nlong \x1b]0;x\x07");
    assert!(output.text.as_str().starts_with("OK \u{fffd}"), "{}", output.text);
    let all = format!("{}{}{}", output.text, output.long, output.metrics[0].name);
    assert!(!all.chars().any(char::is_control), "{all:?}");
    let long = parse(format!("x | {}=1", "ä".repeat(500)).as_bytes());
    assert!(long.metrics[0].name.chars().count() <= LABEL_LIMIT);
}

proptest! {
    #[test]
    fn any_bytes_give_a_value(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let output = parse(&bytes);
        prop_assert!(output.metrics.len() <= SERIES_LIMIT);
    }

    #[test]
    fn any_perfdata_gives_finite_numbers(text in "[a-c'=;:@~0-9.eUBKs%| \n-]{0,200}") {
        for metric in parse(format!("x|{text}").as_bytes()).metrics {
            prop_assert!(metric.value.is_finite() || text.contains('U'));
            prop_assert!(metric.name.chars().count() <= LABEL_LIMIT);
            prop_assert!([metric.min, metric.max].iter().flatten().all(|bound| bound.is_finite()));
        }
    }

    #[test]
    fn written_perfdata_is_read_back(
        label in "[ -<>-~äß]{0,20}[a-z]",
        value in -1_000_000_000_i64..1_000_000_000,
        unit in 0_usize..6,
        limits in proptest::option::of((-1000_i32..1000, 0_i32..1000)),
        min in proptest::option::of(-1000_i32..1000),
    ) {
        let units = [
            Unit::Count, Unit::Seconds, Unit::Bytes, Unit::Percent, Unit::Counter, Unit::Celsius,
        ];
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let mut metric = Metric::new(&label, value as f64 / 1000.0, units[unit].clone());
        metric.warning = limits.map(|(start, more)| Range {
            start: f64::from(start),
            end: f64::from(start + more),
            inverted: more % 2 == 0,
        });
        metric.critical = limits.map(|(start, _)| Range::above(f64::from(start)));
        metric.min = min.map(f64::from);
        prop_assume!(!metric.name.trim().is_empty());
        let read = parse(format!("text with words | {}", metric.perfdata()).as_bytes());
        if label.contains('|') {
            // The first bar of the line separates; one in a label is only one more character.
            prop_assert_eq!(read.text.as_str(), "text with words");
        }
        prop_assert_eq!(read.metrics, vec![metric]);
        prop_assert_eq!(read.dropped, 0);
    }
}
