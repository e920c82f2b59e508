/**
 * Replaces a private key, and takes that back, in a home of its own with room for so many more pages; says as JSON what came of each and
 * what lay there after it.
 */
import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readKeyPair } from "#net/local/private-keys/key-pair.ts";
import { makeHalf, putHalf, undoHalf } from "#net/local/private-keys/replace-half.ts";
import { Redacted } from "#shared/model/secret.ts";

const { HALF_HOME = "", HALF_OLD = "", HALF_BEFORE = "", HALF_NEW = "", HALF_ROOM = "" } = process.env;
const path = join(HALF_HOME, "id");
for (const suffix of ["", ".pub"]) await copyFile(`${HALF_OLD}${suffix}`, `${path}${suffix}`);
const ballast = join(HALF_HOME, "ballast");
const PAGE = 4096;
await writeFile(ballast, Buffer.alloc((14 - Number(HALF_ROOM)) * PAGE));
const place = { path, before: HALF_BEFORE, hasPublicFile: true };
const pair = readKeyPair(new Redacted(await readFile(HALF_NEW, "utf8")));
if (!pair) throw new Error("the new key cannot be read");
const look = async () => (await readdir(HALF_HOME)).filter((name) => name !== "ballast").sort();
const made = { outcome: (await makeHalf(place, pair, null)).kind, names: await look() };
const put = made.outcome === "done" ? (await putHalf(place, pair.fingerprint)).kind : "not begun";
const undone = { outcome: (await undoHalf(place, pair.fingerprint)).kind, names: await look() };
await rm(ballast);
process.stdout.write(`${JSON.stringify({ made, put, undone })}\n`);
