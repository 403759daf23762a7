//! A fake FluxMQ node: a health server and an admin API, with FluxMQ's own documents.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::net::TcpListener;

pub use crate::pages::{Page, Server};

pub const NOMINAL: &str = r#"{"status":"ready","mode":"nominal","checks":{"broker":{"status":"up"},"cluster":{"status":"up"},"storage":{"status":"up"}}}"#;
pub const SINGLE: &str = r#"{"status":"ready","mode":"nominal","checks":{"broker":{"status":"up"},"storage":{"status":"up"}}}"#;
pub const DEGRADED: &str = r#"{"status":"ready","mode":"degraded","checks":{"broker":{"status":"up"},"cluster":{"status":"up","details":"1/2 peers reachable"},"storage":{"status":"up"}}}"#;
pub const STORAGE: &str = r#"{"status":"not_ready","details":"storage unavailable","checks":{"broker":{"status":"up"},"storage":{"status":"down","details":"badger: closed"}}}"#;

/// A node; dropped, nothing listens any more.
pub struct Node {
    pub server: Server,
}

impl Node {
    /// A nominal node of a cluster, on loopback.
    pub fn start(id: &str, leads: bool) -> Self {
        Self::of(Server::start(), id, leads)
    }

    /// The same on a listener.
    pub fn on(listener: TcpListener, id: &str, leads: bool) -> Self {
        Self::of(Server::on(listener), id, leads)
    }

    fn of(server: Server, id: &str, leads: bool) -> Self {
        let node = Self { server };
        node.put("/health", Page::of(200, r#"{"status":"healthy"}"#));
        node.ready(NOMINAL);
        node.who(id, leads, true);
        node
    }

    pub fn put(&self, path: &str, page: Page) {
        self.server.put(path, page);
    }

    /// What `/ready` says, with the status that goes with it.
    pub fn ready(&self, body: &str) {
        self.put("/ready", Page::of(if body.contains("not_ready") { 503 } else { 200 }, body));
    }

    pub fn who(&self, id: &str, leads: bool, cluster: bool) {
        let body = format!(
            r#"{{"node_id":"{id}","is_leader":{leads},"cluster_mode":{cluster},"sessions":12}}"#
        );
        self.put("/cluster/status", Page::of(200, &body));
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Nothing listens any more when this returns.
    pub fn kill(&mut self) {
        self.server.kill();
    }
}
