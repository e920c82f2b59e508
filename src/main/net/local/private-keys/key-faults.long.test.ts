import { hash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPrivateKeyFile } from "#net/ssh/private-key-file.ts";
import { Redacted } from "#shared/model/secret.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { findMoments, killAt } from "#testing/faults/kill-scan.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readKeyPair } from "./key-pair.ts";
import {
  installPrivateKey,
  removeOldPrivateKey,
  restoreOldPrivateKey,
  writeNewPrivateKey,
} from "./replace-private-key.ts";

const SCRIPT = join(import.meta.dirname, "testing/key-child.ts");

test.skipIf(!canStartHosts()).for(["commit", "undo"])(
  "R1: killed before any call that writes, on the way to %s, a private key here is the old or the new one, and ends as it should",
  async (end, { task }) => {
    await using folder = await makeTemporaryFolder();
    const [old, made] = [await makeKeyFile(folder.path, "old"), await makeKeyFile(folder.path, "new")];
    const before = hash("sha256", await readFile(old.path));
    const keyPair = readKeyPair(new Redacted(await readFile(made.path, "utf8")));
    if (!keyPair) throw new Error("the new key cannot be read");

    async function prepare(name: string) {
      const home = join(folder.path, name);
      await mkdir(home);
      for (const suffix of ["", ".pub"]) await copyFile(`${old.path}${suffix}`, join(home, `id${suffix}`));
      const env = {
        KEY_PATH: join(home, "id"),
        KEY_BEFORE: before,
        KEY_NEW: made.path,
        KEY_END: end,
        UV_THREADPOOL_SIZE: "1",
      };
      return { home, child: { script: SCRIPT, env } };
    }

    const whole = await prepare("whole");
    const moments = await findMoments(whole.child, folder.path);
    expect(moments.length).toBeGreaterThan(10);
    for (const [index, moment] of moments.entries()) {
      const { home, child } = await prepare(String(index));
      await killAt(moment, child);
      const replacement = { path: join(home, "id"), before, hasPublicFile: true };
      const now = await readFile(replacement.path);
      const isOld = hash("sha256", now) === before;
      expect(isOld || readPrivateKeyFile(now).fingerprint === keyPair.fingerprint).toBe(true);
      if (end === "commit") {
        // After a kill in the last step, there is no new key left to write.
        await writeNewPrivateKey(replacement, keyPair, null);
        await installPrivateKey(replacement, keyPair.fingerprint);
        expect(await removeOldPrivateKey(replacement, keyPair.fingerprint)).toEqual({ kind: "done" });
      } else expect(await restoreOldPrivateKey(replacement, keyPair.fingerprint)).toEqual({ kind: "done" });
      expect({ moment, names: (await readdir(home)).sort() }).toEqual({ moment, names: ["id", "id.pub"] });
      const expected = end === "commit" ? keyPair.line : old.publicLine.trim();
      expect(await readFile(join(home, "id.pub"), "utf8")).toContain(expected);
      if (end === "undo") expect(hash("sha256", await readFile(replacement.path))).toBe(before);
    }
    recordFault(task, {
      id: "R1",
      injected: `SIGKILL before each of ${moments.length} calls that write a private key here`,
      seen: `old or new at each; one more ${end} leaves that one alone, and no other file`,
    });
  },
);
