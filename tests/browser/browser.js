// The real browser: one without windows for each file of tests, a fresh profile for each test.

import { after, before } from "node:test";
import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser;

before(async () => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ARGUMENTS });
});

after(() => browser?.close());

/** What a page may look like. */
export const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  small: { colorScheme: "light", viewport: { width: 360, height: 740 } },
  "small-dark": { colorScheme: "dark", viewport: { width: 360, height: 740 } },
};

/**
 * The dashboard at this origin, or another page of it, in a profile of its own. `complaints` are errors that the browser
 * has seen, `requests` all that it has asked for, wherever.
 */
export async function openPage(test, origin, { look = LOOKS.light, prepare, path = "/" } = {}) {
  const context = await browser.newContext({ ...look, reducedMotion: "reduce" });
  test.after(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  const requests = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => requests.push(request));
  await prepare?.(page);
  await page.goto(origin + path);
  return { page, complaints, requests };
}

/** The text of the figure with this name. */
export const figure = (page, name) => page.textContent(`[data-figure="${name}"]`);

/** The number in the text of a figure, without its unit; `NaN` while there is none. */
export async function number(page, name) {
  return Number.parseFloat((await figure(page, name)).replaceAll(",", ""));
}

/** The state of the server as the page shows it: live, wrong, gone. */
export const state = (page) => page.getAttribute("#server", "data-state");
