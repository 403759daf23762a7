//! What integration tests share: real servers.
//!
//! In: how a server is to be set up.
//! Out: a running server on a free loopback port.
//! Never: leaves a process or a file behind, or listens beyond loopback.

pub mod mariadb;
