//! Calls on their way: to the next replica, to another one if that has no answer, and back.

use super::cache::Key;
use super::peers::{Peer, Reply};
use super::{Call, Wanted, reads};
use crate::limits;
use crate::service::store::replicas::Role;
use crate::service::store::wait::{Told, Waiter};
use crate::service::store::{NoReply, Notice};
use crate::service::{Cx, Effect, Endpoint, Kind, Mail, Target, Transport};
use std::sync::Arc;

/// The number of times that a call is sent.
const TRIES: u8 = 2;

/// Sends a call to the next replica of its role.
pub fn begin(call: Call, cx: &mut Cx<'_>) {
    dispatch(call, None, cx);
}

fn dispatch(call: Call, not: Option<usize>, cx: &mut Cx<'_>) {
    let store = &mut cx.world.store;
    let Some(peer) = store.front.choose(call.role, not, &store.replicas, cx.now) else {
        return conclude(&call, None, cx);
    };
    let known = &mut store.front.peers[peer];
    known.queue.push_back(call);
    known.inflight += 1;
    known.requests += 1;
    kick(peer, cx);
}

/// Has a connection take the next call that waits.
fn kick(peer: usize, cx: &mut Cx<'_>) {
    let known = &mut cx.world.store.front.peers[peer];
    if known.queue.is_empty() {
        return;
    }
    if let Some(id) = known.idle.pop() {
        cx.effects.push(Effect::Post(id, Mail::Store(Notice::Work)));
    } else if known.open < limits::STORE_CONNECTIONS {
        known.open += 1;
        let to = Endpoint { transport: Transport::Tcp, addr: known.addr };
        cx.effects.push(Effect::Dial(Target::Peer(to), Kind::Upstream(Peer(peer))));
    }
}

/// A peer has answered.
pub fn answered(peer: Peer, mut call: Call, mut reply: Reply, cx: &mut Cx<'_>) {
    let known = &mut cx.world.store.front.peers[peer.0];
    known.inflight -= 1;
    known.rest = None;
    if reply.status == 503 {
        known.errors += 1;
        call.tried += 1;
        call.unsure |= reply.is_unsure();
        if call.tried < TRIES && can_elsewhere(&call, peer, cx) {
            return dispatch(call, Some(peer.0), cx);
        }
    }
    if let Wanted::Fill(fill) = call.wanted {
        reply.stored = reply.status == 200 && cx.world.store.front.cache.takes(fill);
    }
    // A replica that did nothing does not know what the one before it did.
    let reply = Some(Arc::new(reply)).filter(|reply| reply.status != 503 || !call.unsure);
    conclude(&call, reply.as_ref(), cx);
}

/// The connection was lost under a call.
pub fn lost(peer: Peer, mut call: Call, cx: &mut Cx<'_>) {
    let known = &mut cx.world.store.front.peers[peer.0];
    known.inflight -= 1;
    known.errors += 1;
    call.tried += 1;
    call.unsure = true;
    let again = call.safe && call.tried < TRIES;
    cx.world.store.lost_call(&call.target);
    if again && can_elsewhere(&call, peer, cx) {
        dispatch(call, Some(peer.0), cx);
    } else if again {
        // The only one: a connection that was kept alive may have ended for no other reason.
        dispatch(call, None, cx);
    } else {
        conclude(&call, None, cx);
    }
    closed(peer, cx);
}

/// No connection could be made: it is left alone for a while, and all that waited for it goes
/// elsewhere. Nothing of it was sent.
pub fn unreachable(peer: Peer, cx: &mut Cx<'_>) {
    let known = &mut cx.world.store.front.peers[peer.0];
    known.open -= 1;
    known.rest = Some(cx.now + limits::STORE_REST);
    let calls = std::mem::take(&mut known.queue);
    known.inflight -= calls.len();
    known.errors += calls.len() as u64;
    for mut call in calls {
        call.tried += 1;
        if call.tried < TRIES {
            dispatch(call, Some(peer.0), cx);
        } else {
            conclude(&call, None, cx);
        }
    }
}

/// A connection is gone.
pub fn closed(peer: Peer, cx: &mut Cx<'_>) {
    let known = &mut cx.world.store.front.peers[peer.0];
    known.open -= 1;
    known.idle.retain(|id| *id != cx.id);
    kick(peer.0, cx);
}

fn can_elsewhere(call: &Call, not: Peer, cx: &Cx<'_>) -> bool {
    let store = &cx.world.store;
    let front = &store.front;
    (0..front.peers.len())
        .any(|peer| peer != not.0 && front.may_ask(peer, call.role, &store.replicas, cx.now))
}

/// Answers the waiters of a call.
fn conclude(call: &Call, reply: Option<&Arc<Reply>>, cx: &mut Cx<'_>) {
    let waiting = match call.wanted {
        Wanted::One(waiter) => vec![waiter],
        Wanted::Fill(fill) => {
            let good = reply.filter(|reply| reply.status == 200);
            let kept = good.map(|reply| (Arc::clone(reply), reads::hit_lines(reply)));
            cx.world.store.front.cache.fill(fill, kept, cx.now)
        }
    };
    let none = if call.unsure { NoReply::Unknown } else { NoReply::NotSent };
    for waiter in waiting {
        waiter.tell(Told::Reply(reply.cloned().ok_or(none)), cx.effects);
    }
}

/// Reads what the cache lacks. True if that joins a read under way.
pub fn fetch(key: Key, target: String, waiter: Waiter, cx: &mut Cx<'_>) -> bool {
    match cx.world.store.front.cache.miss(key, waiter) {
        super::cache::Miss::Joined => true,
        super::cache::Miss::First(fill) => {
            begin(Call::get(Role::Catalog, target, Wanted::Fill(fill)), cx);
            false
        }
    }
}
