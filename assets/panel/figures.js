// The figures in the cards and in the header: the source and the format of each.

import { bytes, count, duration, ms, share } from "./format.js";
import { byId, say } from "./text.js";

const seconds = (value) => (typeof value === "number" ? value * 1000 : undefined);

/** Functions from the metrics to a text, by the name of the figure on the page. */
const FIGURES = {
  "active-clients": (metrics) => count(metrics.active_clients),
  "requests-per-second": (metrics) => count(metrics.requests_per_second),
  "total-requests": (metrics) => count(metrics.total_requests),
  "hit-share": (metrics) => share(hitShare(metrics)),
  "cache-bytes": (metrics) => bytes(metrics.cache?.bytes),
  "cache-hits": (metrics) => count(metrics.cache_hits),
  average: (metrics) => ms(seconds(metrics.average_response_time)),
  p50: (metrics) => ms(metrics.latency_ms?.p50),
  p99: (metrics) => ms(metrics.latency_ms?.p99),
  sessions: (metrics) => count(metrics.unique_sessions),
  queue: (metrics) => count(metrics.queue_size),
  threads: (metrics) => count(metrics.thread_pool_size),
  lag: (metrics) => ms(metrics.loop?.lag_ms?.p99),
  "lag-max": (metrics) => ms(metrics.loop?.lag_ms?.max),
  busy: (metrics) => share(metrics.loop?.busy_share),
  uptime: (metrics) => duration(metrics.process?.uptime_s),
  memory: (metrics) => bytes(metrics.process?.rss_bytes),
  "process-threads": (metrics) => count(metrics.process?.threads),
  "chat-agents": (metrics) => count(metrics.chat?.agents_online),
  "chat-queue": (metrics) => count(metrics.chat?.queue),
  "chat-today": (metrics) => count(metrics.chat?.handled_today),
  "store-sold": (metrics) => count(metrics.store?.purchases),
  "store-refused": (metrics) => count(metrics.store?.refused?.short),
  "store-hit-share": (metrics) => share(storeHitShare(metrics.store?.cache)),
};

/** Returns the share of lookups that hit; undefined before the first lookup. */
function hitShare({ cache_hits: hits, cache_misses: misses }) {
  return hits + misses > 0 ? hits / (hits + misses) : undefined;
}

/** Returns the same for the bookstore's front. */
function storeHitShare({ hits, misses, collapsed } = {}) {
  return hits + misses + collapsed > 0 ? hits / (hits + misses + collapsed) : undefined;
}

const elements = [...document.querySelectorAll("[data-figure]")];

/** Shows all figures. */
export function showFigures(metrics) {
  for (const element of elements) say(element, FIGURES[element.dataset.figure](metrics));
  for (const service of ["chat", "store"]) {
    byId(service).hidden = Object.keys(metrics[service] ?? {}).length === 0;
  }
}
