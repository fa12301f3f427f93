// Formats numbers for people. A missing value is a dash.

export const NOTHING = "–";

/** A space between a number and its unit that keeps them on one line. */
const NARROW = "\u202f";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const three = new Intl.NumberFormat("en", {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** Formats 1234567.8 as "1,234,568". */
export function count(value) {
  return isNumber(value) ? whole.format(value) : NOTHING;
}

/** Formats 0.97312 as "97.3 %". Only 1 becomes "100 %", only 0 becomes "0 %". */
export function share(value) {
  if (!isNumber(value)) return NOTHING;
  const percent = value * 100;
  const edge = percent <= 0 || percent >= 100;
  const shown = Math.min(Math.max(percent, 0.1), 99.9);
  return (edge ? whole.format(percent) : shown.toFixed(1)) + NARROW + "%";
}

/** Formats milliseconds with three digits in a suitable unit: "87 µs", "0.42 ms", "3.10 s". */
export function ms(value) {
  if (!isNumber(value)) return NOTHING;
  if (value === 0) return "0" + NARROW + "ms";
  if (value < 0.1) return whole.format(value * 1000) + NARROW + "µs";
  if (value < 1) return value.toFixed(2) + NARROW + "ms";
  if (value < 999.5) return three.format(value) + NARROW + "ms";
  return three.format(value / 1000) + NARROW + "s";
}

/** Formats 14889779 as "14.2 MiB". */
export function bytes(value) {
  if (!isNumber(value)) return NOTHING;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? whole.format(value) : value.toFixed(1);
  return digits + NARROW + units[unit];
}

/** Formats seconds in the two largest units: "4 d 3 h", "3 h 12 min", "12 min 4 s". */
export function duration(seconds) {
  if (!isNumber(seconds)) return NOTHING;
  const units = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, length]) => seconds >= length);
  if (first < 0) return "0" + NARROW + "s";
  const parts = [];
  for (const [name, length] of units.slice(first, first + 2)) {
    parts.push(Math.floor(seconds / length) + NARROW + name);
    seconds %= length;
  }
  return parts.join(" ");
}

/** Formats a tick of an axis with ticks `step` apart, with as few digits as distinguish them. */
export function mark(value, step) {
  const [unit, name] = value >= 1e9 ? [1e9, "G"] : value >= 1e6 ? [1e6, "M"] : [1, ""];
  const digits = Math.max(0, Math.ceil(Math.log10(unit / step) - 1e-9));
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return (value / unit).toLocaleString("en", format) + name;
}
