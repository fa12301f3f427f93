// Requests that change the server. Only operators reach this page, so there is no confirmation.

import { ask } from "./poll.js";

/** Sends a POST, and returns the answer. */
export const control = (path) => ask(path, { method: "POST" });
