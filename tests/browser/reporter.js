// Prints a line for each test, its errors, and finally the counts.

import { inspect } from "node:util";

/** A file is a test too; it counts only if it failed before its own tests ran. */
const isFile = (name) => name.endsWith(".test.js");

export default async function* report(events) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of events) {
    if (type === "test:pass" && !isFile(data.name)) {
      const left = data.skip !== undefined || data.todo !== undefined;
      counts[left ? "skipped" : "passed"] += 1;
      yield `${left ? "skipped" : "ok"} ${data.name}\n`;
    }
    if (type === "test:fail") {
      counts.failed += 1;
      yield `FAILED ${data.name}\n${inspect(data.details.error.cause ?? data.details.error)}\n`;
    }
    if (type === "test:stderr") yield data.message;
  }
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  yield `${counts.passed} passed, ${counts.failed} failed${skipped}\n`;
}
