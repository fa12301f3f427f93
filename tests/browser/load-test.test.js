// The load test card.

import assert from "node:assert/strict";
import test from "node:test";
import { number, openPage, state } from "./browser.js";
import { eventually, startServer } from "./server.js";

const RESULT = {
  requests: 41234,
  errors: { connect: 1, timeout: 0, reset: 2, parse: 0, status: 0 },
  rps: 8246.8,
  latency_ms: { p99: 15.2 },
};

test("the test that somebody else has started is followed to its end", async (t) => {
  const server = await startServer(t);
  let status = { running: true, id: "theirs", progress: 0.4, elapsed: 2, result: null };
  const prepare = async (page) => {
    await page.route("**/test_status", (route) => route.fulfill({ json: status }));
    await page.route("**/start_test", (route) =>
      route.fulfill({ status: 409, json: { status: "running", id: "theirs" } }));
  };
  const { page } = await openPage(t, server.panel, { prepare });
  await eventually("life", async () => (await state(page)) === "live");
  await page.click("#test");
  await eventually("theirs", async () => (await page.textContent("#test")) === "Stop test");
  const progress = () => page.evaluate(() => document.getElementById("test-progress").value);
  await eventually("progress", async () => (await progress()) === 0.4);
  assert.equal(await page.textContent("#test-elapsed"), "2.0 s");
  status = { running: false, id: "theirs", progress: 1, elapsed: 5, result: RESULT };
  await eventually("the end", async () => (await page.textContent("#test")) === "Start test");
  assert.equal(await page.textContent("#test-said"), "Last result");
  const results = await page.locator("[data-result]").allTextContents();
  assert.deepEqual(results.map((text) => text.replaceAll("\u202f", " ")),
    ["41,234", "8,247", "15.2 ms", "3"]);
  assert.equal(await page.getAttribute("#test-report", "href"), "/reports/theirs.html");
});

test("a test that cannot be had is not pretended", async (t) => {
  const server = await startServer(t);
  const detail = "There is no web listener that could be tested.";
  const prepare = (page) =>
    page.route("**/start_test", (route) => route.fulfill({ status: 503, json: { detail } }));
  const { page } = await openPage(t, server.panel, { prepare });
  await eventually("life", async () => (await state(page)) === "live");
  await page.click("#test");
  const said = () => page.textContent("#test-said");
  await eventually("a word", async () => (await said()).endsWith(detail));
  assert.equal(await said(), `Not started: /start_test answers 503: ${detail}`);
  assert.equal(await page.textContent("#test"), "Start test");
});

test("one click runs a whole load test and shows what came out", async (t) => {
  const server = await startServer(t);
  const { page, complaints } = await openPage(t, server.panel);
  await eventually("life", async () => (await state(page)) === "live");
  await page.click("#test");
  await eventually("a start", async () => (await page.textContent("#test")) === "Stop test");
  await eventually("a crowd", async () => (await number(page, "active-clients")) >= 50);
  const progress = () => page.evaluate(() => document.getElementById("test-progress").value);
  await eventually("progress", async () => (await progress()) > 0);
  await eventually("the end", async () => (await page.textContent("#test")) === "Start test");
  assert.equal(await page.textContent("#test-said"), "Last result");
  const result = async (name) => {
    const text = await page.textContent(`[data-result="${name}"]`);
    return Number.parseFloat(text.replaceAll(",", ""));
  };
  assert.ok((await result("requests")) > 100);
  assert.ok((await result("rps")) > 10);
  assert.ok((await result("p99")) > 0);
  assert.equal(await result("errors"), 0);

  const report = await page.getAttribute("#test-report", "href");
  assert.equal((await fetch(server.panel + report)).status, 200);
  await page.reload();
  await eventually("it again", async () => (await result("requests")) > 100);
  assert.deepEqual(complaints, []);
});

test("a test is stopped with the button that started it", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  await eventually("life", async () => (await state(page)) === "live");
  const began = Date.now();
  await page.click("#test");
  await eventually("a start", async () => (await page.textContent("#test")) === "Stop test");
  await page.click("#test");
  await eventually("the end", async () => (await page.textContent("#test")) === "Start test");
  assert.ok(Date.now() - began < 5000, "before its time");
});
