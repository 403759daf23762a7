//! A lab with its real router, asked as over the network.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::net::SocketAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use fluxnoc::api::{Caller, network_router};
use fluxnoc::clock::Clock;
use fluxnoc::model::{Password, PlainToken, Role, Scope, Timestamp};
use fluxnoc::protocol::{Answer, Command, LogFilter, Outcome, Query};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sqlx::Connection as _;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::lab::{Lab, START, host, inventory};

/// The password of every user here.
pub const PASSWORD: &str = "correct horse battery";

/// A number that every commit of the engine changes.
pub struct Commits(sqlx::SqliteConnection);

impl Commits {
    pub async fn of(net: &Net) -> Self {
        let path = net.dir.path().join("fluxnoc.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        Self(sqlx::SqliteConnection::connect_with(&options).await.unwrap())
    }

    pub async fn now(&mut self) -> i64 {
        sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut self.0).await.unwrap()
    }
}

/// An answer.
pub struct Said {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{}", self.text))
    }
}

/// A lab and its router.
pub struct Net {
    pub dir: tempfile::TempDir,
    pub lab: Lab,
    pub router: axum::Router,
}

impl Net {
    pub async fn new() -> Self {
        Self::over(&["web-1", "web-2"]).await
    }

    pub async fn over(hosts: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let wanted = inventory(hosts.iter().map(|name| host(name, &["ping"])).collect());
        let lab = Lab::start(dir.path(), wanted, Clock::manual(START)).await;
        Self::around(dir, lab)
    }

    /// One around a lab in a directory.
    pub fn around(dir: tempfile::TempDir, lab: Lab) -> Self {
        let router = network_router(lab.engine.handle.clone(), CancellationToken::new());
        Self { dir, lab, router }
    }

    /// One with a user of each role, named as the role.
    pub async fn with_users() -> Self {
        let mut net = Self::new().await;
        for role in Role::ALL {
            net.add(role.word(), role).await;
        }
        net
    }

    /// Adds a user from this machine.
    pub async fn add(&mut self, name: &str, role: Role) {
        let password = Password::new(PASSWORD.to_owned());
        let command = Command::AddUser { name: name.into(), role, password };
        let outcome = self.lab.execute(command).await;
        assert!(matches!(outcome, Ok(Outcome::User(_))), "{outcome:?}");
    }

    /// Makes a token at this machine.
    pub async fn token(
        &mut self,
        name: &str,
        role: Role,
        scopes: &[Scope],
        expires: Option<Timestamp>,
    ) -> String {
        let scopes = scopes.to_vec();
        let command =
            Command::AddToken { name: name.into(), role, scopes, expires, agent: None, uses: None };
        match self.lab.execute(command).await {
            Ok(Outcome::Token { plain: Some(PlainToken(text)), .. }) => text,
            other => panic!("{other:?}"),
        }
    }

    pub async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Said {
        call(&self.router, "192.0.2.7:4711", method, path, headers, body).await
    }

    pub async fn login(&self, name: &str) -> String {
        let said = self.try_login(name, PASSWORD).await;
        assert_eq!(said.status, 200, "{}", said.text);
        said.json()["token"].as_str().unwrap().to_owned()
    }

    pub async fn try_login(&self, name: &str, password: &str) -> Said {
        let body = json!({ "username": name, "password": password });
        self.call("POST", "/api/auth/login", &[], Some(body)).await
    }

    pub async fn get(&self, path: &str, bearer: &str) -> Said {
        self.call("GET", path, &[("authorization", &format!("Bearer {bearer}"))], None).await
    }

    pub async fn ask(&self, method: &str, path: &str, bearer: &str, body: Option<Value>) -> Said {
        self.call(method, path, &[("authorization", &format!("Bearer {bearer}"))], body).await
    }

    /// All actions in the history, newest first: who and what.
    pub async fn history(&mut self) -> Vec<String> {
        // What was noted gathers a quarter of a second, and may be noted by the engine's own step.
        for _ in 0..3 {
            for _ in 0..3 {
                self.lab.query(Query::Engine).await;
            }
            self.lab.clock.advance(fluxnoc::model::Span::from_millis(1100));
        }
        for _ in 0..3 {
            self.lab.query(Query::Engine).await;
        }
        let query = Query::Log { filter: LogFilter::default(), before: None, limit: 1000 };
        let Answer::Log(page) = self.lab.query(query).await else { panic!("no log") };
        let said = page.entries.iter().filter_map(|entry| {
            let actor = entry.actor.as_ref()?;
            Some(format!("{actor}: {}", entry.text))
        });
        said.collect()
    }
}

pub async fn call(
    router: &axum::Router,
    from: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Said {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = match body {
        Some(body) => {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    let mut request = request.body(body).unwrap();
    let address: SocketAddr = from.parse().unwrap();
    request.extensions_mut().insert(Caller { address });
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Said { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}
