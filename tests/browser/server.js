// The real binary: started on free ports in a directory of its own, and ended with its test.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? join(here, "../../target");
const BINARY = process.env.PENTAD ?? join(target, "debug/pentad");

/** Time after which a test gives up. */
const PATIENCE_MS = 30_000;

/** Repeats a check until it is true. */
export async function eventually(what, ask) {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > until) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Starts a server for this test: `web` and `panel` are its origins. It ends with the test. */
export async function startServer(test, { panel = "127.0.0.1:0", only = "web,panel,legacy,pow", token } = {}) {
  const place = await mkdtemp(join(tmpdir(), "pentad-browser-"));
  const args = ["--data", join(place, "data"), `--panel=${panel}`, "--seed=1"];
  args.push(`--only=${only}`);
  if (token) args.push(`--panel-token=${token}`);
  for (const service of only.split(",").filter((service) => service !== "panel")) {
    args.push(`--${service}=127.0.0.1:0`);
  }
  const child = spawn(BINARY, args, { cwd: place, env: {}, stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const server = {
    /** Kills it. */
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
  test.after(async () => {
    await server.kill();
    await rm(place, { recursive: true, force: true });
  });
  for await (const line of createInterface(child.stdout)) {
    if (line === "ready") return server;
    const [, service, , address] = line.split(" ");
    server[service] = `http://${address}`;
  }
  throw new Error(`the server did not start: ${complaints}`);
}

/** Clients that request the first page again and again, until they are stopped. */
export function visit(test, origin, clients) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
  let stopped = false;
  const once = () =>
    new Promise((resolve) => {
      const request = http.get(`${origin}/`, { agent }, (reply) => {
        reply.resume().once("close", resolve);
      });
      request.once("error", resolve);
    });
  const visitors = Array.from({ length: clients }, async () => {
    while (!stopped) await once();
  });
  const stop = async () => {
    stopped = true;
    await Promise.all(visitors);
    agent.destroy();
  };
  test.after(stop);
  return stop;
}
