import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { makeKeyPair } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createApp } from "./app.ts";

const withPassword = (user: string, password: string) => `
  useradd --create-home --shell /bin/sh ${user}
  echo '${user}:${password}' | chpasswd
  sed -i '/^KbdInteractiveAuthentication/d' /etc/ssh/sshd_config
  echo 'KbdInteractiveAuthentication yes' >> /etc/ssh/sshd_config
`;

test.runIf(canStartHosts())(
  "each machine on the way to a host may ask for its own password, and no line is called proven by a key",
  async () => {
    await using folder = await makeTemporaryFolder();
    await using jump = await startHost({ name: "jump", prepare: withPassword("ann", "secret-of-ann") });
    const grant = `mkdir /home/bob/.ssh && echo '${makeKeyPair().public}' > /home/bob/.ssh/authorized_keys\n`;
    const prepare = `${withPassword("bob", "secret-of-bob")}${grant}`;
    await using inner = await startHost({ name: "inner", prepare });
    const home = join(folder.path, "home");
    await mkdir(join(home, ".ssh"), { recursive: true });
    await writeFile(
      join(home, ".ssh/config"),
      `Host inner\n  HostName ${inner.address}\n  User bob\n  ProxyJump ann@${jump.address}\n`,
    );
    await using app = createApp({
      databasePath: join(folder.path, "latchkey.db"),
      workstation: { user: "jo", home, agentSocket: null },
    });

    const { client } = app;
    const announcements = await client.events.watch();
    const wish = { text: "inner", acceptNew: true, mayPrompt: true, promptsForPassword: true };
    const { scanId } = await client.scans.start(wish);
    const asked: string[] = [];
    for await (const { kind } of announcements) {
      if (kind === "scan-finished") break;
      for (const { id: promptId, about } of await client.scans.prompts({ scanId })) {
        if (about.kind !== "keyboard-interactive") throw new Error(about.kind);
        asked.push(`${about.user} at ${about.host}`);
        await client.scans.answer({ scanId, promptId, answers: [`secret-of-${about.user}`] });
      }
    }

    expect(asked).toEqual([`ann at ${jump.address}`, "bob at inner"]);
    const { rows } = await client.scans.probes({ scanId });
    expect(rows).toMatchObject([{ outcome: "collected", state: "ok", jumpHost: null }]);
    const { rows: grants } = await client.access.list({ account: "bob" });
    expect(grants).toHaveLength(1);
    expect(JSON.stringify(grants)).not.toContain("this scan logged in with it");
  },
);
