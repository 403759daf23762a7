//! What cannot be brought about by a script: shortages of this machine.

use super::*;

#[test]
fn f_07_f_08_shortages_are_ours_and_the_rest_is_the_plugins() {
    for (code, kind, words) in [
        (libc::EAGAIN, FailureKind::Local, "cannot start another process"),
        (libc::ENOMEM, FailureKind::Local, "no memory"),
        (libc::EMFILE, FailureKind::Local, "no file descriptor is left"),
        (libc::ENFILE, FailureKind::Local, "no file descriptor is left"),
        (libc::E2BIG, FailureKind::Config, "longer than the system takes"),
        (libc::ENOENT, FailureKind::Missing, "interpreter"),
        (libc::ENOEXEC, FailureKind::Missing, "#!/bin/sh"),
        (libc::EACCES, FailureKind::Missing, "may not be executed"),
        (libc::EIO, FailureKind::Missing, "cannot be executed"),
    ] {
        let failure = not_started(&io::Error::from_raw_os_error(code), "/x/check.sh");
        assert_eq!(failure.kind, kind, "{code}");
        assert!(failure.message.as_str().contains(words), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_pipe_keeps_its_limit_and_reads_on() {
    let bytes = vec![b'x'; 100_000];
    let mut pipe = Pipe::new(Some(bytes.as_slice()), 1000);
    while pipe.is_open() {
        pipe.fill().await;
    }
    assert_eq!((pipe.kept.len(), pipe.over), (1000, true));
    let mut exact = Pipe::new(bytes.get(..1000), 1000);
    while exact.is_open() {
        exact.fill().await;
    }
    assert_eq!((exact.kept.len(), exact.over), (1000, false));
}

#[tokio::test]
async fn a_blocking_step_does_not_outlast_the_run() {
    let stop = Instant::now() + Duration::from_millis(50);
    let (release, wait) = std::sync::mpsc::channel::<()>();
    assert_eq!(in_time(stop, move || wait.recv().is_ok()).await, None);
    drop(release);
    let later = Instant::now() + Duration::from_secs(30);
    assert_eq!(in_time(later, || 5).await, Some(5));
}
