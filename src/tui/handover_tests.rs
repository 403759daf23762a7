//! A handover as text and as Markdown.

use super::*;
use crate::model::{CheckKey, SafeText, Since, State, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn handover() -> Handover {
    let line = SafeText::line;
    let row = |at: Timestamp, text: &str| HandoverRow::new(at, line(text));
    let part = |topic, count, rows| HandoverPart { topic, count, rows };
    let check = |key: &str| Some(key.parse::<CheckKey>().unwrap());
    let open = HandoverRow {
        state: Some(State::Critical),
        check: check("db-1/disk"),
        ..row(at("2026-02-24T20:12:00Z"), "/ is 97 % full <b>now</b> | [x](http://evil.example)")
    };
    let acked = HandoverRow {
        state: Some(State::Warning),
        check: check("web-1/http"),
        who: Some(line("ann")),
        until: Some(at("2026-02-24T22:00:00Z")),
        ..row(at("2026-02-24T20:48:00Z"), "looking into it")
    };
    let off = HandoverRow {
        until: Some(at("2026-02-24T15:30:00Z")),
        ..row(at("2026-02-24T15:00:00Z"), "the engine was off")
    };
    let note =
        HandoverRow { who: Some(line("bob")), ..row(at("2026-02-24T16:00:00Z"), "fan ordered") };
    Handover {
        machine: line("noc-1"),
        from: at("2026-02-24T14:00:00Z"),
        to: at("2026-02-24T21:04:00Z"),
        since: Since::Shift,
        on_duty: Some(line("bob")),
        cut: false,
        parts: vec![
            part(Topic::Open, 38, vec![open]),
            part(Topic::Acknowledged, 1, vec![acked]),
            part(Topic::New, 0, Vec::new()),
            part(Topic::Unwatched, 1, vec![off]),
            part(Topic::Notes, 1, vec![note]),
        ],
    }
}

#[test]
fn as_text() {
    let wanted = "\
Handover of noc-1
from 14:00 (the begin of the shift) to 21:04 UTC, 2026-02-24
bob took over last

Open, nobody has it (38)
  since 20:12 (52m)  CRITICAL  db-1/disk: / is 97 % full <b>now</b> | [x](http://evil.example)
  + 37 more

Acknowledged (1)
  until 22:00  WARNING  web-1/http  ann: looking into it

New (0)
  none

Not watched (1)
  15:00 to 15:30 (30m): the engine was off

Notes (1)
  16:00  bob: fan ordered
";
    assert_eq!(text(&handover(), &Zone::utc()), wanted);
}

#[test]
fn as_markdown_what_came_from_outside_means_nothing() {
    let wanted = "\
# Handover of noc-1

from 14:00 \\(the begin of the shift\\) to 21:04 UTC, 2026-02-24

bob took over last

## Open, nobody has it (38)

- since 20:12 \\(52m\\) **CRITICAL db-1/disk**: / is 97 % full \\<b\\>now\\</b\\> \\| \\[x\\]\\(http:\u{2060}//evil.example\\)
- + 37 more

## Acknowledged (1)

- until 22:00 **WARNING web-1/http ann**: looking into it

## New (0)

none

## Not watched (1)

- 15:00 to 15:30 \\(30m\\): the engine was off

## Notes (1)

- 16:00 **bob**: fan ordered
";
    assert_eq!(markdown(&handover(), &Zone::utc(), usize::MAX), wanted);
}

#[test]
fn a_copy_fits_into_a_clipboard_and_says_what_it_leaves_out() {
    let mut long = handover();
    for part in &mut long.parts {
        let row = HandoverRow::new(long.to, SafeText::line(&"*_".repeat(400)));
        (part.rows, part.count) = (vec![row; 50], 50);
    }
    let copy = copied(&long, &Zone::utc());
    assert!(copy.len() <= COPY_LIMIT && copy.contains("+ 44 more"), "{}", copy.len());
    assert_eq!(copied(&handover(), &Zone::utc()), markdown(&handover(), &Zone::utc(), usize::MAX));
}
