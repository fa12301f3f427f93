//! Tokens: the kernel's names for sources of events.

use crate::app::Id;
use mio::Token;

/// A source of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A connection.
    Conn(Id),
    /// A listener or datagram socket, by its index in their list.
    Listener(usize),
    /// Workers or databases have outcomes.
    Waker,
    /// A signal has arrived.
    Signals,
    /// The timer of a load has fired.
    TimerFd,
}

/// Slots from this one on name other sources than connections.
const LISTENERS: usize = u32::MAX as usize - 65_536;
const WAKER: usize = u32::MAX as usize;
const SIGNALS: usize = u32::MAX as usize - 1;
const TIMER_FD: usize = u32::MAX as usize - 2;

impl Source {
    /// Encodes the source: the slot in the lower half, the generation in the upper.
    pub fn token(self) -> Token {
        match self {
            Source::Conn(id) => Token((id.generation as usize) << 32 | id.slot as usize),
            Source::Listener(index) => Token(LISTENERS + index),
            Source::Waker => Token(WAKER),
            Source::Signals => Token(SIGNALS),
            Source::TimerFd => Token(TIMER_FD),
        }
    }

    /// Returns the source that a token names.
    pub fn of(token: Token) -> Source {
        match token.0 & u32::MAX as usize {
            WAKER => Source::Waker,
            SIGNALS => Source::Signals,
            TIMER_FD => Source::TimerFd,
            slot if slot >= LISTENERS => Source::Listener(slot - LISTENERS),
            slot => Source::Conn(Id { slot: slot as u32, generation: (token.0 >> 32) as u32 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_survives_the_trip_through_the_kernel() {
        let id = |slot, generation| Source::Conn(Id { slot, generation });
        for source in [
            id(0, 0),
            id(65_535, u32::MAX),
            id(7, 1),
            Source::Listener(0),
            Source::Listener(999),
            Source::Waker,
            Source::Signals,
            Source::TimerFd,
        ] {
            assert_eq!(Source::of(source.token()), source);
        }
    }
}
