//! Both formats, case by case. Where a case names Prometheus, `tests/scrape` asks the real one.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::sheet::Sheet;
use super::token::{canonical_bound, float};
use crate::model::Scrape;
use crate::model::spec::Exposition::{self, OpenMetrics, Text};

fn read(text: &str, format: Exposition) -> Result<Scrape, String> {
    let read = Sheet::default().read(text.as_bytes(), format, 1000);
    read.map_err(|bad| bad.describe(text.as_bytes()))
}

/// Series with their values, in the notation of an exposition.
fn lines(scrape: &Scrape) -> Vec<String> {
    let series = scrape.layout.series.iter().zip(&scrape.values);
    series.map(|(id, value)| format!("{id} {value}")).collect()
}

#[test]
fn text_is_read_as_prometheus_reads_it() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("\n\n  \n", &[]),
        ("x 1", &["x 1"]),
        ("x 1\n", &["x 1"]),
        (" \tx\t1 \n", &["x 1"]),
        ("x{} 1\n", &["x 1"]),
        ("x{a=\"b\",} 1\n", &["x{a=\"b\"} 1"]),
        ("x { a = \"b\" , c = \"d\" } 1\n", &["x{a=\"b\",c=\"d\"} 1"]),
        ("x{a=\"b\" c=\"d\"} 1\n", &["x{a=\"b\",c=\"d\"} 1"]),
        ("x{c=\"d\",a=\"b\"} 1\n", &["x{a=\"b\",c=\"d\"} 1"]),
        ("x{a=\"\"} 1\n", &["x 1"]),
        ("x{a=\"q\\\"\\\\\\n\\t\"} 1\n", &["x{a=\"q\\\"\\\\\\n\\\\t\"} 1"]),
        ("x{a=\"two\nlines\"} 1\n", &["x{a=\"two\\nlines\"} 1"]),
        ("x{a=\"日本\"} 1\n", &["x{a=\"日本\"} 1"]),
        ("a:b_c 1\n", &["a:b_c 1"]),
        ("{\"my.name\",a=\"b\"} 1\n", &["{\"my.name\",a=\"b\"} 1"]),
        ("x{\"my.label\"=\"b\"} 1\n", &["x{\"my.label\"=\"b\"} 1"]),
        ("x 1 123\n", &["x 1"]),
        (
            "x NaN\ny nan\nz +Inf\nw -inf\nv Infinity\n",
            &["x NaN", "y NaN", "z inf", "w -inf", "v inf"],
        ),
        ("x 1e3\ny .5\nz 5.\nw -0\nv 1E-2\n", &["x 1000", "y 0.5", "z 5", "w -0", "v 0.01"]),
        ("# HELP x y\n# TYPE x gauge\n#x 3\n# x 4\nx 1\n", &["x 1"]),
        ("# HELP x\n#HELP x\n# HELPX\n#\n# \nx 1\n", &["x 1"]),
        ("# TYPE x\tcounter\nx 1\n", &["x 1"]),
        ("x 1\nx 2\ny 3\nx 4\n", &["x 1", "y 3"]),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_bucket{le=\"x\"} 3\n",
            &["h_bucket{le=\"1.0\"} 1", "h_bucket{le=\"+Inf\"} 2", "h_bucket{le=\"x\"} 3"],
        ),
        (
            "# TYPE s summary\ns{quantile=\"0.50\"} 1\n# TYPE g gauge\ng{le=\"1\",quantile=\"1\"} 2\n",
            &["s{quantile=\"0.5\"} 1", "g{le=\"1\",quantile=\"1\"} 2"],
        ),
    ];
    for (text, wanted) in cases {
        let scrape = read(text, Text).unwrap_or_else(|why| panic!("{text:?}: {why}"));
        assert_eq!(lines(&scrape), *wanted, "{text:?}");
    }
}

#[test]
fn text_that_is_broken_is_refused_whole() {
    for (text, why) in [
        ("a{b='c'} 1\n", "label value in quotes"),
        ("a{b=\n", "label value in quotes"),
        ("a{\u{ff}=\"foo\"} 1\n", "expected a label name"),
        ("a{b=\"c} 1\n", "label value in quotes"),
        ("a{,} 1\n", "expected a label name"),
        ("a{b=\"c\",,} 1\n", "expected a label name"),
        ("a{b} 1\n", "expected `=`"),
        ("a{\"b\"} 1\n", "two names"),
        ("{b=\"c\"} 1\n", "no name"),
        ("{\"a\",\"b\"} 1\n", "two names"),
        ("a\n", "expected a value"),
        ("a true\n", "not a number"),
        ("something_weird{problem=\"\n", "label value in quotes"),
        ("empty_label_name{=\"\"} 0\n", "expected a label name"),
        ("foo 1_2\n", "not a number"),
        ("foo 0x1p-3\n", "not a number"),
        ("foo 0x1P-3\n", "not a number"),
        ("foo 1 1z\n", "time stamp"),
        ("foo 1 -5\n", "time stamp"),
        ("foo 1 1 1\n", "time stamp or the end"),
        ("foo 1 9223372036854775808\n", "out of range"),
        ("foo 1e999\n", "out of range"),
        ("foo +NaN\n", "not a number"),
        ("foo 1\r\n", "not a number"),
        ("\0\n", "expected a metric name"),
        ("1x 1\n", "expected a metric name"),
        ("x{a=\"b\"}{c=\"d\"} 1\n", "expected a value"),
        ("# TYPE x gaugE\n", "invalid metric type"),
        ("# TYPE x  gauge\n", "invalid metric type"),
        ("# TYPE x info\n", "invalid metric type"),
        ("# TYPE x \n", "invalid metric type"),
        ("# TYPE 1 gauge\n", "expected a metric name"),
        ("# HELP \n", "expected a metric name"),
        ("x{a=\"1\",a=\"2\"} 1\n", "occurs twice"),
        ("x{__name__=\"y\"} 1\n", "must not be called so"),
    ] {
        let said = read(&format!("good 1\n{text}"), Text).unwrap_err();
        assert!(said.contains(why), "{text:?}: {said}");
        assert!(said.starts_with("line 2: ") || said.starts_with("line 3: "), "{text:?}: {said}");
    }
    let broken = b"x{a=\"\xff\"} 1\n";
    assert!(Sheet::default().read(broken, Text, 10).unwrap_err().what.contains("UTF-8"));
    let broken = b"# HELP x \xff\nx 1\n";
    assert!(Sheet::default().read(broken, Text, 10).unwrap_err().what.contains("UTF-8"));
}

#[test]
fn openmetrics_is_read() {
    let cases: &[(&str, &[&str])] = &[
        ("# EOF\n", &[]),
        ("# EOF", &[]),
        ("x 1\n# EOF\n", &["x 1"]),
        (
            "# TYPE x counter\n# UNIT x \n# HELP x y\nx_total 17.0 1520879607.789\n# EOF\n",
            &["x_total 17"],
        ),
        (
            "# TYPE x_seconds gauge\n# UNIT x_seconds seconds\nx_seconds 1\n# EOF\n",
            &["x_seconds 1"],
        ),
        (
            "# TYPE h histogram\nh_bucket{le=\"1\"} 1 # {id=\"a\"} 0.5\nh_bucket{le=\"+Inf\"} 2 7 # {} 1 2\n# EOF\n",
            &["h_bucket{le=\"1.0\"} 1", "h_bucket{le=\"+Inf\"} 2"],
        ),
        (
            "# TYPE b info\nb_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"a\"} 1\ns{s=\"b\"} 0\n# EOF\n",
            &["b_info{v=\"1\"} 1", "s{s=\"a\"} 1", "s{s=\"b\"} 0"],
        ),
        ("a 1\nb 2\n# TYPE c unknown\nc NaN\nd -1\n# EOF\n", &["a 1", "b 2", "c NaN", "d -1"]),
    ];
    for (text, wanted) in cases {
        let scrape = read(text, OpenMetrics).unwrap_or_else(|why| panic!("{text:?}: {why}"));
        assert_eq!(lines(&scrape), *wanted, "{text:?}");
    }
    let stamped = read("x 1 1520879607.789\ny 2\n# EOF\n", OpenMetrics).unwrap();
    assert_eq!(stamped.stamps, [(0, 1_520_879_607_789)]);
}

#[test]
fn openmetrics_that_is_broken_is_refused_whole() {
    for (text, why) in [
        ("", "does not end with # EOF"),
        ("x 1\n", "does not end with # EOF"),
        ("x 1", "does not end with # EOF"),
        ("# EOF\nx 1\n", "after # EOF"),
        ("# EOF\n\n", "after # EOF"),
        ("\n# EOF\n", "expected a metric name"),
        ("x  1\n# EOF\n", "expected a blank and a value"),
        (" x 1\n# EOF\n", "expected a metric name"),
        ("x 1 \n# EOF\n", "not a number"),
        ("x\t1\n# EOF\n", "expected a blank and a value"),
        ("x 1\r\n# EOF\n", "not a number"),
        ("x{a=\"b\" ,c=\"d\"} 1\n# EOF\n", "expected `,`"),
        ("x{a=\"b\"c=\"d\"} 1\n# EOF\n", "expected `,`"),
        ("x{a=\"two\nlines\"} 1\n# EOF\n", "label value in quotes"),
        ("# a comment\n# EOF\n", "only HELP, TYPE, UNIT and EOF"),
        ("#EOF\n", "only HELP, TYPE, UNIT and EOF"),
        ("# TYPE x untyped\n# EOF\n", "invalid metric type"),
        ("# TYPE x\n# EOF\n", "expected a blank and a text"),
        ("# UNIT x_bytes seconds\n# EOF\n", "the unit is not a suffix"),
        ("# UNIT seconds seconds\n# EOF\n", "the unit is not a suffix"),
        ("x 1 NaN\n# EOF\n", "invalid time stamp"),
        ("x 1 2 3\n# EOF\n", "expected a time stamp, an exemplar"),
        ("x 1 # {a=\"b\"}\n# EOF\n", "value after the exemplar"),
        ("x 1 # {\"a\"} 1\n# EOF\n", "expected `=`"),
        ("x 1 # {a=\"b\"} 1 Inf\n# EOF\n", "time stamp of an exemplar"),
        // The specification says MUST; Prometheus lets these pass.
        ("# TYPE x counter\nx_total -1\n# EOF\n", "negative"),
        ("# TYPE x counter\nx_total NaN\n# EOF\n", "negative"),
        ("# TYPE x gauge\nx 1\n# TYPE y gauge\ny 1\nx 2\n# EOF\n", "not together"),
        ("x 1\ny 1\nx 2\n# EOF\n", "not together"),
    ] {
        let said = read(text, OpenMetrics).unwrap_err();
        assert!(said.contains(why), "{text:?}: {said}");
    }
    let long = format!("x 1 # {{a=\"{}\"}} 1\n# EOF\n", "b".repeat(128));
    assert!(read(&long, OpenMetrics).unwrap_err().contains("128 characters"));
}

#[test]
fn a_known_exposition_gives_the_same_as_a_new_one() {
    let before = "a 1\nb{x=\"1\"} 2\nb{x=\"1\"} 9\nb { x = \"2\" } 3\nc 4 5\nd 6\n";
    for (now, added) in [
        ("a 2\nb{x=\"1\"} 3\nb{x=\"1\"} 9\nb { x = \"2\" } 4\nc 5 6\nd 7\n", 0),
        ("a 2\nd 7\n", 0),
        ("d 7\na 2\n", 0),
        ("a 2\nnew 1\nb{x=\"1\"} 3\nd 7\n", 1),
        ("a 2\nb{x=\"1\",y=\"2\"} 3\nb{x=\"1\"} 3\n", 1),
        ("b{x=\"1\"} 2\nb{x=\"1\"} 9\na 1\nb{x=\"2\"} 9\n", 0),
        ("ab 2\na{} 2\na {q=\"1\"} 3\n", 2),
        ("", 0),
        ("a 2\nb{x=\"1\"} 3\nb{x=\"1\"} 9\nb { x = \"2\" } 4\nc 5 6\nd 7\ne 8\n", 1),
    ] {
        let mut sheet = Sheet::default();
        assert_eq!(sheet.read(before.as_bytes(), Text, 100).unwrap().report.added, 5);
        let known = sheet.read(now.as_bytes(), Text, 100).unwrap();
        let fresh = Sheet::default().read(now.as_bytes(), Text, 100).unwrap();
        assert_eq!(lines(&known), lines(&fresh), "{now:?}");
        assert_eq!(known.stamps, fresh.stamps, "{now:?}");
        assert_eq!(known.report.samples, fresh.report.samples, "{now:?}");
        assert_eq!(known.layout.id, fresh.layout.id, "{now:?}");
        assert_eq!(known.report.added, added, "{now:?}");
        sheet.failed();
        let after = sheet.read(now.as_bytes(), Text, 100).unwrap();
        assert_eq!(after.report.added as usize, after.layout.series.len(), "after a failed one");
    }
}

#[test]
fn a_broken_body_leaves_what_was_known() {
    let mut sheet = Sheet::default();
    let first = sheet.read(b"a 1\nb 2\n", Text, 100).unwrap();
    assert!(sheet.read(b"a 1\nb x\n", Text, 100).is_err());
    let again = sheet.read(b"a 3\nb 4\n", Text, 100).unwrap();
    assert!(std::sync::Arc::ptr_eq(&first.layout, &again.layout));
    assert_eq!(lines(&again), ["a 3", "b 4"]);
}

#[test]
fn limits_are_kept_in_known_and_new_bodies() {
    let mut body = String::new();
    for n in 0..1001 {
        let _ = writeln!(body, "x{{n=\"{n}\"}} 1");
    }
    let mut sheet = Sheet::default();
    let why = sheet.read(body.as_bytes(), Text, 1000).unwrap_err();
    assert!(why.what.contains("more than 1000 samples"), "{why:?}");
    sheet.read(body.as_bytes(), Text, 1001).unwrap();
    assert!(sheet.read(body.as_bytes(), Text, 1000).is_err());
    let labels: Vec<String> = (0..65).map(|n| format!("l{n}=\"x\"")).collect();
    let many = format!("x{{{}}} 1\n", labels.join(","));
    assert!(read(&many, Text).unwrap_err().contains("64 labels"));
    let long = format!("x{{a=\"{}\"}} 1\n", "v".repeat(5000));
    assert!(read(&long, Text).unwrap_err().contains("longer than 4096"));
    let long = format!("{} 1\n", "n".repeat(600));
    assert!(read(&long, Text).unwrap_err().contains("longer than 512"));
}

#[test]
fn bounds_are_written_as_go_writes_them() {
    for (text, wanted) in [
        ("1", "1.0"),
        ("0", "0.0"),
        ("0.5", "0.5"),
        ("0.50", "0.5"),
        ("10", "10.0"),
        ("100000", "100000.0"),
        ("1000000", "1e+06"),
        ("123456789", "1.23456789e+08"),
        ("1e-5", "1e-05"),
        ("0.0001", "0.0001"),
        ("+Inf", "+Inf"),
        ("inf", "+Inf"),
        ("-5", "-5.0"),
        ("abc", "abc"),
        ("", ""),
    ] {
        assert_eq!(canonical_bound(text), wanted, "{text}");
    }
    assert_eq!(float(b"123456789012345", 0), Ok(123_456_789_012_345.0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// No input panics or hangs, in either format, new or after another one.
    #[test]
    fn any_bytes_give_a_scrape_or_a_reason(
        first in proptest::collection::vec(pieces(), 0..12),
        second in proptest::collection::vec(pieces(), 0..12),
        open in any::<bool>(),
    ) {
        let format = if open { OpenMetrics } else { Text };
        let (first, second) = (first.concat(), second.concat());
        let mut sheet = Sheet::default();
        let _ = sheet.read(&first, format, 50);
        let known = sheet.read(&second, format, 50);
        let fresh = Sheet::default().read(&second, format, 50);
        match (known, fresh) {
            (Ok(known), Ok(fresh)) => prop_assert_eq!(lines(&known), lines(&fresh)),
            (Err(bad), Err(_)) => drop(bad.describe(&second)),
            (known, fresh) => prop_assert!(false, "{known:?} {fresh:?}"),
        }
    }
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<Vec<u8>> = [
        "a",
        "b_total",
        "{",
        "}",
        "{x=\"1\"}",
        "{x=\"1\",",
        "le=\"1\"}",
        " ",
        "\t",
        "\n",
        " 1\n",
        " 2 3\n",
        " NaN\n",
        "# TYPE a gauge\n",
        "# TYPE b counter\n",
        "# EOF\n",
        "# HELP a b\n",
        " # {x=\"y\"} 1\n",
        "\"",
        "\\",
        "=",
        ",",
        "\r",
        "\0",
        "\u{fe}",
        "a 1\n",
        "a{x=\"1\"} 5\n",
    ]
    .iter()
    .map(|word| word.as_bytes().to_vec())
    .collect();
    prop_oneof![
        8 => proptest::sample::select(words),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
    ]
}
