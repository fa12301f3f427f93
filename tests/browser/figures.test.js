// The figures, the graphs and the table: they are those of the server, and they move.

import assert from "node:assert/strict";
import test from "node:test";
import { figure, number, openPage, state } from "./browser.js";
import { eventually, startServer, visit } from "./server.js";

test("the figures move under load", async (t) => {
  const server = await startServer(t);
  const { page, complaints } = await openPage(t, server.panel);
  await eventually("the first figures", async () => (await state(page)) === "live");
  const before = await number(page, "total-requests");
  visit(t, server.web, 8);
  await eventually("clients", async () => (await number(page, "active-clients")) >= 8);
  await eventually("a rate", async () => (await number(page, "requests-per-second")) > 10);
  await eventually("a total", async () => (await number(page, "total-requests")) > before + 20);
  for (const name of ["average", "p50", "p99"]) {
    assert.match(await figure(page, name), /^[\d.]+\s(µs|ms|s)$/, name);
  }
  assert.equal(await number(page, "sessions"), 0, "clients that return no cookie are none");
  assert.ok((await number(page, "threads")) > 0);
  assert.deepEqual(complaints, []);
});

test("the page's own questions do not count", async (t) => {
  const server = await startServer(t);
  const { page, requests } = await openPage(t, server.panel);
  const polls = () => requests.filter((each) => each.url().endsWith("/metrics")).length;
  await eventually("five polls", () => polls() >= 5);
  assert.equal(await number(page, "active-clients"), 0);
  const metrics = await (await fetch(`${server.panel}/metrics`)).json();
  for (const { path } of metrics.recent_requests) {
    assert.ok(!path.startsWith("/metrics") && !path.startsWith("/assets/"), path);
  }
});

test("the last requests are listed, with status and verdict in words", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  await fetch(`${server.web}/`);
  await fetch(`${server.web}/nowhere-at-all`);
  await fetch(`${server.web}/pi`, { method: "POST" });
  const rows = page.locator("#requests tr");
  assert.equal(await rows.count(), 10);
  const first = rows.first();
  await eventually("the last request", async () => (await first.textContent()).includes("/pi"));
  assert.equal(await first.locator(".method").textContent(), "POST");
  assert.equal(await first.locator(".client").textContent(), "127.0.0.1");
  assert.match(await first.locator(".ms").textContent(), /^[\d,.]+$/);
  const second = rows.nth(1);
  assert.equal(await second.locator(".path").textContent(), "/nowhere-at-all");
  assert.equal(await second.locator(".status").textContent(), "404 Not Found");
  assert.equal(await second.getAttribute("data-status"), "refused");
});

test("the graphs have a line of points, and the same as a table", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  await page.click("#points summary");
  const cell = (row, column) => page.locator(`#points-body tr:nth-child(${row}) > *`).nth(column);
  await eventually("three seconds", async () => /\d/.test(await cell(3, 1).textContent()));
  assert.equal(await cell(1, 0).textContent(), "0");
  assert.match(await cell(1, 2).textContent(), /^[\d,]+$/);
  // Before the page was loaded there was no request: a gap.
  assert.equal(await cell(31, 1).textContent(), "–");
  const drawn = await page.evaluate(() => {
    const counts = [];
    for (const canvas of document.querySelectorAll("canvas")) {
      const { width, height } = canvas;
      const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
      counts.push(pixels.filter((value, at) => at % 4 === 3 && value > 0).length);
    }
    return counts;
  });
  assert.equal(drawn.length, 2);
  for (const count of drawn) assert.ok(count > 100, `${count} pixels`);
});

test("the cursors of both graphs go in step", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  await eventually("the first figures", async () => (await state(page)) === "live");
  await page.hover("#load-graph .u-over", { position: { x: 80, y: 30 } });
  const at = (id) =>
    page.evaluate((id) => document.querySelector(`#${id} .u-cursor-x`).style.transform, id);
  await eventually("a cursor", async () => /translate\([1-9]/.test(await at("time-graph")));
  assert.equal(await at("load-graph"), await at("time-graph"));
});

test("the store is shown with its replicas, and its page is there", async (t) => {
  const only = "web,panel,catalog-1,catalog-2,order-1,order-2";
  const server = await startServer(t, { only });
  const { page, complaints } = await openPage(t, server.panel);
  await eventually("the store", () => page.isVisible("#store"));
  const replicas = () => page.locator("#replicas li").allTextContents();
  const names = ["catalog-1", "catalog-2", "order-1", "order-2"];
  assert.deepEqual(await replicas(), names.map((name) => `${name}up`));
  for (let read = 0; read < 4; read += 1) await fetch(`${server.web}/product/2`);
  await fetch(`${server.web}/purchase/2/`, { method: "PUT" });
  await fetch(`${server.panel}/api/store/replicas/order-2/crash`, { method: "POST" });
  await fetch(`${server.web}/purchase/2/`, { method: "PUT" });
  await eventually("a lag", async () => (await replicas())[3] === "order-2down1 behind");
  assert.equal(await figure(page, "store-sold"), "2");
  assert.match(await figure(page, "store-hit-share"), /^75\.0/);
  await page.click("#store a");
  await eventually("its page", () => page.url() === `${server.panel}/store/`);
  assert.deepEqual(complaints, []);
});

test("the chat is shown as it is, and its page is there", async (t) => {
  const server = await startServer(t, { only: "web,panel,chat" });
  const { page, complaints } = await openPage(t, server.panel);
  await eventually("the chat", () => page.isVisible("#chat"));
  const figures = () => page.locator("#chat dd").allTextContents();
  await eventually("its figures", async () => (await figures()).join() === "0,0,0");
  await page.click("#chat a");
  await eventually("its page", () => page.url() === `${server.panel}/chat/`);
  assert.deepEqual(complaints, []);
});
