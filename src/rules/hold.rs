//! What people are told of paging that is held: that it begins, changes and ends, and nothing else.

use crate::model::{CheckKey, Edge, EdgeKind, Hold, SafeText, State, Timestamp};

/// That paging is held, until when, and why. Held again it is the next notice of the same hold.
#[must_use]
pub fn began(hold: &mut Hold, at: Timestamp) -> Edge {
    let text = format!("paging is held until {} by {}: {}", hold.until, hold.author, hold.reason);
    let actor = Some(hold.author.clone());
    notice(hold, at, &text, (EdgeKind::Fired, State::Ok, State::Warning), actor)
}

/// That it is held no more: by itself, or by somebody before its time.
#[must_use]
pub fn ended(hold: &mut Hold, at: Timestamp, by: Option<SafeText>) -> Edge {
    let how = by.as_ref().map_or("its time is over".to_owned(), |by| format!("ended by {by}"));
    let text = format!("paging goes on, {how}; it was held by {}: {}", hold.author, hold.reason);
    notice(hold, at, &text, (EdgeKind::Recovered, State::Warning, State::Ok), by)
}

fn notice(
    hold: &mut Hold,
    at: Timestamp,
    text: &str,
    (kind, from, to): (EdgeKind, State, State),
    actor: Option<SafeText>,
) -> Edge {
    hold.told += 1;
    Edge {
        alert: hold.id,
        check: CheckKey::new("fluxnoc", "paging"),
        seq: hold.told,
        at,
        kind,
        from,
        to,
        text: SafeText::line(text),
        actor,
        in_maintenance: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AlertId;

    #[test]
    fn what_is_told_of_a_hold_is_counted() {
        let at = Timestamp::from_millis(1000);
        let mut hold = Hold {
            id: AlertId::from_parts(1, [1; 10]),
            author: SafeText::line("ann"),
            reason: SafeText::line("a switch is replaced"),
            since: at,
            until: at,
            told: 0,
        };
        let seqs = [began(&mut hold, at), began(&mut hold, at), ended(&mut hold, at, None)];
        assert_eq!(seqs.map(|edge| edge.seq), [1, 2, 3]);
        assert_eq!(hold.told, 3);
    }
}
