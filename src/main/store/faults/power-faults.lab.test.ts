import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { bundleChild } from "#testing/faults/bundle-child.ts";
import { startChild } from "#testing/faults/child.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { startDisk } from "#testing/faults/sshd-on-disk.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const WRITER = new URL("../testing/writer.ts", import.meta.url);
const CARELESS_WRITER = new URL("../testing/careless-writer.ts", import.meta.url);
const READER = new URL("../testing/reader.ts", import.meta.url);

/* Here a few cuts and kills; in the long form of this file 20 cuts, and kills until 10,000 writes were acknowledged. */
const CUTS = Number(process.env.LATCHKEY_TEST_CUTS ?? 2);
const WRITES = Number(process.env.LATCHKEY_TEST_WRITES ?? 300);

test("B5: what was acknowledged before a power cut is there after it", async ({ task }) => {
  await using folder = await makeTemporaryFolder();
  const writer = await bundleChild(WRITER, join(folder.path, "writer"));
  const reader = await bundleChild(READER, join(folder.path, "reader"));
  await using disk = await startDisk(folder.path);
  const env = { LATCHKEY_TEST_DB: join(disk.mount, "latchkey.db") };
  let kept = 0;
  let acknowledgedInAll = 0;
  for (let cut = 1; cut <= CUTS; cut++) {
    await using child = startChild({ script: writer, env, under: disk.inside });
    await child.said(String(20 + ((cut * 37) % 80)));
    // A machine without power reports nothing more; this writer would report the sync that the cut interrupts.
    child.freeze();
    await disk.cutPower();
    await child.kill();
    const acknowledged = Number(child.lines.at(-1));
    await disk.restorePower();
    const { lines } = await startChild({ script: reader, env, under: disk.inside }).ended;
    const { events, integrity } = JSON.parse(lines.join(""));
    expect({ cut, integrity, lost: Math.max(0, kept + acknowledged - events) }).toEqual({
      cut,
      integrity: "ok",
      lost: 0,
    });
    kept = events;
    acknowledgedInAll += acknowledged;
  }
  recordFault(task, {
    id: "B5",
    injected: `${CUTS} power cuts (ext4 on a loop device, shutdown)`,
    seen: `${acknowledgedInAll} writes acknowledged, 0 lost, integrity ok`,
  });
});

test("B5: the same cut loses what a careless writer has acknowledged, so it is a cut", async ({ task }) => {
  await using folder = await makeTemporaryFolder();
  const writer = await bundleChild(CARELESS_WRITER, join(folder.path, "writer"));
  const reader = await bundleChild(READER, join(folder.path, "reader"));
  await using disk = await startDisk(folder.path);
  const env = { LATCHKEY_TEST_DB: join(disk.mount, "careless.db") };
  await using child = startChild({ script: writer, env, under: disk.inside });
  await child.said("200");
  await disk.cutPower();
  await child.kill();
  const acknowledged = Number(child.lines.at(-1));
  await disk.restorePower();
  const { lines } = await startChild({ script: reader, env, under: disk.inside }).ended;
  const { events } = JSON.parse(lines.join(""));
  expect(events).toBeLessThan(acknowledged);
  recordFault(task, {
    id: "B5",
    injected: "the same cut under synchronous=NORMAL, to see that it is one",
    seen: `${acknowledged - events} of ${acknowledged} acknowledged writes lost`,
  });
});

test("B5: a writer that is killed at random loses nothing it has acknowledged", async ({ task }) => {
  await using folder = await makeTemporaryFolder();
  const writer = await bundleChild(WRITER, join(folder.path, "writer"));
  const path = join(folder.path, "latchkey.db");
  let [kept, acknowledged, kills] = [0, 0, 0];
  for (; acknowledged < WRITES; kills++) {
    await using child = startChild({ script: writer, env: { LATCHKEY_TEST_DB: path } });
    await child.said(String(1 + ((kills * 61) % 150)));
    await child.kill();
    const here = Number(child.lines.at(-1));
    const store = openStore({ path, access: "write" });
    expect({ loss: store.loss, brokenAt: store.events.findBreak() }).toEqual({ loss: null, brokenAt: null });
    expect(store.events.count()).toBeGreaterThanOrEqual(kept + here);
    kept = store.events.count();
    acknowledged += here;
    store.close();
  }
  recordFault(task, {
    id: "B5",
    injected: `${kills} SIGKILLs at random`,
    seen: `${acknowledged} writes acknowledged, 0 lost, record whole`,
  });
});
