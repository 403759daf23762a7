//! What the operations share: roles from the one table, problem details, headers, proofs.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::{OpenApi, RefOr, Schema};
use utoipa::{PartialSchema as _, ToSchema};

use crate::api::problem::Details;
use crate::protocol::access::{Need, need, need_of_query};
use crate::protocol::{Command, Event, Query};

/// The extension in which an operation that asks the engine neither a command nor a query says
/// who may ask it.
pub(in crate::api) const EXPLICIT: &str = "x-fluxnoc-role";

const ABOUT: &str = "Everything that the console can do. \
Over the network a request shows a session (`Authorization: Bearer`, from `POST /api/auth/login`) \
or a token (`X-API-Token`, or as a bearer). `Fluxnoc-Role: viewer` (or `operator`) gives up rights \
for one request. Over the Unix socket of the data directory the machine says who asks: the \
server's own user and root may do everything, and `Fluxnoc-Operator` names the person, \
percent-encoded.\n\n\
`x-fluxnoc-role` says what an operation needs: `viewer`, `operator`, `admin` (each may do what those before it may), \
`login` (a user who logged in; no token), `worker` (the engine's own), `none` (nothing). A token \
reaches as far as its scopes: `api` everything, `read` what only reads, `metrics` the path /metrics.\n\n\
Every error is problem details (RFC 9457) with a `kind`. A request that changes something may \
carry its id in `Idempotency-Key`, a UUID: the same id again is answered from memory and does \
nothing. What two people may edit has an `ETag`; a change with `If-Match` is refused (412) when \
somebody else was faster. A rule has none: the text that is replaced (`was`) stands in its place. \
Who asks too often is told when to come again (429, `Retry-After`).";

/// The tags in the order of the page, with what each is about.
const TAGS: &[(&str, &str)] = &[
    ("Hosts and checks", "What is monitored, and how it is."),
    ("Alerts", "Problems: take them, give them back, write beside them."),
    ("Maintenance", "Windows in which nobody is told."),
    ("Notifications", "Who is told of what, and whether it arrived."),
    ("Rules", "Rules that judge what checks measure."),
    ("What happened", "The past: numbers, changes, the log."),
    ("Handover", "From one team to the next."),
    ("Own things", "What belongs to one operator, saved views among it."),
    ("Accounts", "Sessions, users, tokens."),
    ("Engine", "The server itself, and what changes as it happens."),
    ("Monitoring", "How the server is, for those who watch it."),
    (
        "Network tests",
        "Speedtests, traces, port probes and DNS timing, from the server and from agents.",
    ),
    ("Agents", "Workers on other machines: who is there, letting one in, forgetting one."),
    ("Worker", "What a worker asks and tells: an agent with its key, or the engine's own."),
    ("This document", "What you read."),
];

/// The document whole.
pub(super) fn finished(api: &OpenApi) -> Value {
    let mut document = serde_json::to_value(api).unwrap_or_default();
    let needs = needs();
    put(
        &mut document,
        "info",
        json!({
            "title": "fluxnoc",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        }),
    );
    let tags = TAGS.iter().map(|(name, about)| json!({ "name": name, "description": about }));
    put(&mut document, "tags", tags.collect());
    put(&mut document, "security", json!([{ "session": [] }, { "token": [] }]));
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for item in paths.into_iter().flat_map(Map::values_mut) {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            finish(operation, &needs);
        }
    }
    if let Some(components) = document.get_mut("components") {
        finish_components(components);
    }
    document
}

/// Who may ask for what, by the names of the commands and queries.
fn needs() -> BTreeMap<String, (&'static str, bool)> {
    let commands = Command::samples();
    let commands =
        commands.iter().map(|command| (command.name().to_owned(), (word(need(command)), true)));
    let queries = Query::samples();
    let queries = queries.iter().filter_map(|query| {
        let named = serde_json::to_value(query).ok()?;
        let name = named.get("query")?.as_str()?.to_owned();
        Some((name, (word(need_of_query(query)), false)))
    });
    commands.chain(queries).collect()
}

const fn word(need: Need) -> &'static str {
    match need {
        Need::Role(role) => role.word(),
        Need::Login => "login",
        Need::Worker => "worker",
        Need::Enrol => "enrolment",
    }
}

/// An operation is named as the command or query that it asks, with more after a dot where several
/// ask the same.
fn finish(operation: &mut Value, needs: &BTreeMap<String, (&'static str, bool)>) {
    let id = text(operation, "operationId").to_owned();
    let asks = needs.get(id.split('.').next().unwrap_or_default());
    let changes = asks.is_some_and(|(_, is_command)| *is_command);
    if let Some((role, _)) = asks {
        put(operation, EXPLICIT, (*role).into());
    }
    let open = text(operation, EXPLICIT) == "none";
    if open {
        put(operation, "security", json!([]));
    }
    if changes {
        let key = json!({ "$ref": "#/components/parameters/IdempotencyKey" });
        push(operation, "parameters", key);
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        never_null(parameter);
    }
    let has_body = operation.get("requestBody").is_some();
    let reads = has_body || operation.get("parameters").is_some();
    let mut more: Vec<&str> = Vec::new();
    if !open {
        more.extend(["401", "403", "422", "429", "500", "503"]);
    }
    if reads {
        more.push("422");
    }
    if has_body {
        more.extend(["400", "408", "413"]);
    }
    if id == "login" {
        more.extend(["401", "429", "500", "503"]);
    }
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    let Some(responses) = responses else { return };
    for status in more {
        responses.entry(status).or_insert_with(|| json!({}));
    }
    for (status, response) in responses.iter_mut() {
        answer(status, response);
    }
}

/// A query string and a header have no null: what may be absent is absent.
fn never_null(parameter: &mut Value) {
    let Some(schema) = parameter.get_mut("schema") else { return };
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|word| word != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            put(schema, "type", one);
        }
    }
    let Some(Value::Array(either)) = schema.get_mut("oneOf") else { return };
    either.retain(|one| text(one, "type") != "null");
    if let [one] = either.as_slice() {
        *schema = one.clone();
    }
}

/// Gives an answer its words, and one that says no its body.
fn answer(status: &str, response: &mut Value) {
    let words = match status {
        "200" => "As asked.",
        "201" => "Made.",
        "202" => "Asked for; its id says later what became of it.",
        "400" => "The body is not JSON, or did not arrive whole.",
        "401" => "Nothing that counts was shown.",
        "403" => "Whoever asks may not.",
        "404" => "There is no such thing.",
        "408" => "The body did not arrive within 30 s.",
        "409" => "It contradicts what is.",
        "412" => "It is not any more as `If-Match` says.",
        "413" => "The body is too long.",
        "422" => "The request makes no sense; the words name the field.",
        "429" => "Too often; `Retry-After` says when again.",
        "500" => "The engine made a mistake.",
        "501" => "Not in this version.",
        "503" => "The engine cannot now.",
        _ => "",
    };
    if text(response, "description").is_empty() {
        put(response, "description", words.into());
    }
    if status.starts_with('2') {
        return;
    }
    let problem = json!({ "schema": { "$ref": "#/components/schemas/ProblemDetails" } });
    if response.get("content").is_none() {
        put(response, "content", json!({}));
    }
    if let Some(content) = response.get_mut("content") {
        put(content, "application/problem+json", problem);
    }
    let header =
        |about: &str, kind: &str| json!({ "description": about, "schema": { "type": kind } });
    match status {
        "401" => {
            let header = header("How to show who asks: `Bearer`.", "string");
            put(response, "headers", json!({ "WWW-Authenticate": header }));
        }
        "429" => {
            let header = header("Seconds after which the next request may be made.", "integer");
            put(response, "headers", json!({ "Retry-After": header }));
        }
        _ => {}
    }
}

fn finish_components(components: &mut Value) {
    put(
        components,
        "securitySchemes",
        json!({
            "session": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "The token of a session from `POST /api/auth/login`; a program's token works here, too.",
            },
            "token": {
                "type": "apiKey",
                "in": "header",
                "name": "X-API-Token",
                "description": "The token of a program.",
            },
        }),
    );
    put(
        components,
        "parameters",
        json!({
            "IdempotencyKey": {
                "name": "Idempotency-Key",
                "in": "header",
                "required": false,
                "description": "The id of this request; the same one again within 24 h does nothing and is answered from memory.",
                "schema": { "type": "string", "format": "uuid" },
            },
        }),
    );
    let Some(schemas) = components.get_mut("schemas").and_then(Value::as_object_mut) else {
        return;
    };
    let mut more: Vec<(String, RefOr<Schema>)> = Vec::new();
    more.push((<Details as ToSchema>::name().into_owned(), Details::schema()));
    Details::schemas(&mut more);
    // What the data of a server-sent event is: no operation can refer to it in this version of
    // OpenAPI.
    more.push((<Event as ToSchema>::name().into_owned(), Event::schema()));
    Event::schemas(&mut more);
    for (name, schema) in more {
        schemas.insert(name, serde_json::to_value(schema).unwrap_or_default());
    }
}

/// A field as text; nothing when it is not there.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn put(value: &mut Value, key: &str, what: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(key.to_owned(), what);
    }
}

fn push(value: &mut Value, key: &str, what: Value) {
    let Some(fields) = value.as_object_mut() else { return };
    if let Some(list) = fields.entry(key).or_insert_with(|| json!([])).as_array_mut() {
        list.push(what);
    }
}
