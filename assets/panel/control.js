// What changes the server: a POST. Only operators get here, so nothing is asked for.

import { ask } from "./poll.js";

/** POSTs, and returns the answer. */
export const control = (path) => ask(path, { method: "POST" });
