//! The front with a leader that is a few lines, and the words of members.

use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt as _;

use super::*;
use crate::cluster::Leader;

async fn ask(router: Router, request: Request) -> (StatusCode, HeaderMap, String) {
    let Ok(answer) = TowerToHyperService::new(router).call(request).await;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
}

fn caller() -> Caller {
    Caller { address: ([192, 0, 2, 9], 4711).into() }
}

fn front(view: watch::Receiver<View>) -> (Front, Handle) {
    let (aside, _) = Handle::channel();
    let relay = Relay::new(Some(&[])).or_else(|_| Relay::new(None)).unwrap();
    let stop = CancellationToken::new();
    (Front::new("a", aside.clone(), Exposed::default(), view, relay, stop), aside)
}

fn get(path: &str) -> axum::http::request::Builder {
    Request::get(path).extension(caller())
}

#[tokio::test]
async fn without_a_leader_and_in_a_circle_it_is_503_at_once() {
    let (views, view) = watch::channel(View::default());
    let (front, aside) = front(view);
    let (status, headers, body) =
        ask(front.router(), get("/api/v1/hosts").body(Body::empty()).unwrap()).await;
    assert_eq!((status.as_u16(), headers["retry-after"].to_str().unwrap()), (503, "1"));
    assert!(body.contains("no server leads at the moment"), "{body}");
    assert_eq!(headers["content-type"], "application/problem+json");
    // One that was passed on goes no further, though a leader is known.
    let leader = Leader { node: "b".to_owned(), url: "http://127.0.0.1:9".to_owned(), epoch: 1 };
    views.send_replace(View { leader: Some(leader), ..View::default() });
    let word = aside.vouch("c", Origin::Network(caller().address)).unwrap();
    let request = get("/api/v1/hosts").header(MEMBER, word).body(Body::empty()).unwrap();
    let (status, _, body) = ask(front.router(), request).await;
    assert!(status.as_u16() == 503 && body.contains("no server leads"), "{body}");
    // And one that cannot be reached is no reason to wait.
    let request = get("/api/v1/hosts").body(Body::empty()).unwrap();
    let (status, _, body) = ask(front.router(), request).await;
    assert!(status.as_u16() == 503 && body.contains("cannot be reached"), "{body}");
    // What is this server's own is answered here.
    let request = get("/metrics").body(Body::empty()).unwrap();
    let (status, ..) = ask(front.router(), request).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn requests_travel_as_they_are_with_where_they_came_from() {
    async fn echo(request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let header = |name: &str| parts.headers.get(name).map_or("", |v| v.to_str().unwrap());
        let text = format!(
            "{} {} auth={} connection={} own={}\n{}\n{}",
            parts.method,
            parts.uri,
            header("authorization"),
            header("connection"),
            header("x-hop"),
            header(MEMBER),
            String::from_utf8_lossy(&body)
        );
        let mut answer = Response::new(Body::from(text));
        *answer.status_mut() = StatusCode::IM_A_TEAPOT;
        answer.headers_mut().insert("etag", HeaderValue::from_static("\"7\""));
        answer
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await });
    let leader = Leader { node: "b".to_owned(), url, epoch: 1 };
    let (_views, view) = watch::channel(View { leader: Some(leader), ..View::default() });
    let (front, aside) = front(view);
    let request = Request::post("/api/v1/x?y=%20z")
        .extension(caller())
        .header("authorization", "Bearer t")
        .header("connection", "keep-alive, x-hop")
        .header("x-hop", "1")
        .body(Body::from("the body"))
        .unwrap();
    let (status, headers, text) = ask(front.router(), request).await;
    assert_eq!(status, StatusCode::IM_A_TEAPOT);
    assert_eq!(headers["etag"], "\"7\"");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "POST /api/v1/x?y=%20z auth=Bearer t connection= own=");
    assert_eq!(aside.vouched(lines[1]), Some(Origin::Network(caller().address)));
    assert_eq!(lines[2], "the body");
}

#[tokio::test]
async fn only_a_member_says_where_a_request_came_from() {
    let (_, view) = watch::channel(View::default());
    let (front, aside) = front(view);
    let (handle, asks) = Handle::channel();
    drop(asks);
    front.lead(handle.clone(), CancellationToken::new(), || true);
    let said = async |word: &str| {
        let request = get("/api/v1/engine").header(MEMBER, word).body(Body::empty()).unwrap();
        ask(front.router(), request).await.0.as_u16()
    };
    // The key of the engine here is another one than that of the stranger.
    let foreign = aside.vouch("c", Origin::Socket("root".to_owned())).unwrap();
    for word in ["", "x", &*foreign] {
        assert_eq!(said(word).await, 403, "{word}");
    }
    // From the socket of a member: as from the own one. The engine is gone, which is 503.
    let word = handle.vouch("c", Origin::Socket("root".to_owned())).unwrap();
    assert_eq!(said(&word).await, 503);
    let word = handle.vouch("c", Origin::Network(caller().address)).unwrap();
    assert_eq!(said(&word).await, 401, "over the network one shows a proof");
    let mut twice = get("/api/v1/engine").header(MEMBER, &word);
    twice = twice.header(MEMBER, &word);
    assert_eq!(ask(front.router(), twice.body(Body::empty()).unwrap()).await.0.as_u16(), 403);
}
