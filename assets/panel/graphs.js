// The two graphs of the last 30 seconds, with a shared cursor, and a table of the same values.
//
// The time axis is fixed ("−30 s" … "now"), and the lines move by one step per second. Colours come
// from the style sheet, so that they follow the theme.

import { count, mark, ms } from "./format.js";
import { SECONDS, ages, series } from "./history.js";
import { byId, make, say } from "./text.js";

const { uPlot } = globalThis;

/** Width of the tick labels: the same on both sides of both graphs, so that they are aligned. */
const marks = (plot) => (plot.width < 400 ? 56 : 64);

const LINES = {
  clients: { label: "Active clients", axis: "left", show: count },
  total: { label: "Total requests", axis: "right", show: count },
  p50: { label: "p50", axis: "left", show: ms, dash: [4, 3] },
  p99: { label: "p99", axis: "left", show: ms },
  lag: { label: "Loop lag", axis: "right", show: ms },
};

const colour = (name) => getComputedStyle(document.body).getPropertyValue(`--${name}`);

/** Creates a graph, and the values in its legend: those under the cursor, or the last ones. */
function graph(id, names, left, right) {
  const place = byId(`${id}-graph`);
  const data = [ages, ...names.map((name) => series[name])];
  const values = names.map((name) => document.querySelector(`[data-line="${name}"]`));
  const size = () => ({ width: place.clientWidth, height: place.clientHeight });

  function read(plot) {
    const at = plot.cursor.idx ?? SECONDS;
    names.forEach((name, number) => say(values[number], LINES[name].show(series[name][at])));
  }

  const plot = new uPlot(
    {
      ...size(),
      padding: [8, 0, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: "seconds" } },
      scales: { x: { time: false, range: [-SECONDS, 0] }, left, right },
      series: [{}, ...names.map(line)],
      axes: [seconds, axis("left", names[0]), axis("right", names.at(-1))],
      hooks: { setCursor: [read] },
    },
    data,
    place,
  );
  new ResizeObserver(() => plot.setSize(size())).observe(place);
  return {
    draw() {
      plot.setData(data);
      read(plot);
    },
    recolour: () => plot.redraw(false, true),
  };
}

function line(name) {
  const { axis: scale, dash } = LINES[name];
  const stroke = () => colour(name);
  const points = { size: 5, stroke, fill: stroke, filter: alone };
  return { scale, stroke, dash, width: 2, points };
}

/** Selects points between two gaps, which no line passes through, to be drawn as dots. */
function alone(plot, number) {
  const values = plot.data[number];
  const there = (at) => values[at] !== null && values[at] !== undefined;
  return ages.map((_, at) => at).filter((at) => there(at) && !there(at - 1) && !there(at + 1));
}

/** Steps between ticks: 1, 2 and 5 of each power of ten. */
const POWERS = Array.from({ length: 16 }, (_, power) => 10 ** (power - 3));
const STEPS = POWERS.flatMap((power) => [power, 2 * power, 5 * power]);

const FONT = "11px system-ui, sans-serif";
const grid = { stroke: () => colour("grid"), width: 1 };

const seconds = {
  stroke: () => colour("muted"),
  font: FONT,
  size: 24,
  gap: 6,
  grid: { show: false },
  ticks: { show: false },
  splits: () => [-30, -20, -10, 0],
  values: () => ["−30 s", "−20", "−10", "now"],
};

function axis(scale, name) {
  return {
    scale,
    side: scale === "left" ? 3 : 1,
    stroke: () => colour(name),
    font: FONT,
    size: marks,
    gap: 8,
    space: 26,
    incrs: STEPS,
    grid: scale === "left" ? grid : { show: false },
    ticks: { show: false },
    values: (_, splits) => {
      const step = splits.length > 1 ? splits[1] - splits[0] : 1;
      const unit = LINES[name].show === ms ? " ms" : "";
      return splits.map((value) => mark(value, step) + unit);
    },
  };
}

/** A range from zero to a little above the greatest value, at least `least`. */
const fromZero = (least) => ({
  range: (_, __, most) => [0, Math.max(least, (most ?? 0) * 1.1)],
});

/** A range around a growing total, with a margin of at least a thousandth of it, so that tick
    labels need few digits. */
const aroundTotal = {
  range: (_, low, high) => {
    const [from, to] = [low ?? 0, high ?? 0];
    const air = Math.max(5, Math.ceil((to - from) * 0.1), Math.ceil(to / 1000));
    return [Math.max(0, from - air), to + air];
  },
};

const graphs = [
  graph("load", ["clients", "total"], fromZero(10), aroundTotal),
  graph("time", ["p50", "p99", "lag"], fromZero(0.1), fromZero(0.1)),
];

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const { recolour } of graphs) recolour();
});

/** Draws the current history. */
export function drawGraphs() {
  for (const { draw } of graphs) draw();
  if (points.open) fillPoints();
}

const points = byId("points");

for (const label of ["Seconds ago", ...Object.values(LINES).map((each) => each.label)]) {
  const head = make("th", "", label);
  head.scope = "col";
  byId("points-head").append(head);
}

const pointRows = ages.map(() => {
  const row = make("tr");
  row.append(make("th"), ...Object.keys(LINES).map(() => make("td")));
  row.cells[0].scope = "row";
  byId("points-body").prepend(row);
  return row;
});

function fillPoints() {
  pointRows.forEach((row, at) => {
    say(row.cells[0], String(-ages[at]));
    Object.entries(LINES).forEach(([name, { show }], number) => {
      say(row.cells[number + 1], show(series[name][at]));
    });
  });
}

points.addEventListener("toggle", fillPoints);
