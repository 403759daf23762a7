//! From a host's address text to socket addresses.
//!
//! Literal addresses need no lookup; names go through the system's resolver (so `/etc/hosts`
//! counts) under the run's deadline.

use std::net::{IpAddr, SocketAddr};

use super::context::Context;
use crate::model::spec::Family;
use crate::model::{Failure, FailureKind};

/// Most addresses of one name that are looked at.
const ADDRESS_LIMIT: usize = 16;

/// The addresses of `target` in the wanted family, in the resolver's order, at least one.
///
/// # Errors
/// [`FailureKind::Resolve`] with the name and the resolver's words.
pub(super) async fn addresses(
    target: &str,
    family: Family,
    context: &Context,
) -> Result<Vec<IpAddr>, Failure> {
    let bare = target.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(target);
    let fits = |ip: &IpAddr| match family {
        Family::Auto => true,
        Family::V4 => ip.is_ipv4(),
        Family::V6 => ip.is_ipv6(),
    };
    let failed = |why: String| Failure::new(FailureKind::Resolve, why);
    let found: Vec<IpAddr> = if let Ok(ip) = bare.parse::<IpAddr>() {
        vec![ip]
    } else {
        let deadline = tokio::time::Instant::from_std(context.deadline);
        let lookup = tokio::time::timeout_at(deadline, tokio::net::lookup_host((bare, 0))).await;
        match lookup {
            Err(_) => return Err(failed(format!("name lookup of {bare} timed out"))),
            Ok(Err(error)) => return Err(failed(format!("cannot resolve {bare}: {error}"))),
            Ok(Ok(found)) => {
                found.map(|socket: SocketAddr| socket.ip()).take(ADDRESS_LIMIT).collect()
            }
        }
    };
    let chosen: Vec<IpAddr> = found.into_iter().filter(fits).collect();
    if chosen.is_empty() {
        let wanted = match family {
            Family::Auto => "",
            Family::V4 => "IPv4 ",
            Family::V6 => "IPv6 ",
        };
        return Err(failed(format!("{bare} has no {wanted}address")));
    }
    Ok(chosen)
}
