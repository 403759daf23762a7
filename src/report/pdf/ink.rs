//! Marks made into a PDF.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;

use super::fonts::Faces;
use super::paper::{HEIGHT, Ink, Mark, WIDTH};

/// What a PDF says of itself.
pub struct About {
    /// Its title.
    pub title: String,
    /// What it tells.
    pub subject: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// When it was made.
    pub made: Option<chrono::DateTime<chrono::Utc>>,
}

/// Draws pages.
///
/// # Errors
/// When the document cannot be made.
pub fn draw(pages: &[Vec<Mark>], faces: &Faces, about: About) -> Result<Vec<u8>, String> {
    let mut document = Document::new();
    let mut metadata = Metadata::new()
        .title(about.title)
        .description(about.subject)
        .keywords(about.keywords)
        .creator(format!("fluxnoc {}", env!("CARGO_PKG_VERSION")))
        .language("en".to_owned());
    if let Some(made) = about.made.and_then(date) {
        metadata = metadata.creation_date(made);
    }
    document.set_metadata(metadata);
    for marks in pages {
        let settings =
            PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| "a page has no size".to_owned())?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            draw_mark(&mut surface, faces, mark);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| format!("the PDF cannot be made: {error:?}"))
}

fn date(at: chrono::DateTime<chrono::Utc>) -> Option<DateTime> {
    use chrono::{Datelike as _, Timelike as _};
    let two = |value: u32| u8::try_from(value).ok();
    let date = DateTime::new(u16::try_from(at.year()).ok()?)
        .month(two(at.month())?)
        .day(two(at.day())?)
        .hour(two(at.hour())?)
        .minute(two(at.minute())?)
        .second(two(at.second())?);
    Some(date.utc_offset_hour(0).utc_offset_minute(0))
}

fn draw_mark(surface: &mut Surface<'_>, faces: &Faces, mark: &Mark) {
    match mark {
        Mark::Text { at, size, weight, ink, text } => {
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*ink)));
            let face = faces.of(*weight);
            let at = Point::from_xy(at.0, at.1);
            surface.draw_glyphs(at, &face.glyphs(text), face.font.clone(), text, *size, false);
        }
        Mark::Box { at, size, ink } => {
            let Some(path) = rectangle(*at, *size) else { return };
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*ink)));
            surface.draw_path(&path);
        }
        Mark::Line { points, width, ink, is_dashed } => {
            let Some(path) = through(points) else { return };
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke {
                paint: color(*ink).into(),
                width: *width,
                miter_limit: 4.0,
                line_cap: LineCap::Butt,
                line_join: LineJoin::Round,
                opacity: NormalizedF32::ONE,
                dash: is_dashed.then(|| StrokeDash { array: vec![4.0, 3.0], offset: 0.0 }),
            }));
            surface.draw_path(&path);
        }
    }
}

fn color(ink: Ink) -> rgb::Color {
    rgb::Color::new(ink.0, ink.1, ink.2)
}

fn fill(ink: Ink) -> Fill {
    Fill { paint: color(ink).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

fn rectangle(at: (f32, f32), size: (f32, f32)) -> Option<Path> {
    let mut builder = PathBuilder::new();
    builder.push_rect(Rect::from_xywh(at.0, at.1, size.0, size.1)?);
    builder.finish()
}

fn through(points: &[(f32, f32)]) -> Option<Path> {
    let mut builder = PathBuilder::new();
    let (first, rest) = points.split_first().filter(|(_, rest)| !rest.is_empty())?;
    builder.move_to(first.0, first.1);
    for point in rest {
        builder.line_to(point.0, point.1);
    }
    builder.finish()
}
