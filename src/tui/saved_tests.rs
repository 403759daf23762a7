//! The defaults hold, what is kept comes back, and what is wrong is said.

use proptest::prelude::*;

use super::*;

fn view(letter: char, filter: &str) -> SavedView {
    SavedView {
        letter,
        name: "mine".to_owned(),
        target: Target::Hosts,
        filter: filter.to_owned(),
        group: Some(GroupBy::Tag("rack".to_owned())),
        sort: Sort::Name,
    }
}

#[test]
fn the_defaults_are_the_ten_and_hold() {
    let names: Vec<String> = defaults().into_iter().map(|view| view.name).collect();
    let wanted = [
        "Unhandled",
        "All problems",
        "Mine",
        "By site",
        "Since I left",
        "Windows",
        "Expiring acks",
        "Ack debt",
        "Flapping",
        "Stale",
    ];
    assert_eq!(names, wanted);
    let mut letters: Vec<char> = defaults().iter().map(|view| view.letter).collect();
    letters.sort_unstable();
    letters.dedup();
    assert_eq!(letters.len(), 10);
    for view in defaults() {
        assert_eq!(view.validate(), Ok(()), "{}", view.name);
    }
}

#[test]
fn since_i_left_is_counted_from_leaving() {
    let views = Views::default();
    let view = views.get('l').unwrap();
    let now = Timestamp::from_millis(100_000_000);
    let left = Timestamp::from_millis(100_000_000 - 5_400_000);
    assert_eq!(view.filter_at(now, Some(left)), "since:1h30m");
    assert_eq!(view.filter_at(now, None), "since:8h");
    assert_eq!(view.filter_at(now, Some(now)), "since:1s");
    assert!(Filter::parse(&view.filter_at(now, Some(Timestamp::default()))).is_ok());
}

#[test]
fn what_is_kept_comes_back() {
    let mut views = Views::default();
    assert_eq!(views.to_text().unwrap(), "[]", "defaults are not written");
    assert_eq!(views.put(view('a', "host:db-*")), Ok(None));
    let before = views.put(view('u', "state:crit")).unwrap();
    assert_eq!(before.map(|view| view.name).as_deref(), Some("Unhandled"));
    let (again, problems) = Views::from_text(&views.to_text().unwrap());
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(again.get('a'), views.get('a'));
    assert_eq!(again.get('u'), views.get('u'));
    assert_eq!(again.iter().count(), 11);
}

#[test]
fn a_bad_view_is_said_and_hides_no_other() {
    let text = r#"[{"letter":"a","name":"x","target":"hosts","filter":"stat:crit"},
        {"letter":"b","name":"ok","target":"alerts"},
        {"letter":"c","name":"x","target":"moon"},
        {"letter":"D","name":"x","target":"hosts"},
        {"letter":"e","name":"x","target":"hosts","group":"colour"},
        {"letter":"f","name":" ","target":"hosts"}]"#;
    let (views, problems) = Views::from_text(text);
    assert!(views.get('b').is_ok());
    assert_eq!(views.iter().count(), 11);
    let says = ["did you mean `state:`", "moon", "one of a to z", "host, check, group", "no name"];
    assert_eq!(problems.len(), says.len(), "{problems:?}");
    for (problem, part) in problems.iter().zip(says) {
        assert!(problem.contains(part), "{problem}");
    }
    let (views, problems) = Views::from_text("{");
    assert_eq!((views, problems.len()), (Views::default(), 1));
    assert_eq!(Views::from_text("").1, [""; 0]);
}

#[test]
fn the_command_needs_a_letter_and_a_name() {
    assert_eq!(save_command(" a  my view "), Ok(('a', "my view".to_owned())));
    for (text, says) in [
        ("", "a letter and a name"),
        ("ab x", "a letter and a name"),
        ("1 x", "one of a to z"),
        ("a", "has no name"),
        ("a \u{202e}x", "invisible"),
    ] {
        assert!(save_command(text).unwrap_err().contains(says), "{text}");
    }
    assert!(save_command(&format!("a {}", "x".repeat(41))).unwrap_err().contains("at most 40"));
    assert!(Views::default().get('z').unwrap_err().contains("u Unhandled"));
}

proptest! {
    #[test]
    fn no_text_breaks_reading(text in "\\PC{0,60}|[\\[\\]{}\":,a-z]{0,60}") {
        let (views, _) = Views::from_text(&text);
        prop_assert!(views.iter().count() <= VIEW_LIMIT);
    }
}
