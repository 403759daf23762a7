//! `[metrics]` and `[health]`: what of its own state a server shows, and to whom.

/// `[metrics]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Whether `/metrics` needs a login or a token on the network.
    pub require_auth: bool,
    /// Whether the older families are also written under `fluxbase_` (SPEC D-17).
    pub compat: bool,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { require_auth: true, compat: false }
    }
}

/// `[health]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Health {
    /// Whether `/api/v1/monitoring/health` needs a login or a token on the network (SPEC D-15).
    pub require_auth: bool,
}
