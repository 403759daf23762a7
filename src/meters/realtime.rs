//! Streams of events: who watches, what is looked at, what was sent.

use prometheus::{IntCounterVec, IntGauge};

use super::make::Make;

/// The families of streams.
#[derive(Debug)]
pub struct Realtime {
    connections: IntGauge,
    channels: IntGauge,
    subscriptions: IntGauge,
    messages: IntCounterVec,
}

impl Realtime {
    pub(super) fn new(make: &Make<'_>) -> Self {
        Self {
            connections: make.int_gauge("realtime_connections", "Open streams of consoles."),
            channels: make.int_gauge(
                "realtime_channels",
                "Topics that are looked at: all that happens, each check and each path once.",
            ),
            subscriptions: make
                .int_gauge("realtime_subscriptions", "Topics of all streams together."),
            messages: make.counters(
                "realtime_messages_total",
                "Events sent to streams, by kind.",
                &["channel_type"],
            ),
        }
    }

    /// The streams as they are now.
    pub fn streams(&self, connections: usize, channels: usize, subscriptions: usize) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.connections.set(number(connections));
        self.channels.set(number(channels));
        self.subscriptions.set(number(subscriptions));
    }

    /// An event of a kind was sent to so many streams.
    pub fn sent(&self, kind: &'static str, streams: usize) {
        if streams > 0 {
            let count = u64::try_from(streams).unwrap_or(u64::MAX);
            self.messages.with_label_values(&[kind]).inc_by(count);
        }
    }

    /// Open streams, topics, and topics of all streams.
    #[must_use]
    pub fn numbers(&self) -> (i64, i64, i64) {
        (self.connections.get(), self.channels.get(), self.subscriptions.get())
    }
}
