//! One heartbeat: a request whose answer must be 2xx. The receiver is as hostile as any.

use std::time::{Duration, Instant};

use crate::model::SafeText;
use crate::model::watchdog::{Method, Watchdog};
use crate::secrets;

use super::{Sender, answer};

/// Longest one may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Sender {
    /// Sends a heartbeat.
    ///
    /// # Errors
    /// Why it was not taken, in words that do not show where it went.
    pub async fn beat(&self, watchdog: &Watchdog) -> Result<(), SafeText> {
        let deadline = Instant::now() + PATIENCE;
        let sent = tokio::time::timeout_at(deadline.into(), self.request(watchdog, deadline)).await;
        let sent = sent.unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")));
        sent.map_err(|why| SafeText::line(&why))
    }

    async fn request(&self, watchdog: &Watchdog, deadline: Instant) -> Result<(), String> {
        let url = secrets::resolve(&watchdog.url, deadline).await?;
        let method = match watchdog.method {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
            Method::Post => reqwest::Method::POST,
        };
        let headers = answer::headers(&watchdog.headers)?;
        let sent = self.http()?.request(method, url).headers(headers).send().await;
        let answer = sent.map_err(|error| answer::cause(&error.without_url()))?;
        // Its body is not waited for.
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(format!("HTTP {}", status.as_u16())),
        }
    }
}
