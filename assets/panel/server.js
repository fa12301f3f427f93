// Whether the server is there: one line in the header, in red when it is not.

import { byId, say } from "./text.js";

const line = byId("server");

let heard;

/** It answered. */
export function present() {
  heard = new Date();
  show("live", "Live");
}

/** It is there, but does not say what was asked for. */
export function refused(error) {
  show("wrong", error.message);
}

/** It did not answer. What it said last stays, marked as old. */
export function gone() {
  const since = heard ? `, last heard at ${heard.toLocaleTimeString("en-GB")}` : "";
  show("gone", `No server${since}. Trying again …`);
}

/** Only a change is announced: the text stays the same while the state does. */
function show(state, text) {
  line.dataset.state = state;
  document.body.classList.toggle("stale", state !== "live");
  say(line, text);
}
