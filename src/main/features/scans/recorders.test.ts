import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { Announcement } from "#shared/contract/events.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";
import { openStore } from "#store/store.ts";
import { START } from "#store/testing/make-visit.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { recordInto } from "./recorders.ts";
import type { ProbeResult } from "./recording/messages.ts";

const web1: SshTarget = { kind: "ssh", host: "web1", port: 22, user: "root" };
const NONCE = "0123456789abcdef0123456789abcdef";

/** A database on a disk, whose recorder is a thread of its own: from this source, by a bare Node. */
async function open() {
  const folder = await makeTemporaryFolder();
  const store = openStore({ path: join(folder.path, "latchkey.db"), access: "write" });
  const announced: Announcement[] = [];
  const logged: unknown[] = [];
  const recording = recordInto(store, {
    announce: (one) => announced.push(one),
    log: (error) => logged.push(error),
  });
  return {
    store,
    recording,
    announced,
    logged,
    async [Symbol.asyncDispose]() {
      await recording.close();
      store.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

type Opened = Awaited<ReturnType<typeof open>>;

const begin = ({ recording }: Opened) =>
  recording.begin({ requested: [{ target: web1, useSudo: false }], at: START });

async function streamHome(scanId: number): Promise<ProbeResult> {
  return {
    kind: "stream",
    nonce: NONCE,
    lost: null,
    identity: { scanId: scanId as never, target: web1, at: START, tookMs: 1 },
    reading: {
      state: "ok",
      outcome: "collected",
      message: "",
      ending: null,
      stream: Buffer.from(answerScript(`--nonce '${NONCE.slice(0, 16)}''${NONCE.slice(16)}'`), "latin1"),
      hostKey: { keyType: "ssh-ed25519", fingerprint: "SHA256:x", blob: new Uint8Array([1, 2]) },
    },
  };
}

test("a stream is read, judged and written in a thread, and seen here when that is told", async () => {
  await using opened = await open();
  const { store, recording, announced, logged } = opened;
  const scanId = await begin(opened);
  recording.keep(await streamHome(scanId));
  await recording.settle();
  expect(logged).toEqual([]);
  expect(store.scans.find(scanId)).toMatchObject({ state: "running", ok: 1 });
  expect(announced).toEqual([{ kind: "scan-progressed", scanId }]);
  await recording.finish({ scanId, state: "finished", at: START });
  expect(store.scans.find(scanId)).toMatchObject({ state: "finished", ok: 1 });
  expect([store.events.count(), store.events.findBreak()]).toEqual([2, null]);
});

test("a command's turn comes between two commits of the thread, and both keep all that they wrote", async () => {
  await using opened = await open();
  const { store, recording } = opened;
  const scanId = await begin(opened);
  const commands: Promise<unknown>[] = [];
  for (let nth = 0; nth < 20; nth++) {
    recording.keep(await streamHome(scanId));
    const event = { at: START, kind: "pin-forgotten" as const, detail: { nth } };
    commands.push(store.queueWrite(() => store.events.append(event)));
    const key = { host: `web${nth}`, port: 22, keyType: "ssh-ed25519", fingerprint: "SHA256:x" };
    commands.push(recording.accept({ ...key, blob: new Uint8Array([1]) }, START));
  }
  await Promise.all(commands);
  await recording.settle();
  expect(store.scans.find(scanId)).toMatchObject({ ok: 20 });
  expect(store.pins.count()).toBe(20);
  expect([store.events.count(), store.events.findBreak()]).toEqual([1 + 20 + 20, null]);
});

/** Collects the threads that are started meanwhile. */
function watchThreads() {
  const threads: Worker[] = [];
  const take = (thread: Worker) => threads.push(thread);
  process.on("worker", take);
  return { threads, [Symbol.dispose]: () => process.off("worker", take) };
}

test("one thread records one scan after another, for as long as the program runs", async () => {
  await using opened = await open();
  const { store, recording } = opened;
  using watched = watchThreads();
  for (let nth = 0; nth < 3; nth++) {
    const scanId = await begin(opened);
    recording.keep(await streamHome(scanId));
    await recording.settle();
    await recording.finish({ scanId, state: "finished", at: START });
    expect(store.scans.find(scanId)).toMatchObject({ state: "finished", ok: 1 });
  }
  expect(watched.threads).toHaveLength(1);
});

test("what a thread had written is kept when it dies, its scan is told, and another one closes it", async () => {
  await using opened = await open();
  const { store, recording } = opened;
  using watched = watchThreads();
  const scanId = await begin(opened);
  const told: unknown[] = [];
  recording.onFailure(scanId, (error) => told.push(error));
  recording.keep(await streamHome(scanId));
  await recording.settle();
  await watched.threads[0]?.terminate();
  expect(told).toMatchObject([{ message: "the thread that records scans has ended" }]);
  await recording.finish({ scanId, state: "interrupted", at: START });
  expect(store.scans.find(scanId)).toMatchObject({ state: "interrupted", ok: 1 });
  expect([store.events.count(), store.events.findBreak()]).toEqual([2, null]);
  expect(watched.threads).toHaveLength(2);
});

test("a disk that has failed under one connection has failed under the other", async () => {
  await using opened = await open();
  const { store } = opened;
  await begin(opened);
  Atomics.store(new Int32Array(store.disk), 0, 1);
  await expect(begin(opened)).rejects.toThrow("the disk has failed under");
  await expect(store.queueWrite(() => undefined)).rejects.toThrow("the disk has failed under");
});

test("a thread that cannot open the database ends the scan with what it says, and the next scan starts another", async () => {
  await using opened = await open();
  const { store } = opened;
  const { path } = store.facts();
  const lost = recordInto(
    { ...store, facts: () => ({ ...store.facts(), path: `${path}.none` }) },
    { announce: () => undefined, log: () => undefined },
  );
  const wish = { requested: [{ target: web1, useSudo: false }], at: START };
  await expect(lost.begin(wish)).rejects.toThrow("cannot be opened; see that you may read and write");
  await expect(lost.begin(wish)).rejects.toThrow("cannot be opened; see that you may read and write");
  await lost.close();
  expect(await begin(opened)).toBe(1);
});
