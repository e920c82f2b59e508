/**
 * Judges the grants of a host with 2,000 accounts and 100,000 lines, against reading those lines: what a verdict costs
 * beside what has to be done in any case.
 *
 *     npm run bench -- verdicts
 */
import { randomBytes } from "node:crypto";
import { toField } from "#codec/ssh-wire.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { evaluateGrants } from "#domain/ssh/effective.ts";
import {
  makeAccount,
  makeCollection,
  makeKeysFile,
} from "../../src/main/domain/ssh/testdata/make-collection.ts";
import { report } from "./figures.mjs";
import { cheapest, ownCpu } from "./measure.mjs";

const ACCOUNTS = 2_000;
const LINES = 50;
const ROUNDS = 5;

const accounts = Array.from({ length: ACCOUNTS }, (_, at) => makeAccount(`u${at}`, { uid: 20_000 + at }));
const authorizedKeys = accounts.map((account) => makeKeysFile(account, makeLines(account.name)));
const collection = makeCollection({ accounts, authorizedKeys });

const ways = {
  read: () => {
    for (const { bytes } of authorizedKeys) readAuthorizedKeys(bytes);
  },
  judged: () => {
    const grants = evaluateGrants(collection);
    if (grants.length !== ACCOUNTS * LINES || grants.some(({ verdict }) => verdict.effective.state !== "yes"))
      throw new Error("a line was not judged as it should be");
  },
};
const costs = await cheapest({ read: () => ownCpu(ways.read), judged: () => ownCpu(ways.judged) }, ROUNDS);
const thousands = (ACCOUNTS * LINES) / 1_000;
report({
  what: "verdict, read and judged, 1,000 grants",
  ours: costs.judged / thousands,
  peer: "their lines read",
  theirs: costs.read / thousands,
  unit: "us",
  most: 5,
});

function makeLines(name) {
  return Array.from({ length: LINES }, (_, at) => {
    const blob = Buffer.concat([Buffer.from("ssh-ed25519"), randomBytes(32)].map(toField));
    return `ssh-ed25519 ${blob.toString("base64")} ${name}-${at}@desk\n`;
  }).join("");
}
