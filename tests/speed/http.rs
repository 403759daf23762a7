//! The HTTP engine against our endpoint, nginx, and what speaks as `LibreSpeed` does.

use fluxnoc::model::Networks;
use fluxnoc::model::speed::Direction;
use fluxnoc::probe::speed::{self, Limits};
use tokio::sync::watch;

use crate::nginx::Nginx;
use crate::shaper::Shaper;
use crate::{Endpoint, closed_port, near, run, run_at, spec, vantage};

#[tokio::test(flavor = "multi_thread")]
async fn fs_12_d_18_both_ways_of_a_link_are_measured_within_two_per_cent() {
    let endpoint = Endpoint::start(Limits::default()).await;
    let link = Shaper::start(endpoint.address, 80.0);
    let place = format!("http://{}/", link.address);
    let here = vantage(&Networks::default());
    let (ended, told) = run_at(&spec(Direction::Bidirectional, 4), &place, &here).await;
    let result = ended.unwrap();
    for way in [&result.download, &result.upload] {
        let way = way.as_ref().unwrap();
        assert!(near(way.mbps, 80.0, 2.0), "{way:?}");
        assert!((4000..4600).contains(&way.took_ms), "{way:?}");
        assert!((14..=18).contains(&way.intervals.len()), "{way:?}");
        assert!(way.bytes > 38_000_000 && way.loaded_ms.is_some(), "{way:?}");
    }
    assert_eq!(result.address.as_ref().map(|one| one.as_str()), Some("127.0.0.1"));
    assert!(result.latency_ms.is_some_and(|ms| ms > 0.0 && ms < 50.0), "{result:?}");
    assert_eq!(result.loss_pct, Some(0.0));
    assert!(result.jitter_ms.is_some() && result.grade.is_some() && result.note.is_empty());
    // It was told as it grew: latency first, then one way, then the other.
    let alone = told.iter().find(|so_far| so_far.latency_ms.is_some()).unwrap();
    assert!(alone.download.is_none());
    let first = told.iter().filter(|one| one.download.is_some() && one.upload.is_none()).count();
    assert!(first >= 10, "{first} of the first way");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn fs_12_a_plain_url_is_downloaded_and_says_that_upload_is_not_offered() {
    let port = closed_port().port();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file.bin"), vec![7; 32 << 20]).unwrap();
    std::fs::write(dir.path().join("small"), "hello").unwrap();
    let root = dir.path().display();
    let _nginx = Nginx::start(
        &format!(
            "server {{ listen 127.0.0.1:{port}; root {root}; absolute_redirect off;
               location = /moved {{ return 302 /file.bin; }} }}"
        ),
        port,
    );
    let link = Shaper::start(([127, 0, 0, 1], port).into(), 60.0);
    for path in ["file.bin", "moved"] {
        let place = format!("http://{}/{path}", link.address);
        let result = run(&spec(Direction::Bidirectional, 2), &place).await.unwrap();
        let way = result.download.unwrap();
        assert!(near(way.mbps, 60.0, 3.0), "{way:?}");
        assert!(result.upload.is_none());
        assert_eq!(result.note.as_str(), "upload is not offered by a plain URL");
    }
    let place = format!("http://127.0.0.1:{port}/small");
    let result = run(&spec(Direction::Download, 1), &place).await.unwrap();
    assert!(result.note.as_str().contains("only 5 bytes"), "{}", result.note);
    let place = format!("http://127.0.0.1:{port}/file.bin");
    let why = run(&spec(Direction::Upload, 1), &place).await.unwrap_err();
    assert!(why.words.as_str().starts_with("a file takes no upload"), "{}", why.words);
    let place = format!("http://127.0.0.1:{port}/nothing");
    let why = run(&spec(Direction::Download, 1), &place).await.unwrap_err();
    assert!(why.words.as_str().ends_with("answers with HTTP 404 Not Found"), "{}", why.words);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nginx"]
async fn fs_12_what_speaks_as_librespeed_is_measured_both_ways() {
    let port = closed_port().port();
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("garbage.php"), vec![7; 8 << 20]).unwrap();
    let root = dir.path().display();
    // The base is elsewhere, and uploads above 2 MiB are refused.
    let _nginx = Nginx::start(
        &format!(
            "server {{ listen 127.0.0.1:{port}; absolute_redirect off;
               location /old/ {{ rewrite ^/old/(.*)$ /backend/$1 redirect; }}
               location = /backend/empty.php {{ client_max_body_size 2m; return 200; }}
               location /backend/ {{ alias {root}/; }} }}"
        ),
        port,
    );
    let link = Shaper::start(([127, 0, 0, 1], port).into(), 60.0);
    for base in ["backend/", "old/"] {
        let place = format!("http://{}/{base}", link.address);
        let result = run(&spec(Direction::Bidirectional, 3), &place).await;
        let result = result.unwrap_or_else(|why| panic!("{base}: {why:?}"));
        for way in [result.download.unwrap(), result.upload.unwrap()] {
            assert!(near(way.mbps, 60.0, 5.0), "{base}: {way:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fs_17_the_nearest_of_several_is_one_that_answers() {
    let endpoint = Endpoint::start(Limits::default()).await;
    let gone = format!("http://{}/", closed_port());
    let here = vantage(&Networks::default());
    let targets = [&gone, &endpoint.url(), &gone]
        .map(|place| place.parse::<fluxnoc::model::SpeedTarget>().unwrap());
    let (tell, _told) = watch::channel(None);
    let asked = spec(Direction::Download, 1);
    let result = speed::run(&asked, &targets, &here, &tell).await.unwrap();
    assert_eq!(result.target.as_str(), endpoint.url());
    let none = [targets[0].clone(), targets[2].clone()];
    let why = speed::run(&asked, &none, &here, &tell).await.unwrap_err();
    assert!(why.words.as_str().starts_with("none of 2 targets answers; http://"), "{}", why.words);
    let why = speed::run(&asked, &[], &here, &tell).await.unwrap_err();
    assert!(why.words.as_str().contains("there is no target; write a URL"), "{}", why.words);
}
