// The server dies and returns: the page shows both, and recovers by itself.

import assert from "node:assert/strict";
import test from "node:test";
import { number, openPage, state } from "./browser.js";
import { eventually, startServer } from "./server.js";

test("the server's end is shown in red, its return makes the page live again", async (t) => {
  const server = await startServer(t);
  const address = new URL(server.panel).host;
  const { page } = await openPage(t, server.panel);
  await eventually("life", async () => (await state(page)) === "live");
  assert.equal(await page.textContent("#server"), "Live");

  await server.kill();
  await eventually("the end", async () => (await state(page)) === "gone");
  assert.match(await page.textContent("#server"), /^No server, last heard at \d\d:\d\d:\d\d/);
  const red = await page.evaluate(() => {
    const [r, g, b] = getComputedStyle(document.getElementById("server"))
      .backgroundColor.match(/\d+/g).map(Number);
    return r > 150 && g < 100 && b < 100;
  });
  assert.ok(red);
  const up = await page.evaluate(() => performance.timeOrigin);

  await startServer(t, { panel: address });
  await eventually("life again", async () => (await state(page)) === "live");
  assert.equal(await page.textContent("#server"), "Live");
  assert.ok((await number(page, "threads")) > 0);
  assert.equal(await page.evaluate(() => performance.timeOrigin), up, "without a reload");
});

test("the seconds without a server stay a gap", async (t) => {
  const server = await startServer(t);
  const address = new URL(server.panel).host;
  const { page } = await openPage(t, server.panel);
  await page.click("#points summary");
  const clients = () => page.locator("#points-body td:nth-child(2)").allTextContents();
  await eventually("a point", async () => (await clients())[0] !== "–");
  await server.kill();
  await eventually("a gap", async () => (await clients())[0] === "–");
  await startServer(t, { panel: address });
  await eventually("a point again", async () => (await clients())[0] !== "–");
  assert.match((await clients()).join(" "), /^\d+ (\d+ )*(– )+(\d+ )+–/);
});

test("a server that does not know the path is named as such", async (t) => {
  const server = await startServer(t);
  const prepare = (page) => page.route("**/metrics", (route) => route.fulfill({ status: 404 }));
  const { page } = await openPage(t, server.panel, { prepare });
  await eventually("a word", async () => (await state(page)) === "wrong");
  assert.equal(await page.textContent("#server"), "/metrics answers 404");
});
