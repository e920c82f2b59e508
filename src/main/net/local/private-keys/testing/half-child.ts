/** Replaces a private key, or takes that back, in a process that may be killed at any call. */
import { readFile } from "node:fs/promises";
import { readKeyPair } from "#net/local/private-keys/key-pair.ts";
import { commitHalf, makeHalf, putHalf, undoHalf } from "#net/local/private-keys/replace-half.ts";
import { Redacted } from "#shared/model/secret.ts";

const { HALF_PATH = "", HALF_BEFORE = "", HALF_NEW = "", HALF_END = "" } = process.env;
const place = { path: HALF_PATH, before: HALF_BEFORE, hasPublicFile: true };
const pair = readKeyPair(new Redacted(await readFile(HALF_NEW, "utf8")));
if (!pair) throw new Error("the new key cannot be read");
await makeHalf(place, pair, null);
await putHalf(place, pair.fingerprint);
if (HALF_END === "commit") await commitHalf(place, pair.fingerprint);
else await undoHalf(place, pair.fingerprint);
