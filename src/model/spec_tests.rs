//! Kinds by their words, and lists of status codes.

use super::*;

#[test]
fn kinds_take_the_documents_names() {
    for kind in Kind::ALL {
        assert_eq!(kind.word().parse(), Ok(*kind));
        assert_eq!(format!("check_{kind}").parse(), Ok(*kind));
    }
    assert!("htp".parse::<Kind>().is_err());
}

#[test]
fn status_lists() {
    let list: StatusList = "200-299, 404".parse().unwrap();
    assert!(list.contains(204) && list.contains(404) && !list.contains(301));
    assert_eq!(list.to_string(), "200-299,404");
    for bad in ["", "2x", "300-200", "99", "1000"] {
        assert!(bad.parse::<StatusList>().is_err(), "{bad}");
    }
}
