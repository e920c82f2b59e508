/**
 * Makes a checkout ready and runs npm scripts in it, one after the other, until one fails:
 *
 *   node scripts/setup.mjs [--programs[=long]] build launch -- --read-only
 *
 * `--programs` installs what the tests need beside npm packages, or the long ones. What follows `--` goes to the last
 * script, so `npm run bench -- tls` does what it says. Plain Node without dependencies, because it is what installs
 * them, and for any Node from 20.19 on. Each script is run by npm, which puts the Node that tools/node24 installed
 * before the machine's own.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { ensurePrograms } from "./programs.mjs";
import { endWithParent, npm, say } from "./run.mjs";

const INPUTS = ["package.json", "package-lock.json", "tools/node24/package.json"];
const STAMP = "node_modules/.latchkey-installed";

endWithParent();
process.exitCode = await setUp(process.argv.slice(2));

/** @param {string[]} args */
async function setUp(args) {
  const isLong = args[0] === "--programs=long";
  const needsPrograms = isLong || args[0] === "--programs";
  const names = args.slice(needsPrograms ? 1 : 0);
  const end = names.indexOf("--");
  const options = end < 0 ? [] : names.splice(end).slice(1);

  if (isOlder(process.versions.node, 20, 19)) return refuse("Node 20.19 or newer is needed to install it");
  const installed = await install();
  if (installed !== 0) return installed;
  const hasOwnNode = existsSync("node_modules/.bin/node") || existsSync("node_modules/.bin/node.cmd");
  if (!hasOwnNode && isOlder(process.versions.node, 24, 15))
    return refuse("it runs on Node 24.15 or newer here");
  if (needsPrograms && !(await ensurePrograms({ isLong }))) return 1;
  for (const name of names) {
    const code = await npm(["run", "--silent", name, ...(name === names.at(-1) ? ["--", ...options] : [])]);
    if (code !== 0) return code;
  }
  return 0;
}

/** Installs what the lock says, unless that was done since it last changed. */
async function install() {
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === fingerprintInputs()) return 0;
  // Windows cannot delete the Node that runs this, as `npm ci` would; `npm install` leaves it.
  const command = process.platform === "win32" && existsSync("node_modules") ? "install" : "ci";
  say("Installing packages");
  const code = await npm([command, "--loglevel=error", "--no-audit", "--no-fund"]);
  if (code !== 0) return code;
  mkdirSync("node_modules", { recursive: true });
  writeFileSync(STAMP, fingerprintInputs());
  return 0;
}

function fingerprintInputs() {
  const hash = createHash("sha256");
  for (const file of INPUTS) hash.update(readFileSync(file));
  return hash.digest("hex");
}

/**
 * @param {string} version
 * @param {number} major
 * @param {number} minor
 */
function isOlder(version, major, minor) {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

/** @param {string} why */
function refuse(why) {
  process.stderr.write(`latchkey: ${why}; this is Node ${process.versions.node}\n`);
  return 1;
}
