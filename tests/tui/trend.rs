//! The trend of a vantage and target: its ranges, its figures, gaps, what is usual.

use fluxnoc::model::trend::{Bucket, Mean};
use fluxnoc::model::{Span, TestKind, Timestamp, Trend, View};
use fluxnoc::protocol::query::{Answer, Query};
use fluxnoc::protocol::{Problem, Role, TrendWish};
use fluxnoc::tui::app::Pane;
use fluxnoc::tui::effect::{Effect, Reply};
use fluxnoc::tui::msg::Msg;

use crate::fixture::{now, wave};
use crate::invariants::SIZES;
use crate::{Console, actor, fixture, options};

/// How long a view is, and how long one of its buckets.
fn length(view: View) -> (u64, u64) {
    match view {
        View::SixHours => (6 * 3600, 900),
        View::Day => (86_400, 1800),
        View::Week => (7 * 86_400, 3600),
        View::Month => (30 * 86_400, 86_400),
        View::Year => (365 * 86_400, 7 * 86_400),
    }
}

/// What the fake engine says: a fifth in the middle was not measured.
pub fn answer(wish: &TrendWish) -> Trend {
    let (long, step) = length(wish.view);
    let start = now() - Span::from_secs(long);
    let count = long / step;
    let raw = matches!(wish.view, View::SixHours | View::Day);
    let bucket = |n: u64| {
        let at = start + Span::from_secs(n * step);
        let end = if raw { at } else { at + Span::from_secs(step) };
        let mut bucket = Bucket::empty(at, end);
        let gap = (count * 2 / 5..count * 3 / 5).contains(&n);
        let turn = wave(i64::try_from(n).unwrap(), 13.0);
        let mean = |value: f64, by: f64| {
            let by = if raw { 0.0 } else { by };
            let count = if raw { 1 } else { 4 };
            Some(Mean { mean: value, min: value - by, max: value + by, count })
        };
        if !gap {
            if wish.test_type == TestKind::Speedtest {
                bucket.download_mbps = mean(780.0 + 160.0 * turn, 40.0);
                bucket.upload_mbps = mean(850.0 + 40.0 * turn, 15.0);
            }
            bucket.latency_ms = mean(9.0 + 4.0 * turn, 1.5);
            bucket.jitter_ms = mean(0.4 + 0.2 * turn, 0.1);
            bucket.loss_pct = mean(0.0, 0.0);
        }
        bucket
    };
    let buckets = (0..count).map(bucket).collect();
    Trend { view: wish.view, zone: "UTC".to_owned(), start, end: now(), buckets }
}

fn open(size: (u16, u16), keys: &str) -> Console {
    let mut console = Console::new(size, actor(Role::Operator), options());
    console.feed(fixture::picture());
    console.rest();
    console.press(keys);
    console
}

fn asked(console: &Console) -> Vec<(u64, TrendWish)> {
    let wish = |(id, effect): (&u64, &Effect)| match effect {
        Effect::Query { query: Query::Trend(wish), .. } => Some((*id, wish.clone())),
        _ => None,
    };
    console.waiting.iter().filter_map(wish).collect()
}

#[test]
fn fs_36_the_five_ranges_have_axes_figures_and_gaps() {
    for size in SIZES {
        let mut console = open(size, "g j j v");
        assert_eq!(console.app.focus, Pane::Trend);
        insta::assert_snapshot!(format!("trend_{}x{}", size.0, size.1), console.screen());
    }
    let mut console = open((120, 40), "g j j v");
    let screen = console.screen();
    for words in
        ["jump-02 → lan-1: speedtest, 24 h", "every result", "no data", "min ", "avg ", "max "]
    {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    for (words, each) in
        [("7 d", "by the hour"), ("30 d", "by the day"), ("12 months", "by the week")]
    {
        let screen = console.press("+").screen();
        assert!(screen.contains(&format!("speedtest, {words}")), "{screen}");
        assert!(screen.contains(each), "{screen}");
    }
    insta::assert_snapshot!("year_120x40", console.press("+").screen());
    let screen = console.press("- - - -").screen();
    assert!(screen.contains("speedtest, 6 h"), "{screen}");
    assert!(console.press("-").screen().contains("speedtest, 6 h"));
}

#[test]
fn fs_33_fs_34_what_is_usual_stands_in_the_graph_or_how_far_it_is_learned() {
    let mut console = open((120, 40), "g j j v");
    let screen = console.screen();
    let words = "usual: down 930 Mbps, learning 31/50; up 880 Mbps, of 50 results; band -30 %";
    assert!(screen.contains(words), "{screen}");
    let wide = open((200, 60), "g j j v").screen();
    assert!(wide.contains("least down 800 Mb/s"), "{wide}");
    let band = |screen: &str| screen.matches('·').count();
    let with = band(&screen);
    let screen = console.press("B").screen();
    assert!(screen.contains("B shows what is usual") && !screen.contains("learning"), "{screen}");
    assert!(band(&screen) + 50 < with, "{with}\n{screen}");
    assert!(console.press("B").screen().contains("learning 31/50"));
}

#[test]
fn a_trend_is_of_what_is_under_the_cursor_and_of_the_figures_that_it_has() {
    // A probe has no rates.
    let mut console = open((120, 40), "g b v");
    let screen = console.screen();
    assert!(screen.contains(": probe, 24 h") || screen.contains(": trace, 24 h"), "{screen}");
    assert!(!screen.contains("throughput"), "{screen}");
    // The next figure comes first, where there is no room for all.
    let mut console = open((80, 24), "6 j j j v");
    let screen = console.screen();
    assert!(screen.contains("━ down"), "{screen}");
    let screen = console.press("]").screen();
    assert!(screen.contains("━ latency") && !screen.contains("━ down"), "{screen}");
    let screen = console.press("[ [").screen();
    assert!(screen.contains("━ loss"), "{screen}");
    // The value under the cursor of the graph.
    let screen = console.press("[ h h h").screen();
    assert!(screen.contains("latency "), "{screen}");
    assert!(console.app.own.lens.cursor.is_some());
    // Without anything it says what to choose.
    let mut console = open((120, 40), "1");
    assert!(
        console.press("g u").foot().contains("choose one in Speed, Schedules"),
        "{}",
        console.foot()
    );
}

#[test]
fn an_answer_to_another_range_is_not_shown_and_a_failure_says_why() {
    let mut console = open((120, 40), "g j j v");
    console.answers = false;
    console.press("+ +");
    let all = asked(&console);
    let views: Vec<View> = all.iter().map(|(_, wish)| wish.view).collect();
    assert_eq!(views, [View::Week, View::Month]);
    assert!(console.screen().contains("Asking the engine…"), "{}", console.screen());
    let first = Answer::Trend(answer(&all[0].1));
    console.on(Msg::Reply { id: all[0].0, result: Ok(Reply::Answer(first)) });
    assert!(console.screen().contains("Asking the engine…"), "the first is stale");
    console.on(Msg::Reply { id: all[1].0, result: Err(Problem::unavailable("the store is busy")) });
    assert!(console.screen().contains("the store is busy"), "{}", console.screen());
    let nothing = Trend {
        view: View::Month,
        zone: "UTC".to_owned(),
        start: Timestamp::from_millis(0),
        end: now(),
        buckets: Vec::new(),
    };
    console.press("R");
    let (id, _) = asked(&console).pop().unwrap();
    console.on(Msg::Reply { id, result: Ok(Reply::Answer(Answer::Trend(nothing))) });
    let screen = console.screen();
    assert!(screen.contains("Nothing was measured in 30 d: + shows a longer time."), "{screen}");
}
