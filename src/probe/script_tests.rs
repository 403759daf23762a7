//! What cannot be brought about by a script: shortages of this machine.

use super::*;
use crate::probe::context::Shared;

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
async fn a_blocking_step_does_not_outlast_the_run() {
    let stop = Instant::now() + Duration::from_millis(50);
    let (release, wait) = std::sync::mpsc::channel::<()>();
    assert_eq!(in_time(stop, move || wait.recv().is_ok()).await, None);
    drop(release);
    let later = Instant::now() + Duration::from_secs(30);
    assert_eq!(in_time(later, || 5).await, Some(5));
}

/// A run that stands in its preparation until the test lets it go on.
#[tokio::test]
async fn f_47_what_nobody_waits_for_is_not_started() {
    let folder = tempfile::TempDir::new().unwrap();
    let trace = folder.path().join("ran");
    let context = Context::new(&Shared::start().unwrap(), Duration::from_millis(100));
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let (gone, mut left) = tokio::sync::mpsc::channel::<()>(1);
    let touch = vec!["-c".to_owned(), format!("echo x > {}", trace.display())];
    let prepare = move || {
        let _gone = gone;
        let _ = wait.recv();
        Ok(Program { path: "/bin/sh".into(), args: touch, env: BTreeMap::new() })
    };
    let failure = run(prepare, &context).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Missing);
    assert!(failure.message.as_str().contains("cannot be read in time"), "{failure:?}");
    drop(release);
    assert_eq!(left.recv().await, None, "the preparation is over");
    // A start would follow at once; a program that ran would have written long before this one.
    let context = Context::new(&Shared::start().unwrap(), Duration::from_secs(30));
    let after = vec!["-c".to_owned(), "sleep 0.3; exit 2".to_owned()];
    let program = Program { path: "/bin/sh".into(), args: after, env: BTreeMap::new() };
    assert_eq!(run(move || Ok(program), &context).await.unwrap().end, End::Exited(2));
    assert!(!trace.exists());
}
