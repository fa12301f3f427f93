//! `/api/loop`: the event loop seen from inside. The figures are explained in `stats::Turns`, which
//! measures them.

use super::metrics::ms;
use super::uptime;
use crate::limits;
use crate::service::http::{Request, json};
use crate::service::{Answer, Cx};
use crate::wire::decimal::{rounded, seconds};
use serde_json::json;
use std::time::UNIX_EPOCH;

/// Answers `GET /api/loop`.
pub fn view(_: &Request<'_, '_, '_>, cx: &mut Cx<'_>) -> Answer {
    let stats = &*cx.stats;
    let Some(pace) = stats.pace() else {
        let nothing = json!({ "turns": stats.turns, "measured": false });
        return json(200, nothing.to_string()).into();
    };
    let lag = pace.recent_lag();
    let quantile = |q| ms(lag.quantile(q));
    let cells = lag.cells().map(|(under, count)| json!({ "under_ms": ms(under), "turns": count }));
    let slowest = pace.slowest(cx.now).map(|step| {
        let since_epoch = step.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        json!({
            "ms": ms(step.took),
            "handler": step.handler.name(),
            "timestamp": since_epoch.as_millis() as f64 / 1000.0,
        })
    });
    let jobs = &stats.jobs;
    let document = json!({
        "measured": true,
        "uptime_s": seconds(uptime(cx)),
        "turns": stats.turns,
        "wakes": pace.wakes,
        "events": pace.events,
        "events_per_wake": {
            "mean": rounded(pace.events as f64 / pace.wakes.max(1) as f64),
            "max": pace.events_max,
        },
        "steps": pace.steps,
        "busy_s": pace.busy_s(),
        "busy_share": pace.busy_share(cx.now),
        "lag_ms": {
            "p50": quantile(0.5),
            "p90": quantile(0.9),
            "p99": quantile(0.99),
            "p99_9": quantile(0.999),
            "max": ms(lag.max()),
        },
        "lag_histogram": cells.collect::<Vec<_>>(),
        "slowest_steps": slowest.collect::<Vec<_>>(),
        "in_place": {
            "blocks": pace.in_place_blocks,
            "turn_max": pace.in_place_blocks_max,
            "turn_budget": limits::IN_PLACE_BLOCKS,
        },
        "jobs": {
            "workers": jobs.workers,
            "queued": jobs.queued,
            "submitted": jobs.submitted,
            "done": jobs.done,
            "refused": stats.jobs_refused,
        },
        "connections": {
            "accepted": stats.accepted,
            "dialled": stats.dialled,
            "accept_failures": stats.accept_failures,
        },
        "stale_events": stats.stale,
        "log_lines_dropped": stats.log_lines_dropped,
    });
    json(200, document.to_string()).momentary().into()
}
