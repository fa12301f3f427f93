// The cache switch, which signed-in operators may use, and other sites may not.

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { LOOKS, openPage } from "./browser.js";
import { eventually, startServer } from "./server.js";

async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

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

test("with a token the panel is reached by signing in, until signing out", async (t) => {
  const server = await startServer(t, { token: "right" });
  const { page } = await openPage(t, server.panel, { look: LOOKS.light });
  await eventually("the sign-in page", () => page.isVisible("#token"));
  await picture(page, "login");
  await page.fill("#token", "wrong");
  await page.keyboard.press("Enter");
  await eventually("a word", async () => /not the token/.test(await page.textContent("#said")));
  await page.fill("#token", "right");
  await page.keyboard.press("Enter");
  await eventually("a switch", () => page.isEnabled("#cache"));
  await page.click("#cache");
  await eventually("off", async () => (await checked(page)) === "false");
  await eventually("a way out", () => page.isVisible("#sign-out"));
  await page.click("#sign-out button");
  await eventually("the sign-in page", () => page.isVisible("#token"));
  await page.goto(`${server.panel}/chat/`);
  await eventually("the sign-in page", () => page.isVisible("#token"));
});

test("a page of another origin changes nothing, whatever it tries", async (t) => {
  const only = "web,panel,catalog-1,order-1";
  const server = await startServer(t, { only });
  const { page } = await openPage(t, server.web);
  const targets = [
    `${server.panel}/toggle_cache`,
    `${server["order-1"]}/purchase/1/`,
    `${server["catalog-1"]}/modify/1`,
    `${server.panel}/purchase/1/`,
  ];
  for (const target of targets) {
    await page.evaluate(
      (url) => fetch(url, { method: "POST", mode: "no-cors", body: '{"price":1}' }).catch(() => {}),
      target,
    );
  }
  // The same as a form, from a page of another site: it is refused.
  const evil = server.web.replace("127.0.0.1", "localhost");
  for (const target of targets) {
    await page.goto(`${evil}/healthz`);
    await page.evaluate((url) => {
      const form = document.createElement("form");
      Object.assign(form, { method: "post", action: url });
      document.body.append(form);
      form.submit();
    }, target);
    await eventually("a refusal", async () => /other sites/.test(await page.textContent("body")));
  }
  const metrics = await (await fetch(`${server.panel}/metrics`)).json();
  assert.equal(metrics.cache_enabled, true);
  assert.deepEqual(await (await fetch(`${server.panel}/api/orders`)).json(), []);
  const book = await (await fetch(`${server["catalog-1"]}/retrieve/item/1`)).json();
  assert.deepEqual([book.price, book.quantity], [2000, 9]);
});
