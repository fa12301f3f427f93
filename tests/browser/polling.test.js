// The polling: once a second, one request at a time, none while the page is hidden.

import assert from "node:assert/strict";
import test from "node:test";
import { openPage, state } from "./browser.js";
import { eventually, startServer } from "./server.js";

const METRICS = "**/metrics";

/** Simulates that the tab becomes hidden, or visible. */
function hide(page, hidden) {
  return page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

test("a slow answer is waited for", async (t) => {
  const server = await startServer(t);
  let open = 0;
  let most = 0;
  let asked = 0;
  const prepare = (page) =>
    page.route(METRICS, async (route) => {
      asked += 1;
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 1300));
      open -= 1;
      await route.continue().catch(() => {});
    });
  await openPage(t, server.panel, { prepare });
  await eventually("some polls", () => asked >= 3);
  assert.equal(most, 1);
});

test("a hidden tab asks nothing, and asks at once when it is seen again", async (t) => {
  const server = await startServer(t);
  const { page, requests } = await openPage(t, server.panel);
  await eventually("the first figures", async () => (await state(page)) === "live");
  const polls = () => requests.filter((each) => each.url().endsWith("/metrics")).length;
  await hide(page, true);
  await page.waitForTimeout(200);
  const before = polls();
  await page.waitForTimeout(2500);
  assert.equal(polls(), before);
  await hide(page, false);
  await eventually("a poll", () => polls() > before);
});

test("what comes from the wire is shown as text", async (t) => {
  const server = await startServer(t);
  const path = "/<img src=x onerror=alert(1)>&amp;";
  const prepare = (page) =>
    page.route(METRICS, async (route) => {
      const response = await route.fetch();
      const metrics = await response.json();
      metrics.recent_requests = [{ client_ip: "<i>", method: "GET", path, status: 200 }];
      await route.fulfill({ response, json: metrics });
    });
  const { page, complaints } = await openPage(t, server.panel, { prepare });
  const cell = page.locator("#requests tr").first().locator(".path");
  await eventually("the request", async () => (await cell.textContent()) === path);
  assert.equal(await page.locator("#requests img, #requests i").count(), 0);
  assert.deepEqual(complaints, []);
});

test("chat and store are there when they have something to say", async (t) => {
  const server = await startServer(t);
  let parts = { chat: {}, store: {} };
  const prepare = (page) =>
    page.route(METRICS, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), ...parts } });
    });
  const { page } = await openPage(t, server.panel, { prepare });
  await eventually("the first figures", async () => (await state(page)) === "live");
  assert.equal(await page.isVisible("#chat"), false);
  assert.equal(await page.isVisible("#store"), false);
  parts = { chat: { agents_online: 3, queue: 2, handled_today: 118 }, store: {} };
  await eventually("the chat", () => page.isVisible("#chat"));
  assert.match(await page.textContent("#chat"), /Agents\s*3\s*Queue\s*2\s*Today\s*118/);
  assert.equal(await page.isVisible("#store"), false);
});
