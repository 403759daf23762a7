//! The listener of the network: who may connect, how many, with or without TLS.
//!
//! In: a listener, the certificates to use, the engine.
//! Out: connections that speak to the same router as the Unix socket's.
//! Never: decides who somebody is, or what they may; that is asked for each request.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;
use std::time::Duration;

use axum::{Extension, Router};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::actor::Caller;
use super::exposed::Exposed;
use super::front::Front;
use super::receive::{House, receive};
use super::serve::{FAREWELL, speak};

/// Most connections at a time; more wait in the kernel's queue.
const CONNECTIONS: usize = 4096;
/// Most connections from one address: a jump host with many consoles, but not everything.
const OF_ONE: usize = 512;
/// The time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// What TLS connections begin with now; a change of the files is sent here.
pub type Tls = watch::Receiver<Arc<rustls::ServerConfig>>;

/// Serves the engine on the network until `stop`, then lets requests under way finish.
pub async fn serve_net(
    listener: TcpListener,
    tls: Option<Tls>,
    exposed: Exposed,
    handle: crate::engine::Handle,
    stop: CancellationToken,
) {
    let router = super::network_router(handle, stop.clone()).layer(Extension(exposed));
    take(listener, tls, router, stop).await;
}

/// The same for one of several servers.
pub async fn front_net(
    listener: TcpListener,
    tls: Option<Tls>,
    front: Front,
    stop: CancellationToken,
) {
    take(listener, tls, front.router(), stop).await;
}

async fn take(listener: TcpListener, tls: Option<Tls>, router: Router, stop: CancellationToken) {
    let crowd = Crowd::default();
    let house = House {
        what: "the listener of the API",
        seats: CONNECTIONS,
        farewell: FAREWELL,
        stop: stop.clone(),
    };
    let accept = |cx: &mut Context<'_>| listener.poll_accept(cx);
    let attend = |(stream, address): (TcpStream, SocketAddr)| {
        let Some(place) = crowd.place(address.ip()) else {
            tracing::debug!(%address, "more than {OF_ONE} connections from one address");
            return None;
        };
        let (router, stop, tls) = (router.clone(), stop.clone(), tls.clone());
        Some(async move {
            attend(stream, address, tls, router, stop).await;
            drop(place);
        })
    };
    receive(house, accept, attend).await;
}

async fn attend(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Tls>,
    router: Router,
    stop: CancellationToken,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let router = router.layer(Extension(Caller { address }));
    let Some(tls) = tls else { return speak(stream, router, stop).await };
    let acceptor = TlsAcceptor::from(Arc::clone(&tls.borrow()));
    let shaken = tokio::select! {
        () = stop.cancelled() => return,
        shaken = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => speak(stream, router, stop).await,
        Ok(Err(error)) => tracing::debug!(%address, "no TLS: {error}"),
        Err(_) => tracing::debug!(%address, "no TLS within 10 s"),
    }
}

/// How many connections each address has; as large as the number of connections.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Crowd {
    fn place(&self, address: IpAddr) -> Option<Place> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = known.entry(address).or_default();
        if *count >= OF_ONE {
            return None;
        }
        *count += 1;
        Some(Place { crowd: self.clone(), address })
    }
}

/// One connection of an address; gone when dropped.
struct Place {
    crowd: Crowd,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut known = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = known.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                known.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_every_seat_and_what_it_gives_back_is_free() {
        let crowd = Crowd::default();
        let (one, other): (IpAddr, IpAddr) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let mut held: Vec<Place> = (0..OF_ONE).filter_map(|_| crowd.place(one)).collect();
        assert_eq!(held.len(), OF_ONE);
        assert!(crowd.place(one).is_none() && crowd.place(other).is_some());
        held.pop();
        assert!(crowd.place(one).is_some());
        held.clear();
        assert!(crowd.0.lock().unwrap().is_empty(), "nobody is remembered");
    }
}
