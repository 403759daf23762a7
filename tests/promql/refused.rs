//! What is refused when an expression is read: by name, with its place.

use fluxnoc::promql::{Edition, Kind, parse};

/// What is said of a text.
fn said(text: &str) -> String {
    match parse(text, Edition::Two) {
        Ok(_) => panic!("{text} was read"),
        Err(why) => why.to_string(),
    }
}

#[test]
fn what_is_not_supported_is_refused_by_name_and_place() {
    let cases = [
        (
            "holt_winters(a[5m], 0.5, 0.5)",
            "1:1: parse error: function `holt_winters` is not supported",
        ),
        ("sum(\n  info(up)\n)", "2:3: parse error: function `info` is not supported"),
        ("1 + histogram_count(x)", "1:5: parse error: function `histogram_count` is not supported"),
        ("mad_over_time(x[5m])", "1:1: parse error: function `mad_over_time` is not supported"),
        ("sort_by_label(x, \"a\")", "1:1: parse error: function `sort_by_label` is not supported"),
        ("rat(x[5m])", "1:1: parse error: unknown function with name \"rat\""),
        ("Rate(x[5m])", "1:1: parse error: unknown function with name \"Rate\""),
        ("limitk(2, x)", "1:1: parse error: `limitk` is not supported"),
        ("a + fill (0) b", "1:5: parse error: `fill` is not supported"),
        ("a{x=\"1\" or x=\"2\"}", "1:9: parse error: `or` between matchers is not supported"),
        ("a[300]", "1:3: parse error: a duration needs a unit, as in 300s or 5m"),
        ("a offset 60", "1:10: parse error: a duration needs a unit, as in 300s or 5m"),
        ("a offset -1e300", "1:11: parse error: a duration needs a unit, as in 300s or 5m"),
        ("a offset inf", "1:10: parse error: a duration needs a unit, as in 300s or 5m"),
        ("a > 5m", "1:5: parse error: a duration where a number belongs: 5m"),
        ("a[1m30]", "1:3: parse error: not a valid duration string: \"1m30\""),
        ("a[99999999999y1s]", "1:3: parse error: not a valid duration string: \"99999999999y1s\""),
        ("a[5m:1.5h]", "1:6: parse error: not a valid duration string: \"1.5h\""),
        ("a{x=~\"(\"}", "1:6: parse error: the pattern \"(\": unclosed group"),
    ];
    for (text, expected) in cases {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_expression_is_refused() {
    // text, a part of what is said
    let cases = [
        ("", "no expression"),
        ("# only a comment", "no expression"),
        ("a +", "1:4: parse error: unexpected end of input"),
        ("a b", "1:3: parse error: unexpected \"b\""),
        ("a * / b", "1:5: parse error: unexpected \"/\""),
        ("sum(a", "unclosed left parenthesis"),
        ("a)", "unexpected right parenthesis"),
        ("a{x=1}", "unexpected character inside braces: '1'"),
        ("{x=~\".*\"}", "vector selector must contain at least one non-empty matcher"),
        ("a{__name__=\"b\"}", "metric name must not be set twice"),
        ("rate(a)", "expected type"),
        ("sum(a[5m])", "expected type"),
        ("a[5m] + 1", "binary expression must contain only scalar and instant vector types"),
        ("1 > 2", "comparisons between scalars must use BOOL modifier"),
        ("a + bool b", "bool modifier can only be used on comparison operators"),
        ("a and 1", "set operator 'and' not allowed in binary scalar expression"),
        ("a and on(x) group_left b", "no grouping allowed for 'and' operation"),
        ("1 + on(x) a", "vector matching only allowed between vectors"),
        ("a + on(x) group_left(x) b", "must not occur in ON and GROUP clause at once"),
        ("a[5m] offset 1m offset 2m", "offset may not be set multiple times"),
        ("a @ 1 @ 2", "@ <timestamp> may not be set multiple times"),
        ("sum(a) offset 1m", "offset modifier must be preceded by"),
        ("(a + b)[5m]", "ranges only allowed for vector selectors"),
        ("a offset 1m [5m]", "no offset modifiers allowed before range"),
        ("1[5m:1m]", "subquery is only allowed on vector"),
        ("-\"x\"", "unary expression only allowed on expressions of type scalar or vector"),
        ("exp(1)", "expected type"),
        ("clamp(a, 1)", "expected 3 argument(s) in call to 'clamp', got 2"),
        ("round(a, 1, 2)", "expected at most 2 argument(s) in call to 'round', got 3"),
        ("topk(a)", "wrong number of arguments for aggregate expression"),
        ("topk(\"x\", a)", "expected type scalar"),
        ("count_values(1, a)", "expected type string"),
        ("a{x=~\"((a{1000}){1000}){1000}\"}", "exceeds size limit"),
        ("a @ 1e300", "out of bounds"),
        ("a[101y]", "not a valid duration string"),
        ("a \u{0}", "unexpected"),
        (r#"a{x=~"\é"}"#, "unknown escape sequence 'é'"),
        (r#"a{x=~"\"#, "escape sequence not terminated"),
        ("\"\\q\"", "unknown escape sequence"),
        ("ä", "unexpected character"),
    ];
    for (text, part) in cases {
        let said = said(text);
        assert!(said.contains(part), "{text:?}: {said}");
    }
}

#[test]
fn what_is_read_says_what_it_gives_and_what_it_reads() {
    let kinds = [
        ("1 + 1", Kind::Scalar),
        ("time()", Kind::Scalar),
        ("-scalar(a)", Kind::Scalar),
        ("a + 1", Kind::Vector),
        ("a[5m]", Kind::Matrix),
        ("a[5m:]", Kind::Matrix),
        ("'x'", Kind::Text),
    ];
    for (text, kind) in kinds {
        assert_eq!(parse(text, Edition::Two).unwrap().kind(), kind, "{text}");
    }
    let query = parse("sum(rate(a{x=\"1\"}[5m])) / on() b > max_over_time(c[1h:])", Edition::Two);
    let query = query.unwrap();
    let names = query.selectors().iter().map(|all| all[0].value.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["a", "b", "c"]);
}

/// Words that mean something elsewhere are names where names belong.
#[test]
fn keywords_are_names_where_names_belong() {
    let texts = [
        "sum by (on, offset, by, bool) (a)",
        "a{or=\"x\", and=\"y\", sum=\"z\"}",
        "start + end",
        "count{by=\"x\"} OR SUM(min)",
        "a @ start() offset -5m + a @ END()",
        "topk by (x) (3, a) # a comment (",
        "a{x=\"}[(\"}",
        "Inf - inf + NaN",
    ];
    for text in texts {
        assert!(parse(text, Edition::Two).is_ok(), "{text}: {}", said(text));
    }
}
