//! Secrets: every source, every refusal, and that no error shows a value.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::*;

async fn read(secret: Secret) -> Result<String, String> {
    resolve(&secret, Instant::now() + Duration::from_secs(2)).await
}

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

fn at(file: &tempfile::NamedTempFile) -> Secret {
    Secret::File(file.path().to_string_lossy().into_owned())
}

fn command(words: &[&str]) -> Secret {
    Secret::Command(words.iter().map(|word| (*word).to_owned()).collect())
}

#[tokio::test]
async fn each_source_gives_its_first_line() {
    assert_eq!(read(Secret::Inline("a b".into())).await.unwrap(), "a b");
    let path = std::env::var("PATH").unwrap();
    assert_eq!(read(Secret::Env("PATH".into())).await.unwrap(), path);
    for content in ["geheim\nrest", "geheim\r\n", "geheim"] {
        assert_eq!(read(at(&file(content.as_bytes()))).await.unwrap(), "geheim");
    }
    assert_eq!(read(command(&["printf", "x y\\nz"])).await.unwrap(), "x y");
}

#[tokio::test]
async fn what_cannot_be_used_is_named_and_never_shown() {
    let long = file(&[b'x'; SECRET_LIMIT * 3]);
    let binary = file(b"hunter2\xff\n");
    for (secret, says) in [
        (Secret::Env("FLUXNOC_NO_SUCH".into()), "environment variable FLUXNOC_NO_SUCH: is not set"),
        (Secret::Env("A=B".into()), "not a name"),
        (Secret::File("/no/such/file".into()), "file /no/such/file: cannot be read"),
        (Secret::File("/dev/zero".into()), "is not a regular file"),
        (at(&long), "longer than 4096"),
        (at(&binary), "not UTF-8"),
        (at(&file(b"\n")), ""),
        (Secret::Command(Vec::new()), "is empty"),
        (command(&["/no/such/tool"]), "cannot be started"),
        (command(&["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"]), "exit status: 3"),
        (Secret::Inline(String::new()), "is empty"),
    ] {
        let failure = read(secret).await.unwrap_err();
        assert!(failure.contains(says), "{failure:?} / {says}");
        assert!(!failure.contains("hunter2"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_command_that_hangs_ends_with_the_run() {
    let soon = Instant::now() + Duration::from_millis(100);
    let failure = resolve(&command(&["sleep", "60"]), soon).await.unwrap_err();
    assert!(failure.contains("in time"), "{failure:?}");
}

#[tokio::test]
async fn a_pipe_is_refused_without_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).unwrap();
    let failure = read(Secret::File(path.to_string_lossy().into_owned())).await.unwrap_err();
    assert!(failure.contains("not a regular file"), "{failure:?}");
}
