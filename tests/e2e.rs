//! The built program as people meet it: a console in a terminal, verbs in a second shell, real
//! services that die, kills, hang-ups, bad files.
//!
//! Every test has a configuration and a data directory of its own and waits for what the screen
//! or a verb shows; what runs on without a screen is ended with its directory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[path = "e2e/desk.rs"]
mod desk;
#[path = "e2e/devices.rs"]
mod devices;
#[path = "e2e/expressions.rs"]
mod expressions;
#[path = "e2e/files.rs"]
mod files;
#[path = "common/fluxbase/mod.rs"]
mod fluxbase;
#[path = "common/fluxmq.rs"]
mod fluxmq;
#[path = "e2e/forms.rs"]
mod forms;
#[path = "e2e/house.rs"]
mod house;
#[path = "e2e/instance_logs.rs"]
mod instance_logs;
#[path = "e2e/leaving.rs"]
mod leaving;
#[path = "common/letters.rs"]
mod letters;
#[path = "common/mariadb.rs"]
mod mariadb;
#[path = "e2e/measured.rs"]
mod measured;
#[path = "e2e/methods.rs"]
mod methods;
#[path = "e2e/namespace.rs"]
mod namespace;
#[path = "common/netns.rs"]
mod netns;
#[path = "common/nginx.rs"]
mod nginx;
#[path = "common/pages.rs"]
mod pages;
#[path = "e2e/prompts.rs"]
mod prompts;
#[path = "common/pty.rs"]
mod pty;
#[path = "e2e/read_only.rs"]
mod read_only;
#[path = "e2e/remote.rs"]
mod remote;
#[path = "e2e/saved_rule.rs"]
mod saved_rule;
#[path = "plugins/scene.rs"]
mod scene;
#[path = "e2e/screens.rs"]
mod screens;
#[path = "e2e/sharing.rs"]
mod sharing;
#[path = "e2e/site.rs"]
mod site;
#[path = "common/snmpd.rs"]
mod snmpd;
#[path = "common/snmpstub.rs"]
mod snmpstub;
#[path = "e2e/story.rs"]
mod story;
#[path = "e2e/systems.rs"]
mod systems;
#[path = "e2e/terminal.rs"]
mod terminal;
#[path = "e2e/triage.rs"]
mod triage;
