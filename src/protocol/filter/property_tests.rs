//! Properties of parsing and matching.

use proptest::prelude::*;

use super::*;

/// Texts near the language: its words, signs and quotes in any order, and anything else.
fn typed() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("state:".to_owned()),
        Just("host:".to_owned()),
        Just("tag:".to_owned()),
        Just("since:".to_owned()),
        Just("age:>".to_owned()),
        Just("is:".to_owned()),
        Just("output:".to_owned()),
        Just("crit".to_owned()),
        Just("acked".to_owned()),
        Just("2h".to_owned()),
        "[!,=\"\\\\*?{}\\[\\] \t:<>-]{1,3}",
        "[a-zäß漢]{0,4}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(part, 0..14).prop_map(|parts| parts.concat())
}

const STATES: [ShownState; 5] = ShownState::ALL;

fn passes(filter: &Filter, texts: &[String]) -> Vec<bool> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    STATES.iter().map(|state| filter.passes(*state, &texts)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn parsing_never_panics_and_marks_lie_in_the_text(text in typed(), cursor in 0_usize..60) {
        for cursor in [None, Some(cursor), Some(text.len())] {
            let live = Filter::live(&text, cursor);
            let marks = live.errors.iter().chain(&live.hint).map(|error| error.span.clone());
            for span in marks.chain(live.undecided.clone()) {
                prop_assert!(!span.is_empty() && text.get(span.clone()).is_some(), "{span:?}");
            }
            passes(&live.filter, std::slice::from_ref(&text));
        }
    }

    #[test]
    fn what_is_written_parses_to_the_same(
        text in typed(),
        rows in proptest::collection::vec("[ -~]{0,12}", 0..4),
    ) {
        for cursor in [None, Some(text.len())] {
            let filter = Filter::live(&text, cursor).filter;
            let again = Filter::parse(&filter.to_string());
            let again = again.map_err(|errors| TestCaseError::fail(format!("{filter}: {errors}")))?;
            prop_assert_eq!(&again, &filter);
            prop_assert_eq!(passes(&again, &rows), passes(&filter, &rows));
        }
    }

    #[test]
    fn a_negated_term_turns_the_answer_round(
        word in prop_oneof!["[a-c]{1,2}", "state:(crit|ok|problem)", "host:[a-c*?]{1,3}", "acked"],
        rows in proptest::collection::vec("[a-c]{0,3}", 0..4),
    ) {
        let (Ok(plain), Ok(negated)) =
            (Filter::parse(&word), Filter::parse(&format!("!{word}"))) else {
            return Ok(());
        };
        let turned: Vec<bool> = passes(&negated, &rows).into_iter().map(|held| !held).collect();
        prop_assert_eq!(passes(&plain, &rows), turned);
    }

    #[test]
    fn a_word_is_found_as_lower_case_text_is(
        needle in "[a-cA-CäÄß.-]{1,3}",
        text in "[a-cA-CäÄß.-]{0,9}",
    ) {
        let found = search::Needle::new(&needle).is_in(&text);
        prop_assert_eq!(found, text.to_lowercase().contains(&needle.to_lowercase()));
    }

    #[test]
    fn a_glob_is_the_same_by_every_road(
        glob in "[a-bA*?]{1,4}",
        name in "[a-bAB]{0,5}",
    ) {
        // `[x]` forces the general road.
        let general: String = glob.chars().map(|c| match c {
            'a' | 'b' | 'A' => format!("[{c}]"),
            other => other.to_string(),
        }).collect();
        let (Ok(one), Ok(other)) = (search::Glob::new(&glob), search::Glob::new(&general)) else {
            return Ok(());
        };
        prop_assert_eq!(one.matches(&name), other.matches(&name), "{} {}", glob, name);
    }
}
