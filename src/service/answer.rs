//! Answers of handlers: a response at once, or a wait for jobs or mail.

use super::http::Response;
use super::{Cx, Event, chat, panel, pi, pow, site, store};
use std::time::Instant;

/// The answer of a handler.
#[derive(Debug)]
pub enum Answer {
    /// The response.
    Ready(Response),
    /// A wait that ends in a response.
    Wait(Pending),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Answer {
        Answer::Ready(response)
    }
}

/// A request that waits for jobs or mail.
pub trait Wait {
    /// Returns the time of the next [`Event::Tick`], if one is wanted.
    fn deadline(&self) -> Option<Instant>;

    /// Handles an event. Returns the response if that was the last part missing.
    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response>;

    /// Returns true if the end of the client's input ends the wait.
    fn wants_eof(&self) -> bool {
        false
    }

    /// Handles early input of a client that waits for its answer: the input stays where it is, and
    /// so does its end.
    fn interrupted(&mut self) {}
}

/// Defines [`Pending`] and makes each wait an [`Answer`].
macro_rules! pending {
    ($($(#[$doc:meta])* $name:ident($wait:ty),)*) => {
        /// All that a request may wait for.
        #[derive(Debug)]
        pub enum Pending {
            $($(#[$doc])* $name($wait),)*
        }

        $(impl From<$wait> for Answer {
            fn from(wait: $wait) -> Answer {
                Answer::Wait(Pending::$name(wait))
            }
        })*

        impl Wait for Pending {
            fn deadline(&self) -> Option<Instant> {
                match self { $(Pending::$name(wait) => wait.deadline(),)* }
            }

            fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
                match self { $(Pending::$name(wait) => wait.news(event, cx),)* }
            }

            fn wants_eof(&self) -> bool {
                match self { $(Pending::$name(wait) => wait.wants_eof(),)* }
            }

            fn interrupted(&mut self) {
                match self { $(Pending::$name(wait) => wait.interrupted(),)* }
            }
        }
    };
}

pending! {
    /// The count of a request about π, and its work.
    Pi(pi::Pending),
    /// A search for a proof.
    Search(pow::api::Pending),
    /// The record of a spent proof.
    Spend(pow::spend::Pending),
    /// Rows of the chat's database.
    Chat(chat::api::Pending),
    /// A report of a load test.
    Report(panel::archive::Pending),
    /// The figures of the process.
    Metrics(panel::metrics::Pending),
    /// A file of the site.
    File(site::Pending),
    /// The look for the site's directory.
    Readiness(site::Readiness),
    /// Whatever a request to the bookstore waits for.
    Store(store::Waiting),
}
