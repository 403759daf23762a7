//! One body after the other, read by Prometheus and by us.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fluxnoc::model::spec::ScrapeSpec;
use fluxnoc::probe::Memory;

use super::peer::{Peer, series};
use super::scrape;
use super::stub::{OPEN, Page, Stub, TEXT};

/// Read alike by both, whatever comes of it.
const ALIKE_TEXT: &[&str] = &[
    "x 1",
    "x 1\n",
    "x\t1 \n",
    "\n\n  \nx 1\n",
    "x{} 1\n",
    "x{a=\"b\",} 1\n",
    "x { a = \"b\" , c = \"d\" } 1\n",
    "x{a=\"b\" c=\"d\"} 1\n",
    "x{c=\"d\",a=\"b\"} 1\n",
    "x{a=\"\"} 1\n",
    "x{a=\"q\\\"\\\\\\n\\t\"} 1\n",
    "x{a=\"two\nlines\"} 1\n",
    "x{a=\"日本\"} 1\n",
    "a:b_c 1\n",
    "x NaN\ny nan\nz +Inf\nw -inf\nv Infinity\nu infinity\nt -Infinity\n",
    "x 1e3\ny .5\nz 5.\nv 1E-2\nw 1e+2\n",
    "x +5\n",
    "x 0x10\n",
    "x 0x1p3\n",
    "x 1_000\n",
    "x 1e999\n",
    "x 1e-999\n",
    "x -nan\n",
    "x +NaN\n",
    "x 0b1\n",
    "x 0o7\n",
    "x 00012\n",
    "x .\n",
    "x e5\n",
    "x \"1\"\n",
    "x 1f\n",
    "# HELP x y\n# TYPE x gauge\n#x 3\n# x 4\nx 1\n",
    "# HELP x\n#HELP x\n# HELPX\n#\n# \nx 1\n",
    "# TYPE x\tcounter\nx 1\n",
    "#\tTYPE x gauge\nx 1\n",
    "# TYPE\tx gauge\nx 1\n",
    "# TYPE x  gauge\nx 1\n",
    "# TYPE x gauge \nx 1\n",
    "# TYPE x gaugE\n",
    "# TYPE x info\n",
    "# TYPE x\nx 1\n",
    "# TYPE x \nx 1\n",
    "# TYPE 1 gauge\n",
    "# HELP \nx 1\n",
    "# HELP 1 y\nx 1\n",
    "# TYPE x-y gauge\nx 1\n",
    "x 1\nx 2\ny 3\nx 4\n",
    "x -1\n# TYPE x counter\nx_total -1\n",
    "# TYPE h histogram\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n",
    "a{b='c'} 1\n",
    "a{b=\n",
    "a{b=\"c} 1\n",
    "a{,} 1\n",
    "a{b=\"c\",,} 1\n",
    "a{b} 1\n",
    "a{\"b\"} 1\n",
    "{b=\"c\"} 1\n",
    "a\n",
    "a true\n",
    "a{=\"\"} 0\n",
    "foo 1 1z\n",
    "foo 1 -5\n",
    "foo 1 1 1\n",
    "foo 1 9223372036854775808\n",
    "foo 1\r\n",
    "1x 1\n",
    "-x 1\n",
    "x-y 1\n",
    "x{a=\"b\"}{c=\"d\"} 1\n",
    "x{a=\"1\",a=\"2\"} 1\n",
    "x{a=\"\\x\"} 1\n",
    "x{a=\"b\\\"} 1\n",
    "x{1a=\"b\"} 1\n",
    "x{a:b=\"c\"} 1\n",
    "x{a=\"b\"}1\n",
    "x 1 # {a=\"b\"} 2\n",
    "x 1 1{\n",
    "x 1{\n",
    "x{__name__=\"y\"} 1\n",
    "good 1\nbad\ngood2 2\n",
];

const ALIKE_OPEN: &[&str] = &[
    "# EOF\n",
    "# EOF",
    "x 1\n# EOF\n",
    "x 1\n",
    "x 1",
    "",
    "# EOF\nx 1\n",
    "# EOF\n\n",
    "\n# EOF\n",
    "x  1\n# EOF\n",
    " x 1\n# EOF\n",
    "x 1 \n# EOF\n",
    "x\t1\n# EOF\n",
    "x 1\r\n# EOF\n",
    "x{a=\"b\" ,c=\"d\"} 1\n# EOF\n",
    "x{a=\"b\"c=\"d\"} 1\n# EOF\n",
    "x{a=\"two\nlines\"} 1\n# EOF\n",
    "# a comment\n# EOF\n",
    "#EOF\n",
    "# TYPE x untyped\nx 1\n# EOF\n",
    "# TYPE x unknown\nx 1\n# EOF\n",
    "# TYPE x\nx 1\n# EOF\n",
    "# TYPE x gauge\n# HELP x y\nx 1\n# EOF\n",
    "# UNIT x_seconds seconds\nx_seconds 1\n# EOF\n",
    "# UNIT x_bytes seconds\n# EOF\n",
    "# UNIT seconds seconds\n# EOF\n",
    "x 1 NaN\n# EOF\n",
    "x 1 2 3\n# EOF\n",
    "x_total 1 # {a=\"b\"} 0.5\n# EOF\n",
    "x_bucket{le=\"+Inf\"} 1 # {a=\"b\"} 0.5 1520879607.789\n# EOF\n",
    "x 1 # {a=\"b\"}\n# EOF\n",
    "x_total 1 # {} 1\n# EOF\n",
    "x 1 # {\"a\"} 1\n# EOF\n",
    "x 1 # {a=\"b\"} 1 Inf\n# EOF\n",
    "x 1 # {a=\"b\"} 1 2 3\n# EOF\n",
    "x 1 # { a=\"b\"} 1\n# EOF\n",
    "x 1 #{a=\"b\"} 1\n# EOF\n",
    "x +Inf\ny NaN\nz -5\n# EOF\n",
    "x 1_0\n# EOF\n",
    "# TYPE b info\nb_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"a\"} 1\ns{s=\"b\"} 0\n# EOF\n",
    "# TYPE c counter\nc_total 1\nc_created 1520430000.123\n# EOF\n",
    "# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 1\ng_gcount 1\ng_gsum 2\n# EOF\n",
];

/// Not read alike, and why.
const OTHERWISE: &[(&str, &str, bool, &str)] = &[
    (TEXT, "{\"my.name\"} 1\n", false, "names in quotes came with Prometheus 3"),
    (TEXT, "x{\"my.label\"=\"b\"} 1\n", false, "names in quotes came with Prometheus 3"),
    (
        TEXT,
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n",
        true,
        "le is written as 1.0 from Prometheus 3 on",
    ),
    (TEXT, " \tx 1\n", false, "the format allows leading blanks; Prometheus has them in the name"),
    (OPEN, "x{a=\"b\",} 1\n# EOF\n", false, "a last comma came with Prometheus 3"),
    (OPEN, "x 1 # {a=\"b\"} 1\n# EOF\n", false, "exemplars of gauges came with Prometheus 3"),
    (OPEN, "# TYPE x counter\nx_total -1\n# EOF\n", true, "OpenMetrics: counters MUST NOT"),
    (OPEN, "x 1\ny 1\nx 2\n# EOF\n", true, "OpenMetrics: families MUST NOT interleave"),
    ("", "x 1\n", true, "Prometheus 3 refuses an answer without media type"),
];

#[tokio::test]
#[ignore = "needs Prometheus; tests/run runs it"]
async fn every_body_is_read_as_prometheus_reads_it() {
    let stub = Stub::start();
    let mut cases: Vec<(&str, &str, Option<bool>, &str)> = Vec::new();
    cases.extend(ALIKE_TEXT.iter().map(|body| (TEXT, *body, None, "")));
    cases.extend(ALIKE_OPEN.iter().map(|body| (OPEN, *body, None, "")));
    cases.extend(OTHERWISE.iter().map(|(media, body, up, why)| (*media, *body, Some(*up), *why)));
    let mut jobs = String::new();
    for (at, (media, body, ..)) in cases.iter().enumerate() {
        stub.put(&format!("/{at}"), Page::of(media, *body));
        let _ = writeln!(
            jobs,
            "- {{ job_name: \"{at}\", metrics_path: \"/{at}\", \
             static_configs: [{{ targets: [\"127.0.0.1:{}\"] }}] }}",
            stub.port
        );
    }
    let peer = Peer::prometheus(&jobs);
    let up = peer.wait("up", |rows| rows.len() == cases.len()).await;
    let up: BTreeMap<String, String> = up
        .into_iter()
        .map(|(labels, value)| (labels["job"].as_str().unwrap().to_owned(), value))
        .collect();
    let (mut good, mut bad, mut odd) = (0, 0, Vec::new());
    for (at, (_, body, otherwise, why)) in cases.iter().enumerate() {
        let theirs_up = up[&at.to_string()] == "1";
        let seen =
            scrape(ScrapeSpec::get(&stub.url(&format!("/{at}"))), &mut Memory::default()).await;
        let ours = seen.scrape.as_ref().unwrap();
        if let Some(expected) = otherwise {
            assert_eq!(theirs_up, *expected, "{body:?}: {why}");
            if !expected || why.contains("MUST") || why.contains("media type") {
                assert_ne!(ours.report.up, *expected, "{body:?}: {why}; {}", seen.output);
            }
            continue;
        }
        if ours.report.up != theirs_up {
            odd.push(format!("{body:?}: Prometheus {theirs_up}, we say {}", seen.output));
            continue;
        }
        if !theirs_up {
            bad += 1;
            assert!(ours.layout.series.is_empty() && ours.values.is_empty(), "{body:?}");
            continue;
        }
        good += 1;
        let rows = peer.query(&format!("{{job=\"{at}\",__name__!~\"up|scrape_.*\"}}")).await;
        let theirs: BTreeMap<String, f64> =
            rows.iter().map(|(labels, value)| (series(labels), number(value))).collect();
        let own = ours.layout.series.iter().map(ToString::to_string);
        let own: BTreeMap<String, f64> = own.zip(ours.values.iter().copied()).collect();
        if format!("{own:?}") != format!("{theirs:?}") {
            odd.push(format!("{body:?}: Prometheus {theirs:?}, we {own:?}"));
        }
        let count = peer.query(&format!("scrape_samples_scraped{{job=\"{at}\"}}")).await;
        assert_eq!(f64::from(ours.report.samples), number(&count[0].1), "{body:?}");
    }
    assert!(odd.is_empty(), "read differently:\n{}", odd.join("\n"));
    assert!(good > 40 && bad > 50, "{good} good and {bad} bad bodies");
}

fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap(),
    }
}
