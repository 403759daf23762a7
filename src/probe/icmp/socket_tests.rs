//! Ping sockets: matching, privileges, many at once.

use proptest::prelude::*;

use super::*;

const TARGET: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
const ROUTER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 254));

/// A socket that hears what a test tells it; sends nothing and needs no privilege.
async fn deaf(raw: bool) -> Arc<PingSocket> {
    let waiting = Mutex::new(Waiting { next: 65_534, requests: HashMap::new() });
    let inner = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    Arc::new(PingSocket { inner, raw, identifier: 7, waiting })
}

fn request(socket: &Arc<PingSocket>, target: IpAddr) -> Outstanding {
    let nonce = rand::random();
    let (answer, receiver) = oneshot::channel();
    let sequence = socket.waiting().register(target, Request { nonce, answer }).unwrap();
    let key = (target, sequence);
    Outstanding { socket: Arc::clone(socket), key, nonce, answer: receiver, sent: Instant::now() }
}

/// The IPv4 header that a raw socket delivers before `payload`.
fn with_header(source: IpAddr, destination: IpAddr, payload: &[u8]) -> Vec<u8> {
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (source, destination) else {
        panic!("IPv4 only")
    };
    let length = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 1, 0, 0];
    packet.extend(source.octets());
    packet.extend(destination.octets());
    packet.extend(payload);
    packet
}

fn echo_reply(outstanding: &Outstanding, identifier: u16) -> Vec<u8> {
    let (target, sequence) = outstanding.key;
    let mut packet = echo_request(target, identifier, sequence, outstanding.nonce, 56);
    packet[0] = 0;
    packet
}

fn answered(outstanding: &mut Outstanding) -> Option<Answer> {
    outstanding.answer.try_recv().ok()
}

#[tokio::test]
async fn an_answer_needs_address_identifier_sequence_and_nonce() {
    let socket = deaf(true).await;
    let now = Instant::now();
    let mut ours = request(&socket, TARGET);
    let own = echo_reply(&ours, 7);
    let mut forged = own.clone();
    forged[HEADER] ^= 1;
    socket.take(&with_header(TARGET, ROUTER, &forged), TARGET, now);
    socket.take(&with_header(TARGET, ROUTER, &echo_reply(&ours, 8)), TARGET, now);
    socket.take(&with_header(ROUTER, ROUTER, &own), ROUTER, now);
    socket.take(&with_header(TARGET, ROUTER, &own[..12]), TARGET, now);
    assert_eq!(answered(&mut ours), None, "none of these is the answer");
    socket.take(&with_header(TARGET, ROUTER, &own), TARGET, now);
    assert_eq!(answered(&mut ours), Some(Answer::Echo(now)));
    // A duplicate finds nobody, and the key is free again.
    socket.take(&with_header(TARGET, ROUTER, &own), TARGET, now);
    assert!(socket.waiting().requests.is_empty());
}

#[tokio::test]
async fn a_datagram_sockets_answers_come_without_ip_header() {
    let socket = deaf(false).await;
    let mut ours = request(&socket, TARGET);
    // The kernel has put an identifier of its own.
    let reply = echo_reply(&ours, 4242);
    socket.take(&reply, TARGET, Instant::now());
    assert!(matches!(answered(&mut ours), Some(Answer::Echo(_))));
    let target = IpAddr::from(std::net::Ipv6Addr::LOCALHOST);
    let mut ours = request(&socket, target);
    let mut reply = echo_reply(&ours, 4242);
    reply[0] = 129;
    socket.take(&reply, target, Instant::now());
    assert!(matches!(answered(&mut ours), Some(Answer::Echo(_))));
}

#[tokio::test]
async fn icmp_errors_find_their_request_and_redirects_are_none() {
    let socket = deaf(true).await;
    for (kind, code, wanted) in [
        (3, 1, Some(("host unreachable, said by 10.0.0.254", true))),
        (3, 0, Some(("network unreachable, said by 10.0.0.254", false))),
        (3, 13, Some(("forbidden by a filter, said by 10.0.0.254", false))),
        (11, 0, Some(("time to live exceeded (routing loop), said by 10.0.0.254", false))),
        (5, 1, None),
    ] {
        let mut ours = request(&socket, TARGET);
        let (target, sequence) = ours.key;
        let sent = with_header(ROUTER, target, &echo_request(target, 7, sequence, ours.nonce, 8));
        let mut error = vec![kind, code, 0, 0, 0, 0, 0, 0];
        error.extend(&sent[..28]);
        socket.take(&with_header(ROUTER, ROUTER, &error), ROUTER, Instant::now());
        let wanted = wanted.map(|(text, host)| Answer::Error { text: text.to_owned(), host });
        assert_eq!(answered(&mut ours), wanted, "type {kind} code {code}");
    }
}

#[tokio::test]
async fn sequence_numbers_of_one_address_never_collide() {
    let socket = deaf(false).await;
    // The counter wraps on the way.
    let requests: Vec<Outstanding> = (0..500).map(|_| request(&socket, TARGET)).collect();
    let numbers: std::collections::HashSet<u16> = requests.iter().map(|one| one.key.1).collect();
    assert_eq!(numbers.len(), 500);
    // Put the counter back onto numbers that are still out: they are stepped over.
    let first = requests[0].key.1;
    socket.waiting().next = first;
    assert!(!numbers.contains(&request(&socket, TARGET).key.1));
    // A given-up request is forgotten.
    drop(requests);
    assert!(socket.waiting().requests.is_empty());
}

#[tokio::test]
async fn the_receive_buffer_is_as_large_as_the_kernel_grants() {
    match open(TARGET) {
        Ok(socket) => {
            let most = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap();
            let most: usize = most.trim().parse().unwrap();
            let granted = socket2::SockRef::from(&socket.inner).recv_buffer_size().unwrap();
            // The kernel doubles what it grants, for its own bookkeeping.
            assert_eq!(granted, most.min(RECEIVE_BUFFER) * 2);
        }
        Err(error) => assert_eq!(open_failure(TARGET, &error).kind, FailureKind::Denied),
    }
}

#[test]
fn echo_requests_carry_a_right_checksum() {
    for size in [8, 9, 56, 65_000] {
        let packet = echo_request(TARGET, 7, 3, [1, 2, 3, 4, 5, 6, 7, 8], size);
        assert_eq!(packet.len(), HEADER + size);
        assert_eq!(checksum(&packet), 0, "a packet with its checksum sums to zero");
    }
}

proptest! {
    #[test]
    fn no_message_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), raw: bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let socket = deaf(raw).await;
            let _ours = request(&socket, TARGET);
            // Both as it is and behind a head that gets further into the decoders.
            socket.take(&bytes, TARGET, Instant::now());
            socket.take(&bytes, IpAddr::from(std::net::Ipv6Addr::LOCALHOST), Instant::now());
            let error = [&[3, 1, 0, 0], &bytes[..]].concat();
            socket.take(&with_header(TARGET, ROUTER, &error), TARGET, Instant::now());
            let error = [&[1, 3, 0, 0, 0, 0, 0, 0, 0x60], &bytes[..]].concat();
            socket.take(&error, IpAddr::from(std::net::Ipv6Addr::LOCALHOST), Instant::now());
        });
    }
}
