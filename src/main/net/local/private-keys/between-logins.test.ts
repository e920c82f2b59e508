import { type ChildProcess, spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createKeyPair } from "./key-pair.ts";
import {
  installPrivateKey,
  type KeyReplacement,
  restoreOldPrivateKey,
  writeNewPrivateKey,
} from "./replace-private-key.ts";

/** An `ssh` that keeps logging in until it is ended: its server never sends a word. */
async function startClient() {
  const client: ChildProcess = spawn(
    "ssh",
    ["-F", "none", "-o", "ProxyCommand=cat 3>&1 >/dev/null", "nobody"],
    {
      stdio: "ignore",
    },
  );
  await once(client, "spawn");
  return {
    async [Symbol.asyncDispose]() {
      const ended = once(client, "exit");
      client.kill();
      await ended;
    },
  };
}

async function makeDesk() {
  const folder = await makeTemporaryFolder();
  const old = await makeKeyFile(folder.path, "id", ["-t", "ed25519", "-N", "", "-C", "jo@desk"]);
  const replacement: KeyReplacement = {
    path: old.path,
    before: hash("sha256", await readFile(old.path)),
    hasPublicFile: true,
  };
  const keyPair = await createKeyPair({ keyType: "ed25519", comment: "jo@desk" });
  await writeNewPrivateKey(replacement, keyPair, null);
  return { folder, old, replacement, keyPair, [Symbol.asyncDispose]: () => folder.remove() };
}

/** While `step` waits for a moment between two logins (`isWaiting`), somebody saves another file at `path`. */
async function saveMeanwhile(
  path: string,
  isWaiting: () => boolean,
  step: () => ReturnType<typeof installPrivateKey>,
) {
  const outcome = await (async () => {
    await using _client = await startClient();
    const stepping = step();
    await vi.waitUntil(isWaiting, { interval: 5 });
    await writeFile(`${path}.swp`, "the key of somebody else\n");
    await rename(`${path}.swp`, path);
    return { stepping };
  })();
  return outcome.stepping;
}

test.skipIf(process.platform !== "linux")(
  "a key that somebody saves while a hand-over waits for a moment between two logins stays, and so does all that lay there",
  async () => {
    await using desk = await makeDesk();
    const { replacement, keyPair, old } = desk;
    const path = old.path;
    const outcome = await saveMeanwhile(
      path,
      () => existsSync(`${path}.latchkey-old`),
      () => installPrivateKey(replacement, keyPair.fingerprint),
    );
    expect(await readFile(path, "utf8")).toBe("the key of somebody else\n");
    expect(outcome).toEqual({
      kind: "refused",
      message: `${path} was changed by somebody else meanwhile and is left as it is; the key that stood there is ${path}.latchkey-old`,
    });
    expect(await readFile(`${path}.pub`, "utf8")).toBe(old.publicLine);
    expect(hash("sha256", await readFile(`${path}.latchkey-old`))).toBe(replacement.before);
  },
);

test.skipIf(process.platform !== "linux")(
  "a key that somebody saves while a roll-back waits for a moment between two logins stays, and the old one beside it",
  async () => {
    await using desk = await makeDesk();
    const { replacement, keyPair, old } = desk;
    const path = old.path;
    expect(await installPrivateKey(replacement, keyPair.fingerprint)).toEqual({ kind: "done" });
    const outcome = await saveMeanwhile(
      path,
      () => !existsSync(`${path}.pub`),
      () => restoreOldPrivateKey(replacement, keyPair.fingerprint),
    );
    expect(await readFile(path, "utf8")).toBe("the key of somebody else\n");
    expect(outcome).toEqual({
      kind: "refused",
      message: `${path} was changed by somebody else meanwhile and is left as it is; the key that stood there is ${path}.latchkey-old`,
    });
    expect(hash("sha256", await readFile(`${path}.latchkey-old`))).toBe(replacement.before);
  },
);
