// The load test card: a button that starts and stops a test, its progress, and the last result.
//
//   Idle ──Start──▶ posted ─202, 409──▶ Running ──Stop──▶ Stopping
//    ▲ ◀──refused─────┘                    │                 │
//    └─────────────── ended ◀──────────────┴─────────────────┘
//
// The server's state counts, also after a reload, or if another operator started the test.

import { control } from "./control.js";
import { NOTHING, count, ms } from "./format.js";
import { Refused, ask } from "./poll.js";
import { byId, say } from "./text.js";

const button = byId("test");
const progress = byId("test-progress");
const said = byId("test-said");
const elapsed = byId("test-elapsed");
const report = byId("test-report");
const results = [...byId("test-result").querySelectorAll("[data-result]")];

const RESULTS = {
  requests: (result) => count(result.requests),
  rps: (result) => count(result.rps),
  p99: (result) => ms(result.latency_ms?.p99),
  errors: (result) => count(errors(result)),
};

let running = false;
let asking = false;
let stopping = false;
/** True if the last result was fetched since the page was loaded or the server came back. */
let known = false;

/** Fetches the progress of the test, or the result of the last one, if there was one. */
export async function followTest({ load_test: test = {} }) {
  const news = running || test.running || (!known && test.id);
  if (asking || !news) return;
  try {
    const status = await ask("/test_status");
    known = true;
    if (!asking) show(status);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    known = true;
    set(false);
    say(said, `No load test: ${error.message}`);
  }
}

/** Discards the state of a server that is gone. */
export function forgetTest() {
  known = false;
}

button.addEventListener("click", async () => {
  if (asking) return;
  asking = true;
  try {
    await (running ? stop() : start());
  } catch (error) {
    say(said, `${running ? "Not stopped" : "Not started"}: ${error.message}`);
  } finally {
    asking = false;
  }
});

async function start() {
  try {
    await control("/start_test");
  } catch (error) {
    // Another operator was faster: follow that test.
    if (error.status !== 409) throw error;
  }
  set(true);
  progress.value = 0;
  say(said, "Running");
}

async function stop() {
  await control("/stop_test");
  stopping = true;
  say(said, "Stopping");
}

function show(status) {
  const was = running;
  set(status.running === true);
  if (running) {
    progress.value = status.progress ?? 0;
    say(elapsed, seconds(status.elapsed));
    say(said, stopping ? "Stopping" : "Running");
    return;
  }
  const { result } = status;
  if (was && stopping) say(said, "Stopped");
  else if (result) say(said, "Last result");
  else if (was) say(said, "Ended without a result");
  stopping = false;
  if (!result) return;
  report.href = `/reports/${encodeURIComponent(status.id)}.html`;
  report.hidden = !status.id;
  for (const element of results) say(element, RESULTS[element.dataset.result](result));
}

function set(now) {
  running = now;
  say(button, now ? "Stop test" : "Start test");
  if (now) {
    report.hidden = true;
  } else {
    progress.value = 0;
    say(elapsed, "");
  }
  button.classList.toggle("running", now);
}

function seconds(value) {
  return typeof value === "number" ? `${value.toFixed(1)} s` : NOTHING;
}

/** Returns the sum of all errors; the server counts them by kind. */
function errors({ errors: kinds }) {
  if (typeof kinds === "number" || kinds === undefined) return kinds;
  return Object.values(kinds).reduce((sum, each) => sum + each, 0);
}
