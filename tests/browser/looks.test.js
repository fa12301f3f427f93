// The appearance of the page, in both themes and on a small screen: no overflow, no layout shift,
// readable and reachable. $SCREENSHOTS names a folder for pictures.

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { CONTRAST_MIN, LOOKS, contrasts, number, openPage, state } from "./browser.js";
import { eventually, startServer, visit } from "./server.js";

/** Takes a screenshot, if requested, with some seconds in its graphs. */
async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  await page.waitForTimeout(5000);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Returns the horizontal overflow of the page. */
const excess = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const [name, look] of Object.entries(LOOKS)) {
  test(`nothing sticks out: ${name}`, async (t) => {
    const server = await startServer(t);
    const { page, complaints } = await openPage(t, server.panel, { look });
    await eventually("the first figures", async () => (await state(page)) === "live");
    assert.equal(await excess(page), 0);
    await picture(page, `${name}-idle`);
    visit(t, server.web, 16);
    await eventually("clients", async () => (await number(page, "active-clients")) >= 16);
    assert.equal(await excess(page), 0);
    await picture(page, `${name}-load`);
    assert.deepEqual(complaints, []);
  });
}

for (const name of ["light", "dark"]) {
  test(`every text can be read: ${name}`, async (t) => {
    const server = await startServer(t);
    const { page } = await openPage(t, server.panel, { look: LOOKS[name] });
    for (let asked = 0; asked < 10; asked += 1) await fetch(`${server.web}/missing`);
    await eventually("a full table", async () => {
      const last = page.locator("#requests tr").last();
      return (await last.textContent()).includes("404");
    });
    const texts = await page.evaluate(contrasts);
    assert.ok(texts.length > 60, "the texts were found");
    const faint = texts.filter(({ contrast }) => contrast < CONTRAST_MIN);
    assert.deepEqual(faint, []);
  });
}

test("the graphs follow the theme", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  await eventually("the first figures", async () => (await state(page)) === "live");
  const green = () => page.evaluate(drawn);
  await eventually("a light green", async () => (await green()).includes("24,121,78"));
  await page.emulateMedia({ colorScheme: "dark" });
  await eventually("a dark green", async () => (await green()).includes("76,195,138"));
  assert.ok(!(await green()).includes("24,121,78"));
});

/** Runs in the page: returns the colours of the first graph, where they are not blended. */
function drawn() {
  const canvas = document.querySelector("#load-graph canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 255) colours.add(data.slice(at, at + 3).join());
  }
  return [...colours];
}

test("a keyboard user sees the focus", async (t) => {
  const server = await startServer(t);
  const { page } = await openPage(t, server.panel);
  await eventually("a switch", () => page.isEnabled("#cache"));
  const reached = [];
  for (;;) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const name = element.id || element.textContent;
      return { name, ring: outlineStyle === "none" ? 0 : Number.parseFloat(outlineWidth) };
    });
    if (!focus || reached.some(({ name }) => name === focus.name)) break;
    reached.push(focus);
  }
  const names = reached.map(({ name }) => name);
  for (const name of ["test", "cache", "Reports", "Loop", "Prometheus", "Show as a table"]) {
    assert.ok(names.includes(name), `${name} is reached`);
  }
  assert.deepEqual(reached.filter(({ ring }) => ring < 2), []);
});

test("nothing moves when the figures do", async (t) => {
  const server = await startServer(t);
  const prepare = (page) =>
    page.addInitScript(() => {
      globalThis.shifted = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) globalThis.shifted += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
    });
  const { page } = await openPage(t, server.panel, { prepare });
  await eventually("the first figures", async () => (await state(page)) === "live");
  await page.evaluate(() => (globalThis.shifted = 0));
  visit(t, server.web, 16);
  await eventually("clients", async () => (await number(page, "active-clients")) >= 16);
  await page.waitForTimeout(3000);
  assert.ok((await page.evaluate(() => globalThis.shifted)) < 0.001);
});
