// The switch of the cache. The server's word counts: a click asks, the answer moves the switch.

import { control } from "./control.js";
import { byId, say } from "./text.js";

const button = byId("cache");
const said = byId("cache-said");

let asking = false;

/** Shows what the metrics say, unless a click is on its way. */
export function showCache({ cache_enabled: enabled }) {
  if (asking || typeof enabled !== "boolean") return;
  button.disabled = false;
  button.setAttribute("aria-checked", String(enabled));
  say(button, enabled ? "On" : "Off");
}

button.addEventListener("click", async () => {
  if (asking) return;
  asking = true;
  say(said, "");
  try {
    const answer = await control("/toggle_cache");
    asking = false;
    showCache(answer);
  } catch (error) {
    asking = false;
    say(said, `Not switched: ${error.message}`);
  }
});
