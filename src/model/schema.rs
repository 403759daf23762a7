//! How the values that write themselves as text look in the API's document.
//!
//! A type with derived serde has a derived schema beside it; these read and write their text by
//! hand, so their schema is given by hand, as wide as what they read.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::account::Password;
use super::id::CheckKey;
use super::pattern::{PATTERN_LIMIT, Pattern};
use super::repeats::Repeats;
use super::repetition::Repetition;
use super::safe_text::SafeText;
use super::selector::Selector;
use super::snmp::ObjectId;
use super::threshold::Range;
use super::time::Timestamp;

/// A text with an example, as a schema that can be made narrower.
#[must_use]
pub fn text(description: &str, example: &str) -> ObjectBuilder {
    let examples = (!example.is_empty()).then_some(example);
    ObjectBuilder::new().schema_type(Type::String).description(Some(description)).examples(examples)
}

/// Gives types that travel as text their schema under their own name.
macro_rules! text_schemas {
    ($($of:ident => $builder:expr;)*) => {
        $(
            impl ::utoipa::PartialSchema for $of {
                fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                    ::utoipa::openapi::RefOr::T(::utoipa::openapi::Schema::Object($builder.build()))
                }
            }

            impl ::utoipa::ToSchema for $of {
                fn name() -> ::std::borrow::Cow<'static, str> {
                    ::std::borrow::Cow::Borrowed(stringify!($of))
                }
            }
        )*
    };
}

pub(crate) use text_schemas;

text_schemas! {
    SafeText => text(
        "Text without control characters; what a terminal would obey is made visible.",
        "",
    );
    Repeats => text(
        "On which days a window begins, in UTC unless it names a zone.",
        "every 2 weeks on mon,fri until 2026-12-31 except 2026-05-01 in Europe/Berlin",
    );
    Repetition => text(
        "How a window repeats from now on: `never`, or on which days.",
        "every month on day 1 in Europe/Berlin",
    );
    Timestamp => text(
        "A moment as of RFC 3339; answers have UTC with milliseconds.",
        "2026-02-25T02:00:00.000Z",
    )
    .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    CheckKey => text("A check as HOST/CHECK.", "web-1/http").pattern(Some("^[^/]+/[\\s\\S]+$"));
    Pattern => text("A glob over whole names.", "db-prod-*")
        .min_length(Some(1))
        .max_length(Some(PATTERN_LIMIT));
    Range => text(
        "A range as monitoring plugins write it: 10, 10:, ~:10, 10:20 or @10:20.",
        "@10:20",
    );
    Selector => text("A selector of series.", "node_load1{job=\"node\"}");
    ObjectId => text("An SNMP object identifier.", "1.3.6.1.2.1.1.3.0");
}

impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).write_only(true);
        let text = text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)));
        RefOr::T(Schema::Object(text.description(Some("A password.")).build()))
    }
}

impl ToSchema for Password {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Password")
    }
}
