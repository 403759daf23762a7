//! From a host's address text to socket addresses.
//!
//! Literal addresses need no lookup; names go through the system's resolver (so `/etc/hosts`
//! counts) under the run's deadline.

use std::net::{IpAddr, SocketAddr};

use super::context::Context;
use super::errno;
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
        // The rest is left to the probe itself: a target is not late because its name was.
        let share = context.remaining() * 3 / 4;
        let lookup = tokio::time::timeout(share, tokio::net::lookup_host((bare, 0))).await;
        match lookup {
            Err(_) => {
                let waited = errno::time(share);
                return Err(failed(format!("name lookup of {bare} timed out after {waited}")));
            }
            Ok(Err(error)) => return Err(lookup_failure(bare, &error)),
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

/// The resolver's words; a shortage of this machine is not the name's fault.
fn lookup_failure(name: &str, error: &std::io::Error) -> Failure {
    let words = errno::words(error);
    let words = words.strip_prefix("failed to lookup address information: ").unwrap_or(&words);
    match errno::kind(error) {
        Some(FailureKind::Local) => {
            let text = format!("this machine cannot look up {name}: {words}");
            Failure::new(FailureKind::Local, text)
        }
        _ => Failure::new(FailureKind::Resolve, format!("cannot resolve {name}: {words}")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::probe::Shared;

    async fn look(target: &str, family: Family) -> Result<Vec<IpAddr>, Failure> {
        let context = Context::new(&Shared::start().unwrap(), Duration::from_secs(5));
        addresses(target, family, &context).await
    }

    #[tokio::test]
    async fn literal_addresses_need_no_lookup() {
        let v4: IpAddr = "127.0.0.1".parse().unwrap();
        let v6: IpAddr = "::1".parse().unwrap();
        assert_eq!(look("127.0.0.1", Family::Auto).await, Ok(vec![v4]));
        assert_eq!(look("[::1]", Family::V6).await, Ok(vec![v6]));
        let failure = look("::1", Family::V4).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Resolve);
        assert_eq!(failure.message.as_str(), "::1 has no IPv4 address");
    }

    #[test]
    fn fm_06_a_failed_lookup_is_the_names_and_a_shortage_ours() {
        let text = "failed to lookup address information: Name or service not known";
        let failure = lookup_failure("gone.example", &std::io::Error::other(text));
        assert_eq!(failure.kind, FailureKind::Resolve);
        let words = "cannot resolve gone.example: Name or service not known";
        assert_eq!(failure.message.as_str(), words);
        let short = std::io::Error::from_raw_os_error(libc::EMFILE);
        assert_eq!(lookup_failure("gone.example", &short).kind, FailureKind::Local);
    }
}
