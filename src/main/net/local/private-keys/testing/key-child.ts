/** Replaces a private key, or rolls that back, in a process that may be killed at any call. */
import { readFile } from "node:fs/promises";
import { readKeyPair } from "#net/local/private-keys/key-pair.ts";
import {
  installPrivateKey,
  removeOldPrivateKey,
  restoreOldPrivateKey,
  writeNewPrivateKey,
} from "#net/local/private-keys/replace-private-key.ts";
import { Redacted } from "#shared/model/secret.ts";

const { KEY_PATH = "", KEY_BEFORE = "", KEY_NEW = "", KEY_END = "" } = process.env;
const replacement = { path: KEY_PATH, before: KEY_BEFORE, hasPublicFile: true };
const keyPair = readKeyPair(new Redacted(await readFile(KEY_NEW, "utf8")));
if (!keyPair) throw new Error("the new key cannot be read");
await writeNewPrivateKey(replacement, keyPair, null);
await installPrivateKey(replacement, keyPair.fingerprint);
if (KEY_END === "commit") await removeOldPrivateKey(replacement, keyPair.fingerprint);
else await restoreOldPrivateKey(replacement, keyPair.fingerprint);
