//! Users and tokens: as they were, one of each name, and who did what from where.

use fluxnoc::model::{
    KeptToken, KeptUser, PasswordHash, Role, SafeText, Scope, Token, TokenHash, User,
};
use fluxnoc::store::{AuditRow, LogRange, LogRow};

use crate::Place;
use crate::samples::at;

fn user(name: &str, role: Role) -> KeptUser {
    let user = User {
        name: name.into(),
        role,
        created: at(1),
        created_by: SafeText::line("noc"),
        changed: at(2),
    };
    let password = PasswordHash("$argon2id$v=19$x".to_owned());
    KeptUser { user, password, epoch: (1 << 53) - 1 }
}

fn token(name: &str, n: u8) -> KeptToken {
    let token = Token {
        name: name.into(),
        role: Role::Viewer,
        scopes: vec![Scope::Metrics, Scope::Read],
        created: at(1),
        created_by: SafeText::line("noc"),
        expires: n.is_multiple_of(2).then(|| at(99)),
        last_used: None,
        agent: (n > 8).then(|| "branch".into()),
        uses: (n > 8).then_some(3),
    };
    KeptToken { token, hash: TokenHash([n; 32]) }
}

pub async fn users_and_tokens_come_back_as_they_were(place: Place) {
    let store = place.open().await.unwrap();
    assert!(store.users().await.unwrap().is_empty(), "fs_38: no account is there by itself");
    assert!(store.tokens().await.unwrap().is_empty());
    let (zoe, ann) = (user("Zoë", Role::Admin), user("ann", Role::Viewer));
    let (metrics, cd) = (token("Prom ü", 0xfe), token("cd", 1));
    let mut tx = store.write().await.unwrap();
    tx.put_user(&ann).await.unwrap();
    tx.put_user(&zoe).await.unwrap();
    tx.add_token(&cd).await.unwrap();
    tx.add_token(&metrics).await.unwrap();
    tx.commit().await.unwrap();
    let sorted = |mut users: Vec<KeptUser>| {
        users.sort_by(|a, b| a.user.name.cmp(&b.user.name));
        users
    };
    assert_eq!(sorted(store.users().await.unwrap()), [zoe.clone(), ann.clone()]);
    assert_eq!(store.tokens().await.unwrap().len(), 2);
    assert!(store.tokens().await.unwrap().contains(&metrics));

    let mut tx = store.write().await.unwrap();
    assert!(tx.put_user(&user("ZOË", Role::Viewer)).await.is_err(), "one of each name");
    drop(tx);
    let mut tx = store.write().await.unwrap();
    assert!(tx.add_token(&token("CD", 3)).await.is_err());
    drop(tx);
    let mut tx = store.write().await.unwrap();
    assert!(tx.add_token(&token("other", 1)).await.is_err(), "one of each hash");
    drop(tx);

    let changed = KeptUser {
        user: User { role: Role::Operator, changed: at(7), ..zoe.user.clone() },
        password: PasswordHash("$argon2id$y".to_owned()),
        epoch: 3,
    };
    let mut tx = store.write().await.unwrap();
    tx.put_user(&changed).await.unwrap();
    tx.delete_user("ANN").await.unwrap();
    tx.token_used("cd", at(60)).await.unwrap();
    tx.delete_token("prom Ü").await.unwrap();
    tx.commit().await.unwrap();
    store.close().await;
    let store = place.open().await.unwrap();
    assert_eq!(store.users().await.unwrap(), [changed]);
    let used = Token { last_used: Some(at(60)), ..cd.token.clone() };
    assert_eq!(store.tokens().await.unwrap(), [KeptToken { token: used, hash: cd.hash }]);
}

pub async fn the_audit_trail_says_from_where_and_what_changed(place: Place) {
    let store = place.open().await.unwrap();
    let mut tx = store.write().await.unwrap();
    tx.audit("noc", "reload", "{}", at(1)).await.unwrap();
    let row = AuditRow {
        actor: "ann",
        address: Some("192.0.2.7"),
        command: "edit_user",
        detail: "{\"a\":1}",
        change: Some("{\"before\":1}"),
    };
    tx.audit_row(&row, at(2)).await.unwrap();
    tx.commit().await.unwrap();
    let range = LogRange { limit: 10, ..LogRange::default() };
    let (rows, _) = store.log(&range, |_, row| Some(row)).await.unwrap();
    let [LogRow::Action(second), LogRow::Action(first)] = &*rows else { panic!("{rows:?}") };
    assert_eq!((first.address.as_ref(), first.change.as_ref()), (None, None));
    assert_eq!(second.address, Some(SafeText::line("192.0.2.7")));
    assert_eq!(second.change.as_deref(), Some("{\"before\":1}"));
}
