// The browser: a headless process for each test file, a fresh profile for each test.

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

/** Variants of the page. */
export const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  small: { colorScheme: "light", viewport: { width: 360, height: 740 } },
  "small-dark": { colorScheme: "dark", viewport: { width: 360, height: 740 } },
};

/**
 * Opens the dashboard at this origin, or another page of it, in a profile of its own. `complaints`
 * are errors in the browser, `requests` all of its requests to any origin.
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

/** Returns the text of a figure. */
export const figure = (page, name) => page.textContent(`[data-figure="${name}"]`);

/** Returns the number in the text of a figure, without its unit; `NaN` if there is none. */
export async function number(page, name) {
  return Number.parseFloat((await figure(page, name)).replaceAll(",", ""));
}

/** Returns the state of the server as the page shows it: live, wrong, gone. */
export const state = (page) => page.getAttribute("#server", "data-state");

/** Minimum contrast of a text (WCAG 2, level AA). */
export const CONTRAST_MIN = 4.5;

/** Runs in the page: returns each visible text and each line's colour, with its contrast to the
    background. */
export function contrasts() {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const contrast = (one, other) => {
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (text === "" || !element.checkVisibility()) continue;
    const colour = channels(getComputedStyle(element).color);
    found.push({ text, contrast: contrast(colour, behind(element)) });
  }
  for (const swatch of document.querySelectorAll(".swatch")) {
    const colour = channels(getComputedStyle(swatch).borderTopColor);
    found.push({ text: swatch.className, contrast: contrast(colour, behind(swatch)) });
  }
  return found;
}
