//! Who a proof belongs to, and when it stops.

use super::*;
use crate::auth::{mint, sign};
use crate::model::{PasswordHash, SafeText, Span};

const NOW: Timestamp = Timestamp::from_millis(1_772_000_000_000);

fn user(name: &str, role: Role, epoch: u64) -> KeptUser {
    let user = User {
        name: name.into(),
        role,
        created: NOW,
        created_by: SafeText::line("x"),
        changed: NOW,
    };
    KeptUser { user, password: PasswordHash("x".to_owned()), epoch }
}

fn token(name: &str, hash: TokenHash, expires: Option<Timestamp>) -> KeptToken {
    let token = Token {
        name: name.into(),
        role: Role::Operator,
        scopes: vec![Scope::Read],
        created: NOW,
        created_by: SafeText::line("x"),
        expires,
        last_used: None,
        agent: None,
        uses: None,
    };
    KeptToken { token, hash }
}

fn session(key: &Key, name: &str, epoch: u64) -> Credential {
    Credential::bearer(&sign(key, &Claims::new(name, epoch, NOW, NOW)).unwrap())
}

#[test]
fn fs_38_a_session_ends_with_its_epoch_its_role_and_its_user() {
    let key = Key::random();
    let mut all = Accounts::new(vec![user("Ann", Role::Admin, 7)], Vec::new());
    let shown = session(&key, "Ann", 7);
    let who = all.identify(&shown, &key, NOW).unwrap();
    assert_eq!((&*who.name, who.role), ("Ann", Role::Admin));
    assert_eq!(all.counts_until(&who), Some(NOW + SESSION));
    assert!(all.identify(&session(&key, "bob", 7), &key, NOW).is_none());
    assert!(all.identify(&shown, &Key::random(), NOW).is_none());

    all.put_user(user("ann", Role::Viewer, 8));
    assert_eq!(all.users().len(), 1, "upper and lower case are the same");
    assert!(all.identify(&shown, &key, NOW).is_none());
    assert_eq!(all.counts_until(&who), None);
    let again = all.identify(&session(&key, "ANN", 8), &key, NOW).unwrap();
    assert_eq!(again.role, Role::Viewer);
    all.remove_user("ANN");
    assert!(all.identify(&session(&key, "ann", 8), &key, NOW).is_none());
    assert_eq!(all.counts_until(&again), None);
}

#[test]
fn fs_38_a_token_ends_with_its_time_or_when_it_is_revoked() {
    let key = Key::random();
    let ((one, hash), (other, forever)) = (mint(), mint());
    let end = NOW + Span::from_secs(60);
    let mut all =
        Accounts::new(Vec::new(), vec![token("Prom", hash, Some(end)), token("cd", forever, None)]);
    let (shown, other) = (Credential::Token(one.clone()), Credential::Token(other));
    let who = all.identify(&shown, &key, NOW).unwrap();
    assert_eq!((&*who.name, who.role), ("Prom", Role::Operator));
    assert_eq!(all.counts_until(&who), Some(end));
    assert_eq!(Credential::bearer(&one.0), shown, "as a bearer too");
    assert!(all.identify(&shown, &key, end).is_none());
    assert!(all.identify(&Credential::Token(mint().0), &key, NOW).is_none());

    let minute = Timestamp::from_millis(NOW.millis() / 60_000 * 60_000);
    assert_eq!(all.used_since_stored(), [("Prom".into(), minute)]);
    all.stored_use("PROM", minute);
    assert!(all.used_since_stored().is_empty());
    assert!(all.identify(&other, &key, NOW).is_some());
    assert_eq!(
        all.tokens().iter().map(|token| token.last_used.is_some()).collect::<Vec<_>>(),
        [true, true]
    );
    all.remove_token("prom");
    assert!(all.identify(&shown, &key, NOW).is_none());
    assert_eq!(all.counts_until(&who), None);
}

#[test]
fn fs_40_the_last_admin_is_known() {
    let mut all =
        Accounts::new(vec![user("ann", Role::Admin, 1), user("bob", Role::Viewer, 1)], Vec::new());
    assert!(all.is_last_admin("Ann") && !all.is_last_admin("bob") && !all.is_last_admin("eve"));
    all.put_user(user("eve", Role::Admin, 1));
    assert!(!all.is_last_admin("ann"));
}

#[test]
fn no_credential_is_shown() {
    let shown = [Credential::bearer("eyJhbGciOi.x.y"), Credential::bearer(&mint().0.0)];
    for credential in shown {
        let text = format!("{credential:?}");
        assert!(!text.contains("eyJ") && !text.contains("fnx_"), "{text}");
    }
}
