//! Network tests and their schedules: whole, by every filter, once, and for 400 days.

use fluxnoc::model::{
    Measured, SafeText, Schedule, ScheduleId, Span, Test, TestId, TestKind, TestPhase, Timestamp,
};
use fluxnoc::store::{Measure, Retention, TestSelect};

use crate::Place;
use crate::past::DAY;
use crate::seam_samples::{schedule_row, speedtest, tests};

pub async fn tests_come_back_whole_and_once(place: Place) {
    let store = place.open().await.unwrap();
    let all = tests();
    let mut tx = store.write().await.unwrap();
    for test in &all {
        // As it waits, as it runs, as it ended: one row.
        for phase in [TestPhase::Queued, TestPhase::Running] {
            let begun = Test { phase, result: None, ..test.clone() };
            tx.put_test(&begun).await.unwrap();
        }
        tx.put_test(test).await.unwrap();
        tx.put_test(test).await.unwrap();
    }
    tx.commit().await.unwrap();
    store.close().await;
    let store = place.open().await.unwrap();
    for test in &all {
        assert_eq!(store.test(test.id).await.unwrap().as_ref(), Some(test));
    }
    let listed = store.tests(&TestSelect::default(), 100).await.unwrap();
    let brief: Vec<Test> = all.iter().rev().map(Test::brief).collect();
    assert_eq!(listed, brief, "the newest first, without everything they measured");
    assert!(listed.iter().all(|test| test.result.is_none()));
    assert_eq!(store.test(TestId::from_parts(1, [1; 10])).await.unwrap(), None);
    assert!(store.open_tests().await.unwrap().is_empty());
}

/// A test of the n-th minute.
fn nth(n: u64, change: impl FnOnce(&mut Test)) -> Test {
    let at = Timestamp::from_millis(1_772_000_000_000) + Span::from_secs(60 * n);
    let mut test = speedtest();
    test.id = TestId::from_parts(at.millis(), [u8::try_from(n).unwrap(); 10]);
    test.asked_at = at;
    test.in_maintenance = false;
    change(&mut test);
    test
}

pub async fn tests_are_found_by_every_filter(place: Place) {
    let store = place.open().await.unwrap();
    let other = ScheduleId::from_parts(1, [1; 10]);
    let trace = tests().remove(1);
    let all = [
        nth(0, |_| {}),
        nth(1, |test| test.agent = "HQ".into()),
        nth(2, |test| test.target = SafeText::line("x:5201")),
        nth(3, |test| test.spec = trace.spec.clone()),
        nth(4, |test| test.schedule = Some(other)),
        nth(5, |test| test.schedule = None),
        nth(6, |test| test.phase = TestPhase::Queued),
        nth(7, |test| test.phase = TestPhase::Running),
        nth(8, |test| test.phase = TestPhase::Failed),
        nth(9, |test| test.in_maintenance = true),
        nth(10, |_| {}),
    ];
    let mut tx = store.write().await.unwrap();
    for test in &all {
        tx.put_test(test).await.unwrap();
    }
    tx.commit().await.unwrap();
    let found = async |select: TestSelect| {
        let found = store.tests(&select, 100).await.unwrap();
        found
            .iter()
            .map(|test| all.iter().position(|one| one.id == test.id).unwrap())
            .collect::<Vec<_>>()
    };
    let any = TestSelect::default;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found(any()).await, (0..=10).rev().collect::<Vec<_>>());
    assert_eq!(found(TestSelect { agent: text("HQ"), ..any() }).await, [1]);
    assert_eq!(found(TestSelect { agent: text("hq"), ..any() }).await, [0; 0]);
    assert_eq!(found(TestSelect { target: text("x:5201"), ..any() }).await, [2]);
    assert_eq!(found(TestSelect { kind: Some(TestKind::Trace), ..any() }).await, [3]);
    assert_eq!(found(TestSelect { schedule: text(&other.to_string()), ..any() }).await, [4]);
    for (phase, expected) in [("queued", 6), ("running", 7), ("failed", 8)] {
        assert_eq!(found(TestSelect { phase: Some(phase), ..any() }).await, [expected]);
    }
    let (start, end) = (Some(all[3].asked_at), Some(all[5].asked_at));
    assert_eq!(found(TestSelect { start, end, ..any() }).await, [4, 3], "an end is not in it");
    assert_eq!(found(TestSelect { before: Some(all[2].id), ..any() }).await, [1, 0]);
    let both = TestSelect { agent: text("HQ"), target: text("x:5201"), ..any() };
    assert_eq!(found(both).await, [0; 0]);
    let pages = store.tests(&any(), 3).await.unwrap();
    assert_eq!(pages.len(), 3);
    let open: Vec<TestId> = store.open_tests().await.unwrap().iter().map(|test| test.id).collect();
    assert_eq!(open, [all[6].id, all[7].id], "the oldest first");
    // What baselines are made of: done, of this place, outside of windows.
    let first = &all[0];
    let (from, to) = (all[0].asked_at, all[10].asked_at);
    let target = first.target.as_str();
    let measured = store.measures(&first.agent, target, from, to).await.unwrap();
    let at: Vec<Timestamp> = measured.iter().map(|one| one.at).collect();
    assert_eq!(at, [0, 4, 5].map(|n: usize| all[n].asked_at));
    let Some(Measured::Speedtest(speed)) = first.result.as_deref() else { panic!() };
    assert_eq!(
        measured[0],
        Measure {
            at: first.asked_at,
            download: speed.download.as_ref().map(|way| way.mbps),
            upload: speed.upload.as_ref().map(|way| way.mbps),
        }
    );
    assert!(store.measures(&first.agent, "nowhere", from, to).await.unwrap().is_empty());
}

pub async fn tests_are_kept_400_days(place: Place) {
    let store = place.open().await.unwrap();
    let old = nth(0, |_| {});
    let young = nth(1, |test| test.asked_at = old.asked_at + Span::from_secs(86_400));
    let mut tx = store.write().await.unwrap();
    tx.put_test(&old).await.unwrap();
    tx.put_test(&young).await.unwrap();
    tx.put_schedule(&schedule_row().schedule).await.unwrap();
    tx.commit().await.unwrap();
    let count = async |now| {
        let mut tx = store.write().await.unwrap();
        tx.retain(now, &Retention::default()).await.unwrap();
        tx.commit().await.unwrap();
        store.tests(&TestSelect::default(), 9).await.unwrap().len()
    };
    let day = |n: i64| Timestamp::from_millis(old.asked_at.millis() + n * DAY);
    assert_eq!(count(day(400)).await, 2);
    assert_eq!(count(Timestamp::from_millis(day(400).millis() + 1)).await, 1);
    assert_eq!(store.test(old.id).await.unwrap(), None);
    assert_eq!(count(day(402)).await, 0);
    assert_eq!(store.schedules().await.unwrap().len(), 1, "a schedule stays");
}

pub async fn what_was_moved_is_summed_by_the_quarter(place: Place) {
    let store = place.open().await.unwrap();
    let moved = |n, agent: &str, bytes| {
        nth(n, |test| {
            test.agent = agent.into();
            test.traffic_bytes = bytes;
            test.started_at = Some(test.asked_at);
        })
    };
    // 06:13:20 and on: the quarter ends at 06:15.
    let all = [moved(0, "HQ", 5), moved(1, "HQ", 1 << 60), moved(2, "HQ", 7), moved(3, "X", 9)];
    let mut tx = store.write().await.unwrap();
    for test in &all {
        tx.put_test(test).await.unwrap();
    }
    // It waits, so that nothing counts.
    tx.put_test(&nth(4, |test| (test.traffic_bytes, test.started_at) = (0, None))).await.unwrap();
    tx.commit().await.unwrap();
    let told = async |since: Timestamp| {
        let mut all = store.moved(since).await.unwrap();
        all.sort_by_key(|one| (one.agent.to_string(), one.at));
        let told =
            |one: fluxnoc::store::Moved| (one.agent.to_string(), one.at.to_string(), one.bytes);
        all.into_iter().map(told).collect::<Vec<_>>()
    };
    let row = |agent: &str, at: &str, bytes| {
        (agent.to_owned(), format!("2026-02-25T{at}:00.000Z"), bytes)
    };
    let expected = [row("HQ", "06:00", 5 + (1 << 60)), row("HQ", "06:15", 7), row("X", "06:15", 9)];
    assert_eq!(told(all[0].asked_at).await, expected);
    assert_eq!(told(all[2].asked_at).await, &expected[1..]);
    let rates = store.last_rates(all[0].asked_at).await.unwrap();
    let agents: Vec<String> = rates.iter().map(|last| last.agent.to_string()).collect();
    assert_eq!(agents, ["BRANCH 01 é", "X", "HQ"], "one of each, the newest first");
    assert_eq!(rates[0].figures.download_mbps, all[0].figures.download_mbps);
}

pub async fn the_last_runs_are_found(place: Place) {
    let store = place.open().await.unwrap();
    let (one, other) = (ScheduleId::from_parts(1, [1; 10]), ScheduleId::from_parts(1, [2; 10]));
    let of = |n, schedule, phase| nth(n, |test| (test.schedule, test.phase) = (schedule, phase));
    let trace = tests().remove(1);
    let traced = |n, target: &str, schedule| {
        nth(n, |test| {
            (test.spec, test.result) = (trace.spec.clone(), trace.result.clone());
            (test.target, test.schedule) = (SafeText::line(target), schedule);
        })
    };
    let all = [
        of(0, Some(one), TestPhase::Missed),
        of(1, Some(one), TestPhase::Done),
        of(2, Some(one), TestPhase::Missed),
        of(3, Some(one), TestPhase::Running),
        of(4, None, TestPhase::Missed),
        traced(5, "a", None),
        traced(6, "b", None),
        traced(7, "a", None),
        traced(8, "a", Some(other)),
    ];
    let mut tx = store.write().await.unwrap();
    for test in &all {
        tx.put_test(test).await.unwrap();
    }
    tx.commit().await.unwrap();
    let last = store.last_run(one).await.unwrap();
    assert_eq!(last, Some(all[2].brief()), "the last one that is over");
    assert_eq!(store.last_run(ScheduleId::from_parts(1, [3; 10])).await.unwrap(), None);
    let ids = |tests: Vec<Test>| tests.iter().map(|test| test.id).collect::<Vec<_>>();
    let since = all[0].asked_at;
    let missed = store.missed_runs(since, 9).await.unwrap();
    assert_eq!(ids(missed), [all[2].id, all[0].id], "of schedules, the newest first");
    let later = all[1].asked_at;
    assert_eq!(ids(store.missed_runs(later, 9).await.unwrap()), [all[2].id]);
    assert_eq!(ids(store.missed_runs(since, 1).await.unwrap()), [all[2].id]);
    let traces = store.last_traces(since, 9).await.unwrap();
    assert_eq!(traces, [all[7].clone(), all[6].clone()], "whole, one of each target");
}

pub async fn schedules_come_back_as_they_were(place: Place) {
    let store = place.open().await.unwrap();
    let first = schedule_row().schedule;
    let named = |n: u8, name: &str, vantage: &str| {
        let mut schedule = Schedule { id: ScheduleId::from_parts(1, [n; 10]), ..first.clone() };
        schedule.plan.name = name.to_owned();
        schedule.vantage = vantage.into();
        schedule
    };
    let (b, a) = (named(1, "b", "HQ"), named(2, "a", "HQ"));
    let mut tx = store.write().await.unwrap();
    for schedule in [&b, &first, &a] {
        tx.put_schedule(schedule).await.unwrap();
    }
    tx.commit().await.unwrap();
    store.close().await;
    let store = place.open().await.unwrap();
    assert_eq!(store.schedules().await.unwrap(), [first.clone(), a.clone(), b.clone()]);
    let mut changed = a.clone();
    (changed.plan.name, changed.revision) = ("c".to_owned(), 4);
    changed.plan.paused = !changed.plan.paused;
    let mut tx = store.write().await.unwrap();
    tx.put_schedule(&changed).await.unwrap();
    tx.delete_schedule(first.id).await.unwrap();
    tx.delete_schedule(first.id).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.schedules().await.unwrap(), [b.clone(), changed]);
    // Two of one name at one vantage are refused, and nothing of that is kept.
    let mut tx = store.write().await.unwrap();
    assert!(tx.put_schedule(&named(3, "b", "HQ")).await.is_err());
    drop(tx);
    let mut tx = store.write().await.unwrap();
    tx.put_schedule(&named(3, "b", "elsewhere")).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.schedules().await.unwrap().len(), 3);
}
