// The bookstore's replicas: the state and the lag of each.

import { count } from "./format.js";
import { byId, make, say } from "./text.js";

const list = byId("replicas");

/** The changing parts of each item, by the name of the replica. */
const items = new Map();

/** Shows the replicas in the metrics, in their order. */
export function showReplicas({ store }) {
  for (const { name, state, lag } of store?.replicas ?? []) {
    const item = items.get(name) ?? add(name);
    item.element.dataset.state = state;
    say(item.state, state.toLowerCase());
    say(item.lag, lag > 0 ? `${count(lag)} behind` : "");
  }
}

function add(name) {
  const item = { element: make("li"), state: make("span", "state"), lag: make("span", "lag") };
  item.element.append(make("span", "name", name), item.state, item.lag);
  list.append(item.element);
  items.set(name, item);
  return item;
}
