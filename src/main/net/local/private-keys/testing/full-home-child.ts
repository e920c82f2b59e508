/**
 * Replaces a private key, and rolls that back, in a home of its own with so many free pages. Prints as JSON the outcome
 * of each, and the files after it.
 */
import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readKeyPair } from "#net/local/private-keys/key-pair.ts";
import {
  installPrivateKey,
  restoreOldPrivateKey,
  writeNewPrivateKey,
} from "#net/local/private-keys/replace-private-key.ts";
import { Redacted } from "#shared/model/secret.ts";

const { KEY_HOME = "", KEY_OLD = "", KEY_BEFORE = "", KEY_NEW = "", FREE_PAGES = "" } = process.env;
const path = join(KEY_HOME, "id");
for (const suffix of ["", ".pub"]) await copyFile(`${KEY_OLD}${suffix}`, `${path}${suffix}`);
const ballast = join(KEY_HOME, "ballast");
const PAGE = 4096;
await writeFile(ballast, Buffer.alloc((14 - Number(FREE_PAGES)) * PAGE));
const replacement = { path, before: KEY_BEFORE, hasPublicFile: true };
const keyPair = readKeyPair(new Redacted(await readFile(KEY_NEW, "utf8")));
if (!keyPair) throw new Error("the new key cannot be read");
const listNames = async () => (await readdir(KEY_HOME)).filter((name) => name !== "ballast").sort();
const made = {
  outcome: (await writeNewPrivateKey(replacement, keyPair, null)).kind,
  names: await listNames(),
};
const put =
  made.outcome === "done" ? (await installPrivateKey(replacement, keyPair.fingerprint)).kind : "not begun";
const undone = {
  outcome: (await restoreOldPrivateKey(replacement, keyPair.fingerprint)).kind,
  names: await listNames(),
};
await rm(ballast);
process.stdout.write(`${JSON.stringify({ made, put, undone })}\n`);
