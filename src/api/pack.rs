//! Answers over the network are packed (gzip) for who takes that, events as they happen too.
//!
//! The packer gives out what it has whenever nothing more is there to pack, so an event is on its
//! way at once. Never: over the socket, where a copy is cheaper than any packing.

use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

/// Answers with fewer bytes go as they are: they fit a packet anyway. So does every answer with a
/// secret in it (a session, a new token), whose length then tells nothing about it.
const SMALLEST: u16 = 1024;

/// What packs answers. The quickest level: it finds nearly all that JSON repeats, and a stream of
/// events is packed for each console by itself.
pub(super) fn layer() -> CompressionLayer<SizeAbove> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(SMALLEST))
}
