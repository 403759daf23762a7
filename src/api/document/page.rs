//! The page for people: one file without scripts or anything from elsewhere, made from the document.
//!
//! Everything that comes from the document is escaped, although all of it is ours.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::finish::{EXPLICIT, text};
use super::paint::{escaped, paragraphs, pretty, shape};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:light-dark(#ccc,#444);--soft:light-dark(#f4f4f4,#222);\
--mark:light-dark(#0550ae,#79c0ff)}\
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem}\
code,pre{font-family:ui-monospace,monospace;font-size:.92em}\
pre{background:var(--soft);padding:.6rem;overflow-x:auto;border-radius:4px}\
details{border:1px solid var(--line);border-radius:4px;margin:.4rem 0;padding:.3rem .7rem}\
summary{cursor:pointer}summary b{display:inline-block;min-width:4.5em;color:var(--mark)}\
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid var(--line);\
padding:.25rem .5rem;text-align:left;vertical-align:top}\
.role{float:right;border:1px solid var(--line);border-radius:1em;padding:0 .6em;font-size:.85em}\
a{color:var(--mark)}h2{margin-top:2rem}nav a{margin-right:1em}";

/// The page of a document.
pub(super) fn page(document: &Value) -> String {
    let mut out = String::new();
    let info = document.get("info").unwrap_or(&Value::Null);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title} API</title><style>{STYLE}</style></head><body>\
         <h1>{title} {version}: the API</h1>{about}\
         <p>The same for programs, as OpenAPI 3.1: <a href=\"/api/openapi.json\">/api/openapi.json</a></p>",
        title = escaped(text(info, "title")),
        version = escaped(text(info, "version")),
        about = paragraphs(text(info, "description")),
    );
    let tags = list(document, "tags");
    out.push_str("<nav>");
    for tag in tags {
        let name = text(tag, "name");
        let _ = write!(out, "<a href=\"#{}\">{}</a> ", anchor(name), escaped(name));
    }
    out.push_str("<a href=\"#schemas\">Schemas</a></nav>");
    for tag in tags {
        section(&mut out, document, tag);
    }
    out.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in fields(document.pointer("/components/schemas")) {
        let _ = write!(
            out,
            "<details id=\"schema-{name}\"><summary><code>{name}</code></summary>{about}{shape}</details>",
            name = escaped(name),
            about = paragraphs(text(schema, "description")),
            shape = shape(schema),
        );
    }
    out.push_str("</body></html>\n");
    out
}

fn section(out: &mut String, document: &Value, tag: &Value) {
    let name = text(tag, "name");
    let _ = write!(
        out,
        "<h2 id=\"{}\">{}</h2>{}",
        anchor(name),
        escaped(name),
        paragraphs(text(tag, "description"))
    );
    for (path, item) in fields(document.get("paths")) {
        for (method, operation) in fields(Some(item)) {
            if list(operation, "tags").iter().any(|tag| tag == name) {
                one(out, path, method, operation);
            }
        }
    }
}

/// One operation.
fn one(out: &mut String, path: &str, method: &str, operation: &Value) {
    let _ = write!(
        out,
        "<details><summary><span class=\"role\">{role}</span><b>{method}</b> <code>{path}</code> \
         {summary}</summary>{about}",
        role = escaped(text(operation, EXPLICIT)),
        method = escaped(&method.to_uppercase()),
        path = escaped(path),
        summary = escaped(text(operation, "summary")),
        about = paragraphs(text(operation, "description")),
    );
    let parameters = list(operation, "parameters");
    if !parameters.is_empty() {
        out.push_str("<h4>Parameters</h4><table>");
        for parameter in parameters {
            row_of_parameter(out, parameter);
        }
        out.push_str("</table>");
    }
    for (media, content) in fields(operation.pointer("/requestBody/content")) {
        let _ = write!(out, "<h4>Body <code>{}</code></h4>", escaped(media));
        out.push_str(&shape(content.get("schema").unwrap_or(&Value::Null)));
        if let Some(example) = content.get("example") {
            let _ = write!(out, "<pre>{}</pre>", escaped(&pretty(example)));
        }
    }
    out.push_str("<h4>Answers</h4><table>");
    for (status, response) in fields(operation.get("responses")) {
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>",
            escaped(status),
            escaped(text(response, "description"))
        );
        for (media, content) in fields(response.get("content")) {
            let _ = write!(out, "<code>{}</code> ", escaped(media));
            out.push_str(&shape(content.get("schema").unwrap_or(&Value::Null)));
        }
        for (header, about) in fields(response.get("headers")) {
            let about = escaped(text(about, "description"));
            let _ = write!(out, "<div><code>{}</code>: {about}</div>", escaped(header));
        }
        out.push_str("</td></tr>");
    }
    out.push_str("</table></details>");
}

fn row_of_parameter(out: &mut String, parameter: &Value) {
    if !text(parameter, "$ref").is_empty() {
        out.push_str(
            "<tr><td><code>Idempotency-Key</code></td><td>header</td><td>The id of the request, a \
             UUID: the same one again does nothing.</td></tr>",
        );
        return;
    }
    let needed = parameter.get("required").and_then(Value::as_bool).unwrap_or_default();
    let _ = write!(
        out,
        "<tr><td><code>{name}</code></td><td>{place}{needed}</td><td>{about} {shape}</td></tr>",
        name = escaped(text(parameter, "name")),
        place = escaped(text(parameter, "in")),
        needed = if needed { ", needed" } else { "" },
        about = escaped(text(parameter, "description")),
        shape = shape(parameter.get("schema").unwrap_or(&Value::Null)),
    );
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn fields(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}
