//! The host metrics from objects as agents give them, right and wrong.

use async_snmp::Oid;
use bytes::Bytes;

use super::*;

fn string(text: &str) -> Value {
    Value::OctetString(Bytes::copy_from_slice(text.as_bytes()))
}

fn objects(list: &[(Numbers, Value)]) -> Objects {
    list.iter().cloned().collect()
}

/// Processor ticks: user, system, idle, wait.
fn processor(user: u32, system: u32, idle: u32, wait: u32) -> Objects {
    objects(&[
        (oids::CPU_USER, Value::Counter32(user)),
        (oids::CPU_NICE, Value::Counter32(0)),
        (oids::CPU_SYSTEM, Value::Counter32(system)),
        (oids::CPU_IDLE, Value::Counter32(idle)),
        (oids::CPU_WAIT, Value::Counter32(wait)),
        (oids::CPU_COUNT, Value::Integer(2)),
    ])
}

fn values(metrics: &[Metric]) -> Vec<(String, f64)> {
    metrics.iter().map(|m| (m.label(), (m.value * 100.0).round() / 100.0)).collect()
}

fn of(objects: &Objects, tables: &Tables, before: &Counters) -> Vec<(String, f64)> {
    values(&metrics(objects, tables, before, &[]).0)
}

fn one(name: &str, value: f64) -> (String, f64) {
    (name.to_owned(), value)
}

fn storage(kind: u32, name: &str, unit: i32, size: i32, used: i32) -> Vec<Option<Value>> {
    let kind: Vec<u32> = oids::STORAGE_TYPES.iter().copied().chain([kind]).collect();
    vec![
        Some(Value::ObjectIdentifier(Oid::from_slice(&kind))),
        Some(string(name)),
        Some(Value::Integer(unit)),
        Some(Value::Integer(size)),
        Some(Value::Integer(used)),
    ]
}

fn rows(list: Vec<Vec<Option<Value>>>) -> Rows {
    (1_u32..).zip(list).map(|(index, row)| (Box::from([index]), row)).collect()
}

#[test]
fn fm_08_fm_11_processors_are_shares_of_the_interval() {
    let none = Tables::default();
    let cases = [
        (
            (1000, 100, 5000, 300),
            (1070, 105, 5025, 300),
            vec![one("cpu_usage", 75.0), one("io_wait", 0.0)],
        ),
        (
            (1000, 100, 5000, 300),
            (1000, 100, 5080, 320),
            vec![one("cpu_usage", 0.0), one("io_wait", 20.0)],
        ),
        // The ticks wrap each by itself: many processors need a few days for it.
        (
            (u32::MAX - 9, 0, u32::MAX, 0),
            (40, 0, 49, 0),
            vec![one("cpu_usage", 50.0), one("io_wait", 0.0)],
        ),
        // The kernel's wait may step back a little.
        (
            (1000, 0, 5000, 300),
            (1050, 0, 5050, 290),
            vec![one("cpu_usage", 50.0), one("io_wait", 0.0)],
        ),
        // No time has passed.
        ((1000, 0, 5000, 300), (1000, 0, 5000, 300), vec![]),
    ];
    for ((u, s, i, w), (u2, s2, i2, w2), wanted) in cases {
        let before = ticks(&processor(u, s, i, w));
        assert_eq!(of(&processor(u2, s2, i2, w2), &none, &before), wanted, "{u2} {s2} {i2} {w2}");
    }
    // All ticks read 0 for some seconds after the agent's start, then jump to what they are.
    assert!(ticks(&processor(0, 0, 0, 0)).is_empty());
    let after = processor(900_000, 1000, 100, 0);
    assert!(of(&after, &none, &Counters::new()).is_empty(), "a jump from nothing is no use");
}

#[test]
fn fm_08_processors_say_it_themselves_where_there_are_no_ticks() {
    let load = |loads: &[i32]| Tables {
        processors: rows(loads.iter().map(|load| vec![Some(Value::Integer(*load))]).collect()),
        ..Tables::default()
    };
    let seen = of(&Objects::new(), &load(&[10, 30, 50]), &Counters::new());
    assert_eq!(seen, [one("cpu_usage", 30.0)]);
    assert!(of(&Objects::new(), &load(&[]), &Counters::new()).is_empty());
}

#[test]
fn fm_09_memory_is_what_is_not_available() {
    let kb = |numbers: &[(Numbers, i32)]| -> Objects {
        numbers.iter().map(|(name, kb)| (*name, Value::Integer(*kb))).collect()
    };
    let base = [
        (oids::MEMORY_TOTAL, 1000),
        (oids::MEMORY_FREE, 100),
        (oids::MEMORY_BUFFER, 50),
        (oids::MEMORY_CACHED, 350),
        (oids::SWAP_TOTAL, 400),
        (oids::SWAP_FREE, 300),
    ];
    let none = (Tables::default(), Counters::new());
    let mut old = kb(&base);
    let fallback = [one("memory_usage", 50.0), one("swap_usage", 25.0)];
    assert_eq!(of(&old, &none.0, &none.1), fallback);
    // The agent's own estimate goes before: what the cache can really give back.
    old.insert(oids::MEMORY_AVAILABLE, Value::Counter64(200));
    assert_eq!(of(&old, &none.0, &none.1), [one("memory_usage", 80.0), one("swap_usage", 25.0)]);
    // 3 TiB: the 32-bit object lies, the 64-bit one does not; alone it comes negative.
    let mut large = kb(&[(oids::MEMORY_TOTAL, i32::MAX)]);
    large.insert(oids::MEMORY_TOTAL_64, Value::Counter64(3 << 30));
    large.insert(oids::MEMORY_AVAILABLE, Value::Counter64(3 << 29));
    assert_eq!(of(&large, &none.0, &none.1), [one("memory_usage", 50.0)]);
    let negative = kb(&[(oids::MEMORY_TOTAL, -1_294_967_296), (oids::MEMORY_FREE, 1_500_000_000)]);
    assert_eq!(of(&negative, &none.0, &none.1), [one("memory_usage", 50.0)]);
    // Without any of it: the memory row of hrStorage.
    let tables = Tables {
        storage: rows(vec![storage(2, "Physical Memory", 65_536, 1000, 870)]),
        ..Tables::default()
    };
    assert_eq!(of(&Objects::new(), &tables, &none.1), [one("memory_usage", 87.0)]);
    // Nothing is divided by zero.
    assert!(
        of(&kb(&[(oids::MEMORY_TOTAL, 0), (oids::MEMORY_FREE, 0)]), &none.0, &none.1).is_empty()
    );
}

#[test]
fn fm_10_disks_are_shares_and_large_ones_come_negative() {
    let tables = Tables {
        storage: rows(vec![
            storage(2, "Physical memory", 1024, 100, 50),
            storage(4, "/", 4096, 1000, 410),
            storage(4, "/run/user/0", 4096, 1000, 10),
            storage(4, "/running", 4096, 1000, 10),
            // 12 TiB in units of 4 KiB: 3221225472 of them, half of it used.
            storage(4, "/archive", 4096, -1_073_741_824, 1_610_612_736),
            storage(4, r"C:\ Label:System  Serial Number 1234abcd", 4096, 200, 150),
            storage(7, "/cdrom", 2048, 0, 0),
            storage(4, "/lies", 4096, 100, 200),
            storage(4, "/none", 4096, 0, 0),
            storage(10, "/net", 4096, 100, 50),
            storage(4, "/tmp", 4096, 100, 99),
        ]),
        ..Tables::default()
    };
    let exclude = ["/tmp".parse().unwrap()];
    let (seen, _) = metrics(&Objects::new(), &tables, &Counters::new(), &exclude);
    let wanted = [
        one("memory_usage", 50.0),
        one("disk_usage[/]", 41.0),
        one("disk_usage[/archive]", 50.0),
        one("disk_usage[/running]", 1.0),
        one(r"disk_usage[C:\]", 75.0),
    ];
    assert_eq!(values(&seen), wanted);
}

#[test]
fn fm_10_what_the_agent_watches_is_counted_as_df_does() {
    let number = |number: u32| Some(Value::Gauge32(number));
    let watched = |path: &str, share: i32, sizes: [Option<Value>; 4]| {
        let [free, free_high, used, used_high] = sizes;
        let head = [Some(string(path)), Some(Value::Integer(share)), Some(Value::Integer(3))];
        head.into_iter().chain([free, free_high, used, used_high]).collect::<Vec<_>>()
    };
    let tables = Tables {
        storage: rows(vec![storage(4, "/", 4096, 1000, 410)]),
        disks: rows(vec![
            watched("/", 43, [number(575), number(0), number(425), number(0)]),
            // 8 TiB used of 10: above 32 bits of kB.
            watched("/big", 80, [number(1 << 31), number(0), number(0), number(2)]),
            // No sizes: the rounded share.
            watched("/old", 12, [None, None, None, None]),
            watched("/bad", 250, [None, None, None, None]),
        ]),
        ..Tables::default()
    };
    let seen = of(&Objects::new(), &tables, &Counters::new());
    let wanted = [
        one("disk_usage[/]", 42.5),
        one("disk_usage[/big]", 80.0),
        one("disk_usage[/old]", 12.0),
        one("inode_usage[/]", 3.0),
        one("inode_usage[/big]", 3.0),
        one("inode_usage[/old]", 3.0),
        one("inode_usage[/bad]", 3.0),
    ];
    assert_eq!(seen, wanted);
}

#[test]
fn fm_13_the_load_is_a_text_and_is_divided_by_known_processors_only() {
    let load = |value: Value| objects(&[(oids::LOAD, value)]);
    let none = (Tables::default(), Counters::new());
    let (seen, problem) = metrics(&load(string("4.88")), &none.0, &none.1, &[]);
    assert_eq!(values(&seen), [one("load1", 4.88)]);
    assert!(problem.unwrap().contains("how many processors"));
    let mut known = load(string("4.88"));
    known.insert(oids::CPU_COUNT, Value::Integer(4));
    assert_eq!(of(&known, &none.0, &none.1), [one("load1", 4.88), one("load1_per_core", 1.22)]);
    known.insert(oids::CPU_COUNT, Value::Integer(0));
    let two = Tables {
        processors: rows(vec![vec![Some(Value::Integer(0))], vec![Some(Value::Integer(0))]]),
        ..Tables::default()
    };
    assert_eq!(of(&known, &two, &none.1)[1..], [one("load1", 4.88), one("load1_per_core", 2.44)]);
    let whole =
        objects(&[(oids::LOAD_INT, Value::Integer(123)), (oids::CPU_COUNT, Value::Integer(1))]);
    assert_eq!(of(&whole, &none.0, &none.1), [one("load1", 1.23), one("load1_per_core", 1.23)]);
    for bad in [string("much"), string("-1"), Value::Null] {
        assert!(of(&load(bad), &none.0, &none.1).is_empty());
    }
}
