//! From the kernel's error numbers to kinds of failure, the same for every socket.

use std::io;
use std::time::Duration;

use nix::errno::Errno;

use crate::model::FailureKind;

/// What an error of a socket call means; `None` when it says nothing of its own.
pub(super) fn kind(error: &io::Error) -> Option<FailureKind> {
    let number = Errno::from_raw(error.raw_os_error()?);
    Some(match number {
        Errno::EMFILE
        | Errno::ENFILE
        | Errno::ENOBUFS
        | Errno::ENOMEM
        | Errno::EAGAIN
        | Errno::EADDRINUSE
        | Errno::EADDRNOTAVAIL => FailureKind::Local,
        Errno::ENETUNREACH
        | Errno::EHOSTUNREACH
        | Errno::ENETDOWN
        | Errno::EHOSTDOWN
        | Errno::ENONET
        | Errno::EAFNOSUPPORT => FailureKind::NoRoute,
        Errno::EACCES | Errno::EPERM => FailureKind::Denied,
        Errno::ECONNREFUSED => FailureKind::Refused,
        Errno::ETIMEDOUT => FailureKind::Timeout,
        Errno::ECONNRESET | Errno::EPIPE | Errno::ECONNABORTED => FailureKind::Protocol,
        Errno::EINVAL | Errno::EMSGSIZE => FailureKind::Config,
        _ => return None,
    })
}

/// The kernel's words without Rust's number: `Network is unreachable`.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_lowercase(),
        None => text,
    }
}

/// A length of time for people: `0.31 ms`, `4.2 ms`, `31 ms`, `1.52 s`.
pub(super) fn time(took: Duration) -> String {
    let ms = took.as_secs_f64() * 1000.0;
    if ms < 1.0 {
        format!("{ms:.2} ms")
    } else if ms < 10.0 {
        format!("{ms:.1} ms")
    } else if ms < 1000.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{:.2} s", ms / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_shortage_never_blames_the_target() {
        for number in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::EADDRNOTAVAIL] {
            let kind = kind(&io::Error::from_raw_os_error(number));
            assert_eq!(kind, Some(FailureKind::Local));
        }
        let kind = kind(&io::Error::from_raw_os_error(libc::EHOSTUNREACH));
        assert_eq!(kind, Some(FailureKind::NoRoute));
    }

    #[test]
    fn times_are_short() {
        for (us, text) in
            [(310, "0.31 ms"), (4_240, "4.2 ms"), (31_400, "31 ms"), (1_520_000, "1.52 s")]
        {
            assert_eq!(time(Duration::from_micros(us)), text);
        }
        let error = io::Error::from_raw_os_error(libc::ENETUNREACH);
        assert_eq!(words(&error), "network is unreachable");
    }
}
