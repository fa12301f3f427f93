//! One question to any server: send a few bytes, check the beginning of the answer, and read it.
//!
//! ```text
//!   Asking ─answer begins as it should→ Listening ─its end→ Done
//!     └── begins otherwise, ends early, too late ──────────▶
//! ```
//! Nothing of the answer is kept: the memory for many of these clients is small.

use crate::app::{self, App, Deadline, Id, Progress};
use crate::buf::RecvBuf;
use crate::stats::Close;
use std::time::Instant;

/// The application: clients that ask one question each.
#[derive(Debug)]
pub struct Questions;

impl App for Questions {
    type Kind = Once;
    type Session = Session;
    type World = ();
    type Mail = ();
    type Record = ();
}

type Event = app::Event<()>;
type Cx<'a> = app::Cx<'a, Questions>;

/// The question and the expected answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// The bytes to send when the connection is established.
    pub say: &'static [u8],
    /// The expected beginning of the answer; at least one byte is expected in any case.
    pub begins: &'static [u8],
    /// The end of the answer.
    pub until: Until,
    /// The time limit.
    pub deadline: Instant,
}

/// The kinds of ends of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The answer ends with its first line.
    Line,
    /// The answer ends with the connection.
    End,
}

/// The state of a question.
#[derive(Debug)]
pub struct Session {
    once: Once,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Asking,
    Listening,
    Done(Close),
}

impl app::Session<Questions> for Session {
    fn open(once: Once, _id: Id, _now: Instant) -> Session {
        Session { once, stage: Stage::Asking }
    }

    fn handle(&mut self, event: Event, recv: &mut RecvBuf, cx: &mut Cx<'_>) -> Progress {
        match (self.stage, event) {
            (Stage::Asking, Event::Opened { .. }) => cx.send.push(self.once.say),
            (Stage::Asking | Stage::Listening, Event::Bytes) => self.receive(recv),
            (Stage::Asking | Stage::Listening, Event::Eof) => {
                self.receive(recv);
                self.stage = Stage::Done(self.at_end());
            }
            (Stage::Asking | Stage::Listening, Event::Tick) if self.once.deadline <= cx.now => {
                self.stage = Stage::Done(Close::ReplyTimeout);
            }
            (Stage::Asking | Stage::Listening, Event::Refused(_)) => {
                self.stage = Stage::Done(Close::Lost);
            }
            (Stage::Asking | Stage::Listening | Stage::Done(_), _) => {}
        }
        Progress::Starved
    }

    fn deadline(&self) -> Option<Deadline> {
        Some(Deadline::Busy(self.once.deadline))
    }

    fn is_done(&self) -> Option<Close> {
        match self.stage {
            Stage::Done(why) => Some(why),
            Stage::Asking | Stage::Listening => None,
        }
    }
}

impl Session {
    fn receive(&mut self, recv: &mut RecvBuf) {
        if let Stage::Asking = self.stage {
            if recv.len() < self.once.begins.len().max(1) {
                return;
            }
            let good = recv.bytes().starts_with(self.once.begins);
            self.stage = if good { Stage::Listening } else { Stage::Done(Close::BadInput) };
        }
        if let (Stage::Listening, Until::Line) = (self.stage, self.once.until)
            && recv.bytes().contains(&b'\n')
        {
            self.stage = Stage::Done(Close::Finished);
        }
        recv.clear();
    }

    /// Returns the result at the end of input, which is success if the answer ends that way.
    fn at_end(&self) -> Close {
        match (self.stage, self.once.until) {
            (Stage::Listening, Until::End) => Close::Finished,
            (Stage::Done(why), _) => why,
            (Stage::Asking, _) | (Stage::Listening, Until::Line) => Close::Peer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{InPlace, Refusal, Session as _};
    use crate::buf::SendBuf;
    use crate::stats::Stats;
    use std::time::{Duration, SystemTime};

    /// Returns the result for an answer in these pieces, followed by `last`.
    fn asked(until: Until, pieces: &[&str], last: Option<Event>) -> Option<Close> {
        let now = Instant::now();
        let deadline = now + Duration::from_secs(1);
        let once = Once { say: b"hello\n", begins: b"ok", until, deadline };
        let id = Id { slot: 0, generation: 0 };
        let mut session = Session::open(once, id, now);
        let (mut recv, mut send) = (RecvBuf::default(), SendBuf::default());
        let opened = Event::Opened { local: None };
        let bytes = pieces.iter().map(|piece| (Event::Bytes, *piece));
        let events = [(opened, "")].into_iter().chain(bytes).chain(last.map(|event| (event, "")));
        for (event, piece) in events {
            recv.extend(piece.as_bytes());
            let mut cx = Cx {
                id,
                peer: ([127, 0, 0, 1], 1).into(),
                now: if matches!(event, Event::Tick) { deadline } else { now },
                wall: SystemTime::UNIX_EPOCH,
                draining: false,
                send: &mut send,
                world: &mut (),
                stats: &mut Stats::default(),
                rng: &mut fastrand::Rng::with_seed(1),
                in_place: &mut InPlace::fresh(),
                log: &mut Vec::new(),
                effects: &mut Vec::new(),
            };
            session.handle(event, &mut recv, &mut cx);
        }
        assert_eq!(send.len(), 6, "it said what it had to say, once");
        session.is_done()
    }

    #[test]
    fn an_answer_ends_with_its_line_or_with_the_connection() {
        assert_eq!(asked(Until::Line, &["o", "k then", "\n"], None), Some(Close::Finished));
        assert_eq!(asked(Until::Line, &["ok"], None), None);
        assert_eq!(asked(Until::Line, &["ok"], Some(Event::Eof)), Some(Close::Peer));
        assert_eq!(asked(Until::End, &["ok\n", "more"], None), None);
        assert_eq!(asked(Until::End, &["ok\n"], Some(Event::Eof)), Some(Close::Finished));
        assert_eq!(asked(Until::End, &[], Some(Event::Eof)), Some(Close::Peer));
    }

    #[test]
    fn other_bytes_silence_and_lost_connections_are_no_answers() {
        assert_eq!(asked(Until::End, &["no"], None), Some(Close::BadInput));
        assert_eq!(asked(Until::End, &["no"], Some(Event::Eof)), Some(Close::BadInput));
        assert_eq!(asked(Until::Line, &[], Some(Event::Tick)), Some(Close::ReplyTimeout));
        let lost = Event::Refused(Refusal::Connection(Close::Lost));
        assert_eq!(asked(Until::Line, &["ok"], Some(lost)), Some(Close::Lost));
    }
}
