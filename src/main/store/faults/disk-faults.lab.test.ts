import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openStore } from "#store/store.ts";
import { START } from "#store/testing/make-visit.ts";
import { sizeOfEmptyDatabase } from "#store/testing/size-of-empty-database.ts";
import { bundleChild } from "#testing/faults/bundle-child.ts";
import { startChild } from "#testing/faults/child.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const FILLER = new URL("../testing/filler.ts", import.meta.url);
const WRITER = new URL("../testing/writer.ts", import.meta.url);
const STRANGER = new URL("../testing/stranger.ts", import.meta.url);
const FAILING_DISK = new URL("../testing/failing-disk.ts", import.meta.url);

type Filled = { acknowledged: number; kept: number; refusal: string; integrity: string; afterRoom: string };

/** Fills a folder that is mounted by this command, in a mount namespace of its own. */
async function fill(mount: string): Promise<Filled> {
  await using folder = await makeTemporaryFolder();
  const script = await bundleChild(FILLER, join(folder.path, "bundle"));
  const disk = join(folder.path, "disk");
  await mkdir(disk);
  const ballast = join(disk, "ballast");
  const env = { FOLDER: disk, LATCHKEY_TEST_DB: join(disk, "latchkey.db"), LATCHKEY_TEST_BALLAST: ballast };
  const under = ["unshare", "--mount", "sh", "-c", `${mount} && exec "$@"`, "sh"];
  const { lines, complaints } = await startChild({ script, env, under }).ended;
  if (lines.length === 0) throw new Error(complaints);
  return JSON.parse(lines.join(""));
}

test("B1: on a full disk the writer is told so, all that was acknowledged is kept, and it goes on when there is room", async ({
  task,
}) => {
  const result = await fill(
    `mount -t tmpfs -o size=${2 * sizeOfEmptyDatabase() + 600 * 1024} none "$FOLDER" && head -c 300k /dev/zero > "$FOLDER/ballast"`,
  );
  expect(result).toMatchObject({
    refusal: expect.stringContaining("the disk is full"),
    integrity: "ok",
    afterRoom: "saved",
  });
  expect(result.acknowledged).toBeGreaterThan(1);
  expect(result.kept).toBe(result.acknowledged);
  recordFault(task, {
    id: "B1",
    injected: "a small tmpfs",
    seen: `"the disk is full", ${result.kept} of ${result.acknowledged} kept, goes on when there is room`,
  });
});

test("B1: on a disk that is full from the start the database is refused in words", async () => {
  const result = await fill('mount -t tmpfs -o size=64k none "$FOLDER"');
  expect(result).toMatchObject({ acknowledged: 0, refusal: expect.stringContaining("the disk is full") });
});

test("B7: in a read-only folder the database is refused in words", async () => {
  const result = await fill('mount -t tmpfs -o ro none "$FOLDER"');
  expect(result).toMatchObject({ acknowledged: 0, refusal: expect.stringContaining("read-only") });
});

test.for([
  ["NFS", "6969000000000000"],
  ["CIFS", "424d53ff00000000"],
  ["SMB", "424d53fe00000000"],
  ["9P", "9719020100000000"],
])("B7: on %s the database is refused, with the reason", async ([name, type], { task }) => {
  await using folder = await makeTemporaryFolder();
  const script = await bundleChild(WRITER, join(folder.path, "bundle"));
  // The system's answer is overwritten as a mount of that kind would give it: the first eight bytes are its number.
  const poke = ["-e", "trace=statfs", "-e", `inject=statfs:poke_exit=@arg2=${type}`];
  const env = { LATCHKEY_TEST_DB: join(folder.path, "latchkey.db") };
  const under = ["strace", "-f", "-qq", "-o", "/dev/null", ...poke];
  const { complaints, lines } = await startChild({ script, env, under }).ended;
  expect(lines).toEqual([]);
  expect(complaints).toContain(
    `is on a network file system (${name}), where SQLite can lose data; put it on a local disk`,
  );
  recordFault(task, {
    id: "B7",
    injected: `${name} (its answer to statfs, by strace)`,
    seen: "refused, with the reason",
  });
});

test("B2: a write that waits in vain is refused, says why, and goes through when it is tried again", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  const script = await bundleChild(STRANGER, join(folder.path, "bundle"));
  const path = join(folder.path, "latchkey.db");
  const store = openStore({ path, access: "write" });
  const write = () =>
    store.atomically(() => store.events.append({ at: START, kind: "scan-started", detail: {} }));
  await using stranger = startChild({ script, env: { LATCHKEY_TEST_DB: path, LATCHKEY_TEST_HOLDS: "yes" } });
  await stranger.said("held");
  expect(write).toThrow(`${path} is in use by another process; wait until it has ended, or close it`);
  await stranger.kill();
  write();
  expect(store.events.count()).toBe(1);
  store.close();
  recordFault(task, {
    id: "B2",
    injected: "a second writer that never ends",
    seen: "refused after 5 s; goes through afterwards",
  });
});

test("B3: a write that the disk failed to sync is not saved, the store writes no more, and one opened anew goes on", async ({
  task,
}) => {
  await using folder = await makeTemporaryFolder();
  const script = await bundleChild(FAILING_DISK, join(folder.path, "bundle"));
  const original = join(folder.path, "original.db");
  openStore({ path: original, access: "write" }).close();
  for (const nth of [1, 2, 3, 4]) {
    const path = join(folder.path, `disk${nth}.db`);
    await copyFile(original, path);
    const inject = ["-f", "-qq", "-o", "/dev/null", "-P", path, "-P", `${path}-wal`];
    const fault = ["-e", "trace=fsync,fdatasync", "-e", `inject=fsync,fdatasync:error=EIO:when=${nth}`];
    const child = startChild({
      script,
      env: { LATCHKEY_TEST_DB: path },
      under: ["strace", ...inject, ...fault],
    });
    const { lines, complaints } = await child.ended;
    expect({ nth, complaints }).toEqual({ nth, complaints: "" });
    const { replies, readBeforeClosing, kept, ...rest } = JSON.parse(lines.join(""));
    const saved = replies.filter((reply: string) => reply === "saved").length;
    const failed = replies.findIndex((reply: string) => reply !== "saved");
    // Nothing was tried again on the same connection: everything after the failure is refused.
    expect(replies.slice(failed + 1)).toEqual(
      replies.slice(failed + 1).map(() => expect.stringContaining("the disk has failed under")),
    );
    expect(replies[failed]).toContain("the disk failed under");
    expect({ readBeforeClosing, kept }).toEqual({ readBeforeClosing: saved, kept: saved });
    expect(rest).toEqual({ reply: "saved", isWhole: true });
  }
  recordFault(task, {
    id: "B3",
    injected: "EIO on the nth fsync of the log (strace)",
    seen: "refused as not saved, then every write until it was opened again; nothing acknowledged lost",
  });
});
