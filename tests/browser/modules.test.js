// The pure scripts of the page, run in the page.

import assert from "node:assert/strict";
import test from "node:test";
import { openPage } from "./browser.js";
import { startServer } from "./server.js";

/** Results of the functions of `/assets/format.js`: [name, arguments, text]. */
const TEXTS = [
  ["count", [0], "0"],
  ["count", [1234567.8], "1,234,568"],
  ["count", [undefined], "–"],
  ["count", [null], "–"],
  ["count", ["7"], "–"],
  ["share", [0], "0 %"],
  ["share", [0.00001], "0.1 %"],
  ["share", [0.97312], "97.3 %"],
  ["share", [0.99999], "99.9 %"],
  ["share", [1], "100 %"],
  ["share", [NaN], "–"],
  ["ms", [0], "0 ms"],
  ["ms", [0.087], "87 µs"],
  ["ms", [0.42], "0.42 ms"],
  ["ms", [3.1], "3.10 ms"],
  ["ms", [512.34], "512 ms"],
  ["ms", [999.9], "1.00 s"],
  ["ms", [3100], "3.10 s"],
  ["bytes", [0], "0 B"],
  ["bytes", [1023], "1,023 B"],
  ["bytes", [1024], "1.0 KiB"],
  ["bytes", [14889779], "14.2 MiB"],
  ["bytes", [67108864 * 16], "1.0 GiB"],
  ["duration", [0.4], "0 s"],
  ["duration", [59.9], "59 s"],
  ["duration", [724], "12 min 4 s"],
  ["duration", [11520], "3 h 12 min"],
  ["duration", [270000], "3 d 3 h"],
  ["mark", [100, 50], "100"],
  ["mark", [0.5, 0.5], "0.5"],
  ["mark", [0.05, 0.05], "0.05"],
  ["mark", [12000, 2000], "12,000"],
  ["mark", [2516000, 2000], "2.516M"],
  ["mark", [3000000, 1000000], "3M"],
];

test("numbers read as people say them", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  const calls = TEXTS.map(([name, values]) => ({ name, values }));
  const texts = await page.evaluate(async (calls) => {
    const format = await import("/assets/format.js");
    return calls.map(({ name, values }) => format[name](...values));
  }, calls);
  TEXTS.forEach(([name, values, expected], number) => {
    const text = texts[number].replaceAll("\u202f", " ");
    assert.equal(text, expected, `${name}(${values.join(", ")})`);
  });
});

test("thirty seconds are remembered, with their gaps", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  const seen = await page.evaluate(async () => {
    // A copy of its own, which the page does not change.
    const { ages, remember, series } = await import("/assets/history.js?alone");
    const after = (second, clients) => {
      remember(second, clients === undefined ? undefined : { active_clients: clients });
      return series.clients.filter((value) => value !== null).join(" ");
    };
    return {
      places: ages.length,
      first: after(100, 1),
      next: after(101, 2),
      skipped: [after(104, 5), series.clients.slice(-5)],
      unanswered: [after(105), series.clients.at(-1)],
      corrected: [after(105, 6), after(105)],
      later: [after(134, 7), series.clients[0], series.clients[1]],
      muchLater: after(100_000, 8),
      back: after(50, 9),
    };
  });
  assert.deepEqual(seen, {
    places: 31,
    first: "1",
    next: "1 2",
    skipped: ["1 2 5", [1, 2, null, null, 5]],
    unanswered: ["1 2 5", null],
    corrected: ["1 2 5 6", "1 2 5 6"],
    later: ["5 6 7", 5, 6],
    muchLater: "8",
    back: "9",
  });
});

test("there is no line for seconds without traffic", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  const seen = await page.evaluate(async () => {
    const { remember, series } = await import("/assets/history.js?quiet");
    const measured = { latency_ms: { p50: 1, p99: 2 }, loop: { lag_ms: { p99: 3 } } };
    remember(1, { ...measured, requests_per_second: 5 });
    remember(2, { ...measured, requests_per_second: 0 });
    remember(3, { ...measured, requests_per_second: 7 });
    return Object.fromEntries(
      ["p50", "p99", "lag"].map((name) => [name, series[name].slice(-3)]),
    );
  });
  assert.deepEqual(seen, { p50: [1, null, 1], p99: [2, null, 2], lag: [3, null, 3] });
});
