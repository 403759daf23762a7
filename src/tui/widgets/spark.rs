//! The last round trips of a hop in one row: bars of eight heights, `×` for a lost probe.

use crate::tui::num::count;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Writes the newest probes right-aligned into `room` columns; bars rise from zero to `top`.
pub fn round_trips(
    surface: &mut Surface<'_>,
    x: usize,
    y: usize,
    room: usize,
    probes: &[Option<f64>],
    top: f64,
) {
    let shown = probes.get(probes.len().saturating_sub(room)..).unwrap_or(&[]);
    let quiet = surface.theme.style(Role::Muted);
    let lost = surface.theme.style(Role::StateCritical);
    for (at, probe) in shown.iter().enumerate() {
        let column = x + room - shown.len() + at;
        match probe {
            Some(ms) => {
                let height = if top > 0.0 { count(ms / top * 7.0).min(7) } else { 0 };
                surface.mark(column, y, BARS.get(height).copied().unwrap_or('▁'), quiet);
            }
            None => surface.mark(column, y, '×', lost),
        }
    }
}
