//! A fake instance: an app server and a metrics server.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::net::TcpListener;

use super::documents::{EXPOSITION, HEALTHY, LIVE, SYSTEM};
pub use crate::pages::{Page, Server};

/// Where the app server has its documents.
pub const METRICS: &str = "/api/v1/monitoring/metrics";
pub const HEALTH: &str = "/api/v1/monitoring/health";

/// An instance that is well.
pub struct Instance {
    pub app: Server,
    pub metrics: Server,
}

/// The key that lets in.
pub const KEY: &str = "sk_0123456789abcdef";

impl Instance {
    /// One on loopback.
    pub fn start() -> Self {
        Self::of(Server::start(), Server::start())
    }

    /// One on listeners for its app and its metrics.
    pub fn on(app: TcpListener, metrics: TcpListener) -> Self {
        Self::of(Server::on(app), Server::on(metrics))
    }

    fn of(app: Server, metrics: Server) -> Self {
        app.put("/health", Page::of(200, LIVE));
        app.put(HEALTH, Page::of(200, HEALTHY));
        app.put(METRICS, Page::of(200, SYSTEM));
        app.lock(KEY);
        metrics.put("/metrics", Page::text(EXPOSITION));
        metrics.put("/health", Page::text("OK"));
        Self { app, metrics }
    }

    /// Where its exposition is.
    pub fn exposition(&self) -> String {
        format!("{}/metrics", self.metrics.url())
    }
}
