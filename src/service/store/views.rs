//! The bookstore as its operators see it: replicas, the cache, and what they may do to a replica.

use super::log::protocol::Seen;
use super::replicas::Replica;
use super::{Notice, front};
use crate::limits;
use crate::service::http::{Request, Response, Style, json};
use crate::service::{Answer, Cx, Event, Mail, Ticket, Wait};
use crate::stats::store::ReplicaState;
use serde_json::json as value;
use std::time::Instant;

/// `/api/store/replicas`.
pub fn replicas(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
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
    json(200, format!("[{}]", all.join(","))).into()
}

/// `/api/store/cache`.
pub fn cache(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
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
    .into()
}

/// Something that another process is to do to a replica.
#[derive(Debug)]
pub struct Wished {
    ticket: Ticket,
    until: Instant,
    name: String,
}

/// `POST /api/store/replicas/{name}/crash`.
pub fn crash(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    control(true, request, cx)
}

/// `POST /api/store/replicas/{name}/recover`.
pub fn recover(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    control(false, request, cx)
}

fn control(crash: bool, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let name = request.segment();
    let store = &mut cx.world.store;
    let known = if crash { store.crash(name, cx.effects) } else { store.recover(name, cx.effects) };
    let replica = store.replicas.iter().find(|replica| known && replica.name == name);
    if let Some(replica) = replica {
        return stands(name, replica.phase.state()).into();
    }
    if store.command(name, crash, (cx.id, request.ticket), cx.effects) {
        let until = cx.now + limits::STORE_REPLY;
        return Wished { ticket: request.ticket, until, name: name.to_string() }.into();
    }
    let detail = "No replica of this process, or of one that follows it, has that name.";
    Style::Problem.error(404, detail).into()
}

fn stands(name: &str, state: ReplicaState) -> Response {
    json(200, value!({"name": name, "state": state.word()}).to_string())
}

impl Wait for Wished {
    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn news(&mut self, event: Event, cx: &mut Cx<'_>) -> Option<Response> {
        let unknown = || {
            let detail = "The replica's process does not answer.";
            Style::Problem.error(503, detail).retry_after(1)
        };
        if matches!(event, Event::Tick) && self.until <= cx.now {
            return Some(unknown());
        }
        let Event::Mail(Mail::Store(Notice::Stands(ticket, state))) = event else {
            return None;
        };
        let answer = || state.map_or_else(unknown, |state| stands(&self.name, state));
        (ticket == self.ticket).then(answer)
    }
}
