//! The contract of the store: one body for SQLite and PostgreSQL, and what only a file can suffer.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::too_many_lines,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    clippy::float_cmp,
    clippy::doc_markdown,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "store/accounts.rs"]
mod accounts;
#[path = "store/contract.rs"]
mod contract;
#[path = "common/dice.rs"]
mod dice;
#[path = "store/gathering.rs"]
mod gathering;
#[path = "store/lease.rs"]
mod lease;
#[path = "store/nettests.rs"]
mod nettests;
#[path = "store/past.rs"]
mod past;
#[path = "common/postgres.rs"]
mod postgres_server;
#[path = "store/samples.rs"]
mod samples;
#[path = "seam/samples.rs"]
mod seam_samples;
#[path = "store/sqlite_file.rs"]
mod sqlite_file;

use fluxnoc::store::{Store, StoreError};

/// Where a store is, so that it can be opened again.
pub enum Place {
    File(tempfile::TempDir),
    Url(String),
}

impl Place {
    fn file() -> Self {
        Self::File(tempfile::tempdir().unwrap())
    }

    async fn open(&self) -> Result<Store, StoreError> {
        match self {
            Self::File(directory) => {
                Store::open_sqlite(&directory.path().join("data/fluxnoc.db")).await
            }
            Self::Url(url) => Store::open_postgres(url).await,
        }
    }

    /// Runs a statement past the store, as another program would.
    async fn meddle(&self, sql: &'static str) {
        use sqlx::Connection as _;
        match self {
            Self::File(directory) => {
                let path = directory.path().join("data/fluxnoc.db");
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                let options = sqlx::sqlite::SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true);
                let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Self::Url(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }
}

macro_rules! contract {
    ($($module:ident :: $name:ident,)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$module::$name(super::Place::file()).await;
            })*
        }

        /// One server for all, because starting one takes longer than the tests.
        #[tokio::test]
        #[ignore = "needs PostgreSQL; tests/run runs it"]
        async fn postgres_keeps_the_same_contract() {
            let server = postgres_server::Server::start();
            $(println!("{}", stringify!($name));
            $module::$name(Place::Url(server.database())).await;)*
        }
    };
}

contract! {
    accounts::users_and_tokens_come_back_as_they_were,
    accounts::the_audit_trail_says_from_where_and_what_changed,
    contract::hosts_and_checks_keep_their_numbers,
    contract::statuses_come_back_as_they_were,
    contract::series_numbers_are_stable,
    contract::an_alert_is_open_once_per_check,
    contract::edges_are_recorded_once_and_read_newest_first,
    contract::the_outbox_never_overtakes_an_earlier_edge,
    contract::windows_come_back_as_they_were,
    contract::requests_and_signs_of_life_are_remembered,
    contract::what_is_not_committed_never_was,
    contract::a_failed_unit_of_work_cannot_be_committed,
    contract::a_newer_schema_is_refused,
    contract::a_foreign_database_is_refused,
    gathering::what_waits_is_told_in_one_digest_and_nothing_goes_around_it,
    gathering::a_digest_does_not_wait_for_itself,
    gathering::what_waits_elsewhere_holds_what_follows_it,
    gathering::what_was_tried_goes_by_itself_and_holds_what_follows_it,
    gathering::what_fails_when_it_is_in_a_group_goes_by_itself,
    gathering::a_hold_outlives_a_restart_and_what_waited_becomes_one_group,
    gathering::ten_thousand_go_into_a_digest_quickly,
    nettests::tests_come_back_whole_and_once,
    nettests::tests_are_found_by_every_filter,
    nettests::tests_are_kept_400_days,
    nettests::what_was_moved_is_summed_by_the_quarter,
    nettests::the_last_runs_are_found,
    nettests::schedules_come_back_as_they_were,
    past::history_is_the_same_before_and_after_folding,
    past::the_last_result_outlives_the_journal,
    past::old_results_stay_as_days,
    past::late_results_change_their_day,
    past::what_is_old_is_forgotten_in_small_steps,
    past::the_size_limit_drops_only_the_oldest_results,
    past::a_group_commit_is_cheap,
}

macro_rules! on_postgres {
    ($($name:ident,)*) => {
        /// What there is only with several servers.
        #[tokio::test]
        #[ignore = "needs PostgreSQL; tests/run runs it"]
        async fn several_servers_share_one_postgres() {
            let server = postgres_server::Server::start();
            $(println!("{}", stringify!($name));
            lease::$name(Place::Url(server.database())).await;)*
        }
    };
}

on_postgres! {
    one_server_leads_and_each_take_over_has_another_epoch,
    i6_who_was_deposed_writes_nothing,
    i6_a_take_over_waits_for_what_is_being_written,
    a_server_that_stands_still_within_a_unit_of_work_holds_nobody_up,
    a_command_has_the_database_to_itself_until_it_ends,
    servers_know_and_wake_each_other_and_agree,
}
