// Polls the server once a second: one request at a time, and none while the page is hidden.

const PERIOD_MS = 1000;

/** Time after which a missing answer counts as a failure. */
const PATIENCE_MS = 3000;

/** The server answered with an error, or not with JSON. */
export class Refused extends Error {
  constructor(path, status, detail) {
    super(`${path} answers ${status}${detail ? `: ${detail}` : ""}`);
    this.status = status;
  }
}

/** The server did not answer. */
export class Gone extends Error {}

/** Fetches JSON; throws `Refused` or `Gone` on failure. */
export async function ask(path, options = {}) {
  const { ok, status, text } = await exchange(path, options);
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refused(path, status);
  }
  if (status === 401) signIn();
  if (!ok) throw new Refused(path, status, body.detail ?? body.error);
  return body;
}

/** Redirects to the sign-in page: the session has ended, or never began. */
function signIn() {
  location.assign(`/login?to=${location.pathname}`);
}

async function exchange(path, options) {
  try {
    const response = await fetch(path, {
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...options,
      headers: { accept: "application/json", ...options.headers },
    });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    throw new Gone("the server does not answer", { cause: error });
  }
}

/**
 * Calls `turn` immediately and then once a second, at the same offset. Turns that would overlap a
 * longer one are skipped. There are none while the tab is hidden; the next one comes as soon as it
 * is visible again.
 */
export function everySecond(turn) {
  const began = performance.now();
  let timer;
  let busy = false;

  async function now() {
    timer = undefined;
    busy = true;
    try {
      await turn();
    } finally {
      busy = false;
      next();
    }
  }

  function next() {
    if (document.hidden || busy || timer !== undefined) return;
    const elapsed = (performance.now() - began) % PERIOD_MS;
    timer = setTimeout(now, PERIOD_MS - elapsed);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    timer = undefined;
    if (!document.hidden && !busy) now();
  });
  now();
}
