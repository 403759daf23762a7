//! What integration tests share: real servers, started on loopback and stopped with the test.

pub mod mariadb;
