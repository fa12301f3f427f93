// The state of the server: a line in the header, red while the server is unreachable.

import { byId, say } from "./text.js";

const line = byId("server");

let heard;

/** The server answered. */
export function present() {
  heard = new Date();
  show("live", "Live");
}

/** The server answered with an error. */
export function refused(error) {
  show("wrong", error.message);
}

/** The server did not answer. The last figures stay, marked as stale. */
export function gone() {
  const since = heard ? `, last heard at ${heard.toLocaleTimeString("en-GB")}` : "";
  show("gone", `No server${since}. Trying again …`);
}

/** Shows a state. Screen readers announce only changes of the text. */
function show(state, text) {
  line.dataset.state = state;
  document.body.classList.toggle("stale", state !== "live");
  say(line, text);
}
