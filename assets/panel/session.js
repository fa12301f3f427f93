// The operator's session: it ends with a button, and where it has ended the sign-in page is next.

import { ask } from "./poll.js";
import { byId } from "./text.js";

/** Offers to sign out to those who signed in. */
export async function showSession() {
  const { signed_in: signedIn } = await ask("/login");
  byId("sign-out").hidden = !signedIn;
}
