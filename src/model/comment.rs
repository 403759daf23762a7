//! A comment: what an operator wrote beside a host, a check or an alert.

use serde::{Deserialize, Serialize};

use super::id::{AlertId, Name};
use super::safe_text::SafeText;
use super::time::Timestamp;

/// Longest comment, in characters.
pub const COMMENT_LIMIT: usize = 500;

/// One comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Comment {
    /// When it was written.
    pub at: Timestamp,
    /// The host.
    #[schema(value_type = String)]
    pub host: Name,
    /// The check on it; without one it is about the whole host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub check: Option<Name>,
    /// The episode that was open then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertId>,
    /// Who wrote it.
    pub author: SafeText,
    /// What.
    pub text: SafeText,
}
