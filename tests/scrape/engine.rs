//! From a list of targets to series and alerts: engine, worker and discovery together.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fluxnoc::backend::Backend;
use fluxnoc::clock::Clock;
use fluxnoc::config::{Config, Env, Machine, parse};
use fluxnoc::discovery::{self, Found};
use fluxnoc::engine::{Engine, Inventory, Keep, Setup};
use fluxnoc::model::{CheckKey, RequestId, SafeText, State};
use fluxnoc::probe::Shared;
use fluxnoc::protocol::query::{CheckAnswer, HostAnswer};
use fluxnoc::protocol::{
    Actor, Answer, Command, Problem, Query, Request, Role, SeriesPage, SeriesPast,
};
use fluxnoc::store::Store;
use fluxnoc::worker::{self, Source, Worker};
use tokio_util::sync::CancellationToken;

use super::peer::PATIENCE;
use super::stub::{Page, Stub, TEXT};

/// A monitor without a screen.
struct House {
    backend: Backend,
    stop: CancellationToken,
    found: Arc<Found>,
    /// Its tasks end with it.
    _engine: Engine,
    dir: tempfile::TempDir,
}

fn config(text: &str) -> Config {
    let machine = Machine { hostname: "noc".to_owned(), ..Machine::default() };
    let text = format!("[defaults]\ninterval = \"1s\"\nretry = \"1s\"\nattempts = 1\n{text}");
    parse("config.toml", &text, &machine, &Env::default()).unwrap_or_else(|all| panic!("{all}"))
}

fn inventory(config: &Config, found: &Found) -> Inventory {
    let (mut hosts, mut checks) = (config.hosts.clone(), config.checks.clone());
    found.add(&config.jobs, &mut hosts, &mut checks);
    Inventory { hosts, checks, ..Inventory::default() }
}

impl House {
    async fn start(text: &str, dir: tempfile::TempDir) -> Self {
        let config = config(text);
        let found = Arc::new(Found::restore(&dir.path().join("targets.json")));
        let (again, targets) = (config.clone(), Arc::clone(&found));
        let setup = Setup {
            inventory: inventory(&config, &found),
            reload: Arc::new(move || Ok(inventory(&again, &targets))),
            keep_rule: fluxnoc::engine::keep_no_rules(),
            store: Store::open_sqlite(&dir.path().join("fluxnoc.db")).await.unwrap(),
            keep: Keep::default(),
            clock: Clock::System,
            machine: "noc".to_owned(),
        };
        let engine = Engine::start(setup).await.unwrap();
        let backend = Backend::Local(engine.handle.clone());
        let stop = engine.stop.clone();
        let source = Source::Probes(Shared::start().unwrap());
        let worker = Worker { backend: backend.clone(), source, clock: Clock::System, at_once: 64 };
        tokio::spawn(worker::run(worker, stop.clone()));
        let (jobs, engine_side) = (config.jobs.clone(), backend.clone());
        let changed = move || {
            let backend = engine_side.clone();
            async move {
                let id = RequestId::from_parts(1, rand_bytes());
                let request = Request { id, actor: Actor::Engine, command: Command::Reload };
                backend.execute(request).await.unwrap();
            }
        };
        let finding = Arc::clone(&found);
        let ended = stop.clone();
        tokio::spawn(async move {
            discovery::run(finding, || jobs.clone(), changed, Clock::System, ended).await;
        });
        Self { backend, stop, found, _engine: engine, dir }
    }

    async fn ask(&self, query: Query) -> Result<Answer, Problem> {
        let actor = Actor::Local { name: SafeText::line("test"), role: Role::Viewer };
        self.backend.query(actor, query).await
    }

    async fn page(&self, text: &str) -> SeriesPage {
        let text = (!text.is_empty()).then(|| text.to_owned());
        let list = Query::SeriesList { host: None, check: None, text, limit: 1000 };
        let Answer::SeriesList(page) = self.ask(list).await.unwrap() else { panic!() };
        page
    }

    async fn past(&self, key: &str, series: &str) -> SeriesPast {
        let now = Clock::System.now().wall;
        let query = Query::SeriesPast {
            key: key.parse().unwrap(),
            series: series.into(),
            from: now - fluxnoc::model::Span::from_secs(600),
            to: now + fluxnoc::model::Span::from_secs(1),
            points: 1000,
        };
        let Answer::SeriesPast(past) = self.ask(query).await.unwrap() else { panic!() };
        past
    }

    async fn hosts(&self) -> Vec<HostAnswer> {
        let Answer::Hosts(hosts) = self.ask(Query::Hosts { pattern: None }).await.unwrap() else {
            panic!()
        };
        hosts
    }

    async fn check(&self, key: &str) -> Option<CheckAnswer> {
        let key: CheckKey = key.parse().unwrap();
        let host = self.hosts().await.into_iter().find(|host| host.name == key.host)?;
        host.checks.into_iter().find(|check| check.name == key.name)
    }

    /// Waits until something is so.
    async fn wait(&self, what: &str, so: impl AsyncFn(&Self) -> bool) -> Duration {
        let begun = Instant::now();
        while !so(self).await {
            assert!(begun.elapsed() < PATIENCE, "{what}: {:?}", self.hosts().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        begun.elapsed()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn rand_bytes() -> [u8; 10] {
    let nanos = Instant::now().elapsed().as_nanos() as u64 ^ std::process::id() as u64;
    static COUNT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&(nanos.wrapping_mul(31).wrapping_add(count)).to_le_bytes());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn fm_01_a_polled_and_a_scraped_host_stand_beside_the_others_and_follow_in_an_interval() {
    let stub = Stub::start();
    stub.put("/status", Page::of("application/json", r#"{"queue":1}"#));
    stub.put(
        "/metrics",
        Page::of(
            TEXT,
            "free_bytes{mount=\"/\"} 500\nfree_bytes{mount=\"/var\"} 900\nreq_total 10\n",
        ),
    );
    let text = format!(
        "[[host]]\nname = \"local\"\naddress = \"127.0.0.1\"\n[[host.check]]\nkind = \"tcp\"\nport = {port}\n\
         [[host]]\nname = \"api\"\naddress = \"127.0.0.1\"\n[[host.check]]\nkind = \"json\"\nurl = \"{url}/status\"\n\
         values = {{ queue = {{ path = \"$.queue\", critical = \"10\" }} }}\n\
         [[host]]\nname = \"node\"\naddress = \"127.0.0.1\"\n[[host.check]]\nkind = \"scrape\"\nurl = \"{url}/metrics\"\n\
         metrics = {{ free = {{ series = \"free_bytes\", unit = \"bytes\", critical = \"100B:\" }} }}\n",
        port = stub.port,
        url = stub.url(""),
    );
    let house = House::start(&text, tempfile::tempdir().unwrap()).await;
    let state = |key: &'static str, wanted: State| {
        async move |house: &House| {
            house.check(key).await.is_some_and(|c| c.state == wanted && c.last_result.is_some())
        }
    };
    for key in ["local/tcp", "api/json", "node/scrape"] {
        house.wait(key, state(key, State::Ok)).await;
    }
    // A changed value is there within one interval and a second.
    stub.put("/status", Page::of("application/json", r#"{"queue":11}"#));
    stub.put(
        "/metrics",
        Page::of(TEXT, "free_bytes{mount=\"/\"} 500\nfree_bytes{mount=\"/var\"} 9\nreq_total 20\n"),
    );
    let begun = Instant::now();
    house.wait("json", state("api/json", State::Critical)).await;
    house.wait("scrape", state("node/scrape", State::Critical)).await;
    assert!(begun.elapsed() < Duration::from_millis(2000), "{:?}", begun.elapsed());
    let seen = house.check("node/scrape").await.unwrap();
    assert!(seen.output.as_str().starts_with("free[mount=/var] 9 B (< 100)"), "{}", seen.output);

    // All of it is in the series; a part of it is a metric with a history.
    let page = house.page("").await;
    assert_eq!((page.size.targets, page.size.series, page.found), (1, 8, 8));
    assert_eq!(house.page("free_bytes{mount=~\"/v.*\"}").await.found, 1);
    assert!(page.size.bytes > 0 && page.size.samples >= 16);
    let last = house.page("req").await;
    assert_eq!(last.rows[0].last, Some(20.0));
    let past = house.past("node/scrape", "req_total").await;
    assert!(past.rate && past.points.iter().any(|point| point.value > 0.0), "{past:?}");

    // A series that goes is stale, and so is all of a failed scrape, but for the report.
    stub.put("/metrics", Page::of(TEXT, "free_bytes{mount=\"/\"} 500\n"));
    let stale = async |house: &House| house.page("req_total").await.rows[0].last.is_none();
    house.wait("stale", stale).await;
    assert_eq!(house.past("node/scrape", "req_total").await.stale.len(), 1);
    stub.put("/metrics", Page::of(TEXT, "free_bytes{mount=\"/\"} 500\nbroken\n"));
    let down = async |house: &House| house.page("up").await.rows[0].last == Some(0.0);
    house.wait("down", down).await;
    assert_eq!(house.page("free_bytes{mount=\"/\"}").await.rows[0].last, None);
    house.wait("unknown", state("node/scrape", State::Unknown)).await;
    let seen = house.check("node/scrape").await.unwrap();
    assert!(seen.output.as_str().contains("line 2: expected a value"), "{}", seen.output);
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_are_found_in_files_and_over_http_and_a_broken_list_keeps_the_old_one() {
    let stub = Stub::start();
    stub.put("/metrics", Page::of(TEXT, "x 1\n"));
    let json = "application/json; charset=utf-8";
    let list = |port: u16| {
        format!(r#"[{{"targets":["localhost:{port}"],"labels":{{"site":"dal","__meta":"x"}}}}]"#)
    };
    stub.put("/sd", Page::of(json, list(stub.port)));
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join("sd");
    std::fs::create_dir(&files).unwrap();
    let file = files.join("a.yml");
    std::fs::write(
        &file,
        format!("- targets: ['127.0.0.1:{}']\n  labels: {{ rack: r4 }}\n", stub.port),
    )
    .unwrap();
    let text = format!(
        "[[host]]\nname = \"known\"\naddress = \"127.0.0.1\"\n\
         [[scrape]]\nname = \"node\"\nfiles = [\"{}/*.yml\"]\n\
         [[scrape]]\nname = \"web\"\nhttp_sd = \"{}\"\nrefresh = \"5s\"\n",
        files.display(),
        stub.url("/sd"),
    );
    let house = House::start(&text, dir).await;
    let scraped = |key: &'static str| {
        async move |house: &House| {
            house
                .check(key)
                .await
                .is_some_and(|check| check.state == State::Ok && check.last_result.is_some())
        }
    };
    // A target with the address of a host is a check of that host; another is a host of its own.
    house.wait("a file", scraped("known/node")).await;
    house.wait("over HTTP", scraped("localhost/web")).await;
    let hosts = house.hosts().await;
    let found = hosts.iter().find(|host| &*host.name == "localhost").unwrap();
    assert_eq!(found.more.labels.get("site").map(String::as_str), Some("dal"));
    assert_eq!(found.more.labels.len(), 1, "labels of two underscores are not kept");
    let asked = stub.asked("/sd");
    assert!(asked.contains(&"x-prometheus-refresh-interval-seconds: 5".to_owned()), "{asked:?}");

    // A second file, and a second target in the first.
    std::fs::write(files.join("b.yml"), format!("- targets: ['127.0.0.2:{}']\n", stub.port))
        .unwrap();
    house.wait("a second file", async |house| house.check("127.0.0.2/node").await.is_some()).await;

    // Broken lists of both kinds: nothing is lost.
    std::fs::write(&file, "- targets: [").unwrap();
    stub.put("/sd", Page { status: "500 Internal Server Error", ..Page::of(json, "[]") });
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(
        house.check("known/node").await.is_some() && house.check("localhost/web").await.is_some()
    );
    for page in [Page::of("text/html", "[]"), Page::of(json, "null"), Page::of(json, "[{}]")] {
        stub.put("/sd", page);
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert!(house.check("localhost/web").await.is_some());
    }

    // What was found is known to the next start before any source has answered.
    let again = Found::restore(&house.dir.path().join("targets.json"));
    let known = inventory(&config(&text), &again);
    assert_eq!(known.checks.len(), 3, "{:?}", house.found);

    // An empty list and a file that goes take their targets, with all their series.
    stub.put("/sd", Page::of(json, "[]"));
    std::fs::remove_file(files.join("b.yml")).unwrap();
    house.wait("empty", async |house| house.check("localhost/web").await.is_none()).await;
    house.wait("gone", async |house| house.check("127.0.0.2/node").await.is_none()).await;
    assert!(house.page("").await.rows.iter().all(|row| &*row.check.host == "known"));
}
