//! What waits for one receiver: bounded by its samples; full, the oldest goes.

use std::collections::VecDeque;

use super::parcel::{Body, Parcel};
use crate::model::Steady;

/// The parcels of one receiver, oldest first.
#[derive(Debug)]
pub(super) struct Queue {
    limit: usize,
    parcels: VecDeque<(Steady, Parcel)>,
    samples: usize,
    is_closed: bool,
}

impl Queue {
    pub fn new(limit: usize) -> Self {
        Self { limit, parcels: VecDeque::new(), samples: 0, is_closed: false }
    }

    /// Adds a parcel; gives how many samples had to go for it. One that is larger than the whole
    /// queue is taken when nothing else waits. The word that a source is gone is small and stays: else
    /// its series would seem to go on.
    pub fn push(&mut self, parcel: Parcel, now: Steady) -> usize {
        let mut dropped = 0;
        let size = parcel.samples();
        let mut kept = Vec::new();
        while self.samples + size > self.limit
            && let Some((since, oldest)) = self.parcels.pop_front()
        {
            self.samples -= oldest.samples();
            // So many of them that they fill the queue go too.
            if matches!(oldest.body, Body::Gone) && kept.len() < self.limit / 4 {
                kept.push((since, oldest));
            } else {
                dropped += oldest.samples();
            }
        }
        for (since, gone) in kept.into_iter().rev() {
            self.samples += gone.samples();
            self.parcels.push_front((since, gone));
        }
        self.samples += size;
        self.parcels.push_back((now, parcel));
        dropped
    }

    /// The oldest parcel.
    pub fn pop(&mut self) -> Option<(Steady, Parcel)> {
        let (since, parcel) = self.parcels.pop_front()?;
        self.samples -= parcel.samples();
        Some((since, parcel))
    }

    /// Samples that wait.
    pub const fn samples(&self) -> usize {
        self.samples
    }

    /// Since when the oldest waits.
    pub fn oldest(&self) -> Option<Steady> {
        self.parcels.front().map(|(since, _)| *since)
    }

    /// Nothing more will come.
    pub fn close(&mut self) {
        self.is_closed = true;
    }

    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Forgets everything; gives how many samples that were.
    pub fn clear(&mut self) -> usize {
        self.parcels.clear();
        std::mem::take(&mut self.samples)
    }
}
