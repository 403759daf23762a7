//! The same seed tells the same story, a lively one, and a storm is what it says.

use std::collections::BTreeSet;

use super::story::{Fate, fate};
use super::{Network, Plot, crew};
use crate::model::{Span, Timestamp};

const BEGIN: Timestamp = Timestamp::from_millis(1_772_000_000_000);

fn plot(seed: u64) -> Plot {
    Plot { seed, begin: BEGIN, storm: None }
}

fn after(minutes: u64) -> Timestamp {
    BEGIN + Span::from_secs(minutes * 60)
}

#[test]
fn sixty_hosts_in_five_sites_with_unique_names() {
    let network = Network::new(plot(1));
    assert_eq!(network.hosts().len(), 60);
    let sites: BTreeSet<_> = network.hosts().iter().map(|host| &host.labels["site"]).collect();
    assert_eq!(sites.len(), 5);
    let keys: BTreeSet<String> = network.checks().iter().map(|c| c.key.to_string()).collect();
    assert_eq!(keys.len(), network.checks().len());
    assert!(keys.len() > 150, "{}", keys.len());
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let tell = |seed: u64| {
        let network = Network::new(plot(seed));
        let mut story = Vec::new();
        for minute in (0..600).step_by(97) {
            for check in network.checks() {
                story.push(network.observe(check, after(minute)));
            }
            story.push(network.observe(&network.checks()[3], after(minute)));
        }
        let path = network.path("web-sin-1", after(3), 40, Span::from_secs(1));
        (story, path)
    };
    assert_eq!(tell(7), tell(7));
    assert_ne!(tell(7).0, tell(8).0);
}

#[test]
fn a_seed_tells_its_story_at_any_time_of_day() {
    let at = |begin: Timestamp| {
        let plot = Plot { begin, ..plot(3) };
        let network = Network::new(plot);
        let fates = network.checks().iter().filter(|c| &*c.key.name != "link te1/1");
        fates.map(|c| fate(plot, &c.key, begin + Span::from_secs(1800))).collect::<Vec<_>>()
    };
    assert_eq!(at(BEGIN), at(BEGIN + Span::from_secs(5 * 3600)));
}

#[test]
fn a_new_critical_comes_every_couple_of_minutes() {
    let plot = plot(1);
    let network = Network::new(plot);
    let mut begun = 0;
    let mut most = 0;
    for minute in 1..=1200 {
        let bad = |at: Timestamp, c: &crate::model::Check| {
            matches!(fate(plot, &c.key, at), Fate::Bad | Fate::Silent)
        };
        let now = network.checks().iter().filter(|c| bad(after(minute), c));
        most = most.max(now.clone().count());
        begun += now.filter(|c| !bad(after(minute - 1), c)).count();
    }
    assert!((300..1500).contains(&begun), "{begun} in 20 hours");
    assert!(most < 30, "{most} at once is no ordinary day");
}

#[test]
fn all_sorts_of_things_are_seen() {
    let network = Network::new(plot(1));
    let mut texts = BTreeSet::new();
    for minute in (0..2000).step_by(9) {
        for check in network.checks() {
            let seen = network.observe(check, after(minute));
            assert!(seen.metrics.iter().all(|m| m.value.is_finite() && m.value >= 0.0));
            assert!(seen.duration_us <= check.timeout.millis() * 1000, "{}", check.key);
            texts.insert(seen.output.to_string().split([' ', ',']).next().unwrap().to_owned());
        }
    }
    for word in ["HTTP", "503", "connection", "no", "te1/1", "last", "SERVFAIL", "cpu"] {
        assert!(texts.contains(word), "{word} is never seen: {texts:?}");
    }
}

#[test]
fn a_storm_is_as_large_as_it_says_and_three_problems_do_not_belong_to_it() {
    let from = after(1);
    let plot = Plot { storm: Some((500, from)), ..plot(1) };
    let network = Network::new(plot);
    let problems = |at: Timestamp| -> BTreeSet<String> {
        let bad = network.checks().iter().filter(|c| fate(plot, &c.key, at) != Fate::Well);
        bad.map(|c| c.key.to_string()).collect()
    };
    let before = problems(from - Span::from_secs(1));
    assert_eq!(before.len(), 3, "{before:?}");
    let inside = problems(from + Span::from_secs(60));
    assert_eq!(inside.difference(&before).count(), 500);
    assert!(inside.iter().filter(|key| key.contains("-fra-")).count() == 500);
    assert!(inside.contains("core-fra-2/ping"));
    assert_eq!(problems(after(60)), before, "a storm ends");
}

#[test]
fn others_take_some_alerts_and_plan_work() {
    let plot = plot(1);
    let network = Network::new(plot);
    let taken = network.checks().iter().filter_map(|c| crew::taking(plot, &c.key, after(5)));
    let taken: Vec<_> = taken.collect();
    assert!((40..140).contains(&taken.len()), "{}", taken.len());
    let who: BTreeSet<_> = taken.iter().map(|t| t.operator).collect();
    assert_eq!(who.len(), crew::NAMES.len());
    assert_eq!(crew::works_begun(plot, BEGIN), 1, "one window is in effect from the begin on");
    let work = crew::work(plot, 0);
    assert!(work.start < BEGIN && work.end > BEGIN);
    let during = work.start + Span::from_secs(900);
    assert!(super::story::is_away(plot, "sw-ams-1", during));
    assert!(!super::story::is_away(plot, "sw-ams-2", during));
}

#[test]
fn a_path_ends_where_the_host_is_away() {
    let from = after(1);
    let plot = Plot { storm: Some((10, from)), ..plot(1) };
    let network = Network::new(plot);
    let well = network.path("web-sin-1", after(2), 50, Span::from_secs(1));
    assert!(well.reached && well.hops.len() == 6);
    assert!(well.hops[0].avg_ms < well.hops[2].avg_ms);
    assert!(well.hops[2].avg_ms < well.hops[5].avg_ms);
    let gone = network.path("core-fra-2", after(2), 50, Span::from_secs(1));
    assert!(!gone.reached);
    assert!(gone.verdict.as_str().starts_with("answers end at hop"), "{}", gone.verdict);
}
