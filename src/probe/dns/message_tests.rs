//! The codec against good, odd and hostile messages.

use hickory_proto::rr::Record;
use hickory_proto::rr::rdata::{A, MX, TXT};
use proptest::prelude::*;

use super::*;

fn reply(question: &Question, id: u16, answers: Vec<RData>) -> Message {
    let mut message = Message::response(id, OpCode::Query);
    message.add_query(Query::query(question.name.clone(), question.kind));
    for data in answers {
        message.add_answer(Record::from_rdata(question.name.clone(), 60, data));
    }
    message
}

fn parsed(question: &Question, message: &Message) -> Parsed {
    question.parse(7, &message.to_vec().unwrap())
}

fn a(last: u8) -> RData {
    RData::A(A::new(192, 0, 2, last))
}

#[test]
fn names_and_types_are_checked() {
    for (name, kind, asked) in [
        ("example.com", "A", "example.com."),
        ("example.com.", "aaaa", "example.com."),
        ("_sip._tcp.example.com", "SRV", "_sip._tcp.example.com."),
        ("bücher.example", "A", "xn--bcher-kva.example."),
        ("192.0.2.1", "PTR", "1.2.0.192.in-addr.arpa."),
        (
            "2001:db8::1",
            "PTR",
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
        ),
        (".", "NS", "."),
    ] {
        let question = Question::new(name, kind).unwrap();
        assert_eq!(question.name.to_ascii(), asked, "{name}");
    }
    let long = format!("{}.example.com", "a.".repeat(130));
    let label = "a".repeat(64);
    for (name, kind) in [
        ("", "A"),
        ("example.com", "ANY"),
        ("example.com", "AXFR"),
        ("example.com", ""),
        ("a..b", "A"),
        ("a b", "A"),
        (&long, "A"),
        (&label, "A"),
        ("x\u{1b}[2J", "A"),
    ] {
        let failure = Question::new(name, kind).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config, "{name} {kind}");
    }
}

#[test]
fn only_our_own_reply_counts() {
    let question = Question::new("Example.com", "A").unwrap();
    let good = reply(&question, 7, vec![a(1)]);
    let whole = Reply { code: "NOERROR".to_owned(), answers: vec!["192.0.2.1".to_owned()] };
    assert_eq!(parsed(&question, &good), Parsed::Reply(whole));

    let other_id = reply(&question, 8, vec![a(1)]);
    let other_name = reply(&Question::new("example.org", "A").unwrap(), 7, vec![a(1)]);
    let other_kind = reply(&Question::new("example.com", "AAAA").unwrap(), 7, vec![]);
    let mut no_response = good.clone();
    no_response.metadata.message_type = MessageType::Query;
    let mut without_question = good.clone();
    without_question.queries.clear();
    for foreign in [&other_id, &other_name, &other_kind, &no_response, &without_question] {
        assert_eq!(parsed(&question, foreign), Parsed::Foreign, "{foreign}");
    }
    // A server that refuses before it reads may leave the question out.
    let mut refused = without_question.clone();
    refused.answers.clear();
    refused.metadata.response_code = ResponseCode::Refused;
    assert!(matches!(parsed(&question, &refused), Parsed::Reply(reply) if reply.code == "REFUSED"));

    let mut cut = good.clone();
    cut.metadata.truncation = true;
    assert_eq!(parsed(&question, &cut), Parsed::Truncated);
    let cut = cut.to_vec().unwrap();
    assert_eq!(question.parse(7, &cut[..cut.len() - 3]), Parsed::Truncated);
    let bytes = good.to_vec().unwrap();
    assert_eq!(question.parse(7, &bytes[..bytes.len() - 3]), Parsed::Garbage);
    assert_eq!(question.parse(7, &bytes[..11]), Parsed::Foreign);
}

#[test]
fn answers_are_capped_and_of_the_asked_type() {
    let question = Question::new("example.com", "A").unwrap();
    let many = reply(&question, 7, (0..200).map(a).collect());
    let Parsed::Reply(seen) = parsed(&question, &many) else { panic!("no reply") };
    assert_eq!(seen.answers.len(), ANSWER_LIMIT);
    let text = RData::TXT(TXT::new(vec!["x".to_owned()]));
    let mixed = reply(&question, 7, vec![text]);
    let Parsed::Reply(seen) = parsed(&question, &mixed) else { panic!("no reply") };
    assert_eq!(seen.answers, Vec::<String>::new());
    assert_eq!(question.complaint(&seen, &[]).unwrap(), "no A record for example.com");
}

#[test]
fn expected_answers_are_compared_by_meaning() {
    let addresses = Question::new("example.com", "AAAA").unwrap();
    assert!(addresses.matches("2001:db8::1", "2001:0DB8:0::1"));
    let mail = Question::new("example.com", "MX").unwrap();
    let exchange = RData::MX(MX::new(10, Name::from_ascii("Mail.example.com.").unwrap()));
    let answer = text(&exchange).unwrap();
    assert_eq!(answer, "10 Mail.example.com");
    for wanted in ["10 mail.example.com", "mail.example.com.", "10 MAIL.example.com."] {
        assert!(mail.matches(&answer, wanted), "{wanted}");
    }
    assert!(!mail.matches(&answer, "20 mail.example.com"));
    let texts = Question::new("example.com", "TXT").unwrap();
    assert!(texts.matches("v=spf1 -all", "\"v=spf1 -all\"") && texts.matches("a", "a"));
    assert!(!texts.matches("v=SPF1 -all", "v=spf1 -all"));
}

#[test]
fn a_lacking_answer_names_what_came() {
    let question = Question::new("example.com", "A").unwrap();
    let answers = vec!["192.0.2.1".to_owned(), "192.0.2.2".to_owned()];
    let seen = Reply { code: "NOERROR".to_owned(), answers: answers.clone() };
    assert_eq!(question.complaint(&seen, &answers), None);
    let wanted = ["192.0.2.2".to_owned(), "192.0.2.9".to_owned()];
    assert_eq!(
        question.complaint(&seen, &wanted).unwrap(),
        "example.com A lacks 192.0.2.9, came 192.0.2.1, 192.0.2.2"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_reply_makes_the_parser_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        counts in proptest::array::uniform4(0_u16..20),
        kind in proptest::sample::select(&["A", "AAAA", "MX", "TXT", "SOA", "SRV", "CAA"][..]),
    ) {
        let question = Question::new("example.com", kind).unwrap();
        let _ = question.parse(7, &bytes);
        // Behind a good header, so that the records are reached.
        let mut reached = vec![0, 7, 0x80, 0];
        reached.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
        reached.extend(&bytes);
        let _ = question.parse(7, &reached);
        // A good reply with some bytes changed.
        let mut bent = reply(&question, 7, vec![a(1), a(2)]).to_vec().unwrap();
        for pair in bytes.chunks(64) {
            if let [at, value, ..] = pair {
                let at = usize::from(*at) % bent.len();
                bent[at] = *value;
            }
        }
        let _ = question.parse(7, &bent);
    }

    #[test]
    fn no_text_makes_the_question_panic(name in ".{0,80}", kind in ".{0,6}") {
        if let Ok(question) = Question::new(&name, "A") {
            let _ = question.encode(1);
        }
        let _ = Question::new("example.com", &kind);
    }
}
