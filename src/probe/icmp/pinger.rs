//! The ping sockets of a process: one for each family, opened when first needed.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::socket::{self, PingSocket};
use crate::model::{Failure, FailureKind};

/// How long a refused permission is remembered; someone may mend it while we run.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Ping sockets, one for each family, opened at first use. Lives in
/// [`Shared`](crate::probe::Shared).
#[derive(Debug, Default)]
pub struct Pinger {
    v4: Mutex<Slot>,
    v6: Mutex<Slot>,
}

#[derive(Debug, Default)]
enum Slot {
    #[default]
    Closed,
    Open {
        socket: Arc<PingSocket>,
        receiver: tokio::task::JoinHandle<()>,
    },
    Refused {
        at: Instant,
        failure: Failure,
    },
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Self::Open { receiver, .. } = self {
            receiver.abort();
        }
    }
}

impl Pinger {
    /// The socket for an address. Call on the quick runtime: its receiver is spawned there.
    ///
    /// # Errors
    /// [`FailureKind::Denied`] with the mend, [`FailureKind::Local`] when the machine is short of
    /// descriptors or memory, [`FailureKind::NoRoute`] when it lacks the family.
    pub(super) fn socket(&self, target: IpAddr) -> Result<Arc<PingSocket>, Failure> {
        self.socket_by(target, socket::open)
    }

    fn socket_by(
        &self,
        target: IpAddr,
        open: impl FnOnce(IpAddr) -> io::Result<PingSocket>,
    ) -> Result<Arc<PingSocket>, Failure> {
        let slot = if target.is_ipv4() { &self.v4 } else { &self.v6 };
        // A slot is replaced in one step, so a panic elsewhere cannot have left it half-made.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            // A receiver that ended would leave every ping unanswered: open anew instead.
            Slot::Open { socket, receiver } if !receiver.is_finished() => {
                return Ok(Arc::clone(socket));
            }
            Slot::Refused { at, failure } if at.elapsed() < RETRY_AFTER => {
                return Err(failure.clone());
            }
            _ => {}
        }
        match open(target) {
            Ok(socket) => {
                let socket = Arc::new(socket);
                let receiver = tokio::spawn(Arc::clone(&socket).receive());
                *slot = Slot::Open { socket: Arc::clone(&socket), receiver };
                Ok(socket)
            }
            Err(error) => {
                let failure = socket::open_failure(target, &error);
                *slot = if failure.kind == FailureKind::Denied {
                    Slot::Refused { at: Instant::now(), failure: failure.clone() }
                } else {
                    Slot::Closed
                };
                Err(failure)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn fm_16_without_privilege_the_mend_is_named_and_tried_again_later() {
        let pinger = Pinger::default();
        let denied = |_| Err(io::Error::from_raw_os_error(libc::EPERM));
        let failure = pinger.socket_by(TARGET, denied).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Denied);
        for mend in ["net.ipv4.ping_group_range=\"0 2147483647\"", "setcap cap_net_raw+ep"] {
            assert!(failure.message.as_str().contains(mend), "{}", failure.message);
        }
        // Remembered: nobody asks the kernel again for a while.
        let again = pinger.socket_by(TARGET, |_| unreachable!("asked again")).unwrap_err();
        assert_eq!(again, failure);
        // After a while it is asked again.
        let long_ago = Instant::now().checked_sub(RETRY_AFTER).unwrap();
        *pinger.v4.lock().unwrap() = Slot::Refused { at: long_ago, failure };
        let short = |_| Err(io::Error::from_raw_os_error(libc::EMFILE));
        assert_eq!(pinger.socket_by(TARGET, short).unwrap_err().kind, FailureKind::Local);
    }

    #[test]
    fn own_shortage_is_not_remembered() {
        let pinger = Pinger::default();
        for number in [libc::EMFILE, libc::ENOBUFS] {
            let short = |_| Err(io::Error::from_raw_os_error(number));
            assert_eq!(pinger.socket_by(TARGET, short).unwrap_err().kind, FailureKind::Local);
        }
        let missing = |_| Err(io::Error::from_raw_os_error(libc::EAFNOSUPPORT));
        assert_eq!(pinger.socket_by(TARGET, missing).unwrap_err().kind, FailureKind::NoRoute);
    }
}
