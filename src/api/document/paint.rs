//! Text and schemas as HTML.

use std::fmt::Write as _;

use serde_json::Value;

use super::finish::text;

/// Schemas within schemas that are still written out.
const DEPTH: usize = 6;

/// Text that HTML takes as text.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A description: paragraphs, with `words` as code.
pub(super) fn paragraphs(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        out.push_str("<p>");
        for (at, piece) in paragraph.split('`').enumerate() {
            let piece = escaped(piece);
            if at % 2 == 1 {
                // Writing to a string cannot fail.
                let _ = write!(out, "<code>{piece}</code>");
            } else {
                out.push_str(&piece);
            }
        }
        out.push_str("</p>");
    }
    out
}

/// JSON for people.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A schema.
pub(super) fn shape(schema: &Value) -> String {
    let mut out = String::new();
    paint(&mut out, schema, 0);
    out
}

fn paint(out: &mut String, schema: &Value, depth: usize) {
    if depth > DEPTH {
        out.push('…');
        return;
    }
    if let Some(name) = text(schema, "$ref").strip_prefix("#/components/schemas/") {
        let name = escaped(name);
        let _ = write!(out, "<a href=\"#schema-{name}\"><code>{name}</code></a>");
        return;
    }
    for (key, word) in [("oneOf", "one of"), ("anyOf", "any of"), ("allOf", "all of")] {
        let Some(Value::Array(parts)) = schema.get(key) else { continue };
        let _ = write!(out, "{word}<ul>");
        for part in parts {
            out.push_str("<li>");
            paint(out, part, depth + 1);
            out.push_str("</li>");
        }
        out.push_str("</ul>");
    }
    if let Some(Value::Array(words)) = schema.get("enum") {
        let words: Vec<String> = words.iter().map(|word| escaped(&word.to_string())).collect();
        let _ = write!(out, "<code>{}</code>", words.join("</code> | <code>"));
        return;
    }
    kind(out, schema);
    if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
        out.push_str(" of ");
        paint(out, items, depth + 1);
    }
    if let Some(Value::Array(parts)) = schema.get("prefixItems") {
        out.push_str(" of");
        for part in parts {
            out.push(' ');
            paint(out, part, depth + 1);
        }
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
        out.push_str(" with values ");
        paint(out, values, depth + 1);
    }
    properties(out, schema, depth);
    if let Some(Value::Array(examples)) = schema.get("examples") {
        for example in examples {
            let example = escaped(&pretty(example));
            let _ = if example.contains('\n') {
                write!(out, "<pre>{example}</pre>")
            } else {
                write!(out, " as <code>{example}</code>")
            };
        }
    }
}

/// The type with its bounds.
fn kind(out: &mut String, schema: &Value) {
    let words = match schema.get("type") {
        Some(Value::String(word)) => word.clone(),
        Some(Value::Array(words)) => {
            words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => return,
    };
    out.push_str(&escaped(&words));
    for key in ["format", "minimum", "maximum", "minLength", "maxLength", "pattern", "default"] {
        match schema.get(key) {
            Some(Value::String(word)) if key == "format" => {
                let _ = write!(out, " ({})", escaped(word));
            }
            Some(value) => {
                let _ = write!(out, ", {key} <code>{}</code>", escaped(&value.to_string()));
            }
            None => {}
        }
    }
}

fn properties(out: &mut String, schema: &Value, depth: usize) {
    let Some(Value::Object(fields)) = schema.get("properties") else { return };
    let needed = schema.get("required").and_then(Value::as_array);
    out.push_str("<table>");
    for (name, field) in fields {
        let is_needed = needed.is_some_and(|all| all.iter().any(|one| one == name));
        let _ = write!(
            out,
            "<tr><td><code>{}</code>{}</td><td>",
            escaped(name),
            if is_needed { ", needed" } else { "" }
        );
        paint(out, field, depth + 1);
        let _ = write!(out, "</td><td>{}</td></tr>", paragraphs(text(field, "description")));
    }
    out.push_str("</table>");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_of_a_document_becomes_markup() {
        let hostile = "</td><script>alert('x')</script>&\"";
        let schema = json!({
            "type": "object",
            "description": hostile,
            "properties": { hostile: { "type": hostile, "description": hostile, "pattern": hostile } },
            "oneOf": [{ "$ref": format!("#/components/schemas/{hostile}") }, { "enum": [hostile] }],
            "examples": [hostile],
        });
        let painted = shape(&schema) + &paragraphs(hostile);
        assert!(!painted.contains("<script") && !painted.contains("alert('x')"), "{painted}");
    }
}
