//! The only error that crosses the seam.

use serde::{Deserialize, Serialize};

use crate::model::SafeText;

/// What went wrong, coarse enough to map to one HTTP status each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The request makes no sense (422).
    Invalid,
    /// It is not known who asks: nothing was shown, or it does not count any more (401).
    Unauthenticated,
    /// The actor may not (403).
    Forbidden,
    /// There is no such thing (404).
    NotFound,
    /// It contradicts what is (409).
    Conflict,
    /// The thing is not any more as whoever asks saw it (412).
    Outdated,
    /// The engine cannot now: stopping, storage down, queue full (503).
    Unavailable,
    /// The engine made a mistake (500).
    Internal,
    /// No word came from the engine: what was asked may have been done or not (504).
    Unreachable,
}

impl ProblemKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::Invalid,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::Outdated,
        Self::Unavailable,
        Self::Internal,
        Self::Unreachable,
    ];

    /// Its HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 422,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Outdated => 412,
            Self::Unavailable => 503,
            Self::Internal => 500,
            Self::Unreachable => 504,
        }
    }

    /// The kind of an HTTP status that says no: its own, or the nearest.
    #[must_use]
    pub const fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 | 410 => Self::NotFound,
            409 => Self::Conflict,
            412 => Self::Outdated,
            408 | 425 | 429 | 503 => Self::Unavailable,
            502 | 504 => Self::Unreachable,
            400..=499 => Self::Invalid,
            _ => Self::Internal,
        }
    }
}

/// A failure with words that name the place and the mend.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, utoipa::ToSchema,
)]
#[error("{message}")]
pub struct Problem {
    /// What kind of failure.
    pub kind: ProblemKind,
    /// What happened and what to do.
    #[serde(rename = "detail")]
    pub message: SafeText,
}

macro_rules! makers {
    ($($(#[$doc:meta])* $name:ident => $kind:ident,)*) => {
        impl Problem {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(message: impl AsRef<str>) -> Self {
                Self { kind: ProblemKind::$kind, message: SafeText::text(message.as_ref()) }
            })*
        }
    };
}

makers! {
    /// The request makes no sense.
    invalid => Invalid,
    /// It is not known who asks.
    unauthenticated => Unauthenticated,
    /// The actor may not.
    forbidden => Forbidden,
    /// There is no such thing.
    not_found => NotFound,
    /// It contradicts what is.
    conflict => Conflict,
    /// The thing is not any more as whoever asks saw it.
    outdated => Outdated,
    /// The engine cannot now.
    unavailable => Unavailable,
    /// The engine made a mistake.
    internal => Internal,
    /// No word came from the engine.
    unreachable => Unreachable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_back_from_its_status() {
        for kind in ProblemKind::ALL {
            assert_eq!(ProblemKind::from_status(kind.status()), kind);
        }
        assert_eq!(ProblemKind::from_status(413), ProblemKind::Invalid);
        assert_eq!(ProblemKind::from_status(302), ProblemKind::Internal);
    }
}
