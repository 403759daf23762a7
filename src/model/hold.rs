//! Paging that is held: alerts go on, and nobody is told until its end.

use serde::{Deserialize, Serialize};

use super::id::AlertId;
use super::safe_text::SafeText;
use super::time::{Span, Timestamp};

/// The longest that paging can be held.
pub const LONGEST: Span = Span::from_secs(24 * 3600);
/// Longest reason, in characters.
pub const REASON_LIMIT: usize = 200;

/// That nobody is told of anything for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hold {
    /// Its own id: of the episode that people are told of.
    pub id: AlertId,
    /// Who holds it.
    pub author: SafeText,
    /// Why.
    pub reason: SafeText,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Timestamp,
    /// How often people were told of it; the number of its next notice is one more.
    pub told: u32,
}
