//! Results: appended, folded, rolled, forgotten; always the same as a list in memory says.

use std::collections::BTreeMap;
use std::time::Instant;

use fluxnoc::model::{Metric, Span, State, Timestamp, Unit};
use fluxnoc::store::{History, JournalRow, Retention, Store};

use crate::Place;
use crate::dice::Dice;
use crate::samples::{alert, at, edge, fold_all, make_checks, roll_all, row};

const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;

/// State, lateness and values by (at, slot).
type Expected = BTreeMap<(i64, i64), (State, bool, Vec<(i64, f64)>)>;

/// What history must say, from the plain list.
fn expected(rows: &[JournalRow], check: i64, from: Timestamp, to: Timestamp) -> Expected {
    rows.iter()
        .filter(|row| row.check_no == check && row.at >= from && row.at < to)
        .map(|row| {
            let values = row.values.iter().copied().filter(|(_, value)| value.is_finite());
            ((row.at.millis(), row.slot.millis()), (row.state, row.late, values.collect()))
        })
        .collect()
}

fn compare(history: &History, expected: &Expected) {
    let states: Vec<_> =
        history.states.iter().map(|point| (point.at.millis(), point.state, point.late)).collect();
    let wanted: Vec<_> = expected.iter().map(|((at, _), (s, late, _))| (*at, *s, *late)).collect();
    assert_eq!(states, wanted);
    let mut series: BTreeMap<i64, Vec<(i64, f64)>> = BTreeMap::new();
    for ((at, _), (_, _, values)) in expected {
        for (no, value) in values {
            series.entry(*no).or_default().push((*at, *value));
        }
    }
    let found: BTreeMap<i64, Vec<(i64, f64)>> = history
        .series
        .iter()
        .map(|s| (s.no, s.points.iter().map(|p| (p.at.millis(), p.value)).collect()))
        .collect();
    assert_eq!(found, series);
    assert_eq!(history.damaged, 0);
}

async fn series(store: &Store, checks: &[i64]) -> Vec<i64> {
    let metrics = ["a", "b", "c"].map(|name| Metric::new(name, 0.0, Unit::Count)).to_vec();
    let wanted: Vec<_> =
        checks.iter().flat_map(|no| metrics.iter().map(move |metric| (*no, metric))).collect();
    let mut tx = store.write().await.unwrap();
    let numbers = tx.ensure_series(&wanted).await.unwrap();
    tx.commit().await.unwrap();
    numbers
}

async fn checks(store: &Store, count: usize) -> Vec<i64> {
    let mut tx = store.write().await.unwrap();
    let numbers = make_checks(&mut tx, count).await;
    tx.commit().await.unwrap();
    numbers
}

async fn append(store: &Store, rows: &[JournalRow]) {
    let mut tx = store.write().await.unwrap();
    tx.append_journal(rows).await.unwrap();
    tx.commit().await.unwrap();
}

/// The same read page by page says what the plain list says, of the one metric that is wanted.
async fn pages(
    store: &Store,
    all: &[JournalRow],
    (check, wanted): (i64, i64),
    times: [Timestamp; 2],
) {
    let [from, to] = times;
    let mut past = store.past(&[(check, "b"), (check + 10_000, "b")], from, to).await.unwrap();
    let mut found = Vec::new();
    let mut asked = 0;
    while let Some(page) = store.past_page(&mut past, check).await.unwrap() {
        found.extend(page.into_iter().map(|one| {
            let values: Vec<f64> = one.values.iter().map(|(_, value)| *value).collect();
            (one.at.millis(), one.state, one.late, one.measured, values)
        }));
        asked += 1;
        assert!(asked < 10_000, "no end");
    }
    let expected = expected(all, check, from, to).into_iter().map(|((at, _), row)| {
        let (state, late, values) = row;
        let mine = values.iter().filter(|(no, _)| *no == wanted).map(|(_, value)| *value);
        (at, state, late, !values.is_empty(), mine.collect::<Vec<_>>())
    });
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!(past.metrics(check).len(), 1);
    assert_eq!(past.damaged, 0);
}

pub async fn history_is_the_same_before_and_after_folding(place: Place) {
    let store = place.open().await.unwrap();
    let checks = checks(&store, 7).await;
    let numbers = series(&store, &checks).await;
    let mut dice = Dice(0x1234_5678_9abc);
    let mut all: Vec<JournalRow> = Vec::new();
    let mut folded = 0;
    for round in 0..12_i64 {
        for _ in 0..4 {
            let batch: Vec<JournalRow> = (0..dice.roll(60))
                .map(|_| {
                    let which = usize::try_from(dice.roll(7)).unwrap();
                    // Out of order, over the borders of hours, some twice, some far too late.
                    let back = if dice.roll(20) == 0 { 5 * HOUR } else { HOUR };
                    let made = round * HOUR / 2 - dice.signed(back) / 1000 * 1000;
                    let mut row = row(checks[which], made, &[]);
                    row.state = State::WORST_FIRST[usize::try_from(dice.roll(4)).unwrap()];
                    row.late = dice.roll(5) == 0;
                    let count = usize::try_from(dice.roll(4)).unwrap();
                    for number in &numbers[which * 3..which * 3 + count] {
                        let value = match dice.roll(9) {
                            0 => f64::NAN,
                            1 => 0.0,
                            n => dice.signed(9999) as f64 / 10_f64.powi(i32::try_from(n).unwrap()),
                        };
                        row.values.push((*number, value));
                    }
                    row
                })
                .filter(|row| {
                    !all.iter().any(|old| (old.check_no, old.at) == (row.check_no, row.at))
                })
                .collect();
            let mut batch = batch;
            batch.sort_by_key(|row| (row.check_no, row.at));
            batch.dedup_by_key(|row| (row.check_no, row.at));
            append(&store, &batch).await;
            all.extend(batch);
        }
        // Half the time a window stays open between two rounds.
        if round % 2 == 0 {
            let mut tx = store.write().await.unwrap();
            folded += tx.fold(at(round * HOUR / 2 - HOUR / 4), 20).await.unwrap();
            tx.commit().await.unwrap();
        } else {
            let limit = if round % 3 == 0 { 1 } else { 50 };
            folded += fold_all(&store, at(round * HOUR / 2 - HOUR / 4), limit).await.0;
        }
        for check in &checks {
            let (from, to) = (at(-dice.signed(9) * HOUR), at(dice.signed(9) * HOUR));
            compare(
                &store.history(*check, from, to).await.unwrap(),
                &expected(&all, *check, from, to),
            );
            let which = checks.iter().position(|known| known == check).unwrap();
            pages(&store, &all, (*check, numbers[which * 3 + 1]), [from, to]).await;
            let (from, to) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
            compare(
                &store.history(*check, from, to).await.unwrap(),
                &expected(&all, *check, from, to),
            );
            pages(&store, &all, (*check, numbers[which * 3 + 1]), [at(-99 * HOUR), at(99 * HOUR)])
                .await;
        }
    }
    // A result that is stored twice is there once.
    append(&store, &all[..20]).await;
    folded += fold_all(&store, at(99 * HOUR), 30).await.0;
    assert_eq!(folded, all.len() + 20);
    store.close().await;
    let store = place.open().await.unwrap();
    for check in &checks {
        let (from, to) = (at(-99 * HOUR), at(99 * HOUR));
        compare(&store.history(*check, from, to).await.unwrap(), &expected(&all, *check, from, to));
    }
}

pub async fn the_last_result_outlives_the_journal(place: Place) {
    let store = place.open().await.unwrap();
    let checks = checks(&store, 100).await;
    let status = fluxnoc::model::Status::waiting(at(0));
    let mut tx = store.write().await.unwrap();
    tx.put_statuses(&checks.iter().map(|no| (*no, &status)).collect::<Vec<_>>()).await.unwrap();
    tx.commit().await.unwrap();
    let last = async || {
        let loaded = store.load().await.unwrap().statuses;
        loaded.into_iter().map(|(_, status)| status.last_result).collect::<Vec<_>>()
    };
    assert_eq!(last().await, [None; 100]);
    append(&store, &checks.iter().map(|no| row(*no, 100 + no, &[])).collect::<Vec<_>>()).await;
    append(&store, &checks.iter().map(|no| row(*no, 50, &[])).collect::<Vec<_>>()).await;
    let expected: Vec<_> = checks.iter().map(|no| Some(at(100 + no))).collect();
    assert_eq!(last().await, expected);
    fold_all(&store, at(HOUR), 33).await;
    assert_eq!(last().await, expected);
}

/// Four days of results every ten minutes of three checks, folded and rolled.
async fn four_days(store: &Store) -> (Vec<i64>, Vec<i64>) {
    let checks = checks(store, 3).await;
    let numbers = series(store, &checks).await;
    for day in 0..4 {
        let rows: Vec<JournalRow> = (0..144)
            .flat_map(|slot| {
                checks.iter().zip(numbers.chunks(3)).map(move |(no, series)| (slot, no, series))
            })
            .map(|(slot, no, series)| {
                let mut row = row(*no, day * DAY + slot * 600_000 + 7, &[(series[0], slot as f64)]);
                row.state = if slot < 3 { State::Critical } else { State::Ok };
                row.late = slot == 5;
                row
            })
            .collect();
        append(store, &rows).await;
        fold_all(store, at((day + 1) * DAY + HOUR), 500).await;
    }
    (checks, numbers)
}

pub async fn old_results_stay_as_days(place: Place) {
    let store = place.open().await.unwrap();
    let (checks, numbers) = four_days(&store).await;
    let now = at(4 * DAY + 2 * HOUR);
    let retention = Retention { chunks: Span::from_secs(2 * 24 * 3600), ..Retention::default() };
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.retain(now, &retention).await.unwrap(), 0, "no day is lost before it is rolled");
    tx.commit().await.unwrap();
    roll_all(&store, now).await;
    let whole = store.history(checks[1], at(0), now).await.unwrap();
    assert_eq!((whole.states.len(), whole.days.len()), (4 * 144, 0));
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.retain(now, &retention).await.unwrap(), 2 * 24 * 3);
    tx.commit().await.unwrap();

    let history = store.history(checks[1], at(0), now).await.unwrap();
    assert_eq!(history.states.len(), 2 * 144);
    assert_eq!(history.states[0].at, at(2 * DAY + 7));
    assert_eq!(history.days.iter().map(|day| day.day).collect::<Vec<_>>(), [at(0), at(DAY)]);
    assert_eq!((history.days[0].counts, history.days[0].late), ([141, 0, 3, 0], 1));
    assert_eq!(history.series.len(), 1);
    let series = &history.series[0];
    assert_eq!((series.no, series.points.len(), series.days.len()), (numbers[3], 288, 2));
    let day = series.days[1];
    assert_eq!((day.day, day.count, day.min, day.max), (at(DAY), 144, 0.0, 143.0));
    assert_eq!(day.p95, 136.0);
    assert!((day.mean - 71.5).abs() < 1e-9);
    let old = store.history(checks[1], at(DAY + 5), at(DAY + 6)).await.unwrap();
    assert_eq!((old.states.len(), old.days.len()), (0, 0), "half a day is no day");
}

pub async fn late_results_change_their_day(place: Place) {
    let store = place.open().await.unwrap();
    let (checks, numbers) = four_days(&store).await;
    let now = at(4 * DAY + 2 * HOUR);
    roll_all(&store, now).await;
    append(&store, &[row(checks[0], DAY + 60_000, &[(numbers[0], 1000.0)])]).await;
    fold_all(&store, now, 10).await;
    let retention = Retention { chunks: Span::from_secs(24 * 3600), ..Retention::default() };
    let mut tx = store.write().await.unwrap();
    tx.retain(now, &retention).await.unwrap();
    tx.commit().await.unwrap();
    let history = store.history(checks[0], at(0), at(3 * DAY)).await.unwrap();
    let day = history.series[0].days[1];
    assert_eq!((day.count, day.max), (145, 1000.0));
    // Beyond its time a result is not kept at all.
    append(&store, &[row(checks[0], DAY + 120_000, &[(numbers[0], 2000.0)])]).await;
    fold_all(&store, now, 10).await;
    let history = store.history(checks[0], at(0), at(3 * DAY)).await.unwrap();
    assert_eq!(history.series[0].days[1].max, 1000.0);
}

pub async fn what_is_old_is_forgotten_in_small_steps(place: Place) {
    let store = place.open().await.unwrap();
    let web = alert(1, "web");
    let mut tx = store.write().await.unwrap();
    for seq in 1..=2500 {
        tx.add_edge(&edge(&web, seq)).await.unwrap();
    }
    let numbers = make_checks(&mut tx, 2).await;
    tx.ensure_series(&[(numbers[0], &Metric::new("a", 0.0, Unit::Count))]).await.unwrap();
    tx.retire_check(numbers[0], at(0)).await.unwrap();
    tx.put_alert(&web).await.unwrap();
    tx.put_maintenance(&crate::samples::window(1, 0, 1)).await.unwrap();
    let id = fluxnoc::model::RequestId::from_parts(1, [1; 10]);
    tx.remember(id, "noc", "{}", None, at(0)).await.unwrap();
    tx.audit("noc", "ack", "{}", at(0)).await.unwrap();
    let promise =
        fluxnoc::model::Notification::of(&edge(&web, 1), fluxnoc::model::Reason::First, "log");
    tx.enqueue(&promise).await.unwrap();
    tx.commit().await.unwrap();
    let now = at(401 * DAY);
    let mut steps = Vec::new();
    while steps.last() != Some(&0) {
        let mut tx = store.write().await.unwrap();
        steps.push(tx.retain(now, &Retention::default()).await.unwrap());
        tx.commit().await.unwrap();
    }
    assert_eq!(steps, [2000, 500 + 5, 0], "edges, window, request, audit, series, check");
    assert!(store.edges(None, None, 9).await.unwrap().is_empty());
    assert_eq!(store.remembered(id).await.unwrap(), None);
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.alerts, [web], "an open alert is never forgotten");
    assert_eq!(
        store.due_notifications("log", now, 9).await.unwrap().len(),
        1,
        "nor what was promised"
    );
    assert_eq!(loaded.checks.len(), 1);
}

pub async fn the_size_limit_drops_only_the_oldest_results(place: Place) {
    let store = place.open().await.unwrap();
    let (checks, _) = four_days(&store).await;
    let now = at(4 * DAY + 2 * HOUR);
    let mut tx = store.write().await.unwrap();
    assert_eq!(tx.enforce_size(1 << 40).await.unwrap(), 0);
    tx.add_edge(&edge(&alert(1, "web"), 1)).await.unwrap();
    tx.commit().await.unwrap();
    // Two of four days are rolled: those go whole, the others hour by hour.
    roll_all(&store, at(2 * DAY + 2 * HOUR)).await;
    let mut steps = Vec::new();
    loop {
        let mut tx = store.write().await.unwrap();
        let deleted = tx.enforce_size(1).await.unwrap();
        tx.commit().await.unwrap();
        if deleted == 0 {
            break;
        }
        steps.push(deleted);
    }
    assert_eq!(steps[..3], [72, 72, 3]);
    let history = store.history(checks[0], at(0), now).await.unwrap();
    assert_eq!(history.states.len(), 6, "the newest hour stays");
    assert_eq!(history.days.len(), 2);
    assert_eq!(store.edges(None, None, 9).await.unwrap().len(), 1);
}

/// The figures are printed; the bound is loose, since this runs unoptimised on a busy machine.
pub async fn a_group_commit_is_cheap(place: Place) {
    const CHECKS: usize = 2000;
    let store = place.open().await.unwrap();
    let checks = checks(&store, CHECKS).await;
    let numbers = series(&store, &checks).await;
    let begin = Instant::now();
    for minute in 0..10_i64 {
        for (part, group) in checks.chunks(500).enumerate() {
            let rows: Vec<_> = group
                .iter()
                .enumerate()
                .map(|(i, no)| {
                    let which = part * 500 + i;
                    let value =
                        ((which * 7919 + usize::try_from(minute).unwrap() * 104_729) % 1000) as f64;
                    let values: Vec<_> = numbers[which * 3..which * 3 + 3]
                        .iter()
                        .map(|n| (*n, 0.01 + value * 1e-6))
                        .collect();
                    row(*no, minute * 60_000 + i64::try_from(which).unwrap(), &values)
                })
                .collect();
            append(&store, &rows).await;
        }
    }
    let results = CHECKS * 10;
    let each = begin.elapsed().as_secs_f64() * 1e6 / results as f64;
    let begin = Instant::now();
    let (folded, steps) = fold_all(&store, at(HOUR), 20_000).await;
    let fold = begin.elapsed().as_secs_f64() * 1e6 / results as f64;
    assert_eq!(folded, results);
    println!("append {each:.2} us, fold {fold:.2} us a result ({steps} steps)");
    assert!(each < 500.0 && fold < 500.0);
}
