import { hash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startChild } from "#testing/faults/child.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const SCRIPT = join(import.meta.dirname, "testing/full-home-child.ts");
/** Free blocks on a disk of sixteen, two of which hold the old key's files. */
const ROOMS = [0, 1, 2];
const OLD_ALONE = ["id", "id.pub"];

test.skipIf(!canStartHosts())(
  "R4: in a home that fills up while a private key here is replaced nothing of ours stays beside the old one",
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    const [old, made] = [await makeKeyFile(folder.path, "old"), await makeKeyFile(folder.path, "new")];
    const home = join(folder.path, "home");
    await mkdir(home);
    const before = hash("sha256", await readFile(old.path));
    const seen: string[] = [];
    for (const room of ROOMS) {
      const { lines, complaints } = await startChild({
        script: SCRIPT,
        env: {
          KEY_HOME: home,
          KEY_OLD: old.path,
          KEY_BEFORE: before,
          KEY_NEW: made.path,
          FREE_PAGES: String(room),
        },
        under: [
          "unshare",
          "--mount",
          "sh",
          "-c",
          `mount -t tmpfs -o size=64k none ${home} && exec "$@"`,
          "sh",
        ],
      }).ended;
      if (lines.length === 0) throw new Error(complaints);
      const { made: first, put, undone } = JSON.parse(lines.join(""));
      expect({ room, ...undone }).toEqual({ room, outcome: "done", names: OLD_ALONE });
      if (first.outcome !== "done") expect({ room, names: first.names }).toEqual({ room, names: OLD_ALONE });
      seen.push(`${first.outcome} and ${put}`);
    }
    expect(seen).toEqual(["failed and not begun", "failed and not begun", "done and done"]);
    recordFault(task, {
      id: "R4",
      injected: "a full tmpfs while a private key here is replaced",
      seen: `with room for ${ROOMS.join(", ")} pages: ${seen.join("; ")}; nothing left beside the old one`,
    });
  },
);
