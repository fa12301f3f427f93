// The live-support page: polls queue, agents and the counts of the day once a second. It pauses
// while the page is hidden, and never turns text into markup.

const EVERY_MS = 1000;
const state = document.getElementById("state");
const agents = document.getElementById("agents");

const formats = {
  share: (value) => `${(100 * value).toFixed(1)} %`,
  time: (value) => `${value.toFixed(1)} s`,
  rating: (value) => value.toFixed(2),
};

function show(element, value) {
  const format = formats[element.dataset.as] ?? String;
  const text = value === null || value === undefined ? "–" : format(value);
  if (element.textContent !== text) element.textContent = text;
}

function row(agent) {
  const tr = document.createElement("tr");
  const load = `${agent.chats} of ${agent.capacity}`;
  for (const text of [agent.name, agent.status, load, agent.clients.join(", ")]) {
    const td = document.createElement("td");
    td.textContent = text;
    tr.append(td);
  }
  return tr;
}

async function ask(path) {
  const response = await fetch(path, { cache: "no-store" });
  if (response.status === 401) location.assign(`/login?to=${location.pathname}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

async function look() {
  const [status, list] = await Promise.all([ask("/api/chat/status"), ask("/api/chat/agents")]);
  const now = {
    queue: status.queue,
    ewt: status.ewt === null ? "–" : `${status.ewt} s`,
    chats: status.chats,
    online: status.agents.online,
    away: status.agents.away,
  };
  for (const element of document.querySelectorAll("[data-figure]")) {
    show(element, now[element.dataset.figure]);
  }
  for (const element of document.querySelectorAll("[data-today]")) {
    show(element, status.today[element.dataset.today]);
  }
  agents.replaceChildren(...list.map(row));
  state.textContent = "";
  state.dataset.state = "live";
}

async function watch() {
  if (!document.hidden) {
    try {
      await look();
    } catch {
      state.textContent = "The server does not answer.";
      state.dataset.state = "lost";
    }
  }
  setTimeout(watch, EVERY_MS);
}

watch();
