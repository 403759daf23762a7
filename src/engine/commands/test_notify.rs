//! A marked test through the real way out, beside everything else: the engine waits for nothing.

use std::sync::Arc;

use super::{Reply, done};
use crate::engine::core::Core;
use crate::model::{AlertId, Channel, Name, Span};
use crate::notify::{Sender, trial};
use crate::protocol::{Outcome, Problem, Request};

/// Tests that may be under way at once.
pub(in crate::engine) const TESTS: usize = 4;
/// Longest one channel may take: whoever asked looks on.
const PATIENCE: Span = Span::from_secs(15);

impl Core {
    /// Sends it and answers when all channels have.
    pub(super) async fn test_notify(&mut self, request: Request, name: &Name, reply: Reply) {
        let found = self
            .routes
            .borrow()
            .named(name)
            .ok_or_else(|| Problem::not_found(self.routes.borrow().unknown(name)));
        let room = Arc::clone(&self.tests).try_acquire_owned();
        let room = room.map_err(|_| Problem::conflict("other tests are still under way"));
        let ((list, channels), room) = match found.and_then(|found| Ok((found, room?))) {
            Ok(both) => both,
            Err(problem) => {
                let _ = reply.send(Err(problem));
                return;
            }
        };
        // That somebody tried it is on record before it leaves.
        let (on_record, _) = tokio::sync::oneshot::channel();
        self.promise(request, done(0), on_record).await;
        let at = self.clock.now().wall;
        tokio::spawn(async move {
            let sender = Sender::default();
            let each = channels.into_iter().map(|channel| {
                let channel = Channel { timeout: channel.timeout.min(PATIENCE), ..channel };
                let alert = AlertId::from_parts(at.millis(), rand::random());
                let (sender, list) = (sender.clone(), list.clone());
                async move { trial(&sender, &channel, list, alert, at).await }
            });
            let answers = futures::future::join_all(each).await;
            let taken = answers.iter().all(|(taken, _)| *taken);
            let answers = answers.into_iter().map(|(_, words)| words).collect();
            let _ = reply.send(Ok(Outcome::Tested { answers, taken }));
            drop(room);
        });
    }
}
