// The history in the graphs: one place for each of the last 30 seconds. A second without a request
// of this page, or without its answer, is a gap and stays one.

export const SECONDS = 30;

/** Reads a duration only in seconds with requests: without any there is none. */
function busy(read) {
  return (metrics) => (metrics.requests_per_second > 0 ? read(metrics) : null);
}

/** The values that are kept of an answer. */
const SERIES = {
  clients: (metrics) => metrics.active_clients,
  total: (metrics) => metrics.total_requests,
  p50: busy((metrics) => metrics.latency_ms?.p50),
  p99: busy((metrics) => metrics.latency_ms?.p99),
  lag: busy((metrics) => metrics.loop?.lag_ms?.p99),
};

/** The age of each place, in seconds: −30 … 0. */
export const ages = Array.from({ length: SECONDS + 1 }, (_, place) => place - SECONDS);

const gap = () => ages.map(() => null);

/** The values of each series, the newest last. */
export const series = Object.fromEntries(Object.keys(SERIES).map((name) => [name, gap()]));

let newest;

/** Advances to `second`, a whole number, with its metrics or `undefined` for a gap. */
export function remember(second, metrics) {
  const passed = newest === undefined ? 0 : second - newest;
  // A clock that was set back makes the past unknown, as does a long sleep.
  const shift = passed < 0 ? ages.length : Math.min(passed, ages.length);
  newest = second;
  for (const [name, read] of Object.entries(SERIES)) {
    const values = series[name];
    values.splice(0, shift);
    while (values.length < ages.length) values.push(null);
    values[SECONDS] = (metrics && read(metrics)) ?? values[SECONDS];
  }
}
