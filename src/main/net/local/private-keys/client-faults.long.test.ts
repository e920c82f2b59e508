import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { Redacted } from "#shared/model/secret.ts";
import { recordFault } from "#testing/faults/fault-table.ts";
import { letIn } from "#testing/lab/desk.ts";
import { startFileProber } from "#testing/lab/prober.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readKeyPair } from "./key-pair.ts";
import {
  installPrivateKey,
  removeOldPrivateKey,
  restoreOldPrivateKey,
  writeNewPrivateKey,
} from "./replace-private-key.ts";

/** Every other one is rolled back before it is finished. */
const ROTATIONS = Number(process.env.LATCHKEY_TEST_ROTATIONS ?? 100);

test.skipIf(!canStartHosts())(
  "R1: whoever logs in with OpenSSH by a key file and its public key while that is replaced, again and again, is always let in",
  { timeout: 3_600_000 },
  async ({ task }) => {
    await using folder = await makeTemporaryFolder();
    const keys = [await makeKeyFile(folder.path, "one"), await makeKeyFile(folder.path, "two")];
    const pairs = await Promise.all(
      keys.map(async ({ path }) => readKeyPair(new Redacted(await readFile(path, "utf8")))),
    );
    await using host = await startHost({
      name: "web",
      prepare: letIn(keys.map(({ publicLine }) => publicLine.trim()).join("\n")),
    });
    const path = join(folder.path, "one");
    await using prober = startFileProber({ address: host.address, user: "root", keyFile: path });
    let now = 0;
    for (let round = 0; round < ROTATIONS; round++) {
      const next = pairs[1 - now];
      if (!next) throw new Error("the keys cannot be read");
      const replacement = { path, before: hash("sha256", await readFile(path)), hasPublicFile: true };
      const begun = prober.logins() + prober.failures.length;
      await writeNewPrivateKey(replacement, next, null);
      expect(await installPrivateKey(replacement, next.fingerprint)).toEqual({ kind: "done" });
      if (round % 2 === 0) {
        await removeOldPrivateKey(replacement, next.fingerprint);
        now = 1 - now;
      } else expect(await restoreOldPrivateKey(replacement, next.fingerprint)).toEqual({ kind: "done" });
      while (prober.logins() + prober.failures.length < begun + 2) await pause(50);
    }
    expect(prober.failures).toEqual([]);
    recordFault(task, {
      id: "R1",
      injected: `${ROTATIONS} times a key file replaced, every other time taken back`,
      seen: `${prober.logins()} logins by ssh -i with its public key beside it, 0 failed`,
    });
  },
);
