//! What an answer has rows of, taken out of it: lists are made of the rows of all variants.
//!
//! In: an answer. Out: its rows, or none when it is another one.
//! Never: makes an answer.

use std::collections::BTreeMap;

use fluxnoc::model::{ScheduleId, Test, TestId};
use fluxnoc::protocol::{Answer, ScheduleRow};

/// The rows of this many variants, one after the other.
pub fn many<T>(
    count: usize,
    answers: impl Fn(usize) -> Answer,
    pick: impl Fn(Answer) -> Option<Vec<T>>,
) -> Vec<T> {
    (0..count).flat_map(|n| pick(answers(n)).unwrap()).collect()
}

/// The tests of a variant, each with an id of its own.
pub fn ran(variant: usize, answer: Answer) -> Vec<Test> {
    let Answer::Tests(mut all) = answer else { return Vec::new() };
    for (at, test) in all.iter_mut().enumerate() {
        test.id =
            TestId::from_parts(i64::try_from(variant).unwrap(), [u8::try_from(at).unwrap(); 10]);
    }
    all
}

/// The schedules of a variant, each with an id of its own.
pub fn planned(variant: usize, answer: Answer) -> Vec<ScheduleRow> {
    let Answer::Schedules(mut all) = answer else { return Vec::new() };
    for (at, row) in all.iter_mut().enumerate() {
        row.schedule.id = ScheduleId::from_parts(
            i64::try_from(variant).unwrap(),
            [u8::try_from(at).unwrap(); 10],
        );
    }
    all
}

macro_rules! pick {
    ($($name:ident, $variant:ident, $row:ty;)*) => {$(
        pub fn $name(answer: Answer) -> Option<Vec<$row>> {
            match answer { Answer::$variant(all) => Some(all), _ => None }
        }
    )*};
}

pick! {
    hosts, Hosts, fluxnoc::protocol::query::HostAnswer;
    alerts, Alerts, fluxnoc::protocol::query::AlertAnswer;
    windows, Maintenance, fluxnoc::model::Maintenance;
    edges, Edges, fluxnoc::model::Edge;
    paths, Paths, fluxnoc::protocol::TraceSummary;
    settings, Settings, fluxnoc::model::Setting;
    comments, Comments, fluxnoc::model::Comment;
    changes, PathChanges, fluxnoc::model::PathChange;
}

pub fn series(answer: Answer) -> Option<Vec<fluxnoc::protocol::SeriesRow>> {
    match answer {
        Answer::SeriesList(page) => Some(page.rows),
        _ => None,
    }
}

pub fn rules(answer: Answer) -> Option<Vec<fluxnoc::protocol::RuleRow>> {
    match answer {
        Answer::Rules(page) => Some(page.rows),
        _ => None,
    }
}

pub fn destinations(answer: Answer) -> Option<Vec<fluxnoc::protocol::DestinationRow>> {
    match answer {
        Answer::Notifications(page) => Some(page.destinations),
        _ => None,
    }
}

pub fn promises(answer: Answer) -> Option<Vec<fluxnoc::protocol::NotificationItem>> {
    match answer {
        Answer::Notifications(page) => Some(page.rows),
        _ => None,
    }
}

pub fn remembered(answer: Answer) -> BTreeMap<String, String> {
    match answer {
        Answer::Remembered(kept) => kept,
        _ => BTreeMap::new(),
    }
}

pub fn log(answer: Answer) -> Option<Vec<fluxnoc::protocol::LogEntry>> {
    match answer {
        Answer::Log(page) => Some(page.entries),
        _ => None,
    }
}
