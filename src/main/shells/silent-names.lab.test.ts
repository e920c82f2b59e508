import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { canStartHosts, takeAddress } from "#testing/lab/start-host.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, "../../../out/main/latchkey.js");
const WITH_NAMES = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';

/** A name server that receives every query and answers none; `asked` counts them. */
async function startSilentNames() {
  const { address, release } = await takeAddress();
  const socket = createSocket("udp4");
  const names = { asked: 0 };
  socket.on("message", () => names.asked++).bind(53, address);
  await once(socket, "listening");
  return {
    address,
    names,
    [Symbol.dispose]() {
      socket.close();
      release();
    },
  };
}

test.runIf(canStartHosts())(
  "a command ends once it has given a name up, although the system goes on asking for it",
  async () => {
    await using folder = await makeTemporaryFolder();
    using silent = await startSilentNames();
    const resolv = join(folder.path, "resolv.conf");
    // The resolver repeats a query after half a minute, five times; it queries both kinds of address at once.
    await writeFile(resolv, `nameserver ${silent.address}\noptions timeout:30 attempts:5\n`);
    const command = [PROGRAM, "--db", join(folder.path, "latchkey.db"), "scan", "nowhere.example.test:443"];
    const { stdout } = await run("unshare", [
      "--mount",
      "sh",
      "-c",
      WITH_NAMES,
      "sh",
      resolv,
      process.execPath,
      ...command,
    ]);
    expect(stdout).toContain("1 target: 0 read, 1 not read");
    expect(silent.names.asked).toBeLessThanOrEqual(2);
  },
);
