import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);

/** A workstation with one key, and a host on which that key logs in as root. */
async function makePair() {
  const folder = await makeTemporaryFolder();
  const home = join(folder.path, "home");
  await mkdir(join(home, ".ssh"), { recursive: true });
  const keyPath = join(home, ".ssh/id_ed25519");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "anna@laptop", "-f", keyPath]);
  const publicKey = (await readFile(`${keyPath}.pub`, "utf8")).trim();
  const host = await startHost({
    name: "web1",
    prepare: `mkdir -p /root/.ssh && chmod 700 /root/.ssh && echo '${publicKey}' > /root/.ssh/authorized_keys`,
  });
  const hostKey = await host.run("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
  return {
    target: `root@${host.address}`,
    place: `${host.address}:22`,
    hostFingerprint: hostKey.split(" ")[1] ?? "",
    fingerprint: (await run("ssh-keygen", ["-lf", keyPath])).stdout.split(" ")[1],
    databasePath: join(folder.path, "latchkey.db"),
    workstation: { user: "anna", home, agentSocket: null },
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test.runIf(canStartHosts())(
  "without a terminal an unknown host is left alone, and its key and the way out are said",
  async () => {
    await using pair = await makePair();
    const type = openTerminal(pair.databasePath, { workstation: pair.workstation });

    const first = await type("scan", pair.target, "--json");
    expect(JSON.parse(first.out)).toMatchObject({
      state: "finished",
      probes: { ok: 0, failed: 1, partial: 0 },
      failures: [{ target: pair.target, outcome: "host-key-unknown" }],
    });
    expect(first.err).toContain(`${pair.place} ssh-ed25519 ${pair.hostFingerprint}`);
    expect(first.err).toContain("--accept-new");

    expect(await type("scan", pair.target, "--accept-new", "--strict")).toMatchObject({ code: 0 });
    expect(JSON.parse((await type("access", "--account", "root", "--json")).out)).toMatchObject({
      grants: [
        {
          host: pair.target.replace("root@", ""),
          account: "root",
          file: "/root/.ssh/authorized_keys",
          line: 1,
          fingerprint: pair.fingerprint,
          comment: "anna@laptop",
          verdict: { effective: { state: "yes" } },
        },
      ],
      total: 1,
    });
  },
);

test.runIf(canStartHosts())(
  "at a terminal an unknown host is asked about: no by default, and yes scans it again",
  async () => {
    await using pair = await makePair();
    const questions: string[] = [];
    const answer = (reply: string) =>
      openTerminal(pair.databasePath, {
        workstation: pair.workstation,
        promptUser: async (question) => {
          questions.push(question);
          return reply;
        },
      });

    expect(await answer("")("scan", pair.target, "--strict")).toMatchObject({ code: 1 });
    const trusted = await answer("y")("scan", pair.target, "--strict");
    expect(trusted).toMatchObject({ code: 0, err: expect.stringContaining(pair.hostFingerprint) });
    expect(trusted.out).toContain("1 target: 1 read");
    expect(questions).toHaveLength(2);

    // Once the key is trusted, there is no prompt for it.
    expect(await answer("")("scan", "--strict")).toMatchObject({ code: 0, err: "" });
  },
);
