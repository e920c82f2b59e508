import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Redacted } from "#shared/model/secret.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readSecretFile } from "./vault.ts";

test.skipIf(process.platform === "win32")(
  "a file of a secret that others may read is refused, as ssh refuses such a private key",
  async () => {
    await using folder = await makeTemporaryFolder();
    const path = join(folder.path, "passphrase");
    await writeFile(path, "canary\n", { mode: 0o600 });
    expect(Buffer.from(Redacted.reveal(await readSecretFile(path))).toString()).toBe("canary");
    for (const mode of [0o640, 0o604, 0o622]) {
      await chmod(path, mode);
      await expect(readSecretFile(path)).rejects.toThrow(
        `others may use ${path} (mode 0${mode.toString(8)}); make it yours alone: chmod 600 ${path}`,
      );
    }
  },
);
