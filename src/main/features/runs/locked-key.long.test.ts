import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { requestForOwnKey } from "#testing/runs/follow.ts";
import { makeKeyFile, startSshAgent } from "#testing/ssh/key-files.ts";

const run = promisify(execFile);

test.skipIf(!canStartHosts())(
  "a usual key file that is locked is asked for where the agent has keys and none of them opens the host",
  async () => {
    await using desk = await makeDesk();
    const { databasePath, home } = desk;
    const path = join(home, ".ssh/id_ed25519");
    await using web = await startHost({ name: "web", prepare: letIn(desk.publicKey) });
    await using first = desk.open();
    await scanAll(first, { text: `root@${web.address}`, acceptNew: true });
    await first[Symbol.asyncDispose]();
    const request = await requestForOwnKey(desk);
    await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", "siskin", "-f", path]);
    const other = await makeKeyFile(home, "other");
    await using agent = await startSshAgent(home, [other.path]);
    const workstation = { user: "root", home, agentSocket: agent.socketPath };
    await using app = createApp({ databasePath, workstation });
    const { asked, message, hosts } = await planAsked(app, request);
    expect({ message, hosts }).toEqual({ message: "", hosts: [web.address] });
    expect(asked).toEqual([`passphrase of ${path}`]);
  },
);

test.skipIf(!canStartHosts())(
  "a run goes through a jump host that refuses what is at hand and takes a password, to a host that wants the locked key",
  async () => {
    await using desk = await makeDesk();
    const { databasePath, home } = desk;
    const path = join(home, ".ssh/id_ed25519");
    await using jump = await startHost({ name: "jump", prepare: letIn(desk.publicKey) });
    await using web = await startHost({ name: "web", prepare: letIn(desk.publicKey) });
    await writeFile(
      join(home, ".ssh/config"),
      `Host web\n  HostName ${web.address}\n  ProxyJump root@${jump.address}\n`,
    );
    await using first = desk.open();
    await scanAll(first, { text: "root@web", acceptNew: true });
    await first[Symbol.asyncDispose]();
    const request = await requestForOwnKey(desk);
    await jump.run(ONLY_BY_PASSWORD);
    await run("ssh-keygen", ["-q", "-p", "-P", "", "-N", "siskin", "-f", path]);
    const other = await makeKeyFile(home, "other");
    await using agent = await startSshAgent(home, [other.path]);
    const workstation = { user: "root", home, agentSocket: agent.socketPath };
    await using app = createApp({ databasePath, workstation });
    const { asked, message, hosts } = await planAsked(app, request);
    expect({ message, hosts }).toEqual({ message: "", hosts: ["web"] });
    expect(asked).toEqual([`passphrase of ${path}`, `root at ${jump.address}`]);
  },
);

const ONLY_BY_PASSWORD = `
  rm /root/.ssh/authorized_keys
  echo root:siskin | chpasswd
  sed -i '/^PermitRootLogin/d; /^KbdInteractiveAuthentication/d' /etc/ssh/sshd_config
  printf 'PermitRootLogin yes\\nKbdInteractiveAuthentication yes\\n' >> /etc/ssh/sshd_config
  kill -HUP 1
`;

/** Makes a plan; answers all prompts with one word, and returns them. */
async function planAsked({ client }: App, request: Awaited<ReturnType<typeof requestForOwnKey>>) {
  const announcements = await client.events.watch();
  const { planId } = await client.runs.plan({ request, mayPrompt: true });
  const asked: string[] = [];
  for (;;) {
    for (const { id, about } of await client.runs.prompts()) {
      asked.push(
        about.kind === "passphrase" ? `passphrase of ${about.file}` : `${about.user} at ${about.host}`,
      );
      await client.runs.answer({ promptId: id, answers: ["siskin"] });
    }
    const { state, plan, message } = await client.runs.findPlan({ planId });
    if (state !== "making") return { asked, message, hosts: plan?.hosts.map(({ host }) => host) };
    await announcements.next();
  }
}
