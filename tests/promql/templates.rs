//! Templates: one table, which holds for ours and for promtool.

use std::process::Command;

use fluxnoc::promql::{About, Labels, NAME, Template};
use serde_json::{Value as Json, json};

/// The labels of all cases.
const LABELS: [(&str, &str); 3] =
    [("instance", "web-1.example.org:9100"), ("job", "api_x"), ("words", "disk is FULL")];

/// Template, value, text.
const CASES: &[(&str, f64, &str)] = &[
    ("plain", 1.0, "plain"),
    ("{{ $value }}", 1.5, "1.5"),
    ("{{ $value }}", 100_000.0, "100000"),
    ("{{ $value }}", 1_234_567.0, "1.234567e+06"),
    ("{{ $value }}", 1e21, "1e+21"),
    ("{{ $value }}", 0.0001, "0.0001"),
    ("{{ $value }}", 0.000_012_5, "1.25e-05"),
    ("{{ $value }}", -0.5, "-0.5"),
    ("{{ .Value }} of {{ .Labels.job }}", 2.0, "2 of api_x"),
    ("{{ $labels.instance }}/{{ $labels.nosuch }}!", 1.0, "web-1.example.org:9100/!"),
    ("{{ $externalLabels.site }}|{{ $externalURL }}", 1.0, "|"),
    ("{{ humanize $value }}", 1234.5, "1.234k"),
    ("{{ humanize $value }}", 0.0, "0"),
    ("{{ humanize $value }}", 999.96, "1000"),
    ("{{ humanize $value }}", 1_500_000_000.0, "1.5G"),
    ("{{ humanize $value }}", 0.0012, "1.2m"),
    ("{{ humanize $value }}", -45_678.0, "-45.68k"),
    ("{{ humanize1024 $value }}", 1_048_576.0, "1Mi"),
    ("{{ humanize1024 $value }}", 1000.0, "1000"),
    ("{{ humanize1024 $value }}", 0.5, "0.5"),
    ("{{ humanizeDuration $value }}", 0.0, "0s"),
    ("{{ humanizeDuration $value }}", 0.0125, "12.5ms"),
    ("{{ humanizeDuration $value }}", 59.123_456, "59.12s"),
    ("{{ humanizeDuration $value }}", 61.9, "1m 1s"),
    ("{{ humanizeDuration $value }}", 7325.0, "2h 2m 5s"),
    ("{{ humanizeDuration $value }}", 100_000.0, "1d 3h 46m 40s"),
    ("{{ humanizeDuration $value }}", -90.0, "-1m 30s"),
    ("{{ $value | humanizePercentage }}", 0.123_456, "12.35%"),
    ("{{ $value | humanizePercentage }}", 1.0, "100%"),
    ("{{ humanizeTimestamp $value }}", 1_700_000_000.0, "2023-11-14 22:13:20 +0000 UTC"),
    ("{{ humanizeTimestamp $value }}", 1_700_000_000.5, "2023-11-14 22:13:20.5 +0000 UTC"),
    ("{{ humanize \"1500\" }}", 1.0, "1.5k"),
    ("{{ printf \"%.2f\" $value }}", 1.239, "1.24"),
    ("{{ $value | printf \"%.0f items\" }}", 12.0, "12 items"),
    (
        "{{ printf \"%6.1f|%-8s|%05.1f|%+g\" $value $labels.job $value $value }}",
        2.25,
        "   2.2|api_x   |002.2|+2.25",
    ),
    ("{{ printf \"%d %s\" $value $value }}", 1.5, "%!d(float64=1.5) %!s(float64=1.5)"),
    ("{{ printf \"%s %s\" $labels.job }}", 1.0, "api_x %!s(MISSING)"),
    ("{{ printf \"%s\" $labels.job 7 }}", 1.0, "api_x%!(EXTRA int=7)"),
    (
        "{{ printf \"%q %v %t %x %e %%\" $labels.job 12 true 255 $value }}",
        12.5,
        "\"api_x\" 12 true ff 1.250000e+01 %",
    ),
    ("{{ printf \"%.3g %.10g\" $value $value }}", 1234.5678, "1.23e+03 1234.5678"),
    ("{{ print 1 2 \"x\" 3 4 }}", 1.0, "1 2x3 4"),
    ("{{ title $labels.words }}", 1.0, "Disk Is FULL"),
    ("{{ toUpper $labels.job }} {{ $labels.words | toLower }}", 1.0, "API_X disk is full"),
    ("{{ reReplaceAll \"(\\\\d+)\\\\..*\" \"<$1>\" $labels.instance }}", 1.0, "web-<1>"),
    ("{{ if match \"^web-[0-9]+\" $labels.instance }}web{{ else }}other{{ end }}", 1.0, "web"),
    (
        "{{ stripPort $labels.instance }} {{ stripDomain $labels.instance }}",
        1.0,
        "web-1.example.org web-1:9100",
    ),
    (
        "{{ stripPort \"[::1]:80\" }} {{ stripPort \"x\" }} {{ stripDomain \"10.0.0.1:80\" }}",
        1.0,
        "::1 x 10.0.0.1:80",
    ),
    ("{{ parseDuration \"1h30m\" }}", 1.0, "5400"),
    (
        "{{ if gt $value 10.0 }}high{{ else if gt $value 5.0 }}middle{{ else }}low{{ end }}",
        7.0,
        "middle",
    ),
    ("{{ if and (gt $value 1.0) (eq $labels.job \"api_x\") }}yes{{ end }}", 2.0, "yes"),
    ("{{ if or false (not true) }}yes{{ else }}no{{ end }}", 2.0, "no"),
    ("{{ if $labels.nosuch }}there{{ else }}not there{{ end }}", 1.0, "not there"),
    ("{{ with $labels.job }}job {{ . }}{{ end }}", 1.0, "job api_x"),
    ("{{ with $labels.nosuch }}x{{ else }}none{{ end }}", 1.0, "none"),
    ("{{ $x := humanize $value }}{{ $x }}/{{ $x }}", 2000.0, "2k/2k"),
    ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", 1.0, "2"),
    ("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", 1.0, "1"),
    ("{{ (index $labels \"job\") | len }} {{ len $labels.words }}", 1.0, "5 12"),
    ("a  {{- /* a comment */ -}}  b {{- \" c\" }}", 1.0, "ab c"),
    ("{{ `raw \\n` }} {{ \"a\\tb\" }}", 1.0, "raw \\n a\tb"),
    (
        "{{ eq $labels.job \"x\" \"api_x\" }} {{ ne 1 2 }} {{ le 2 2 }} {{ ge 1.5 2.0 }} {{ lt \"a\" \"b\" }}",
        1.0,
        "true true true false true",
    ),
    ("{{ 0x10 }} {{ -5 }} {{ 1.50 }} {{ 1e3 }}", 1.0, "16 -5 1.5 1000"),
];

fn expanded(text: &str, value: f64) -> String {
    let labels = Labels::from_pairs(LABELS.into_iter().chain([(NAME, "m")]));
    let about =
        About { labels: &labels, value, external_labels: &Labels::default(), external_url: "" };
    Template::parse(text).unwrap_or_else(|why| panic!("{text}: {why}")).expand(&about)
}

#[test]
fn templates_write_what_they_should() {
    for (text, value, expected) in CASES {
        assert_eq!(expanded(text, *value), *expected, "{text} of {value}");
    }
}

#[test]
fn a_template_that_fails_is_the_text_of_its_failure() {
    // template, a part of what is said
    let cases = [
        ("{{ humanize $labels.job }}", "error calling humanize: parsing \"api_x\": invalid syntax"),
        ("{{ if gt $value 1 }}x{{ end }}", "incompatible types for comparison"),
        ("{{ $labels.job.x }}", "can't evaluate field x in type string"),
        ("{{ .Nosuch }}", "can't evaluate field Nosuch"),
        ("{{ toUpper $value }}", "expected string; got float64"),
        ("{{ match \"(\" \"x\" }}", "error calling match"),
        ("{{ toUpper }}", "error calling toUpper: wrong number"),
        ("{{ parseDuration \"x\" }}", "not a valid duration string"),
        ("{{ humanizeTimestamp 1e300 }}", "cannot be represented"),
    ];
    for (text, part) in cases {
        let said = expanded(text, 1.0);
        assert!(said.starts_with("<error expanding template: ") && said.ends_with('>'), "{said}");
        assert!(said.contains(part), "{text}: {said}");
    }
}

#[test]
fn what_is_no_template_or_not_supported_is_refused_when_it_is_read() {
    let cases = [
        ("{{ query \"up\" | first | value }}", "template function `query` is not supported"),
        ("{{ graphLink \"up\" }}", "template function `graphLink` is not supported"),
        ("{{ range $labels }}x{{ end }}", "`range` is not supported"),
        ("{{ template \"x\" }}", "`template` is not supported"),
        ("{{ nosuch 1 }}", "function \"nosuch\" not defined"),
        ("{{ $nosuch }}", "undefined variable \"$nosuch\""),
        ("{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}", "undefined variable \"$x\""),
        ("{{ $value ", "unclosed action"),
        ("{{ if true }}x", "unexpected EOF"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ else }}", "unexpected {{else}}"),
        ("{{ if true }}{{ else }}{{ else }}{{ end }}", "expected end after else"),
        ("{{ }}", "missing value for command"),
        ("{{ $value | 1 }}", "non executable command in pipeline"),
        ("{{ $value 1 }}", "can't give argument to non-function"),
        ("{{ (1 }}", "unclosed left paren"),
        ("{{ 1) }}", "unexpected right paren"),
        ("{{ \"x }}", "unterminated quoted string"),
        ("{{ 1x }}", "bad number syntax"),
        ("{{ ; }}", "unexpected ';' in action"),
        ("{{/* x }}", "unclosed comment"),
    ];
    for (text, part) in cases {
        let said = Template::parse(text).expect_err(text);
        assert!(said.contains(part), "{text}: {said}");
    }
    let nested = format!("{}1{}", "{{ if true }}".repeat(40), "{{ end }}".repeat(40));
    assert!(Template::parse(&nested).unwrap_err().contains("within conditions"));
    let nested = format!("{{{{ {}1{} }}}}", "(".repeat(40), ")".repeat(40));
    assert!(Template::parse(&nested).unwrap_err().contains("within parentheses"));
    assert!(Template::parse(&"x".repeat(20_000)).unwrap_err().contains("at most 16384 bytes"));
}

#[test]
fn what_a_template_makes_is_bounded() {
    let doubled = "{{ $x = printf \"%s%s\" $x $x }}".repeat(40);
    let said = expanded(&format!("{{{{ $x := \"xxxxxxxx\" }}}}{doubled}{{{{ $x }}}}"), 1.0);
    assert!(said.contains("a text of more than 65536 bytes"), "{said}");
    let long = "{{ printf \"%1000s\" \"x\" }}".repeat(70);
    assert!(expanded(&long, 1.0).contains("a text of more than 65536 bytes"));
    assert_eq!(expanded("{{ printf \"%999999999s\" \"x\" }}", 1.0).len(), 1000);
}

/// The same table, given to promtool as unit tests of rules.
#[test]
#[ignore = "needs promtool (tests/run install)"]
fn promtool_writes_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let pairs: Vec<String> =
        LABELS.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    let (mut rules, mut series, mut tests) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (text, value, expected)) in CASES.iter().enumerate() {
        let name = format!("Case{number}");
        rules.push(
            json!({"alert": name, "expr": format!("m{number}"), "annotations": {"text": text}}),
        );
        series.push(json!({"series": format!("m{number}{{{}}}", pairs.join(",")), "values": value.to_string()}));
        let labels: serde_json::Map<String, Json> =
            LABELS.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let alert = json!({"exp_labels": labels, "exp_annotations": {"text": expected}});
        tests.push(json!({"eval_time": "0m", "alertname": name, "exp_alerts": [alert]}));
    }
    let write = |name: &str, json: Json| {
        std::fs::write(folder.path().join(name), json.to_string()).expect("written");
    };
    write("rules.yml", json!({"groups": [{"name": "g", "rules": rules}]}));
    let test = json!({"interval": "1m", "input_series": series, "alert_rule_test": tests});
    write(
        "test.yml",
        json!({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": [test]}),
    );
    let mut promtool = Command::new("promtool");
    promtool.args(["test", "rules", "test.yml"]).current_dir(folder.path());
    let output = promtool.output().expect("promtool is installed (tests/run install)");
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

/// Whatever is written, reading and writing it ends.
#[test]
fn no_text_makes_a_template_panic() {
    let words = [
        "{{",
        "}}",
        "{{-",
        "-}}",
        "$",
        "$value",
        "$labels",
        ".job",
        ".",
        "|",
        "(",
        ")",
        ":=",
        "=",
        "\"",
        "`",
        "\\",
        "if",
        "else",
        "end",
        "with",
        "range",
        "printf",
        "\"%5.2f\"",
        "\"%é\"",
        "\"%\"",
        "humanize",
        "title",
        "eq",
        "1",
        "-1e9",
        "0x",
        "1e999",
        "é",
        "/*",
        "*/",
        "true",
        "index",
        "len",
        "match",
        "\"(\"",
        "reReplaceAll",
        "stripDomain",
        "\"[::1\"",
        "parseDuration",
        " ",
        "\n",
        "humanizeTimestamp",
        "not",
        "and",
        "print",
    ];
    let mut random = crate::history::Random(5);
    let labels = Labels::from_pairs(LABELS);
    let about =
        About { labels: &labels, value: 1e300, external_labels: &labels, external_url: "é" };
    let mut read = 0;
    for _ in 0..30_000 {
        let length = 1 + random.below(7);
        let inner: Vec<&str> = (0..length).map(|_| words[random.below(words.len())]).collect();
        let inner = inner.join(if random.chance(0.7) { " " } else { "" });
        let text = if random.chance(0.8) { format!("x {{{{ {inner} }}}} y") } else { inner };
        if let Ok(template) = Template::parse(&text) {
            read += 1;
            let _ = template.expand(&about);
        }
    }
    assert!(read > 500, "only {read} were templates");
}
