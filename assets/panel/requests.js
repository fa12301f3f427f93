// The table of the last ten requests. All rows exist from the start, so that nothing moves when
// they are filled.

import { NOTHING, count } from "./format.js";
import { byId, make, say } from "./text.js";

const ROWS = 10;

const PHRASES = {
  200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial",
  301: "Moved", 302: "Found", 304: "Not Modified", 307: "Redirect", 308: "Redirect",
  400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
  405: "Not Allowed", 408: "Timeout", 409: "Conflict", 412: "Failed", 413: "Too Large",
  415: "Wrong Type", 416: "Bad Range", 429: "Too Many", 431: "Too Large",
  500: "Error", 501: "Unknown", 503: "Unavailable", 505: "Wrong Version",
};

const CLASSES = { 2: "good", 3: "good", 4: "refused", 5: "failed" };

const COLUMNS = {
  client: (request) => request.client_ip ?? NOTHING,
  method: (request) => request.method ?? NOTHING,
  path: (request) => request.path ?? NOTHING,
  ms: (request) => millis(request.response_time),
  status: (request) => [request.status, PHRASES[request.status]].filter(Boolean).join(" "),
  cache: (request) => request.cache || NOTHING,
};

const rows = Array.from({ length: ROWS }, row);

function row() {
  const element = make("tr");
  element.setAttribute("role", "row");
  for (const name of Object.keys(COLUMNS)) {
    const cell = make("td", name);
    cell.setAttribute("role", "cell");
    cell.append(make("span"));
    element.append(cell);
  }
  byId("requests").append(element);
  return element;
}

/** Shows the requests, the newest first, as the server sends them. */
export function showRequests({ recent_requests: requests = [] }) {
  rows.forEach((element, number) => {
    const request = requests[number];
    Object.values(COLUMNS).forEach((read, column) => {
      const span = element.cells[column].firstChild;
      say(span, request ? read(request) : "");
      span.title = span.textContent;
    });
    element.dataset.status = CLASSES[Math.floor(request?.status / 100)] ?? "";
  });
}

/** Formats milliseconds for a column of one unit and of constant width. */
function millis(value) {
  if (typeof value !== "number") return NOTHING;
  return value < 1000 ? value.toFixed(value < 100 ? 2 : 1) : count(value);
}
