//! Interfaces as agents show them: names, states, counters that wrap and begin anew.

use bytes::Bytes;

use super::*;

fn string(text: &str) -> Option<Value> {
    Some(Value::OctetString(Bytes::copy_from_slice(text.as_bytes())))
}

/// A row of [`IDENTITY`]; an empty text is no value.
fn row(
    index: u32,
    name: &str,
    description: &str,
    alias: &str,
    kind: i32,
) -> (u32, Vec<Option<Value>>) {
    let word = |text: &str| if text.is_empty() { None } else { string(text) };
    let wide = Some(Value::Counter64(1));
    let kind = Some(Value::Integer(kind));
    (index, vec![word(name), word(description), word(alias), kind, wide.clone(), wide])
}

fn rows(list: Vec<(u32, Vec<Option<Value>>)>) -> Rows {
    list.into_iter().map(|(index, row)| (Box::from([index]), row)).collect()
}

fn filter(include: &[&str], exclude: &[&str]) -> Filter {
    let compile = |globs: &[&str]| globs.iter().map(|glob| glob.parse().unwrap()).collect();
    Filter { include: compile(include), exclude: compile(exclude) }
}

fn names(rows: &Rows, filter: &Filter) -> Vec<String> {
    find(rows, filter, false).into_iter().map(|interface| interface.name).collect()
}

#[test]
fn interfaces_are_found_by_name_and_alias() {
    let device = rows(vec![
        row(1, "lo0", "", "", 24),
        row(2, "ge-0/0/1", "gigabit 1", "uplink fra", 6),
        row(3, "", "gigabit 2", "", 6),
        row(5, "ge-0/0/1", "a second one of that name", "", 6),
        row(1000, "", "", "", 6),
    ]);
    for (include, exclude, wanted) in [
        (&["*"][..], &[][..], &["ge-0/0/1", "gigabit 2", "ge-0/0/1 #5", "#1000"][..]),
        (&["*"], &["ge-*"], &["gigabit 2", "#1000"]),
        (&["uplink*"], &[], &["ge-0/0/1"]),
        (&["*"], &["uplink*"], &["gigabit 2", "ge-0/0/1", "#1000"]),
        (&["lo*", "gig*"], &[], &["lo0", "gigabit 2"]),
        (&[], &[], &[]),
    ] {
        assert_eq!(names(&device, &filter(include, exclude)), wanted, "{include:?} {exclude:?}");
    }
    assert_eq!(names(&rows(vec![row(1, "lo", "", "", 24)]), &filter(&["*"], &[])), ["lo"]);
    let found = find(&device, &filter(&["*"], &[]), false);
    let aliases = aliases(&found);
    assert_eq!(aliases.len(), 1);
    assert_eq!(aliases["ge-0/0/1"].as_str(), "uplink fra");
}

/// An interface with 64-bit or 32-bit counters.
fn interface(wide: bool) -> Interface {
    let mut one = row(7, "eth0", "", "", 6);
    if !wide {
        one.1.truncate(4);
    }
    find(&rows(vec![one]), &filter(&["*"], &[]), false).remove(0)
}

/// What it answers: admin, oper, speed in Mbit/s, discontinuity, then octets, packets and errors.
fn reading(wide: bool, state: (i32, i32), speed: u32, since: u32, counts: [u64; 3]) -> Reading {
    let interface = interface(wide);
    let [octets, packets, errors] = counts;
    let narrow = |count: u64| Some(Value::Counter32(u32::try_from(count).unwrap()));
    let count = |count: u64| if wide { Some(Value::Counter64(count)) } else { narrow(count) };
    let mut values = vec![
        Some(Value::Integer(state.0)),
        Some(Value::Integer(state.1)),
        Some(Value::Gauge32(speed.saturating_mul(1_000_000))),
        Some(Value::Gauge32(speed)),
        Some(Value::TimeTicks(since)),
        count(octets),
        count(octets / 2),
        count(packets),
    ];
    // The other kinds of packets stand still.
    values.resize(7 + if wide { 6 } else { 4 }, count(0));
    values.extend([narrow(errors), narrow(0)]);
    assert_eq!(values.len(), interface.objects().len());
    interface.read(&values)
}

fn up(counts: [u64; 3]) -> Reading {
    reading(true, (1, 1), 100, 5, counts)
}

fn known(reading: &Reading) -> Counters {
    let mut counters = Counters::new();
    remember("eth0", reading, &mut counters);
    counters
}

const TEN: Duration = Duration::from_secs(10);

fn seen(before: &Reading, after: &Reading) -> Vec<(String, f64)> {
    let metrics = metrics("eth0", after, &known(before), TEN, true);
    assert!(metrics.iter().all(|metric| metric.instance.as_deref() == Some("eth0")));
    metrics.iter().map(|metric| (metric.name.to_string(), metric.value)).collect()
}

fn value(list: &[(String, f64)], name: &str) -> Option<f64> {
    list.iter().find(|(have, _)| have == name).map(|(_, value)| *value)
}

#[test]
fn octets_are_bits_per_second_in_and_out_and_a_share_of_the_speed() {
    let list = seen(&up([1000, 0, 0]), &up([12_501_000, 10, 0]));
    assert_eq!(value(&list, "octets_in"), Some(10e6));
    assert_eq!(value(&list, "octets_out"), Some(5e6));
    assert_eq!(value(&list, "network_speed"), Some(100e6));
    assert_eq!(value(&list, "network_utilization"), Some(10.0));
    assert_eq!(value(&list, "link_state"), Some(1.0));
    let plain = metrics("eth0", &up([2000, 0, 0]), &known(&up([1000, 0, 0])), TEN, false);
    assert_eq!(plain.len(), SERIES);
}

#[test]
fn fm_12_errors_are_divided_by_packets_of_the_interval() {
    let before = up([0, 1000, 500]);
    for (packets, errors, wanted) in [
        (2000, 500, 0.0),
        (2000, 510, 1.0),
        (2000, 550, 5.0),
        (1010, 9500, 100.0),
        (1000, 500, 0.0),
        // Nothing but errors is the worst link of all.
        (1000, 501, 100.0),
    ] {
        let list = seen(&before, &up([0, packets, errors]));
        assert_eq!(value(&list, "network_error_rate"), Some(wanted), "{packets} {errors}");
    }
}

#[test]
fn fm_12_a_new_beginning_gives_no_spike() {
    let before = up([1000, 1000, 5]);
    // A counter that went down takes only the rates with it that it is in.
    let list = seen(&before, &up([0, 2000, 6]));
    assert_eq!((value(&list, "octets_in"), value(&list, "octets_out")), (None, None));
    assert_eq!(value(&list, "network_error_rate"), Some(0.1));
    assert_eq!(value(&seen(&before, &up([2000, 0, 6])), "network_error_rate"), None);
    assert_eq!(value(&seen(&before, &up([2000, 2000, 4])), "network_error_rate"), None);
    // The agent says that this interface's counters began anew.
    let list = seen(&before, &reading(true, (1, 1), 100, 9, [5000, 5000, 5]));
    assert_eq!(list.len(), 2, "{list:?}");
    // Known under another width, or not at all.
    let list = seen(&reading(false, (1, 1), 100, 5, [0, 0, 0]), &up([5000, 5000, 5]));
    assert_eq!(value(&list, "octets_in"), None);
    assert_eq!(metrics("eth0", &up([5000, 1, 0]), &Counters::new(), TEN, true).len(), 2);
    let no_time = metrics("eth0", &up([5000, 1, 0]), &known(&before), Duration::ZERO, true);
    assert_eq!(no_time.len(), 2);
}

#[test]
fn narrow_counters_wrap_within_what_the_link_can_carry() {
    let top = u64::from(u32::MAX);
    let narrow = |octets| reading(false, (1, 1), 100, 5, [octets, 0, 0]);
    let rate = |before, after| value(&seen(&narrow(before), &narrow(after)), "octets_in");
    assert_eq!(rate(top - 999, 11_500), Some(10_000.0));
    // 4.29 GB in 10 s are not 100 Mbit/s: somebody cleared the counters.
    assert_eq!(rate(5000, 0), None);
    assert_eq!(rate(5000, 17_500), Some(10_000.0));
}

#[test]
fn fm_12_a_shut_interface_is_no_problem_and_a_dead_one_is() {
    let state = |admin, oper| {
        let reading = reading(true, (admin, oper), 0, 5, [0, 0, 0]);
        (value(&seen(&reading, &reading), "link_state"), reading.is_up(), reading.is_down())
    };
    assert_eq!(state(1, 1), (Some(1.0), true, false));
    assert_eq!(state(1, 2), (Some(2.0), false, true));
    assert_eq!(state(1, 7), (Some(7.0), false, true));
    assert_eq!(state(1, 5), (Some(5.0), false, false), "dormant waits for somebody");
    assert_eq!(state(2, 2), (Some(0.0), false, false), "its operator shut it down");
    assert_eq!(state(2, 1), (Some(0.0), false, false));
    assert_eq!(state(1, 99), (None, false, false), "no such state");
}

#[test]
fn speeds_above_32_bits_are_in_megabits() {
    let gauge = |number| Some(Value::Gauge32(number));
    for (plain, high, wanted) in [
        (gauge(10_000_000), gauge(10), Some(10e6)),
        (gauge(u32::MAX), gauge(100_000), Some(100e9)),
        (gauge(0), gauge(400), Some(400e6)),
        (gauge(64_000), gauge(0), Some(64e3)),
        (gauge(u32::MAX), None, Some(f64::from(u32::MAX))),
        (gauge(0), gauge(0), None),
        (None, None, None),
        (string("fast"), None, None),
    ] {
        assert_eq!(speed(plain.as_ref(), high.as_ref()), wanted, "{plain:?} {high:?}");
    }
}

#[test]
fn answers_of_wrong_types_are_no_counters() {
    let interface = interface(true);
    for odd in [string("12"), Some(Value::Integer(-5)), Some(Value::Null), None] {
        let values = vec![odd; interface.objects().len()];
        let reading = interface.read(&values);
        assert!(reading.counts.is_empty() && reading.state.is_none(), "{reading:?}");
        let metrics = metrics("eth0", &reading, &known(&up([1, 1, 1])), TEN, true);
        assert!(metrics.len() <= 1, "{metrics:?}");
    }
    assert_eq!(interface.read(&[]), Reading::default(), "too few values");
}
