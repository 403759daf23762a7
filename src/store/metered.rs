//! A connection that has every statement counted and timed by its own text.
//!
//! Wrapped here, under both macros, no statement can be forgotten. The driver's own log of
//! statements would be a subscriber for the whole process, and would format each one's text.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt as _, Stream, StreamExt as _};
use sqlx::{Connection, Database, Either, Error, Execute, Executor, SqlStr};

use crate::meters::{Meters, QueryTimer};

/// A connection with its meters.
#[derive(Debug)]
pub(super) struct Metered<'c, C> {
    connection: &'c mut C,
    meters: &'c Arc<Meters>,
}

impl<'c, C> Metered<'c, C> {
    pub(super) const fn new(connection: &'c mut C, meters: &'c Arc<Meters>) -> Self {
        Self { connection, meters }
    }
}

/// A query taken apart: its text can be read only by taking it.
struct Whole<D: Database> {
    sql: SqlStr,
    arguments: Option<Result<Option<D::Arguments>, sqlx::error::BoxDynError>>,
    persistent: bool,
}

impl<D: Database> Whole<D> {
    fn of<'q, E: Execute<'q, D>>(mut query: E) -> Self {
        let persistent = query.persistent();
        let arguments = Some(query.take_arguments());
        Self { sql: query.sql(), arguments, persistent }
    }
}

impl<D: Database> Execute<'_, D> for Whole<D> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&D::Statement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<D::Arguments>, sqlx::error::BoxDynError> {
        self.arguments.take().unwrap_or(Ok(None))
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}

/// Rows until their end.
struct Rows<'e, T> {
    rows: BoxStream<'e, T>,
    _timer: QueryTimer,
}

impl<T> Stream for Rows<'_, T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.rows.poll_next_unpin(context)
    }
}

impl<'c, C> Executor<'c> for Metered<'c, C>
where
    C: Connection + std::fmt::Debug,
    &'c mut C: Executor<'c, Database = C::Database>,
{
    type Database = C::Database;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<
        'e,
        Result<
            Either<<C::Database as Database>::QueryResult, <C::Database as Database>::Row>,
            Error,
        >,
    >
    where
        'c: 'e,
        E: 'q + Execute<'q, C::Database>,
    {
        let query = Whole::<C::Database>::of(query);
        let timer = self.meters.query(query.sql.as_str());
        Rows { rows: self.connection.fetch_many(query), _timer: timer }.boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<<C::Database as Database>::Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, C::Database>,
    {
        let query = Whole::<C::Database>::of(query);
        let timer = self.meters.query(query.sql.as_str());
        let row = self.connection.fetch_optional(query);
        async move {
            let _timer = timer;
            row.await
        }
        .boxed()
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [<C::Database as Database>::TypeInfo],
    ) -> BoxFuture<'e, Result<<C::Database as Database>::Statement, Error>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }
}
