//! `fluxnoc maintenance`: what can be typed about windows, with its help.

use clap::{Args, Subcommand};

use super::verb::Moment;
use crate::model::{MaintenanceId, Pattern, Repeats, Span};

/// `fluxnoc maintenance`.
#[expect(clippy::large_enum_variant, reason = "there is one, for a moment")]
#[derive(Debug, Subcommand)]
pub enum MaintenanceCommand {
    /// Open a window
    Add(WindowArgs),
    /// List windows
    List {
        /// Ended ones too
        #[arg(long)]
        all: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End a window now; one that has not begun is removed. One that repeats goes on with its next
    /// occurrence
    End {
        /// The window's id
        id: MaintenanceId,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a window not repeat any more; an occurrence in effect goes on to its end
    Cancel {
        /// The window's id
        id: MaintenanceId,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Let a window end later
    Extend {
        /// The window's id
        id: MaintenanceId,
        /// How much later
        #[arg(long = "for", value_name = "DURATION")]
        by: Span,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

fn repeats(text: &str) -> Result<Repeats, String> {
    let none = || "leave --repeats out for a window that never repeats".to_owned();
    crate::tui::zone::Zone::system().repeats(text)?.ok_or_else(none)
}

/// `fluxnoc maintenance add`.
#[derive(Debug, Args)]
pub struct WindowArgs {
    /// Hosts that it covers, such as 'db-*'
    #[arg(long, value_name = "GLOB")]
    pub hosts: Pattern,
    /// Only these checks of them
    #[arg(long, value_name = "GLOB")]
    pub check: Option<Pattern>,
    /// And the hosts that cannot be reached without them
    #[arg(long)]
    pub children: bool,
    /// From now (or --start) for so long
    #[arg(
        long = "for",
        value_name = "DURATION",
        conflicts_with = "end",
        required_unless_present = "end"
    )]
    pub length: Option<Span>,
    /// First moment inside: 22:00 or 2026-02-25T02:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub start: Option<Moment>,
    /// First moment after
    #[arg(long, value_name = "TIME")]
    pub end: Option<Moment>,
    /// From then on again and again, at the same time of day: daily, 'every 3 days',
    /// 'weekly on mon,wed', 'every 2 weeks on tue', 'monthly on 15' or 'monthly on 2nd tue';
    /// then, if wanted, 'until 2027-03-31', 'except 2026-12-24,2026-12-31' and
    /// 'in Europe/Berlin' [default zone: this machine's]
    #[arg(long, value_name = "RULE", value_parser = repeats)]
    pub repeats: Option<Repeats>,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "maintenance")]
    pub name: String,
    /// Notify nevertheless; alerts stay in the feed with a tag
    #[arg(long)]
    pub notify: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}
