import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { expect, test } from "vitest";
import type { CoreStatus } from "#shared/contract/transport/desktop.ts";
import { UtilityProcess } from "#testing/electron/utility-process.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { CoreProcess } from "./core-process.ts";

/** Echoes on every port, replies that it has closed all when it must stop, and crashes at a message on a port. */
const GOOD = `
process.parentPort.on("message", ({ data, ports }) => {
  if (data.kind === "stop") process.parentPort.postMessage({ kind: "stopped" });
  for (const port of ports) port.on("message", (text) => (text === "fall" ? process.exit(9) : port.postMessage(text)));
});
process.parentPort.postMessage({ kind: "ready" });
`;
const FALLING = "process.exit(7);";
const UNABLE = `
process.parentPort.on("message", () => {});
process.parentPort.postMessage({ kind: "unable", sentence: "the database is held by process 1" });
`;
const DEAF = `
process.parentPort.on("message", () => {});
process.parentPort.postMessage({ kind: "nonsense" });
process.parentPort.postMessage({ kind: "ready" });
`;

test("a core that runs answers on the port that it was handed", async () => {
  await using world = await createWorld(GOOD);
  world.core.start();
  expect(await world.until("running")).toEqual({ state: "running", sentence: null });
  expect(await world.ask("hello")).toBe("hello");
});

test("a core that falls is started again, and that is said", async () => {
  await using world = await createWorld(GOOD);
  world.core.start();
  await world.until("running");
  void world.ask("fall");
  expect(await world.until("restarting")).toEqual({
    state: "restarting",
    sentence:
      "the part of Latchkey that reads hosts has stopped (exit code 9) and was started again; a scan that was running is shown as interrupted",
  });
  expect((await world.until("running")).sentence).toMatch(/was started again/);
  expect(await world.ask("hello")).toBe("hello");
});

test("a core that falls at once is started again three times in five minutes, and then no more", async () => {
  await using world = await createWorld(FALLING);
  world.core.start();
  expect(await world.until("failed")).toEqual({
    state: "failed",
    sentence:
      "the part of Latchkey that reads hosts has stopped 4 times in five minutes (exit code 7 the last time), so it is not started again by itself; nothing that it had read is lost",
  });
  expect(world.states).toEqual(["restarting", "restarting", "restarting", "failed"]);
});

test("falls that are more than five minutes apart are each started again", async () => {
  let time = 0;
  await using world = await createWorld(GOOD, {
    now: () => {
      time += 5 * 60_000;
      return time;
    },
  });
  world.core.start();
  for (const _ of Array(6)) {
    await world.until("running");
    void world.ask("fall");
    await world.until("restarting");
  }
  await world.until("running");
});

test("what was given up starts again when somebody asks for it", async () => {
  await using world = await createWorld(FALLING);
  world.core.start();
  await world.until("failed");
  await world.rewrite(GOOD);
  await world.core.retry();
  expect(await world.until("running")).toEqual({ state: "running", sentence: null });
});

test("a core that cannot open its database says why, and is not started again by itself", async () => {
  await using world = await createWorld(UNABLE);
  world.core.start();
  expect(await world.until("failed")).toEqual({
    state: "failed",
    sentence: "the database is held by process 1",
  });
  await world.rewrite(GOOD);
  await world.core.retry();
  expect(world.states).toEqual(["failed", "starting"]);
  await world.until("running");
});

test("a core that has closed its database is ended by the app, which waits for that and hears no more of it", async () => {
  await using world = await createWorld(GOOD);
  world.core.start();
  await world.until("running");
  await world.core.stop();
  await world.core.stop();
  expect(world.states).toEqual(["running"]);
});

test("a core that does not end by itself is ended", async () => {
  await using world = await createWorld(DEAF, { stopWithinMs: 1 });
  world.core.start();
  await world.until("running");
  await world.core.stop();
});

type Limits = { now?: () => number; stopWithinMs?: number };

async function createWorld(script: string, limits: Limits = {}) {
  const folder = await makeTemporaryFolder();
  const seen: CoreStatus[] = [];
  const waiting: { state: string; resolve: (status: CoreStatus) => void }[] = [];
  let written = 0;
  const rewrite = (text: string) => writeFile(join(folder.path, `core-${++written}.mjs`), text);
  await rewrite(script);
  /** Statuses that a test has already waited for. */
  let read = 0;
  const settle = () => {
    const [first] = waiting;
    const index = seen.findIndex(({ state }, at) => at >= read && state === first?.state);
    if (!first || index < 0) return;
    read = index + 1;
    waiting.shift();
    first.resolve(seen[index] as CoreStatus);
  };
  const core = new CoreProcess<MessagePort>({
    fork: () => new UtilityProcess(join(folder.path, `core-${written}.mjs`)),
    onStatus: () => {
      seen.push(core.status);
      settle();
    },
    ...limits,
  });
  return {
    core,
    rewrite,
    get states() {
      return seen.map(({ state }) => state);
    },
    until: (state: CoreStatus["state"]) =>
      new Promise<CoreStatus>((resolve) => {
        waiting.push({ state, resolve });
        settle();
      }),
    ask: (text: string) =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        core.serve(port1);
        port2.on("message", (reply) => {
          port2.close();
          resolve(reply);
        });
        port2.postMessage(text);
      }),
    async [Symbol.asyncDispose]() {
      await core.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}
