//! No password and no token is anywhere but with whom it belongs to, and the history says who
//! changed what, from where.

use std::io::Write;
use std::sync::{Arc, Mutex};

use fluxnoc::model::{PlainToken, RequestId, Role, Scope};
use fluxnoc::protocol::{Command, Outcome, Request};
use serde_json::json;

use crate::lab::noc;
use crate::net::{Net, PASSWORD};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

#[tokio::test]
async fn fs_38_no_secret_is_in_the_store_the_log_or_a_debug_text() {
    let log = Log::default();
    let out = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || out.clone())
        .finish();
    let _ = tracing::subscriber::set_global_default(subscriber);
    let mut net = Net::with_users().await;
    let secrets = [
        PASSWORD,
        "typed-into-the-wrong-field",
        "another horse battery",
        "wrong horse battery",
        "new-horse-battery-1",
    ];
    net.try_login("viewer", "wrong horse battery").await;
    net.try_login("typed-into-the-wrong-field", "x").await;
    let session = net.login("viewer").await;
    let admin = net.login("admin").await;
    let body = json!({ "old": PASSWORD, "new": "another horse battery" });
    assert_eq!(net.ask("POST", "/api/v1/auth/password", &session, Some(body)).await.status, 200);
    let body = json!({ "password": "new-horse-battery-1" });
    assert_eq!(net.ask("PATCH", "/api/v1/users/operator", &admin, Some(body)).await.status, 200);
    let body = json!({ "name": "cd", "role": "viewer", "scopes": ["api"], "expires": null });
    let said = net.ask("POST", "/api/v1/tokens", &admin, Some(body)).await;
    assert_eq!((said.status, &said.headers["cache-control"]), (201, &"no-store".parse().unwrap()));
    let token = said.json()["plain"].as_str().unwrap().to_owned();
    assert_eq!(net.get("/api/v1/hosts", &token).await.status, 200);
    let history = net.history().await.join("\n");
    let shown = format!("{:?}", Command::samples());
    for sample in ["p\u{e4}ss \\\" & 12", "other pass 12"] {
        assert!(!shown.contains(sample) && !shown.contains(&sample.replace('\\', "")), "{sample}");
    }
    let outcome: Outcome = serde_json::from_str(&said.text).unwrap();
    assert!(!format!("{outcome:?}").contains(&token));
    let Net { dir, lab, .. } = net;
    lab.stop().await;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    files.push(("the log".to_owned(), log.0.lock().unwrap().clone()));
    files.push(("the history".to_owned(), history.into_bytes()));
    let all = secrets.into_iter().chain([&*token, &*session, &*admin]);
    for secret in all {
        for (place, bytes) in &files {
            assert!(!holds(bytes, secret), "{secret} is in {place}");
        }
    }
    let store = files.iter().find(|(place, _)| place.ends_with("fluxnoc.db")).unwrap();
    assert!(holds(&store.1, "$argon2id$"), "it was looked at in the right place");
    assert!(!log.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn fs_38_a_token_is_shown_once_whoever_asks_again() {
    let net = Net::new().await;
    let command = Command::AddToken {
        name: "cd".into(),
        role: Role::Operator,
        scopes: vec![Scope::Api],
        expires: None,
        agent: None,
        uses: None,
    };
    let id = RequestId::from_parts(1, [7; 10]);
    let request = Request { id, actor: noc(), command };
    let first = net.lab.engine.handle.execute(request.clone()).await;
    let Ok(Outcome::Token { token, plain: Some(PlainToken(text)) }) = first else {
        panic!("{first:?}")
    };
    assert_eq!(net.get("/api/v1/hosts", &text).await.status, 200);
    let again = net.lab.engine.handle.execute(request).await;
    assert_eq!(again, Ok(Outcome::Token { token, plain: None }));
}

#[tokio::test]
async fn fs_38_the_history_says_who_changed_what_from_where() {
    let mut net = Net::with_users().await;
    let admin = net.login("admin").await;
    let ask = async |net: &Net, method: &str, path: &str, body: serde_json::Value| {
        let said = net.ask(method, path, &admin, Some(body)).await;
        assert!(said.status < 300, "{}", said.text);
    };
    let new = json!({ "name": "eve", "role": "operator", "password": PASSWORD });
    ask(&net, "POST", "/api/v1/users", new).await;
    let changed = json!({ "role": "viewer", "password": "another horse battery" });
    ask(&net, "PATCH", "/api/v1/users/eve", changed).await;
    ask(&net, "DELETE", "/api/v1/users/eve", json!(null)).await;
    let token = json!({ "name": "cd", "role": "viewer", "scopes": ["api"], "expires": null });
    ask(&net, "POST", "/api/v1/tokens", token).await;
    ask(&net, "DELETE", "/api/v1/tokens/cd", json!(null)).await;
    let history = net.history().await;
    let expected = [
        "admin: added user eve, operator (from 192.0.2.7)",
        "admin: changed user eve, operator became viewer, new password (from 192.0.2.7)",
        "admin: removed user eve, viewer (from 192.0.2.7)",
        "admin: made token cd, viewer (from 192.0.2.7)",
        "admin: revoked token cd, viewer (from 192.0.2.7)",
        "admin: logged in (from 192.0.2.7)",
        "noc: added user viewer, viewer",
    ];
    for line in expected {
        assert!(history.iter().any(|said| said == line), "{line}: {history:#?}");
    }
}
