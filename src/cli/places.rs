//! Where a running console can go with `:ctx`: where it began, and every `[[context]]`.
//!
//! In: the place it began at, the configuration. Out: places by name, entered when they are asked
//! for. Never: asks at the terminal, which the screen has.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};

use super::connect::{self, Entered};
use crate::backend::Backend;
use crate::config::contexts::Context;
use crate::protocol::{Actor, Role};
use crate::tui::place::{LOCAL, Place, Places, Seat};

/// The places of a console that began at `start`; `most` is what who sits here may do at most.
#[must_use]
pub fn of(start: Place, contexts: &[Context], most: Role) -> Places {
    let home = start.seat.remote.clone().unwrap_or_else(|| LOCAL.to_owned());
    let mut names: std::collections::BTreeSet<String> =
        contexts.iter().map(|context| context.name.clone()).collect();
    names.insert(home.clone());
    let contexts: Arc<[Context]> = contexts.into();
    let enter = move |name: String| -> BoxFuture<'static, Result<Place, String>> {
        if name == home {
            // The way to it is kept, with the login it began with.
            return std::future::ready(Ok(start.clone())).boxed();
        }
        let context = contexts.iter().find(|context| context.name == name).cloned();
        go(context, most).boxed()
    };
    Places { names, enter: Arc::new(enter) }
}

async fn go(context: Option<Context>, most: Role) -> Result<Place, String> {
    let context = context.ok_or("there is no such [[context]]")?;
    let entered = connect::enter_quietly(context).await;
    let Entered { client, me, name } = entered.map_err(|error| format!("{error:#}"))?;
    let actor = Actor::Local { name: me.name, role: me.role.min(most) };
    let seat = Seat { actor, remote: Some(name) };
    Ok(Place { backend: Backend::Remote(client), seat })
}
