/**
 * Every benchmark, each in a process of its own, and one table of what came of it: what this program takes, what a
 * peer takes that was measured in the same run, and what was aimed at. About ten minutes on two idle cores, and 5 GB of
 * disk while it runs.
 *
 *     npm run bench [-- NAME...]      such as tls, or all
 *
 * Times are CPU of the client, in the cheapest of some rounds, unless they say `wall`: what else runs on the machine
 * can only add to them. A miss is no failure of the run.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { endWithParent } from "../run.mjs";
import { sayTable } from "./figures.mjs";
import { say } from "./measure.mjs";

const PARTS = {
  x509: "certificate parse",
  "authorized-keys": "authorized_keys",
  verdicts: "verdicts of grants",
  tls: "TLS probe, scan into a database",
  memory: "10,000 endpoints in one scan",
  "dead-addresses": "2,000 addresses, 5 % of them dead",
  ssh: "SSH first visit",
  rotation: "a key replaced on some hosts",
  lists: "lists and counts, start, rows on screen",
  served: "lists and sums of what is served, labelled and kept",
};

endWithParent();
const wanted = process.argv.slice(2);
const figures = [];
for (const [name, what] of Object.entries(PARTS)) {
  if (wanted.length === 0 || wanted.includes(name)) figures.push(...(await measure(name, what)));
}
say("");
sayTable(figures);

/** What cannot be measured here is said in its row; why it fails, when it does, has been said by itself. */
async function measure(name, what) {
  const started = performance.now();
  const child = fork(fileURLToPath(new URL(`${name}.mjs`, import.meta.url)));
  const told = [];
  child.on("message", (message) => told.push(...message));
  const [code] = await once(child, "close");
  say(`${what}: ${((performance.now() - started) / 1_000).toFixed(0)} s`);
  return code === 0 ? told : [...told, { what, peer: "", missing: "it failed, see above" }];
}
