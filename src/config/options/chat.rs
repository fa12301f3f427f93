//! The rows of the live chat.

use super::{FROM_NOTHING, Opt, PATIENCE};
use crate::config::table::{each, put, valued};
use crate::config::value::{self, count, duration, optional};
use crate::config::{accounts, zone};

pub(super) static CHAT: [Opt; 11] = [
    valued(
        "chat-wait",
        "TIME",
        "120s",
        "How long a visitor waits for an agent; with 0s, not at all",
        |d, v| put(&mut d.config.chat.settings.wait, duration(v, FROM_NOTHING)),
    ),
    valued("chat-queue", "N", "500", "How many visitors may wait", |d, v| {
        put(&mut d.config.chat.settings.queue, count(v, 1..=QUEUE_MAX))
    }),
    valued(
        "agents",
        "FILE",
        value::NONE,
        "Agents, as [[agent]] tables of a TOML file: name, secret_sha256, and perhaps capacity. \
         Without any agent there are three for demonstration, if the chat listens on the loopback \
         only",
        |d, v| {
            put(&mut d.agents_in_file, optional(v, accounts::file).map(Option::unwrap_or_default))
        },
    ),
    each(
        "agent",
        "NAME:SECRET",
        "One more agent; may be repeated. Others on this machine can read it: --agents is for more \
         than a try",
        |d| d.agents.clear(),
        |d, v| accounts::flag(v).map(|account| d.agents.push(account)),
    ),
    valued(
        "chat-agent-grace",
        "TIME",
        "30s",
        "How long an agent that was cut off keeps its visitors",
        |d, v| put(&mut d.config.chat.settings.agent_grace, duration(v, FROM_NOTHING)),
    ),
    valued(
        "chat-visitor-grace",
        "TIME",
        "120s",
        "How long a visitor that was cut off keeps its chat",
        |d, v| put(&mut d.config.chat.settings.visitor_grace, duration(v, FROM_NOTHING)),
    ),
    valued(
        "chat-queue-grace",
        "TIME",
        "30s",
        "How long a visitor that was cut off keeps its place in the queue",
        |d, v| put(&mut d.config.chat.settings.queue_grace, duration(v, FROM_NOTHING)),
    ),
    valued(
        "chat-rating-time",
        "TIME",
        "60s",
        "How long a visitor may rate a chat that is over",
        |d, v| put(&mut d.config.chat.settings.rating_time, duration(v, FROM_NOTHING)),
    ),
    valued(
        "chat-idle",
        "TIME",
        "300s",
        "How long a visitor may be silent in a chat; it is warned at four fifths of that",
        |d, v| put(&mut d.config.chat.settings.idle, duration(v, PATIENCE)),
    ),
    valued(
        "timezone",
        "ZONE",
        "local",
        "When a day of the statistics begins: local (as TZ or /etc/localtime have it), UTC, a \
         distance from it such as +02:00, or whatever TZ can say: Europe/Berlin, the path of a \
         file, a rule such as CET-1CEST,M3.5.0,M10.5.0/3",
        |d, v| put(&mut d.config.chat.zone, zone::timezone(v)),
    ),
    valued(
        "chat-capacity",
        "N",
        "1",
        "Chats at a time of an agent whose file does not say",
        |d, v| {
            put(&mut d.config.chat.settings.capacity, count(v, 1..=crate::limits::CHAT_CAPACITY))
        },
    ),
];

/// Each waiting visitor gets a line about its place every few seconds: at most this many lines.
const QUEUE_MAX: usize = 10_000;
