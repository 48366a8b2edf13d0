//! Messages between regions: lost, repeated, delayed without bound, and delivered in any order.

use super::model_reseal::Sealed;
use super::prng::Prng;
use kms_domain::multi_region::{Parcel, ParcelReceipt};
use std::rc::Rc;

/// Messages in flight; beyond this the oldest are lost.
const IN_FLIGHT_MAX: usize = 4_096;

/// Messages that a listener keeps.
const RECORDED_MAX: usize = 64;

/// One message. Regions are named by their index.
#[derive(Clone)]
pub(crate) enum Message {
    Shipment {
        from: usize,
        to: usize,
        shipment: Rc<Parcel<Sealed>>,
    },
    Answer {
        from: usize,
        to: usize,
        receipt: Rc<ParcelReceipt>,
    },
}

impl Message {
    pub(crate) fn ends(&self) -> (usize, usize) {
        match self {
            Self::Shipment { from, to, .. } | Self::Answer { from, to, .. } => (*from, *to),
        }
    }
}

/// How bad the network is, in percent of messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) lost: usize,
    pub(crate) repeated: usize,
    pub(crate) reordered: bool,
}

impl Weather {
    pub(crate) const FAIR: Self = Self {
        lost: 0,
        repeated: 0,
        reordered: false,
    };
    pub(crate) const FOUL: Self = Self {
        lost: 15,
        repeated: 20,
        reordered: true,
    };
}

/// What is in flight.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) weather: Weather,
    in_flight: Vec<Message>,
    /// How many of a hundred messages are recorded, until there are enough.
    pub(crate) recorded_percent: usize,
    /// Old messages, kept by a region that records what passes and plays it back.
    pub(crate) recorded: Vec<Message>,
}

impl Network {
    pub(crate) fn new(weather: Weather) -> Self {
        Self {
            weather,
            in_flight: Vec::new(),
            recorded_percent: 5,
            recorded: Vec::new(),
        }
    }

    pub(crate) fn send(&mut self, message: Message) {
        if self.weather.reordered && self.in_flight.len() >= IN_FLIGHT_MAX {
            self.in_flight.remove(0);
        }
        self.in_flight.push(message);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// The next message to arrive, if it is not lost. A repeated one stays in flight.
    pub(crate) fn next(&mut self, prng: &mut Prng) -> Option<Message> {
        if self.in_flight.is_empty() {
            return None;
        }
        let index = if self.weather.reordered {
            prng.below(self.in_flight.len())
        } else {
            0
        };
        if self.recorded.len() < RECORDED_MAX && prng.chance(self.recorded_percent) {
            self.recorded.push(self.in_flight[index].clone());
        }
        if prng.chance(self.weather.repeated) {
            return Some(self.in_flight[index].clone());
        }
        let message = if self.weather.reordered {
            self.in_flight.swap_remove(index)
        } else {
            self.in_flight.remove(index)
        };
        (!prng.chance(self.weather.lost)).then_some(message)
    }
}
