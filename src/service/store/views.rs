//! The bookstore as its operators see it: replicas, the cache, and what they may do to a replica.

use super::front::PeerStatus;
use super::log::Control;
use super::log::protocol::ReplicaReport;
use super::wait::{News, Purpose, Told, Waiter, Waiting};
use crate::limits;
use crate::service::http::{Request, Response, Style, json};
use crate::service::{Answer, Cx};
use crate::stats::store::ReplicaState;
use crate::work::store::Seq;
use serde_json::json as value;

/// `/api/store/replicas`.
pub fn replicas(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let store = &cx.world.store;
    let own = store.replicas.iter().map(|replica| {
        let problem = replica.problem.as_ref().map_or(String::new(), |problem| {
            format!(",\"problem\":{}", serde_json::Value::from(problem.as_str()))
        });
        row(&replica.name, &replica.report(), store.log.tip, &problem)
    });
    let followers = store.log.followers.replicas();
    let following = followers.clone().map(|seen| {
        let name = store.log.followers.name_of(seen, &store.replicas);
        row(&name, seen, store.log.tip, "")
    });
    let peers = store.front.status(cx.now).into_iter();
    let others = peers
        .filter(|peer| store.replicas.iter().all(|replica| replica.name != peer.name))
        .filter(|peer| followers.clone().all(|seen| seen.addr != peer.addr))
        .map(|PeerStatus { name, role, reachable, requests, errors, .. }| {
            let state = if reachable { ReplicaState::Up } else { ReplicaState::Down };
            format!(
                "{{\"name\":\"{name}\",\"role\":\"{}\",\"state\":\"{}\",\"seq\":null,\
                 \"lag\":null,\"digest\":null,\"requests\":{requests},\"errors\":{errors}}}",
                role.name(),
                state.word()
            )
        });
    let all = own.chain(following).chain(others).collect::<Vec<_>>();
    json(200, format!("[{}]", all.join(","))).into()
}

/// One replica, with further members behind the others.
fn row(name: &str, report: &ReplicaReport, tip: Seq, more: &str) -> String {
    let ReplicaReport { role, state, seq, digest, requests, errors, .. } = report;
    let (role, state, lag) = (role.name(), state.word(), tip.saturating_sub(*seq));
    format!(
        "{{\"name\":\"{name}\",\"role\":\"{role}\",\"state\":\"{state}\",\"seq\":{seq},\
         \"lag\":{lag},\"digest\":\"{digest:016x}\",\"requests\":{requests},\
         \"errors\":{errors}{more}}}"
    )
}

/// `/api/store/cache`.
pub fn cache(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let cache = &cx.world.store.front.cache;
    let figures = cache.figures();
    let value = value!({
        "entries": figures.entries,
        "max_entries": figures.max_entries,
        "ttl": cache.ttl().as_secs_f64(),
        "hits": figures.hits,
        "misses": figures.misses,
        "collapsed": figures.collapsed,
        "hit_ratio": (figures.hit_share() * 1e4).round() / 1e4,
        "invalidations": figures.invalidations,
        "evictions": figures.evictions,
        "refused_fills": figures.refused_fills,
    });
    json(200, value.to_string()).into()
}

/// A command to a replica of another process, by its name.
#[derive(Debug)]
pub struct Commanded(String);

/// `POST /api/store/replicas/{name}/crash`.
pub fn crash(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    control(Control::Crash, request, cx)
}

/// `POST /api/store/replicas/{name}/recover`.
pub fn recover(request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    control(Control::Recover, request, cx)
}

fn control(control: Control, request: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let name = request.segment();
    let store = &mut cx.world.store;
    if let Some(state) = store.control(name, control, cx.effects) {
        return controlled(name, state).into();
    }
    let from = Waiter { id: cx.id, ticket: request.ticket };
    if store.control_elsewhere(name, control, from, cx.effects) {
        let commanded = Purpose::Control(Commanded(name.to_string()));
        return Waiting::begin(commanded, request.ticket, limits::STORE_REPLY, cx);
    }
    let detail = "No replica of this process, or of one that follows it, has that name.";
    Style::Problem.error(404, detail).into()
}

fn controlled(name: &str, state: ReplicaState) -> Response {
    json(200, value!({"name": name, "state": state.word()}).to_string())
}

impl Commanded {
    /// The response, if the command was carried out, or is not in time.
    pub fn news(&self, news: &News) -> Option<Response> {
        match news {
            News::Told(Told::Controlled(Some(state))) => Some(controlled(&self.0, *state)),
            News::Told(Told::Controlled(None)) | News::Overdue => {
                let detail = "The replica's process does not answer.";
                Some(Style::Problem.error(503, detail).retry_after(1))
            }
            News::Told(_) | News::Done(_) | News::Refused => None,
        }
    }
}
