import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { listUsable } from "./usable-files.ts";

test("of named key files those that are locked are left out, and when all of them are it is no list", async () => {
  await using folder = await makeTemporaryFolder();
  const write = async (name: string, lock: { cipher?: string; passphrase?: string }) => {
    const path = join(folder.path, name);
    const { privateKey } = generateKeyPairSync("ed25519");
    await writeFile(path, privateKey.export({ format: "pem", type: "pkcs8", ...lock }), { mode: 0o600 });
    return path;
  };
  const locked = await write("locked", { cipher: "aes-256-cbc", passphrase: "a passphrase" });
  const open = await write("open", {});
  const workstation = { home: folder.path, agentSocket: null };
  expect(await listUsable([locked, open], workstation)).toEqual([open]);
  expect(await listUsable([locked], workstation)).toBeNull();
  expect(await listUsable([], workstation)).toEqual([]);
});
