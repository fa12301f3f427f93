// The shop: browse, search, buy, see the source of reads, crash and recover a replica.

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { CONTRAST_MIN, LOOKS, contrasts, openPage } from "./browser.js";
import { eventually, startServer } from "./server.js";

const STORE = "web,panel,catalog-1,catalog-2,order-1,order-2";

/** Opens the shop of a server of this test, with its books. */
async function openShop(t, { listener = "panel", look } = {}) {
  const server = await startServer(t, { only: STORE });
  const opened = await openPage(t, server[listener], { look, path: "/store/" });
  await eventually("three books", async () => (await books(opened.page)).length === 3);
  return { server, ...opened };
}

const books = (page) => page.locator("#books h3").allTextContents();
const stock = (page, title) =>
  page.locator("#books li", { hasText: title }).locator(".stock").textContent();
const lastRead = (page) => page.locator("#reads tr").first().locator("td").allTextContents();
const state = (page, name) =>
  page.locator("#replicas li", { hasText: name }).locator(".state").textContent();

async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

test("books are browsed, searched and bought", async (t) => {
  const { page, complaints, server } = await openShop(t);
  assert.deepEqual(await books(page), [
    "The Great Gatsby",
    "Introduction to Python",
    "History of Art",
  ]);
  await page.fill("#text", "prog");
  await page.click("#search button");
  await eventually("one book", async () => (await books(page)).length === 1);
  assert.equal(await stock(page, "Introduction to Python"), "97 in stock");
  await page.click('[aria-label="Buy one copy of Introduction to Python"]');
  await eventually("a sale", async () => (await stock(page, "Python")) === "96 in stock");
  assert.match(await page.textContent("#said"), /Product purchased successfully/);
  const orders = await (await fetch(`${server.panel}/api/orders`)).json();
  assert.equal(orders.length, 1);
  const place = await page.getAttribute("#orders a", "href");
  assert.match(place, /^\/api\/orders\/1\?key=[0-9a-f]{32}$/);
  assert.equal((await (await fetch(server.web + place)).json()).book_id, 2);

  await page.fill("#text", "no such topic");
  await page.keyboard.press("Enter");
  await eventually("no book", async () => (await books(page)).length === 0);
  assert.match(await page.textContent("#said"), /No topic contains/);
  await page.click('[aria-label^="Topic All"]');
  await eventually("all books", async () => (await books(page)).length === 3);
  const sold = page.locator("#books li", { hasText: "History of Art" });
  assert.equal(await sold.locator(".stock").textContent(), "Out of stock");
  assert.equal(await sold.locator("button").isDisabled(), true);
  const refused = complaints.filter((text) => !/404/.test(text));
  assert.deepEqual(refused, [], "the browser reports the search that found nothing, and no more");
});

test("a read comes from a replica first, then from the cache, until a write", async (t) => {
  const { page, complaints } = await openShop(t);
  const verdict = async () => (await lastRead(page))[1];
  assert.equal(await verdict(), "MISS");
  assert.match((await lastRead(page))[3], /^catalog-[12]$/);
  await page.click("#again");
  await eventually("a hit", async () => (await verdict()) === "HIT");
  await eventually("a count", async () => (await page.textContent("[data-count=hits]")) === "1");
  assert.equal(await page.textContent("[data-count=share]"), "50 %");
  await page.click('[aria-label="Buy one copy of The Great Gatsby"]');
  await eventually("a miss", async () => (await verdict()) === "MISS");
  assert.equal(await stock(page, "Gatsby"), "8 in stock");
  assert.deepEqual(complaints, []);
});

test("a replica is crashed, missed by nobody, and recovered", async (t) => {
  const { page, complaints } = await openShop(t);
  await eventually("four replicas", async () => (await page.locator("#replicas li").count()) === 4);
  await page.click('[aria-label="Crash catalog-1"]');
  await eventually("it is down", async () => (await state(page, "catalog-1")) === "DOWN");
  await page.click('[aria-label="Buy one copy of Introduction to Python"]');
  await eventually("a sale", async () => (await stock(page, "Python")) === "96 in stock");
  assert.equal((await lastRead(page))[3], "catalog-2");
  await picture(page, "shop-down");
  await page.click('[aria-label="Recover catalog-1"]');
  await eventually("it is up", async () => (await state(page, "catalog-1")) === "UP");
  const agreement = () => page.textContent("#agreement");
  await eventually("they agree", async () => (await agreement()) === "All that are up agree");
  assert.deepEqual(complaints, []);
});

test("on the web listener replicas and the cache are nobody's business", async (t) => {
  const { page, complaints } = await openShop(t, { listener: "web" });
  assert.equal(await page.isVisible("#replicas"), false);
  assert.equal(await page.isVisible("[data-count=hits]"), false);
  await page.click('[aria-label="Buy one copy of The Great Gatsby"]');
  await eventually("an order", () => page.isVisible("#orders a"));
  await picture(page, "shop-web");
  await page.reload();
  await eventually("it is kept", () => page.isVisible("#orders a"));
  await page.click("#orders a");
  await eventually("it", async () => /"book_id":1/.test(await page.textContent("body")));
  assert.deepEqual(complaints, []);
});

test("the server's end is said, and its figures stay", async (t) => {
  const { page, server } = await openShop(t);
  await server.kill();
  const said = () => page.textContent("#said");
  await eventually("a word", async () => (await said()).includes("does not answer"));
  assert.equal((await books(page)).length, 3);
});

for (const [name, look] of Object.entries(LOOKS)) {
  test(`nothing sticks out of the shop: ${name}`, async (t) => {
    const { page, complaints } = await openShop(t, { look });
    await eventually("replicas", async () => (await page.locator("#replicas li").count()) === 4);
    for (let read = 0; read < 6; read += 1) await page.click("#again");
    const excess = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.equal(excess, 0);
    await picture(page, `shop-${name}`);
    assert.deepEqual(complaints, []);
  });
}

for (const name of ["light", "dark"]) {
  test(`every text of the shop can be read: ${name}`, async (t) => {
    const { page } = await openShop(t, { look: LOOKS[name] });
    await eventually("replicas", async () => (await page.locator("#replicas li").count()) === 4);
    await page.click('[aria-label="Crash order-2"]');
    await eventually("it is down", async () => (await state(page, "order-2")) === "DOWN");
    await page.click("#again");
    await eventually("a hit", async () => (await lastRead(page))[1] === "HIT");
    const texts = await page.evaluate(contrasts);
    assert.ok(texts.length > 50, "the texts were found");
    assert.deepEqual(texts.filter(({ contrast }) => contrast < CONTRAST_MIN), []);
  });
}
