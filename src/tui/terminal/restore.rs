//! The terminal as it was, once, whoever asks for it: the end, a pause, a panic.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, OnceLock};
use std::thread::ThreadId;

use crossterm::terminal;
use nix::sys::termios::{FlushArg, tcflush};

use super::modes;
use super::reader::Keys;

/// True while the terminal is ours; the panic hook and `Drop` give it back once.
static ACTIVE: AtomicBool = AtomicBool::new(false);
/// The thread that draws: a panic elsewhere must not tear the screen down.
static OWNER: OnceLock<Mutex<Option<ThreadId>>> = OnceLock::new();

/// This thread draws from now on; its panic gives the terminal back before it is told. One of any
/// other thread (a probe, the engine) belongs in the log and leaves the screen alone.
pub fn arm() {
    static ONCE: Once = Once::new();
    if let Ok(mut owner) = OWNER.get_or_init(Default::default).lock() {
        *owner = Some(std::thread::current().id());
    }
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let owner = OWNER.get().and_then(|owner| owner.try_lock().ok().and_then(|id| *id));
            if ACTIVE.load(Ordering::SeqCst) && owner != Some(std::thread::current().id()) {
                tracing::error!(panic = %info, "a part of the program panicked");
                return;
            }
            give_back();
            tracing::error!(panic = %info, "the screen panicked");
            told(info);
        }));
    });
}

/// Nobody draws any more.
pub fn disarm() {
    if let Some(Ok(mut owner)) = OWNER.get().map(Mutex::lock) {
        *owner = None;
    }
}

/// The terminal is ours.
pub fn taken() {
    ACTIVE.store(true, Ordering::SeqCst);
}

/// Gives the terminal back, once.
pub fn give_back() {
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    // Answers that nobody read are no typing of the next reader's.
    if let Ok(keys) = Keys::open() {
        let _ = tcflush(&keys, FlushArg::TCIFLUSH);
    }
    // Modes first: they need no write to a terminal that may be stuck.
    let _ = terminal::disable_raw_mode();
    let mut out = io::stdout();
    let _ = out.write_all(modes::LEAVE).and_then(|()| out.flush());
}
