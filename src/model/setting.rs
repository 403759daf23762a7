//! One setting as it is in force, with where it was said.

use serde::{Deserialize, Serialize};

use super::safe_text::SafeText;

/// A setting in force; secrets are masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Setting {
    /// `section.key`.
    pub key: SafeText,
    /// The value as TOML.
    pub value: SafeText,
    /// `default`, `config.toml:12`, `FLUXNOC_THEME`, `--theme`.
    pub source: SafeText,
    /// True when nobody said it.
    pub default: bool,
}
