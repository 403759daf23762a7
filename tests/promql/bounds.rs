//! An evaluation is bounded: whatever is asked ends soon, with a named error.

use std::time::{Duration, Instant};

use fluxnoc::promql::{
    Edition, Fault, Labels, Limits, NAME, Options, Point, Selection, Source, Steps, Taken, Value,
    evaluate_instant, evaluate_range, parse,
};

/// A million series with a sample each second of an hour, none of which is kept anywhere.
struct Million;

impl Source for Million {
    fn select(&self, selection: &Selection<'_>, taken: &mut Taken<'_>) -> Result<(), String> {
        for number in 0..1_000_000 {
            let labels = Labels::from_pairs([(NAME, "big".to_owned()), ("n", number.to_string())]);
            if !selection.matches(&labels) {
                continue;
            }
            let points = (0..3600).map(|second| Point { at: second * 1000, value: 1.0 });
            if taken.series(&labels, points).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn fault(text: &str, limits: Limits) -> Fault {
    let query = parse(text, Edition::Two).unwrap_or_else(|why| panic!("{text}: {why}"));
    let options = Options { limits, ..Options::default() };
    let began = Instant::now();
    let fault = evaluate_instant(&query, &Million, 3_600_000, &options).expect_err(text);
    assert!(began.elapsed() < Duration::from_secs(20), "{text} took {:?}", began.elapsed());
    fault
}

#[test]
fn a_million_series_end_with_a_named_error() {
    let limits = Limits { series: 1000, ..Limits::default() };
    assert_eq!(fault("sum(big)", limits), Fault::TooManySeries(1000));
    assert_eq!(fault("big or big{n=\"1\"}", limits), Fault::TooManySeries(1000));
    let limits = Limits { samples: 100_000, ..Limits::default() };
    let said = fault("rate(big[1h])", limits);
    assert_eq!(said, Fault::TooManySamples(100_000));
    assert!(said.to_string().contains("too many samples"), "{said}");
}

/// A source whose time is over when it was asked so often.
struct Hurried(std::cell::Cell<u32>);

impl Source for Hurried {
    fn select(&self, _: &Selection<'_>, _: &mut Taken<'_>) -> Result<(), String> {
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.0.set(self.0.get().saturating_sub(1));
        self.0.get() == 0
    }
}

#[test]
fn one_expression_without_any_series_looks_at_the_time() {
    let ask = |text: &str, times: u32| {
        let query = parse(text, Edition::Two).unwrap();
        let source = Hurried(std::cell::Cell::new(times));
        evaluate_instant(&query, &source, 3_600_000, &Options::default())
    };
    let windows = "max_over_time(max_over_time(vector(1)[1h:1s])[1h:1s])";
    let steps = "sum_over_time((vector(1) * 2 + vector(3))[10m:1s])";
    assert_eq!(ask(windows, 3), Err(Fault::OutOfTime));
    assert!(ask(windows, u32::MAX).is_ok());
    // So little work is done before anybody looks.
    assert!(ask(steps, 1).is_ok());
}

#[test]
fn work_steps_and_labels_are_bounded() {
    let limits = Limits { visits: 1_000_000, ..Limits::default() };
    let text = "max_over_time(max_over_time(vector(1)[1h:1s])[1h:1s])";
    assert_eq!(fault(text, limits), Fault::TooMuchWork(1_000_000));
    assert_eq!(fault("count_over_time(vector(1)[1y:1s])", limits), Fault::TooManySteps(11_000));
    let mut text = "vector(1)".to_owned();
    for _ in 0..40 {
        text = format!("label_join({text}, \"a\", \"-\", \"a\", \"a\")");
    }
    let limits = Limits::default();
    let long = format!("label_replace({text}, \"a\", \"{}\", \"\", \"\")", "x".repeat(100));
    assert!(parse(&long, Edition::Two).is_ok());
    let start = format!("label_replace(vector(1), \"a\", \"{}\", \"\", \"\")", "x".repeat(100));
    let text = text.replace("vector(1)", &start);
    assert_eq!(fault(&text, limits), Fault::LongLabel(16 * 1024));
}

#[test]
fn a_range_has_steps_and_an_end() {
    let query = parse("vector(1)", Edition::Two).unwrap();
    let run = |start, end, step| {
        evaluate_range(&query, &Million, Steps { start, end, step }, &Options::default())
    };
    assert_eq!(run(0, 10, 0), Err(Fault::BadRange));
    assert_eq!(run(10, 0, 1), Err(Fault::BadRange));
    assert_eq!(run(i64::MIN, i64::MAX, 1), Err(Fault::TooManySteps(11_000)));
    assert!(matches!(run(i64::MAX - 1, i64::MAX, 1), Ok(Value::Matrix(_))));
    let selector = parse("rate(big[5m] offset -100y)", Edition::Three).unwrap();
    let empty = crate::memory::Memory::default();
    let at = |at| evaluate_instant(&selector, &empty, at, &Options::default());
    assert_eq!(at(i64::MIN), Ok(Value::Vector(Vec::new())));
    // Times at the ends of all numbers do no harm.
    let mut ends = crate::memory::Memory::default();
    let labels = Labels::from_pairs([(NAME, "big")]);
    ends.add(&labels, [i64::MIN, -1, 0, i64::MAX].map(|at| Point { at, value: at as f64 }));
    let texts = [
        "predict_linear(big[1h] @ 0, 60)",
        "rate(big[100y])",
        "deriv(big[5m:1m] offset -1h)",
        "timestamp(big)",
    ];
    for text in texts {
        let query = parse(text, Edition::Three).unwrap();
        for at in [i64::MIN, -1, 0, i64::MAX] {
            assert!(evaluate_instant(&query, &ends, at, &Options::default()).is_ok(), "{text}");
        }
    }
}

/// The deepest expressions that are read fit into the stack of a worker thread, and what is deeper
/// is refused before a tree is built of it.
#[test]
fn deep_expressions_fit_or_are_refused() {
    let deepest = |make: fn(usize) -> String| {
        let most = (1..1000).take_while(|depth| parse(&make(*depth), Edition::Two).is_ok()).last();
        most.expect("some depth is read")
    };
    let shapes: [fn(usize) -> String; 6] = [
        |depth| format!("{}1{}", "(".repeat(depth), ")".repeat(depth)),
        |depth| format!("1{}", " + 1".repeat(depth)),
        |depth| format!("{}vector(1)", "-".repeat(depth)),
        |depth| format!("{}vector(1){}", "sum(".repeat(depth), ")".repeat(depth)),
        |depth| format!("{}vector(1){}", "abs(-".repeat(depth), ")".repeat(depth)),
        |depth| format!("2{}", " ^ 2".repeat(depth)),
    ];
    for make in shapes {
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
            let most = deepest(make);
            assert!((40..200).contains(&most), "{most}");
            let query = parse(&make(most), Edition::Two).unwrap();
            let value = evaluate_instant(&query, &Million, 0, &Options::default());
            assert!(value.is_ok(), "{value:?}");
            assert!(parse(&make(100_000), Edition::Two).is_err());
        });
        thread.expect("a thread").join().expect("it fits");
    }
    let long = format!("1{}", " ".repeat(20_000));
    assert!(parse(&long, Edition::Two).unwrap_err().to_string().contains("at most 16384 bytes"));
}

/// Whatever is written, reading it ends with an answer.
#[test]
fn no_text_makes_the_reader_panic() {
    let words = [
        "a",
        "1",
        "5m",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "=~",
        "\"",
        "'",
        "`",
        "\\",
        "offset",
        "@",
        "on",
        "by",
        "group_left",
        "sum",
        "rate",
        "e",
        "0x",
        "1e",
        "inf",
        "nan",
        ":",
        ",",
        "-",
        "^",
        "#",
        "\n",
        "é",
        "\u{0}",
        "bool",
        "or",
        "!~",
        ".",
        "start()",
        "1e999",
        "\"x\"",
        "\"(\"",
        "fill",
        "1y1y",
        "\\x",
        "_",
        r#"a{b=~"\é"}"#,
        r#"=~"\xé""#,
        r#""\xff""#,
        r#""\400""#,
        r#""\U00110000""#,
        r"'\é'",
        r#""\u00e""#,
    ];
    let mut random = crate::history::Random(3);
    for _ in 0..30_000 {
        let length = 1 + random.below(9);
        let text: Vec<&str> = (0..length).map(|_| words[random.below(words.len())]).collect();
        let text = text.join(if random.chance(0.5) { " " } else { "" });
        if let Ok(query) = parse(&text, Edition::Two) {
            let _ =
                evaluate_instant(&query, &crate::memory::Memory::default(), 0, &Options::default());
        }
    }
}
