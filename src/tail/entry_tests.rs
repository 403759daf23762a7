//! Lines of both writers of zerolog, whole, torn and hostile.

use super::*;

fn of(line: &str) -> (Level, Option<i64>, String) {
    let entry = entry(line.as_bytes());
    let shown = Entry { time: None, ..entry.clone() }.shown(Timestamp::from_millis(0));
    (entry.level, entry.time.map(Timestamp::millis), shown.to_string())
}

#[test]
fn fb_22_a_line_of_the_json_log_has_its_level_its_time_and_its_words() {
    let request = r#"{"level":"error","request_id":"r-1","method":"GET","path":"/api/v1/x","ip":"192.0.2.7","status":500,"duration_ms":25,"user_agent":"curl","protocol":"http","response_bytes":12,"error":"no rows","error":"no rows","time":1772000000,"message":"HTTP request"}"#;
    let text = "GET /api/v1/x 500 25 ms  no rows  request_id=r-1 ip=192.0.2.7";
    assert_eq!(of(request), (Level::ERROR, Some(1_772_000_000_000), text.to_owned()));
    for (line, level, time, text) in [
        // As the manual has it: the time as text, parts of a millisecond.
        (
            r#"{"level":"info","time":"2024-02-25T02:00:00Z","message":"HTTP request","method":"GET","path":"/api/v1/tables/users","status":200,"duration_ms":25.5}"#,
            Level::INFO,
            Some(1_708_826_400_000),
            "GET /api/v1/tables/users 200 25.5 ms",
        ),
        (
            r#"{"level":"error","method":"PUT","path":"/x","status":502,"duration_ms":1000.0,"error":"first","error":"second","time":1,"message":"HTTP request"}"#,
            Level::ERROR,
            Some(1000),
            "PUT /x 502 1000 ms  first; second",
        ),
        (
            r#"{"level":"warn","duration":1530.2,"duration_ms":1530,"query":"SELECT 1","slow_query":true,"time":1,"message":"Slow query detected"}"#,
            Level::WARN,
            Some(1000),
            "1530 ms  Slow query detected  duration=1530.2 query=SELECT 1 slow_query=true",
        ),
        (r#"{"level":"trace","message":"t"}"#, Level::TRACE, None, "t"),
        (r#"{"level":"debug","message":"d"}"#, Level::DEBUG, None, "d"),
        (r#"{"level":"fatal","message":"f"}"#, Level::ERROR, None, "fatal: f"),
        (r#"{"level":"panic","message":"p"}"#, Level::ERROR, None, "panic: p"),
        (r#"{"level":"loud","message":"m","a":[1,null]}"#, Level::INFO, None, "m  a=[1,null]"),
        (
            r#"{"level":7,"time":{},"message":null,"duration_ms":"x"}"#,
            Level::INFO,
            None,
            "null  level=7 duration_ms=x",
        ),
        (r#"{"time":1e400,"message":"m"}"#, Level::INFO, None, r#"{"time":1e400,"message":"m"}"#),
        (r#"{"time":1.5,"message":"m"}"#, Level::INFO, Some(1500), "m"),
        (r#"{"time":9223372036854775807,"message":"m"}"#, Level::INFO, None, "m"),
        (
            r#"{"level":"error","message":"half"#,
            Level::INFO,
            None,
            r#"{"level":"error","message":"half"#,
        ),
        ("{}", Level::INFO, None, ""),
    ] {
        assert_eq!(of(line), (level, time, text.to_owned()), "{line}");
    }
}

#[test]
fn a_line_of_the_console_writer_loses_its_colours_and_keeps_its_level() {
    let line = "\u{1b}[90m2024-02-25T03:00:00+01:00\u{1b}[0m \u{1b}[31mERR\u{1b}[0m failed \u{1b}[36merror=\u{1b}[0mx";
    let wanted = (Level::ERROR, Some(1_708_826_400_000), "failed error=x".to_owned());
    assert_eq!(of(line), wanted);
    for (line, level, text) in [
        ("2024-02-25T02:00:00Z FTL no database", Level::ERROR, "fatal: no database"),
        ("2024-02-25T02:00:00Z DBG x", Level::DEBUG, "x"),
        ("2024-02-25T02:00:00Z INF", Level::INFO, ""),
        ("2024-02-25T02:00:00Z no level", Level::INFO, "no level"),
        ("error: words of another program", Level::INFO, "error: words of another program"),
        ("goroutine 1 [running]:", Level::INFO, "goroutine 1 [running]:"),
    ] {
        let (seen, _, shown) = of(line);
        assert_eq!((seen, &*shown), (level, text), "{line}");
    }
}

#[test]
fn nothing_in_a_line_reaches_a_terminal_as_it_is() {
    let deep = "[".repeat(50_000);
    for line in [
        &b"{\"message\":\"a\\u001b]52;c;x\\u0007\\u202e\"}"[..],
        b"\x1b]0;title\x07 \x1b[2J \x9b2J \xff\xfe\x00",
        b"\x1b[",
        b"\x1b[31",
        format!("{{\"message\":{deep}").as_bytes(),
        format!("{{\"message\":\"{}\"}}", "€".repeat(20_000)).as_bytes(),
    ] {
        let shown = entry(line).shown(Timestamp::from_millis(0));
        assert!(!shown.as_str().chars().any(char::is_control), "{shown}");
        assert!(shown.as_str().len() <= crate::model::safe_text::LINE_LIMIT + 16);
    }
}

#[test]
fn a_line_that_is_old_when_it_is_read_tells_its_time() {
    let entry = entry(br#"{"level":"info","time":1772000000,"message":"m"}"#);
    let at = |seconds: i64| entry.shown(Timestamp::from_millis(seconds * 1000)).to_string();
    assert_eq!(at(1_772_000_001), "m");
    assert_eq!(at(1_772_000_060), "2026-02-25T06:13:20Z m");
    assert_eq!(at(1_771_999_000), "2026-02-25T06:13:20Z m", "its clock is ahead");
}
