// The one-click load test: a whole one, and one that is stopped.

import assert from "node:assert/strict";
import test from "node:test";
import { number, openPage, state } from "./browser.js";
import { eventually, startServer } from "./server.js";

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
