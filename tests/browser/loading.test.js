// The parts of the page, their origins, and the restrictions on the page.

import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { openPage, state } from "./browser.js";
import { eventually, startServer } from "./server.js";

test("the page loads without complaint, and from its own server only", async (t) => {
  const server = await startServer(t);
  const { page, complaints, requests } = await openPage(t, server.panel);
  await eventually("the first figures", async () => (await state(page)) === "live");
  assert.deepEqual(complaints, []);
  const urls = requests.map((each) => each.url());
  const elsewhere = urls.filter((url) => !url.startsWith(`${server.panel}/`));
  assert.deepEqual(elsewhere, []);
  assert.equal(await page.title(), "pentad");
});

test("the page weighs less than 60 KiB", async (t) => {
  const server = await startServer(t);
  const { page, requests } = await openPage(t, server.panel);
  await eventually("the first figures", async () => (await state(page)) === "live");
  const parts = requests.filter((each) => !each.url().includes("metrics"));
  let weight = 0;
  for (const part of parts) {
    const response = await part.response();
    if (response.status() === 200) weight += gzipSync(await response.body()).length;
  }
  assert.ok(parts.length > 10, "the parts were seen");
  assert.ok(weight > 10_000 && weight < 60 * 1024, `${weight} bytes`);
});

test("a second visit asks, and is told that nothing has changed", async (t) => {
  const server = await startServer(t);
  const first = await fetch(`${server.panel}/assets/uplot.js`);
  const tag = first.headers.get("etag");
  assert.equal(first.headers.get("cache-control"), "no-cache");
  const second = await fetch(`${server.panel}/assets/uplot.js`, {
    headers: { "if-none-match": tag },
  });
  assert.equal(second.status, 304);
  assert.equal(await second.text(), "");
});

test("no text becomes markup, and no script comes from a text", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  const refused = await page.evaluate(() => {
    const tries = [
      () => (document.body.innerHTML = "<p>"),
      () => document.createElement("p").setAttribute("onclick", "alert()"),
      () => (document.createElement("script").textContent = "alert()"),
    ];
    return tries.map((attempt) => {
      try {
        return String(attempt());
      } catch (error) {
        return error.name;
      }
    });
  });
  assert.deepEqual(refused, ["TypeError", "TypeError", "TypeError"]);
});
