//! The bookstore as its operators see it: replicas, the cache, and what they may do to a replica.

use super::asks::Pending as StorePending;
use super::log::protocol::Seen;
use super::replicas::Replica;
use super::{Notice, format, front};
use crate::limits;
use crate::service::http::{Answer, Pending as HttpPending, Request, Response, Style, json};
use crate::service::{Cx, Event, Mail, Ticket};
use crate::stats::store::ReplicaState;
use serde_json::json as value;
use std::time::Instant;

/// `/api/store/replicas`.
pub fn replicas(cx: &Cx<'_>) -> Response {
    let store = &cx.world.store;
    let own = store.replicas.iter().map(|replica| {
        let Replica { name, role, phase, seq, digest, requests, errors, problem, .. } = replica;
        let (role, state) = (role.name(), phase.name());
        let lag = store.log.tip.saturating_sub(*seq);
        let problem = problem.as_ref().map_or(String::new(), |problem| {
            format!(",\"problem\":{}", serde_json::Value::from(problem.as_str()))
        });
        format!(
            "{{\"name\":\"{name}\",\"role\":\"{role}\",\"state\":\"{state}\",\"seq\":{seq},\
             \"lag\":{lag},\"digest\":\"{digest:016x}\",\"requests\":{requests},\
             \"errors\":{errors}{problem}}}"
        )
    });
    let followers = store.followers.replicas();
    let following = followers.clone().map(|seen| {
        let name = store.name_of(seen);
        let (role, state) = (seen.role.name(), seen.state.word());
        let Seen { seq, digest, requests, errors, .. } = seen;
        let lag = store.log.tip.saturating_sub(*seq);
        format!(
            "{{\"name\":\"{name}\",\"role\":\"{role}\",\"state\":\"{state}\",\"seq\":{seq},\
             \"lag\":{lag},\"digest\":\"{digest:016x}\",\"requests\":{requests},\
             \"errors\":{errors}}}"
        )
    });
    let elsewhere = store.front.seen(cx.now).into_iter();
    let elsewhere = elsewhere
        .filter(|peer| store.replicas.iter().all(|replica| replica.name != peer.name))
        .filter(|peer| followers.clone().all(|seen| seen.addr != peer.addr))
        .map(|front::Seen { name, role, reachable, requests, errors, .. }| {
            let state = if reachable { ReplicaState::Up.word() } else { ReplicaState::Down.word() };
            format!(
                "{{\"name\":\"{name}\",\"role\":\"{}\",\"state\":\"{state}\",\"seq\":null,\
                 \"lag\":null,\"digest\":null,\"requests\":{requests},\"errors\":{errors}}}",
                role.name()
            )
        });
    let all = own.chain(following).chain(elsewhere).collect::<Vec<_>>();
    json(200, format!("[{}]", all.join(",")))
}

/// `/api/store/cache`.
pub fn cache(cx: &Cx<'_>) -> Response {
    let cache = &cx.world.store.front.cache;
    let (entries, most) = cache.size();
    let front::cache::Counts { hits, misses, collapsed, invalidated, evicted, refused } =
        cache.counts;
    let asked = (hits + misses + collapsed).max(1) as f64;
    json(
        200,
        value!({
            "entries": entries,
            "max_entries": most,
            "ttl": cache.ttl().as_secs_f64(),
            "hits": hits,
            "misses": misses,
            "collapsed": collapsed,
            "hit_ratio": (hits as f64 / asked * 1e4).round() / 1e4,
            "invalidations": invalidated,
            "evictions": evicted,
            "refused_fills": refused,
        })
        .to_string(),
    )
}

/// Something that another process is to do to a replica.
#[derive(Debug)]
pub struct Wished {
    ticket: Ticket,
    until: Instant,
    name: String,
}

/// `POST /api/store/replicas/{name}/crash` and `…/recover`.
pub fn control(crash: bool, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let path = request.head.target.path();
    let name = format::segment(path, "/api/store/replicas/").split('/').next().unwrap_or("");
    let store = &mut cx.world.store;
    let known = if crash { store.crash(name, cx.effects) } else { store.recover(name, cx.effects) };
    let replica = store.replicas.iter().find(|replica| known && replica.name == name);
    if let Some(replica) = replica {
        return Answer::Ready(stands(name, replica.phase.state()));
    }
    if store.command(name, crash, (cx.id, request.ticket), cx.effects) {
        let until = cx.now + limits::STORE_REPLY;
        let wished = Wished { ticket: request.ticket, until, name: name.to_string() };
        return Answer::Wait(HttpPending::Store(StorePending::Wished(wished)));
    }
    let detail = "No replica of this process, or of one that follows it, has that name.";
    Answer::Ready(Style::Problem.error(404, detail))
}

fn stands(name: &str, state: ReplicaState) -> Response {
    json(200, value!({"name": name, "state": state.word()}).to_string())
}

impl Wished {
    /// When the operator has waited long enough.
    pub fn deadline(&self) -> Instant {
        self.until
    }

    /// Something has happened; the response if it was done.
    pub fn news(&self, event: &Event, now: Instant) -> Option<Response> {
        let unknown = || {
            let detail = "The replica's process does not answer.";
            Style::Problem.error(503, detail).retry_after(1)
        };
        if matches!(event, Event::Tick) && self.until <= now {
            return Some(unknown());
        }
        let Event::Mail(Mail::Store(Notice::Stands(ticket, state))) = event else {
            return None;
        };
        let answer = || state.map_or_else(unknown, |state| stands(&self.name, state));
        (*ticket == self.ticket).then(answer)
    }
}
