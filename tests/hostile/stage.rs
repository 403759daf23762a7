//! The made-up engine, and two ways to it: one with hostile texts, one with their twins.
//!
//! In: strings. Out: consoles on either way, and which strings each field carried.
//! Never: leaves anything behind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fluxnoc::clock::Clock;
use fluxnoc::engine::Handle;
use fluxnoc::protocol::Answer;
use fluxnoc::store::DirLock;
use tokio::net::UnixListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::corpus;
use crate::fields::{CHECK, HOST};
use crate::pty::Terminal;
use crate::wire::{self, Texts};
use crate::world::{KINDS, VARIANTS, World};

const FLUXNOC: &str = env!("CARGO_BIN_EXE_fluxnoc");
/// Strings in one text of what a console is told once only.
pub const JOINED: usize = 6;
/// Columns and rows: every list has room for all of a world.
pub const SIZE: (u16, u16) = (200, 80);

/// Which strings a field carried.
type Carried = Mutex<BTreeMap<usize, BTreeSet<usize>>>;

pub struct Stage {
    dir: tempfile::TempDir,
    pub world: Arc<World>,
    page: Arc<AtomicUsize>,
    carried: Arc<Carried>,
    _locks: Vec<DirLock>,
}

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Hostile,
    Twin,
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Hostile => "hostile",
            Self::Twin => "twin",
        }
    }
}

impl Stage {
    pub fn new(runtime: &Runtime, corpus: Vec<String>) -> Self {
        let _inside = runtime.enter();
        let dir = tempfile::Builder::new().prefix("fluxnoc-hostile-").tempdir().unwrap();
        let world = Arc::new(World::new(Clock::System.now().wall));
        let (handle, asks) = Handle::channel();
        let engine = dir.path().join("engine.sock");
        let listener = UnixListener::bind(&engine).unwrap();
        runtime.spawn(fluxnoc::api::serve(listener, handle, CancellationToken::new()));
        runtime.spawn(Arc::clone(&world).serve(asks));
        let page = Arc::new(AtomicUsize::new(0));
        let carried = Arc::new(Carried::default());
        let corpus = Arc::new(corpus);
        let config = "[[host]]\nname = \"x\"\naddress = \"127.0.0.1\"\n";
        std::fs::write(dir.path().join("config.toml"), config).unwrap();
        let mut locks = Vec::new();
        for way in [Way::Hostile, Way::Twin] {
            let data = dir.path().join(way.name());
            locks.push(DirLock::acquire(&data).unwrap());
            let listener = UnixListener::bind(data.join("fluxnoc.sock")).unwrap();
            let (world, page) = (Arc::clone(&world), Arc::clone(&page));
            let (carried, corpus) = (Arc::clone(&carried), Arc::clone(&corpus));
            let texts: Texts = Arc::new(move |field, variant| {
                // Names stay: by them things are asked for.
                let turned = world.turned().filter(|_| field > CHECK).map(|turn| turn / KINDS);
                let start = page.load(Ordering::Relaxed) * VARIANTS + variant;
                let start = turned.unwrap_or(start);
                let (text, used) = text(&world, &corpus, field, start);
                if way == Way::Twin {
                    return corpus::twin(&text);
                }
                carried.lock().unwrap().entry(field).or_default().extend(used);
                text
            });
            runtime.spawn(wire::serve(listener, engine.as_path().into(), texts));
        }
        Self { dir, world, page, carried, _locks: locks }
    }

    /// What a console could not read of the details of a variant's check on the present page: it
    /// would show nothing, and nothing would be compared.
    pub fn unreadable(&self, corpus: &[String], variant: usize) -> Option<String> {
        let start = self.page.load(Ordering::Relaxed) * VARIANTS;
        let check = self.world.detail(variant);
        [Way::Hostile, Way::Twin].into_iter().find_map(|way| {
            let texts: Texts = {
                let (world, corpus) = (Arc::clone(&self.world), corpus.to_vec());
                Arc::new(move |field, variant| {
                    let (text, _) = text(&world, &corpus, field, start + variant);
                    if way == Way::Twin { corpus::twin(&text) } else { text }
                })
            };
            let bytes = wire::replace(&mut serde_json::to_vec(&check).unwrap(), true, true, &texts);
            let read = serde_json::from_slice::<Answer>(&bytes);
            read.err().map(|error| {
                let at = error.column().saturating_sub(120);
                let around = &bytes[at..(error.column() + 40).min(bytes.len())];
                format!("{way:?} h{variant:03}: {error}: {}", String::from_utf8_lossy(around))
            })
        })
    }

    /// The next strings.
    pub fn turn(&self, page: usize) {
        self.page.store(page, Ordering::Relaxed);
    }

    fn arguments(&self, way: Way, more: &[&str]) -> Vec<String> {
        let path = |path: PathBuf| path.display().to_string();
        let mut all = vec!["--config".to_owned(), path(self.dir.path().join("config.toml"))];
        all.extend(["--data-dir".to_owned(), path(self.dir.path().join(way.name()))]);
        all.extend(["--as".to_owned(), "noc".to_owned()]);
        all.extend(more.iter().map(|word| (*word).to_owned()));
        all
    }

    /// The program on one of the ways.
    pub fn start(&self, way: Way, more: &[&str]) -> Terminal {
        let all = self.arguments(way, more);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        // A terminal that answers no questions is sent whole frames, and a dialog counts as seen
        // before its first byte arrives: no key comes too early.
        Terminal::start_as(Path::new(FLUXNOC), &all, &[], SIZE.0, SIZE.1, false)
    }

    /// Which strings each place carried to the hostile console.
    pub fn carried(&self) -> BTreeMap<String, BTreeSet<usize>> {
        let carried = self.carried.lock().unwrap();
        let fields = &self.world.fields;
        let of = |place: &String| {
            let strings = fields.number(place).and_then(|field| carried.get(&field));
            strings.cloned().unwrap_or_default()
        };
        fields.places().map(|place| (place.clone(), of(place))).collect()
    }
}

/// The text of a field, and which strings are in it.
fn text(world: &World, corpus: &[String], field: usize, start: usize) -> (String, Vec<usize>) {
    // What a console is told once carries several.
    let name = &world.fields.names[field];
    let once = ["Outcome.", "Problem."].iter().any(|root| name.starts_with(root));
    let count = if once { JOINED } else { 1 };
    // Fields go through the strings from different ends, but for names, which are in all.
    let shift = if field > CHECK { 7 * field } else { field };
    let used: Vec<usize> = (0..count).map(|n| (start + n + shift) % corpus.len()).collect();
    let words: Vec<&str> = used.iter().map(|at| corpus[*at].as_str()).collect();
    let mut text = words.join(" ");
    if field == HOST {
        // What would end the host of `host/check`.
        text = text.replace('/', "\u{2215}");
    }
    let fields = &world.fields;
    if !fields.takes(field, &text) || !fields.takes(field, &corpus::twin(&text)) {
        // Its twin is itself.
        return ("00".to_owned(), Vec::new());
    }
    (text, used)
}
