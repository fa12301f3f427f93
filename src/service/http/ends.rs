//! Early ends of an HTTP connection: bytes that are not a request, the end of the input, timeouts.

use super::exchange::Exchange;
use super::response::Style;
use super::route::Router;
use super::{Session, Stage};
use crate::buf::RecvBuf;
use crate::service::{Cx, Event, Wait};
use crate::stats::Close;
use crate::wire::http::Bad;

/// Returns the form of errors for a refused head, as far as its valid part tells; the last of the
/// `seen` bytes is the invalid one, or a complete head violates a rule about its meaning. Nothing
/// else is taken from it, and the form is always one of ours.
pub(super) fn style(router: impl Router, input: &[u8], seen: usize) -> Style {
    let head = if seen > 0 { &input[..seen - 1] } else { input };
    let mut lines = head.trim_ascii_start().split(|byte| *byte == b'\n');
    let target = lines.next().and_then(|line| line.split(|byte| *byte == b' ').nth(1));
    let path = target.and_then(|target| target.split(|byte| *byte == b'?').next());
    let path = path.and_then(|path| std::str::from_utf8(path).ok()).unwrap_or_default();
    let accepted = lines.take_while(|line| *line != b"\r").filter_map(|line| {
        let (name, value) = line.split_at_checked(b"accept:".len())?;
        name.eq_ignore_ascii_case(b"accept:").then_some(value.trim_ascii())
    });
    router.style(path).unwrap_or_else(|| Style::wanted(path, &accepted))
}

impl<R: Router> Session<R> {
    /// Answers bytes that are not a request.
    pub(super) fn refuse(
        &mut self,
        reason: Bad,
        exchange: Exchange<'static>,
        style: Style,
        cx: &mut Cx<'_>,
    ) {
        let response = style.error(reason.status(), reason.text());
        let why = match reason.status() {
            414 | 431 => Close::TooLarge,
            _ => Close::BadInput,
        };
        cx.stats.parse_errors.add(reason.name());
        self.finish(exchange, &response, why, cx);
    }

    pub(super) fn end_of_input(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) {
        self.router.closed(cx);
        match &self.stage {
            Stage::Waiting(waiting) if waiting.1.wants_eof() => {
                self.stage = Stage::Done(Close::Peer);
            }
            Stage::Waiting(_) | Stage::Sending(_) | Stage::Done(_) => {}
            Stage::Idle | Stage::Head(_) | Stage::Body(_) | Stage::Skipping(_) => {
                recv.clear();
                self.stage = Stage::Done(Close::Peer);
            }
        }
    }

    pub(super) fn overdue(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) {
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Idle if self.answered > 0 => self.stage = Stage::Done(Close::Idle),
            Stage::Idle => self.stage = Stage::Done(Close::HeadTimeout),
            Stage::Head(_) => {
                let response = Style::Page.error(408, "The request head took too long.");
                let exchange = Exchange::unreadable(recv.bytes(), None, cx);
                self.finish(exchange, &response, Close::HeadTimeout, cx);
            }
            Stage::Body(receiving) => {
                let response = receiving.style.error(408, "The request body took too long.");
                self.finish(receiving.exchange, &response, Close::BodyTimeout, cx);
            }
            Stage::Skipping(_) => self.stage = Stage::Done(Close::BodyTimeout),
            Stage::Waiting(waiting) => {
                self.stage = Stage::Waiting(waiting);
                self.news(Event::Tick, cx);
            }
            Stage::Sending(sending) => {
                self.stage = Stage::Sending(sending);
                self.sending(Event::Tick, cx);
            }
            Stage::Done(why) => self.stage = Stage::Done(why),
        }
    }

    /// Gives up the memory of an unfinished request. One that is being answered stays.
    pub(super) fn give_way(&mut self, recv: &mut RecvBuf, cx: &mut Cx<'_>) {
        const FULL: &str = "Too many requests are unfinished. Please come back later.";
        let (exchange, style) = match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Body(receiving) => (receiving.exchange, receiving.style),
            Stage::Head(scan) => {
                let exchange = Exchange::unreadable(recv.bytes(), None, cx);
                (exchange, style(self.router, recv.bytes(), scan.seen()))
            }
            stage @ (Stage::Idle
            | Stage::Skipping(_)
            | Stage::Waiting(_)
            | Stage::Sending(_)
            | Stage::Done(_)) => return self.stage = stage,
        };
        recv.clear();
        let response = style.error(503, FULL).retry_after(1);
        self.finish(exchange, &response, Close::InputFull, cx);
    }
}
