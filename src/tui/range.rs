//! Over which time graphs are drawn.

use crate::model::{Span, Timestamp};
use crate::tui::app::App;
use crate::tui::book::Book;
use crate::tui::widgets::chart;

/// The ranges of graphs.
pub const RANGES: [(&str, Span); 5] = [
    ("15 min", Span::from_secs(900)),
    ("1 h", Span::from_secs(3600)),
    ("6 h", Span::from_secs(6 * 3600)),
    ("24 h", Span::from_secs(24 * 3600)),
    ("7 d", Span::from_secs(7 * 86_400)),
];

impl App {
    /// The range of graphs.
    #[must_use]
    pub fn span(&self) -> (&'static str, Span) {
        RANGES.get(self.range.unwrap_or(0)).copied().unwrap_or(("15 min", Span::from_secs(900)))
    }

    /// What a graph of the book shows: the range in words, from when, to when.
    #[must_use]
    pub fn window(&self, book: &Book) -> (&'static str, Timestamp, Timestamp) {
        if let Some(end) = self.own.lens.end {
            return (self.span().0, end - book.range, end);
        }
        let (from, to) = chart::window(book.range, self.wall());
        let grown = || chart::growing(book.first(from)?, self.wall());
        let growing = if self.range.is_none() { grown() } else { None };
        growing.unwrap_or((self.span().0, from, to))
    }

    /// A longer or a shorter range; a graph that still grows has its whole range between both.
    pub(crate) fn turn_range(&mut self, longer: bool) {
        let detail = self.detail.as_ref();
        let book = if self.in_detail() {
            detail.and_then(|d| d.book.as_ref())
        } else {
            self.graph.as_ref()
        };
        let whole = self.span().0;
        let growing = book.is_some_and(|book| self.window(book).0 != whole);
        self.range = match (self.range, longer) {
            (None, true) => Some(usize::from(!growing)),
            (Some(at), true) => Some((at + 1).min(RANGES.len() - 1)),
            (None | Some(0), false) => None,
            (Some(at), false) => Some(at - 1),
        };
    }
}
