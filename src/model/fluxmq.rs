//! A `FluxMQ` cluster as a check sees it: its nodes, and what of them is judged.

use serde::{Deserialize, Serialize};

use super::spec::Family;

/// The series that says in which mode a node is, with the mode as its label (SPEC FQ-16).
pub const READY_MODE: &str = "fluxmq_ready_mode";

/// The name of the metric of one mode, as a rule writes it.
pub const DEGRADED: &str = "fluxmq_ready_mode{mode=\"degraded\"}";

/// What a check of kind `fluxmq` judges when it has several nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FluxmqScope {
    /// Each node, and what they are together.
    #[default]
    All,
    /// What the nodes are together; each has a check of its own, so that one that is bad by
    /// itself is at most WARNING here as long as another one is ready.
    Cluster,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FluxmqNode {
    /// What it is called here.
    pub name: String,
    /// Where its health server is, such as `http://mq-1:8081`, without a path of that server.
    pub url: String,
    /// Where its admin API is, such as `http://mq-1:8082`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<String>,
}

/// Parameters of `fluxmq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FluxmqSpec {
    /// The nodes, 1 to [`Self::NODE_LIMIT`].
    pub nodes: Vec<FluxmqNode>,
    /// What of several nodes is judged.
    pub scope: FluxmqScope,
    /// Accept any certificate.
    pub insecure: bool,
    /// Address family.
    #[serde(default)]
    pub family: Family,
}

impl FluxmqSpec {
    /// Most nodes of one cluster.
    pub const NODE_LIMIT: usize = 24;
    /// Bytes of one answer that are read at most.
    pub const MAX_BODY: u64 = 256 * 1024;
}
