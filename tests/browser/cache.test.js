// The switch of the cache, and the token for what changes the server.

import assert from "node:assert/strict";
import test from "node:test";
import { openPage } from "./browser.js";
import { eventually, startServer } from "./server.js";

const checked = (page) => page.getAttribute("#cache", "aria-checked");

test("the cache is switched, and stays so after a reload", async (t) => {
  const server = await startServer(t);
  const { page, complaints } = await openPage(t, server.panel);
  await eventually("a switch", () => page.isEnabled("#cache"));
  assert.equal(await checked(page), "true");
  assert.equal(await page.textContent("#cache"), "On");

  await page.focus("#cache");
  await page.keyboard.press("Space");
  await eventually("off", async () => (await checked(page)) === "false");
  const metrics = async () => (await fetch(`${server.panel}/metrics`)).json();
  assert.equal((await metrics()).cache_enabled, false);

  await page.reload();
  await eventually("a switch", () => page.isEnabled("#cache"));
  assert.equal(await checked(page), "false");
  assert.equal(await page.textContent("#cache"), "Off");

  await page.click("#cache");
  await eventually("on", async () => (await checked(page)) === "true");
  assert.equal((await metrics()).cache_enabled, true);
  assert.deepEqual(complaints, []);
});

test("a token is asked for where the server wants one, and kept", async (t) => {
  const server = await startServer(t);
  const given = [];
  const prepare = (page) =>
    page.route("**/toggle_cache", (route) => {
      const { authorization } = route.request().headers();
      given.push(authorization);
      const right = { json: { cache_enabled: false } };
      const wrong = { status: 401, json: { error: "Not this token." } };
      return route.fulfill(authorization === "Bearer right" ? right : wrong);
    });
  const { page } = await openPage(t, server.panel, { prepare });
  await eventually("a switch", () => page.isEnabled("#cache"));
  await page.click("#cache");
  await eventually("a question", () => page.isVisible("#token"));
  assert.match(await page.textContent("#token-said"), /Not this token/);
  await page.click("#token [value=cancel]");
  const said = () => page.textContent("#cache-said");
  await eventually("a word", async () => /Not switched/.test(await said()));

  await page.click("#cache");
  await eventually("a question", () => page.isVisible("#token"));
  await page.fill("#token input", "right");
  await page.keyboard.press("Enter");
  await eventually("an answer", () => given.at(-1) === "Bearer right");
  assert.equal(await page.isVisible("#token"), false);
  await eventually("no complaint", async () => (await said()) === "");
  await page.click("#cache");
  await eventually("another", () => given.length === 4);
  assert.deepEqual(given, [undefined, undefined, "Bearer right", "Bearer right"]);
});
