//! Asking an agent: single objects in few requests, and whole columns.

use std::net::SocketAddr;

use async_snmp::error::ErrorStatus;
use async_snmp::{Client, Error, Oid, Value};

use super::oids::Numbers;
use super::session::{OBJECTS, Session, failure, unusable};
use super::table::{Rows, Walk};
use super::value::own;
use crate::model::Failure;
use crate::model::snmp::SnmpLogin;

/// An agent during one poll.
pub(super) struct Agent<'a> {
    client: Client,
    peer: SocketAddr,
    version: &'static str,
    /// Version 1 refuses a whole request for one absent object, and has no 64-bit counters.
    pub(super) is_v1: bool,
    pub(super) session: &'a mut Session,
    /// Values that came, for messages and figures.
    pub(super) values: usize,
}

impl<'a> Agent<'a> {
    /// An agent that is asked through `client`.
    pub(super) fn new(client: Client, login: &SnmpLogin, session: &'a mut Session) -> Self {
        Self {
            peer: client.peer_addr(),
            client,
            version: login.version(),
            is_v1: matches!(login, SnmpLogin::V1(_)),
            session,
            values: 0,
        }
    }

    /// The values of objects, in their order; `None` for what the agent does not have.
    pub(super) async fn get(&mut self, objects: &[Oid]) -> Result<Vec<Option<Value>>, Failure> {
        let mut values = Vec::with_capacity(objects.len());
        for part in objects.chunks(OBJECTS) {
            if self.is_v1 {
                self.get_v1(part, &mut values).await?;
                continue;
            }
            let answer = self.client.get_many(part).await.map_err(|error| self.failure(&error))?;
            self.values += answer.varbinds.len();
            values.extend(answer.varbinds.into_iter().map(|varbind| present(varbind.value)));
        }
        Ok(values)
    }

    /// One request of version 1, again and again without what the agent does not have.
    async fn get_v1(
        &mut self,
        objects: &[Oid],
        values: &mut Vec<Option<Value>>,
    ) -> Result<(), Failure> {
        loop {
            let asked: Vec<Oid> =
                objects.iter().filter(|oid| !self.session.absent.contains(oid)).cloned().collect();
            if asked.is_empty() {
                values.extend(objects.iter().map(|_| None));
                return Ok(());
            }
            match self.client.get_many(&asked).await {
                Ok(answer) => {
                    self.values += answer.varbinds.len();
                    let mut came = answer.varbinds.into_iter();
                    for object in objects {
                        let there = !self.session.absent.contains(object);
                        let value = if there { came.next() } else { None };
                        values.push(value.and_then(|varbind| present(varbind.value)));
                    }
                    return Ok(());
                }
                Err(error) => {
                    let at = missing(&error, &asked).and_then(|at| asked.get(at));
                    let Some(absent) = at else { return Err(self.failure(&error)) };
                    self.session.absent.insert(absent.clone());
                }
            }
        }
    }

    /// The rows of some columns of one table.
    pub(super) async fn rows(&mut self, columns: &[Numbers]) -> Result<Rows, Failure> {
        self.walk(Walk::new(columns)).await
    }

    /// The rows of columns of the configuration.
    pub(super) async fn rows_of(&mut self, columns: Vec<Oid>) -> Result<Rows, Failure> {
        self.walk(Walk::over(columns)).await
    }

    async fn walk(&mut self, mut walk: Walk) -> Result<Rows, Failure> {
        let mut most = OBJECTS;
        loop {
            let asked = walk.asked();
            if asked.is_empty() {
                return Ok(walk.finish());
            }
            let answer = if self.is_v1 {
                self.client.get_next_many(&asked).await.map(|answer| answer.varbinds)
            } else {
                let rounds = u32::try_from(most / asked.len()).unwrap_or(1).max(1);
                self.client.get_bulk(&asked, 0, rounds).await
            };
            match answer {
                Ok(answer) => {
                    self.values += answer.len();
                    walk.take(answer).map_err(|complaint| unusable(complaint.to_string()))?;
                }
                Err(error) if too_big(&error) && most > asked.len() => most /= 2,
                Err(error) => match missing(&error, &asked) {
                    // The end of everything, as version 1 says it.
                    Some(at) if self.is_v1 => walk.close(at),
                    _ => return Err(self.failure(&error)),
                },
            }
        }
    }

    fn failure(&self, error: &Error) -> Failure {
        failure(error, self.peer, self.version)
    }
}

fn present(value: Value) -> Option<Value> {
    (!value.is_exception()).then(|| own(value))
}

/// Which of the asked objects version 1 does not have, counted from 0.
fn missing(error: &Error, asked: &[Oid]) -> Option<usize> {
    let Error::Snmp { status: ErrorStatus::NoSuchName, index, oid, .. } = error.exchange_source()
    else {
        return None;
    };
    // The number counts within a part when the request was too big for the agent.
    let named = oid.as_ref().and_then(|oid| asked.iter().position(|one| *one == **oid));
    named.or_else(|| usize::try_from(*index).ok()?.checked_sub(1))
}

fn too_big(error: &Error) -> bool {
    matches!(error.exchange_source(), Error::Snmp { status: ErrorStatus::TooBig, .. })
}
