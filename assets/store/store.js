// The shop: browsing, buying, the source of each read, and the state of the replicas. Text from the
// server is only inserted as text.

const byId = (id) => document.getElementById(id);

const make = (name, text, { kind, className } = {}) => {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.dataset.kind = kind;
  if (className) made.className = className;
  return made;
};

const button = (text, label, act) => {
  const made = make("button", text);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
};

/** Shows a message, if it differs. */
const say = (text, kind = "") => {
  const said = byId("said");
  said.dataset.kind = kind;
  if (said.textContent !== text) said.textContent = text;
};

const GONE = "The server does not answer. Trying again …";

/** Replaces the items of a list, and keeps the focus. */
const replace = (list, items) => {
  const label = (element) => element?.getAttribute("aria-label");
  const focused = list.contains(document.activeElement) ? label(document.activeElement) : null;
  list.replaceChildren(...items);
  for (const one of list.querySelectorAll("button")) {
    if (focused && label(one) === focused) one.focus();
  }
};

// Reads, by the fields of their responses, the last one first.

const READS = 6;
const reads = [];

const showReads = () => {
  const rows = Array.from({ length: READS }, (_, at) => {
    const row = make("tr", "");
    const { path = "", cache = "", age = "", replica = "", time = "" } = reads[at] ?? {};
    const kind = { HIT: "good", MISS: "warn" }[cache];
    row.append(
      make("td", path),
      make("td", cache, { kind }),
      make("td", age, { className: "number" }),
      make("td", replica),
      make("td", time, { className: "number" }),
    );
    return row;
  });
  byId("reads").replaceChildren(...rows);
};

const read = async (path) => {
  const response = await fetch(path, { cache: "no-store" });
  const field = (name) => response.headers.get(name);
  const time = /dur=([\d.]+)/.exec(field("Server-Timing") ?? "");
  reads.unshift({
    path: decodeURIComponent(path),
    cache: field("X-Cache") ?? "–",
    age: field("Age") ? `${field("Age")} s` : "–",
    replica: field("X-Replica") ?? "–",
    time: time ? Number(time[1]).toFixed(2) : "–",
  });
  reads.length = Math.min(reads.length, READS);
  showReads();
  return { ok: response.ok, status: response.status, body: await response.json() };
};

// Books

let wanted = "all";

const bookOf = (book) => {
  const item = make("li", "");
  const buy = button("Buy", `Buy one copy of ${book.title}`, () => purchase(book, buy));
  buy.classList.add("action");
  buy.disabled = book.quantity === 0;
  const title = make("div", "");
  title.append(make("h3", book.title), make("p", book.topic, { className: "topic" }));
  const left = book.quantity === 0 ? "Out of stock" : `${book.quantity} in stock`;
  item.append(
    title,
    make("p", book.price.toFixed(2), { className: "price" }),
    make("p", left, { className: "stock", kind: book.quantity === 0 ? "bad" : "good" }),
    buy,
  );
  return item;
};

const browse = async () => {
  const { ok, status, body } = await read(`/products/${encodeURIComponent(wanted)}`);
  replace(byId("books"), ok ? body.map(bookOf) : []);
  if (status === 404) say(`No topic contains “${wanted}”.`, "warn");
  else if (!ok) say(body.message ?? "The books could not be loaded.", "bad");
  return ok;
};

const topicOf = (name, text) => {
  const chip = button(text, `Topic ${text}`, () => choose(name));
  chip.setAttribute("aria-pressed", String(name === wanted));
  return chip;
};

const showTopics = async () => {
  const response = await fetch("/api/topics");
  if (!response.ok) return;
  const topics = await response.json();
  const all = topics.reduce((sum, { books }) => sum + books, 0);
  const chips = [topicOf("all", `All ${all}`)];
  for (const { topic, books } of topics) {
    chips.push(topicOf(topic.toLowerCase(), `${topic} ${books}`));
  }
  replace(byId("topics"), chips.map((chip) => {
    const item = make("li", "");
    item.append(chip);
    return item;
  }));
};

const choose = async (topic) => {
  wanted = topic;
  byId("text").value = topic === "all" ? "" : topic;
  say("");
  await refresh();
};

/** Attempts of a purchase, all with the same key, so that it happens once. */
const TRIES = 3;

const order = async (book) => {
  const random = crypto.getRandomValues(new Uint32Array(4));
  const key = Array.from(random, (number) => number.toString(16)).join("-");
  const headers = { "Idempotency-Key": key };
  for (let tried = 1; ; tried += 1) {
    try {
      const response = await fetch(`/purchase/${book.id}/`, { method: "PUT", headers });
      if (response.status !== 503 || tried === TRIES) return response;
    } catch (error) {
      if (tried === TRIES) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 300 * tried));
  }
};

// Orders of this browser: the path of each, with its key.

const ORDERS = "pentad-orders";
const ORDERS_KEPT = 20;
const PLACE = /^\/api\/orders\/(\d+)\?key=[0-9a-f]{32}$/;

const kept = () => {
  try {
    const list = JSON.parse(localStorage.getItem(ORDERS) ?? "[]");
    return list.filter(({ place, title }) => PLACE.test(place) && typeof title === "string");
  } catch {
    return [];
  }
};

const showOrders = () => {
  const list = kept();
  byId("orders-part").hidden = list.length === 0;
  byId("orders").replaceChildren(...list.map(({ place, title, at }) => {
    const item = make("li", "");
    const link = make("a", `Order ${PLACE.exec(place)[1]}`);
    link.href = place;
    item.append(link, make("span", title), make("time", new Date(at).toLocaleString("en-GB")));
    return item;
  }));
};

const keepOrder = (place, { title }) => {
  if (!PLACE.test(place ?? "")) return;
  const list = [{ place, title, at: Date.now() }, ...kept().filter((one) => one.place !== place)];
  try {
    localStorage.setItem(ORDERS, JSON.stringify(list.slice(0, ORDERS_KEPT)));
  } catch {
    // Without storage no orders are shown.
  }
  showOrders();
};

byId("forget").addEventListener("click", () => {
  localStorage.removeItem(ORDERS);
  showOrders();
});

const purchase = async (book, buy) => {
  buy.disabled = true;
  try {
    const response = await order(book);
    const body = await response.json();
    say(`${book.title}: ${body.message ?? body.detail}`, response.ok ? "good" : "bad");
    keepOrder(response.headers.get("Location"), book);
    await refresh();
  } catch {
    buy.disabled = false;
    say(GONE, "bad");
  }
};

// Cache and replicas

let isOperator = false;

const control = async (name, what) => {
  const path = `/api/store/replicas/${name}/${what}`;
  const response = await fetch(path, { method: "POST" });
  const body = await response.json();
  say(response.ok ? `${name} is ${body.state}` : body.detail, response.ok ? "" : "bad");
  await watch();
};

const KINDS = { UP: "good", DOWN: "bad", RECOVERING: "warn" };

const replicaOf = (replica) => {
  const item = make("li", "");
  const lag = replica.lag > 0 ? `, ${replica.lag} behind` : "";
  const place = make("p", `entry ${replica.seq ?? "–"}${lag}`, { className: "place" });
  place.append(
    make("br", ""),
    `${replica.requests} requests, ${replica.errors} errors`,
  );
  place.title = `digest ${replica.digest ?? "unknown"}`;
  item.append(
    make("h3", replica.name),
    make("p", replica.state, { className: "state", kind: KINDS[replica.state] }),
    place,
  );
  const [what, text] = replica.state === "DOWN" ? ["recover", "Recover"] : ["crash", "Crash"];
  const act = () => control(replica.name, what).catch(() => say(GONE, "bad"));
  item.append(button(text, `${text} ${replica.name}`, act));
  if (replica.problem) {
    item.append(make("p", replica.problem, { className: "problem", kind: "bad" }));
  }
  return item;
};

const ask = async (path) => {
  const response = await fetch(path, { cache: "no-store" });
  if (response.status === 401) location.assign(`/login?to=${location.pathname}`);
  return response.json();
};

const showCounts = (cache) => {
  const asked = cache.hits + cache.misses + cache.collapsed;
  const texts = {
    share: asked > 0 ? `${Math.round(cache.hit_ratio * 100)} %` : "–",
    hits: cache.hits,
    misses: cache.misses,
    invalidations: cache.invalidations,
    entries: `${cache.entries} of ${cache.max_entries}`,
  };
  for (const place of document.querySelectorAll("[data-count]")) {
    place.textContent = texts[place.dataset.count];
  }
};

let shown = "";

const watch = async () => {
  if (!isOperator) {
    // Only this read notices that the server is back.
    if (byId("said").textContent === GONE && (await browse())) say("");
    return;
  }
  const [replicas, cache] = await Promise.all([
    ask("/api/store/replicas"),
    ask("/api/store/cache"),
  ]);
  // An unchanged list stays: replacing it during a click would lose the click.
  if (JSON.stringify(replicas) !== shown) {
    shown = JSON.stringify(replicas);
    replace(byId("replicas"), replicas.map(replicaOf));
  }
  const up = replicas.filter(({ state }) => state === "UP");
  const digests = new Set(up.map(({ digest }) => digest));
  const agreement = byId("agreement");
  agreement.textContent = digests.size <= 1 ? "All that are up agree" : "They differ at the moment";
  agreement.dataset.kind = digests.size <= 1 ? "good" : "warn";
  showCounts(cache);
  if (byId("said").textContent === GONE) say("");
};

const refresh = async () => {
  const good = await browse();
  await Promise.all([watch(), showTopics()]);
  return good;
};

/** Runs an action, and shows a message if the server does not answer. */
const attempt = (act) => act().catch(() => say(GONE, "bad"));

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => choose(byId("text").value.trim().toLowerCase() || "all"));
});

byId("again").addEventListener("click", () => attempt(refresh));

let begun = false;

const begin = async () => {
  // Replicas and the cache are for operators, whose listener offers to crash a replica.
  const probe = await fetch("/api/store/replicas/any/crash", { method: "OPTIONS" });
  isOperator = (probe.headers.get("Allow") ?? "").includes("POST");
  for (const part of document.querySelectorAll(".operators")) part.hidden = !isOperator;
  begun = true;
  if (await refresh()) say("");
};

showReads();
showOrders();
attempt(begin);
setInterval(() => {
  if (!document.hidden) attempt(begun ? watch : begin);
}, 1000);
