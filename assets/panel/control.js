// What changes the server: a POST, with the panel's token where the server wants one.

import { ask } from "./poll.js";
import { byId, say } from "./text.js";

/** Where the token is kept: for this tab, until it is closed. */
const KEY = "pentad-panel-token";

const dialog = byId("token");
const form = dialog.querySelector("form");

/** POSTs; asks for the token if it is that what is missing, and tries once more. */
export async function control(path) {
  try {
    return await post(path);
  } catch (error) {
    if (!wantsToken(error) || !(await askForToken(error.message))) throw error;
    return post(path);
  }
}

function post(path) {
  const token = sessionStorage.getItem(KEY);
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  return ask(path, { method: "POST", headers });
}

/** From another machine, a refusal is about the token; from this one it never asks for one. */
function wantsToken(error) {
  const here = /^(localhost|127\..*|\[::1\])$/.test(location.hostname);
  return error.status === 401 || (error.status === 403 && !here);
}

/** Whether one was given. */
function askForToken(why) {
  say(byId("token-said"), why);
  form.reset();
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "given");
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY, form.elements.token.value);
  dialog.close("given");
});
form.querySelector("[value=cancel]").addEventListener("click", () => dialog.close());
