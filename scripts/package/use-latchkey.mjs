import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findClosedEndpoint, startTlsServer } from "../../src/main/testing/servers.ts";

/** @typedef {{ code: number, out: string, err: string }} Said */

/**
 * Runs a command to its end, in a folder where there is nothing, for a user who has nothing.
 *
 * @param {readonly string[]} command
 * @param {string} folder
 * @returns {Promise<Said>}
 */
export async function converse([program = "", ...args], folder) {
  const [cwd, home] = [join(folder, "empty"), join(folder, "home")];
  for (const made of [cwd, home]) await mkdir(made, { recursive: true });
  const env = { ...keepOf(process.env), HOME: home };
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env, encoding: "utf8" }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

/**
 * The environment without what this user has, and what npm has set for this checkout.
 *
 * @param {NodeJS.ProcessEnv} env
 */
function keepOf(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(npm_|XDG_|SSH_)/i.test(name)));
}

/**
 * What somebody does who has just installed it: asks for help, has targets read, inspects and scans what speaks TLS and
 * what should speak SSH, looks at what was found, and makes a mistake. Of what is said, the exit code and one line.
 *
 * @param {(...args: readonly string[]) => Promise<Said>} latchkey
 */
export async function useLatchkey(latchkey) {
  await using server = await startTlsServer({ names: ["shop.example"] });
  const closed = formatEndpoint(await findClosedEndpoint());
  const endpoint = formatEndpoint(server.endpoint);
  return {
    help: pick(0, await latchkey("--help")),
    preview: pick(-1, await latchkey("targets", "preview", "10.0.0.0/24")),
    inspect: pick(0, await latchkey("inspect", endpoint)).replace(endpoint, "{endpoint}"),
    scan: pick(-1, await latchkey("scan", endpoint, `root@${closed}`, "--db", "fleet.db")),
    certificates: pick(-1, await latchkey("certificates", "--db", "fleet.db")),
    mistake: pick(-1, await latchkey("inspect", "not-there.pem")),
  };
}

/** What then comes of it. */
export const USED = {
  help: "0 Usage: latchkey [command] [options]",
  preview: "0 508 targets: 254 by SSH, 254 by TLS",
  inspect: "0 {endpoint}: the chain as it was sent, 1 certificate",
  scan: "0 2 targets: 1 read, 1 not read",
  certificates: "0 1 certificate, 0 expired, 0 expire within 30 days",
  mistake: "2 latchkey: not-there.pem cannot be read (there is no such file)",
};

/**
 * @param {number} line
 * @param {Said} said
 */
function pick(line, { code, out, err }) {
  return `${code} ${`${out}${err}`.trim().split("\n").at(line)}`;
}

/** @param {{ host: string, port: number }} endpoint */
const formatEndpoint = ({ host, port }) => `${host}:${port}`;
