/**
 * A throw-away workspace to look at: twenty TLS endpoints and, where real hosts can be
 * made, three of those; a scan of them; and the program open on the result. All of it is
 * gone when this ends. Runs on the Node of tools/node24, by `npm run demo`.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OUTSIDE, startWorld } from "../src/main/testing/demo/start-world.ts";
import { canMakeHosts } from "./can-make-hosts.mjs";
import { openShell } from "./open-shell.mjs";
import { endWithParent, run, STOP_SIGNALS, say } from "./run.mjs";

endWithParent();
let isStopped = false;
for (const signal of STOP_SIGNALS) process.on(signal, () => (isStopped = true));

const folder = mkdtempSync(join(tmpdir(), "latchkey-demo-"));
try {
  process.exitCode = await show();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function show() {
  const hasHosts = canMakeHosts() && existsSync("/usr/sbin/sshd");
  say(hasHosts ? "Starting three hosts and twenty endpoints" : WITHOUT_HOSTS);
  const world = await startWorld({ folder, hasHosts });
  try {
    if (isStopped) return 0;
    const code = await scan(world);
    if (isStopped || code !== 0) return isStopped ? 0 : code;
    await declareOwners(world);
    return await openShell({ args: ["--db", join(folder, "latchkey.db")], env: makeEnvironment() });
  } finally {
    await world[Symbol.asyncDispose]();
  }
}

/** @param {{ targets: readonly string[], identity: string | null }} world */
function scan({ targets, identity }) {
  const list = join(folder, "targets.txt");
  writeFileSync(list, targets.join("\n"));
  if (identity) putKey(identity);
  return latchkey("scan", "--from", list, ...(identity ? ["--accept-new"] : []));
}

/**
 * The key that the hosts let in, where a key of one's own is: a plan made on a screen logs in with it, and it can itself be
 * rotated.
 *
 * @param {string} identity
 */
function putKey(identity) {
  const ssh = join(makeEnvironment().HOME, ".ssh");
  mkdirSync(ssh, { mode: 0o700 });
  copyFileSync(identity, join(ssh, "id_ed25519"));
  copyFileSync(`${identity}.pub`, join(ssh, "id_ed25519.pub"));
}

/**
 * Whose keys they are, and that there are no others but those.
 *
 * @param {{ peopleSources: readonly string[] }} world
 */
async function declareOwners({ peopleSources }) {
  if (peopleSources.length === 0) return;
  await latchkey("people", "import", ...peopleSources);
  await latchkey("inventory", "complete", "--note", OUTSIDE);
}

/** @param {string[]} words */
function latchkey(...words) {
  const args = ["out/main/latchkey.js", "--db", join(folder, "latchkey.db"), ...words];
  return run(process.execPath, args, { env: makeEnvironment() });
}

/** A home of its own, so that no key, agent or known host of this user comes into it. */
function makeEnvironment() {
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const { SSH_AUTH_SOCK: _, ...env } = process.env;
  return { ...env, HOME: home, USERPROFILE: home };
}

const WITHOUT_HOSTS =
  "Starting twenty endpoints; three real hosts come with them where this is root on Linux, " +
  "with namespaces, overlays and openssh-server";
