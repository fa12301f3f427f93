// The operator's session, and the button that ends it.

import { ask } from "./poll.js";
import { byId } from "./text.js";

/** Shows the button to operators who signed in. */
export async function showSession() {
  const { signed_in: signedIn } = await ask("/login");
  byId("sign-out").hidden = !signedIn;
}
