//! The document itself: valid, whole, and true to what is really read and written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fluxnoc::protocol::{Answer, Command, Query};
use serde_json::{Value, json};

use crate::answers::Judge;
use crate::net::Net;
use crate::samples::{answer_to, events, outcomes};
use crate::stage::{document, operations};

/// All places of a document where another one is meant.
fn references<'a>(value: &'a Value, out: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            out.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|field| references(field, out));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, out)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_whole_and_its_schemas_are_schemas() {
    let net = Net::new().await;
    let document = document(&net).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let error = jsonschema::draft202012::meta::validate(schema).err();
        assert!(error.is_none(), "{name}: {error:?}");
    }
    let mut all = BTreeSet::new();
    references(&document, &mut all);
    assert!(all.len() > 100, "{}", all.len());
    for reference in &all {
        let path = reference.strip_prefix('#').expect("nothing from elsewhere");
        assert!(document.pointer(path).is_some(), "{reference} leads nowhere");
    }
    // And every schema is there for something.
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        let used = all.contains(&*format!("#/components/schemas/{name}"));
        assert!(used || name == "Event", "nothing refers to {name}");
    }
    let mut ids = BTreeSet::new();
    let tags: Vec<&Value> =
        document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for op in operations(&document) {
        assert!(ids.insert(op.id.clone()), "{} is there twice", op.id);
        let roles = ["viewer", "operator", "admin", "login", "worker", "enrolment", "none"];
        assert!(roles.contains(&&*op.role), "{}: {:?}", op.id, op.role);
        assert!(tags.contains(&&op.about["tags"][0]), "{}: {}", op.id, op.about["tags"]);
        assert!(!op.about["summary"].as_str().unwrap().is_empty(), "{}", op.id);
        for (status, response) in op.about["responses"].as_object().unwrap() {
            assert_ne!(response["description"], "", "{} {status}", op.id);
        }
        let named: BTreeSet<&str> = op
            .path
            .split(['{', '}'])
            .enumerate()
            .filter(|(n, _)| n % 2 == 1)
            .map(|(_, name)| name)
            .collect();
        let said = op.about["parameters"].as_array().into_iter().flatten();
        let said = said.filter(|one| one["in"] == "path" && one["required"] == true);
        let said: BTreeSet<&str> = said.map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(named, said, "{}", op.id);
    }
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { sources(&path, out) } else { out.push(path) }
    }
}

#[tokio::test]
async fn every_route_is_documented_and_whatever_is_documented_is_a_route() {
    let net = Net::new().await;
    let document = document(&net).await;
    let all = operations(&document);
    assert!(all.len() > 70, "{}", all.len());
    // The reverse: nothing of the document is answered as what is not there.
    for op in &all {
        let path = op.path.replace(['{', '}'], "");
        let said = net.call(&op.method, &path, &[], None).await;
        let gone = said.text.contains("there is nothing at") || said.status == 405;
        assert!(!gone, "{} {}: {}", op.method, op.path, said.text);
    }
    // A router can be given a route in two ways only: with its document, or without one.
    let mut paths = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api"), &mut paths);
    let mut documented = 0;
    for path in paths {
        let source = std::fs::read_to_string(&path).unwrap();
        for without in [".route(", ".route_service(", ".nest(", ".nest_service(", ".merge("] {
            let is_health = path.components().any(|part| part.as_os_str() == "health");
            assert!(!source.contains(without) || is_health, "{}: {without}", path.display());
        }
        documented += source.matches("#[utoipa::path(").count();
    }
    assert_eq!(documented, all.len(), "a handler is documented and has no route");
}

#[tokio::test]
async fn every_outcome_answer_and_event_is_as_the_document_says() {
    let net = Net::new().await;
    let document = document(&net).await;
    let all = operations(&document);
    let mut judge = Judge::new(document);
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let mut wrong = Vec::new();
    for outcome in outcomes() {
        let value = serde_json::to_value(&outcome).unwrap();
        wrong.extend(
            judge.wrong_value(&reference("Outcome"), &value).map(|why| (format!("{value}"), why)),
        );
    }
    for event in events() {
        let value = serde_json::to_value(&event).unwrap();
        wrong.extend(
            judge.wrong_value(&reference("Event"), &value).map(|why| (format!("{value}"), why)),
        );
    }
    for query in Query::samples() {
        let name = serde_json::to_value(&query).unwrap()["query"].as_str().unwrap().to_owned();
        let op = all.iter().find(|op| op.id == name).unwrap_or_else(|| panic!("{name}"));
        let answer = answer_to(&query);
        if matches!(answer, Answer::Config(_)) {
            continue;
        }
        let value = serde_json::to_value(&answer).unwrap()["data"].clone();
        let schema = &op.about["responses"]["200"]["content"]["application/json"]["schema"];
        wrong.extend(judge.wrong_value(schema, &value).map(|why| (name, why)));
    }
    let wrong: Vec<String> = wrong
        .iter()
        .map(|(what, why)| format!("{}\n   {why}", what.chars().take(200).collect::<String>()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_command_has_an_operation_with_its_name() {
    let net = Net::new().await;
    let document = document(&net).await;
    let all = operations(&document);
    for command in Command::samples() {
        let op = all.iter().find(|op| op.id == command.name());
        let op = op.unwrap_or_else(|| panic!("{}", command.name()));
        let keys = op.about["parameters"].as_array().into_iter().flatten();
        let keys = keys.filter(|one| one["$ref"] == "#/components/parameters/IdempotencyKey");
        assert_eq!(keys.count(), 1, "{}", op.id);
    }
}

#[tokio::test]
async fn the_page_for_people_needs_nothing_from_elsewhere_and_shows_everything() {
    let net = Net::new().await;
    let document = document(&net).await;
    let said = net.call("GET", "/api/docs", &[], None).await;
    assert_eq!(said.status, 200);
    assert_eq!(said.headers["content-type"], "text/html; charset=utf-8");
    let policy = said.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for forbidden in ["<script", "<img", "<link", "<iframe", "src=", "@import", "url(", "://"] {
        // An address in an example is text.
        let shown = said.text.replace("&quot;", "\"");
        let found = shown.match_indices(forbidden).find(|(at, _)| {
            forbidden != "://"
                || shown[..*at].ends_with("href=\"http")
                || shown[..*at].ends_with("href=\"https")
        });
        assert!(found.is_none(), "{forbidden} in the page");
    }
    assert!(said.text.contains("color-scheme:light dark"));
    for op in operations(&document) {
        let shown = format!("<b>{}</b> <code>{}</code>", op.method, op.path);
        assert!(said.text.contains(&shown), "{} is not shown", op.id);
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(said.text.contains(&format!("id=\"schema-{name}\"")), "{name} is not shown");
    }
    // Every tag that is opened is closed, so nothing of the document became markup.
    for tag in ["details", "table", "summary", "code", "pre", "ul", "li", "tr", "td", "p", "h2"] {
        let opened = said.text.matches(&format!("<{tag}>")).count()
            + said.text.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, said.text.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}
