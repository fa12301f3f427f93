// The cache switch. It shows the server's state: a click sends a request, the answer moves it.

import { control } from "./control.js";
import { byId, say } from "./text.js";

const button = byId("cache");
const said = byId("cache-said");

let asking = false;

/** Shows the state in the metrics, unless a request is pending. */
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
    say(said, `The cache was not switched: ${error.message}`);
  }
});
