//! Logins in the history: every right one, and of the wrong ones so many that a flood fills
//! nothing; the rest as a number.

use super::batch::Noted;
use super::core::Core;
use super::gate::{Login, LoginEnd};
use super::log::{ITSELF, LOGIN, LOGINS_FAILED, said};
use crate::model::{Name, SafeText, Span, Steady};

/// Failures that are written within one [`WINDOW`].
const WRITTEN: u32 = 20;
/// The time in which they count.
const WINDOW: Span = Span::from_secs(60);

/// The failures of late.
#[derive(Debug, Default)]
pub(super) struct Failures {
    since: Option<Steady>,
    written: u32,
    left_out: u32,
}

impl Core {
    /// Writes a login into the history.
    pub(super) fn note_login(&mut self, login: Login) {
        let Login { user, address, end } = login;
        let from = address.as_ref().map(|address| format!(" from {address}")).unwrap_or_default();
        let whom = user.as_ref().map_or("an unknown name".to_owned(), |user| format!("`{user}`"));
        let (actor, name, text) = match end {
            LoginEnd::In => {
                tracing::info!("{whom} logged in{from}");
                let actor = user.unwrap_or_else(|| SafeText::line(ITSELF));
                (actor, LOGIN, "logged in".to_owned())
            }
            LoginEnd::Wrong | LoginEnd::Closed => {
                let now = self.clock.now().steady;
                self.tell_left_out(now);
                self.failures.since.get_or_insert(now);
                if self.failures.written >= WRITTEN {
                    self.failures.left_out = self.failures.left_out.saturating_add(1);
                    return;
                }
                self.failures.written += 1;
                let text = if end == LoginEnd::Wrong {
                    format!("a login as {whom} failed")
                } else {
                    format!("too many logins failed; the next as {whom} is refused")
                };
                tracing::warn!("{text}{from}");
                (SafeText::line(ITSELF), LOGINS_FAILED, text)
            }
        };
        self.note_of(actor, name, text, address);
    }

    /// Says how many failures were not written, when their minute is over.
    pub(super) fn tell_left_out(&mut self, now: Steady) {
        let Some(since) = self.failures.since.filter(|since| now.since(*since) >= WINDOW) else {
            return;
        };
        let Failures { left_out, .. } = std::mem::take(&mut self.failures);
        if left_out > 0 {
            let text = format!("{left_out} more logins failed within {}", now.since(since));
            tracing::warn!("{text}");
            self.note_of(SafeText::line(ITSELF), LOGINS_FAILED, text, None);
        }
    }

    fn note_of(
        &mut self,
        actor: SafeText,
        name: &'static str,
        text: String,
        address: Option<SafeText>,
    ) {
        // While nothing can be stored, the log alone has it.
        if self.storage_down {
            return;
        }
        self.touch(false);
        let detail = said(text, Vec::<Name>::new());
        self.batch.noted.push(Noted { actor, name, detail, address });
    }
}
