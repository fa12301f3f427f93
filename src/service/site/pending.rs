//! A request that waits for a file.

use super::resource;
use super::table::{Fetched, Kept};
use super::{BUSY, Goal, NOWHERE, hit, listing, only_read, order, respond};
use crate::limits;
use crate::service::http::{CacheStatus, Response, Style, text};
use crate::service::{Cx, Effect, Event, Mail, Refusal, Ticket, Wait};
use crate::wire::Parse;
use crate::wire::http::{Fields, Head, Scan, head as parse_head};
use crate::work::files::{self, NoFile};
use crate::work::{Compute, Job, Outcome};
use percent_encoding::{AsciiSet, percent_encode};
use std::time::Instant;

/// A request in the state of waiting.
#[derive(Debug)]
pub struct Pending {
    /// The head as it was received.
    pub(super) head: Box<[u8]>,
    pub(super) path: Box<[u8]>,
    pub(super) goal: Goal,
    pub(super) ticket: Ticket,
    pub(super) until: Instant,
    pub(super) tries: u32,
}

impl Wait for Pending {
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        let bytes = std::mem::take(&mut self.head);
        let (mut fields, mut scan) = (Fields::new(), Scan::default());
        let limits = cx.world.web.limits;
        let Parse::Done(head, _) = parse_head(&bytes, &mut scan, &limits, &mut fields) else {
            unreachable!("a head that was complete once is complete again")
        };
        let response = match event {
            Event::Mail(Mail::Fetched(ticket, fetched)) if ticket == self.ticket => {
                self.fetched(&fetched, &head, cx)
            }
            Event::Done(ticket, Outcome::Files(outcome)) if ticket == self.ticket => {
                self.looked(outcome, &head, cx)
            }
            Event::Done(..) => Some(self.error(500, BROKEN, &head)),
            Event::Refused(Refusal::Job(_)) => Some(self.error(503, BUSY, &head)),
            Event::Tick if cx.now >= self.until => Some(self.error(503, BUSY, &head)),
            Event::Opened { .. }
            | Event::Bytes
            | Event::Eof
            | Event::Tick
            | Event::Mail(_)
            | Event::Refused(Refusal::Input | Refusal::Connection(_)) => None,
        };
        self.head = bytes;
        response
    }
}

impl Pending {
    fn fetched(
        &mut self,
        fetched: &Fetched,
        head: &Head<'_, '_>,
        cx: &mut Cx<'_>,
    ) -> Option<Response> {
        match fetched {
            Fetched::File(kept) if self.suits(kept, head) => {
                let kept_or_not = if kept.kept { CacheStatus::Miss } else { CacheStatus::Bypass };
                Some(respond(&kept.variant, head, self.goal, kept_or_not, cx))
            }
            Fetched::File(_) => {
                self.tries += 1;
                self.look_again(head, cx)
            }
            Fetched::Known => self.look_again(head, cx),
            Fetched::No(no) => self.without_file(no, head, cx),
            Fetched::Alone => {
                let lookup = cx.world.site.lookup(&self.path, order(head), cx.wall);
                let job = Job::Compute(Compute::Files(Box::new(files::Job::lookup(lookup))));
                cx.effects.push(Effect::Submit(self.ticket, job));
                None
            }
        }
    }

    fn without_file(
        &mut self,
        no: &NoFile,
        head: &Head<'_, '_>,
        cx: &mut Cx<'_>,
    ) -> Option<Response> {
        match no {
            NoFile::Directory => Some(self.redirect(head)),
            NoFile::Listing(_) if self.goal == Goal::Refusal => Some(only_read(head)),
            NoFile::Listing(document) if document.form == listing::form(head) => {
                let mut response = listing::response(document, head);
                response.cache = Some(CacheStatus::Bypass);
                Some(response)
            }
            NoFile::Listing(_) => {
                self.tries += 1;
                self.look_again(head, cx)
            }
            NoFile::Missing => self.fail(404, NOWHERE, head, cx),
            NoFile::Denied => {
                Some(self.error(403, "This file is not for the server to read.", head))
            }
            NoFile::Failed => self.fail(500, BROKEN, head, cx),
            NoFile::Busy => self.fail(503, BUSY, head, cx),
            NoFile::Rootless => self.fail(503, ROOTLESS, head, cx),
        }
    }

    /// Returns true if a file fetched for another request suits this one, too.
    fn suits(&self, kept: &Kept, head: &Head<'_, '_>) -> bool {
        let is_there = !matches!(kept.variant.content, files::Content::None);
        let choice = resource::choose(&kept.state, kept.packs, head.fields("accept-encoding"));
        let suits = kept.variant.coding == choice || self.tries >= TRIES;
        suits && is_there || self.goal == Goal::Refusal
    }

    /// Looks into the cache again; if the file is not there, it is fetched for this request.
    fn look_again(&mut self, head: &Head<'_, '_>, cx: &mut Cx<'_>) -> Option<Response> {
        if let Some(response) = hit(&self.path, head, self.goal, true, cx) {
            return Some(response);
        }
        let waiter = Some((cx.id, self.ticket));
        let site = &mut cx.world.site;
        let joined = self.tries <= TRIES + 1
            && site.fetches.join(&self.path, order(head), waiter, cx.effects).is_ok();
        if joined { None } else { Some(self.error(503, BUSY, head)) }
    }

    /// Finishes a lookup for this request alone, made because no fetch could be started.
    fn looked(
        &mut self,
        outcome: files::Outcome,
        head: &Head<'_, '_>,
        cx: &mut Cx<'_>,
    ) -> Option<Response> {
        let fetched = match outcome {
            files::Outcome::Found(found) => {
                let variant = cx.world.site.variant(&self.path, &found, false, cx.wall);
                return Some(respond(&variant, head, self.goal, CacheStatus::Bypass, cx));
            }
            files::Outcome::No(no) => cx.world.site.without_file(no),
            files::Outcome::Unsettled(_)
            | files::Outcome::Rooted
            | files::Outcome::Same
            | files::Outcome::Warm
            | files::Outcome::Changed => Fetched::No(NoFile::Failed),
        };
        self.fetched(&fetched, head, cx)
    }

    /// Answers a request for a file with an error; a request for an error page with the plain
    /// error.
    fn fail(
        &mut self,
        status: u16,
        detail: &'static str,
        head: &Head<'_, '_>,
        cx: &mut Cx<'_>,
    ) -> Option<Response> {
        if let Goal::Error(first, _) = self.goal {
            let place = usize::from(first != 404);
            cx.world.site.absent[place] = Some(cx.now + limits::RECHECK);
            return Some(self.error(status, detail, head));
        }
        self.goal = Goal::Error(status, detail);
        self.path = self.goal.error_path().into();
        let absent = cx.world.site.absent[usize::from(status != 404)];
        if Style::of(head) != Style::Page || absent.is_some_and(|until| until > cx.now) {
            return Some(self.error(status, detail, head));
        }
        self.look_again(head, cx)
    }

    /// Returns the plain error about the first problem.
    fn error(&self, status: u16, detail: &'static str, head: &Head<'_, '_>) -> Response {
        let (status, detail) = match self.goal {
            Goal::File | Goal::Refusal => (status, detail),
            Goal::Error(status, detail) => (status, detail),
        };
        let response = Style::of(head).error(status, detail);
        if status == 503 { response.retry_after(1) } else { response }
    }

    /// Redirects to the same path with a slash at its end. The path is printed again instead of
    /// copied, so that nothing in it can break out of the field.
    fn redirect(&self, head: &Head<'_, '_>) -> Response {
        match self.goal {
            Goal::File => {}
            Goal::Refusal => return only_read(head),
            Goal::Error(..) => return self.error(404, NOWHERE, head),
        }
        let query = head.target.query().map(|query| percent_encode(query.as_bytes(), QUERY));
        let query = query.map_or(String::new(), |query| format!("?{query}"));
        let path = percent_encode(&self.path, PATH);
        text(308, "It is a directory.\n").field("Location", format!("{path}/{query}"))
    }
}

const ROOTLESS: &str = "The directory of the site is not there at the moment.";
const BROKEN: &str = "The server could not read this file.";

/// Attempts of a request that got another encoding than it wanted: one for each encoding.
const TRIES: u32 = 4;

/// The characters that need no escape in a path: segments, and the slashes between them.
const PATH: &AsciiSet = &files::SEGMENT.remove(b'/');

/// The characters that need no escape in a query. Escapes stay as they are.
const QUERY: &AsciiSet = &PATH
    .remove(b'%')
    .remove(b'=')
    .remove(b'&')
    .remove(b'+')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'*')
    .remove(b',')
    .remove(b';');
