//! One server on PostgreSQL, by the real program: what it keeps there, what it says when that cannot
//! be reached, and that it goes on by itself when the database was away; and moving to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]
#![allow(clippy::doc_markdown, reason = "SQLite and PostgreSQL are names")]

#[path = "postgres/contents.rs"]
mod contents;
#[path = "postgres/moving.rs"]
mod moving;
#[path = "common/postgres.rs"]
mod postgres_server;
#[path = "postgres/serve.rs"]
mod serve;
#[path = "postgres/site.rs"]
mod site;
#[path = "common/tls.rs"]
mod tls;
