// The shop: browse, buy, watch where reads come from and how the replicas are. Text is only ever
// put into the page as text.

const byId = (id) => document.getElementById(id);

const element = (name, text, kind) => {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
};

const say = (text, kind) => {
  byId("said").textContent = text;
  byId("said").className = kind ?? "";
};

let wanted = "all";
let mayControl = false;

/** Shows what the fields of a read say about it. */
const showRead = (response) => {
  const hit = response.headers.get("X-Cache") ?? "–";
  byId("cache").textContent = hit;
  byId("cache").className = hit === "HIT" ? "good" : "mid";
  byId("age").textContent = `${response.headers.get("Age") ?? "–"} s`;
  byId("replica").textContent = response.headers.get("X-Replica") ?? "–";
  const time = /dur=([\d.]+)/.exec(response.headers.get("Server-Timing") ?? "");
  byId("time").textContent = time ? `${Number(time[1]).toFixed(2)} ms` : "–";
};

const bookOf = (book) => {
  const item = element("li", "");
  const buy = element("button", "Buy one");
  buy.disabled = book.quantity === 0;
  buy.setAttribute("aria-label", `Buy one copy of ${book.title}`);
  buy.addEventListener("click", () => purchase(book, buy));
  const left = book.quantity === 0 ? "out of stock" : `${book.quantity} in stock`;
  item.append(
    element("h3", book.title),
    element("p", `${book.topic} · ${book.price.toFixed(2)}`),
    element("p", left, book.quantity === 0 ? "bad" : "good"),
    buy,
  );
  return item;
};

/** Puts new items in the place of old ones, and leaves the focus where it was. */
const replace = (list, items) => {
  const focused = list.contains(document.activeElement)
    ? document.activeElement.getAttribute("aria-label")
    : null;
  list.replaceChildren(...items);
  for (const button of list.querySelectorAll("button")) {
    if (focused && button.getAttribute("aria-label") === focused) button.focus();
  }
};

const browse = async () => {
  const response = await fetch(`/products/${encodeURIComponent(wanted)}`);
  showRead(response);
  const body = await response.json();
  replace(byId("books"), response.ok ? body.map(bookOf) : []);
  if (!response.ok) say(body.message ?? "Nothing could be read.", "bad");
  return response.ok;
};

const purchase = async (book, button) => {
  button.disabled = true;
  const random = crypto.getRandomValues(new Uint32Array(4));
  const key = Array.from(random, (number) => number.toString(16)).join("-");
  const response = await fetch(`/purchase/${book.id}/`, {
    method: "PUT",
    headers: { "Idempotency-Key": key },
  });
  const body = await response.json();
  say(`${book.title}: ${body.message ?? body.detail}`, response.ok ? "good" : "bad");
  await refresh();
};

const control = async (name, what) => {
  const response = await fetch(`/api/store/replicas/${name}/${what}`, { method: "POST" });
  const body = await response.json();
  say(response.ok ? `${name} is ${body.state}` : body.detail, response.ok ? "" : "bad");
  await watch();
};

const KINDS = { UP: "good", DOWN: "bad", RECOVERING: "mid" };

const replicaOf = (replica) => {
  const item = element("li", "");
  item.append(
    element("h3", replica.name),
    element("p", replica.state, KINDS[replica.state]),
    element("p", `entry ${replica.seq ?? "–"}, ${replica.lag ?? "–"} behind`),
    element("p", `${replica.requests} requests, ${replica.errors} errors`),
    element("code", replica.digest ?? "–"),
  );
  if (replica.problem) item.append(element("p", replica.problem, "bad"));
  if (mayControl) {
    const what = replica.state === "DOWN" ? "recover" : "crash";
    const button = element("button", what === "crash" ? "Crash" : "Recover");
    button.setAttribute("aria-label", `${button.textContent} ${replica.name}`);
    button.addEventListener("click", () => control(replica.name, what));
    item.append(button);
  }
  return item;
};

const ask = async (path) => (await fetch(path)).json();

const watch = async () => {
  const [replicas, cache] = await Promise.all([
    ask("/api/store/replicas"),
    ask("/api/store/cache"),
  ]);
  replace(byId("replicas"), replicas.map(replicaOf));
  const digests = new Set(replicas.filter((one) => one.state === "UP").map((one) => one.digest));
  byId("agreement").textContent =
    digests.size <= 1 ? "All replicas that are up hold the same." : "Replicas differ for now.";
  byId("agreement").className = digests.size <= 1 ? "good" : "mid";
  byId("counts").textContent =
    `${cache.hits} hits, ${cache.misses} misses, ${cache.invalidations} forgotten because of a ` +
    `write; ${cache.entries} of ${cache.max_entries} entries kept`;
};

const refresh = async () => {
  const good = await browse();
  await watch();
  return good;
};

byId("search").addEventListener("submit", async (event) => {
  event.preventDefault();
  wanted = byId("text").value.trim() || "all";
  say("");
  await refresh();
});

const begin = async () => {
  const probe = await fetch("/api/store/replicas/any/crash", { method: "OPTIONS" });
  mayControl = (probe.headers.get("Allow") ?? "").includes("POST");
  byId("where").hidden = mayControl;
  if (await refresh()) say("");
  setInterval(() => {
    if (!document.hidden) watch().catch(() => say("The server does not answer.", "bad"));
  }, 1000);
};

begin().catch(() => say("The server does not answer.", "bad"));
