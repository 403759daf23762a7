//! Whether two screens are the same but for the letters of the texts.
//!
//! In: the screen with hostile texts and the one with their twins. Out: what differs.
//! Never: knows where on a screen a text stands: the twin's own letters say it.

use std::fmt::Write as _;

use crate::corpus;

/// Cells that are no letters of a text and yet not the same, the first of each row.
pub fn differences(hostile: &vt100::Screen, twin: &vt100::Screen) -> String {
    let mut out = String::new();
    let (rows, cols) = twin.size();
    for y in 0..rows.get() {
        let Some(x) = (0..cols.get()).find(|x| !same(hostile, twin, y, *x)) else { continue };
        let row = |screen: &vt100::Screen| {
            let mut all = screen.rows(0, cols.get());
            all.nth(usize::from(y)).unwrap_or_default()
        };
        let styles = hostile.cell(y, x).map(style).zip(twin.cell(y, x).map(style));
        // Writing to a string cannot fail.
        let _ = write!(out, "\nrow {y} column {x} {styles:?}:\n{}\n{}", row(hostile), row(twin));
    }
    out
}

fn same(hostile: &vt100::Screen, twin: &vt100::Screen, y: u16, x: u16) -> bool {
    let (Some(a), Some(b)) = (hostile.cell(y, x), twin.cell(y, x)) else { return true };
    // The second half of a wide letter is of the first, and has no style of its own.
    if b.is_wide_continuation() {
        return true;
    }
    let is_text = corpus::is_of_a_twin(b.contents());
    // A curve moves with the moment at which it was asked for.
    let is_curve = is_dots(a.contents()) || is_dots(b.contents());
    let letters = is_text || is_curve || blank(a.contents()) == blank(b.contents());
    // The colour of what is not there is not to be seen; a twin has letters for blanks that do not
    // break a line.
    let is_blank = a.contents().trim().is_empty() && (is_text || blank(b.contents()) == " ");
    let ground = |cell: &vt100::Cell| (cell.bgcolor(), cell.underline(), cell.inverse());
    letters && if is_blank || is_curve { ground(a) == ground(b) } else { style(a) == style(b) }
}

fn style(cell: &vt100::Cell) -> impl PartialEq + std::fmt::Debug + use<> {
    // What is bold and faint at once is to this parser what it became last.
    let weight = cell.bold() || cell.dim();
    (cell.fgcolor(), cell.bgcolor(), weight, cell.underline(), cell.inverse())
}

fn is_dots(cell: &str) -> bool {
    cell.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c))
}

/// What was never written looks like a blank.
fn blank(cell: &str) -> &str {
    if cell.is_empty() { " " } else { cell }
}
