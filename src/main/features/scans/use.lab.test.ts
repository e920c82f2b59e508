import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { App } from "#app";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";

const run = promisify(execFile);

/** A line of cron on each of the last `days` days, as a log that reaches back so far. */
const writeLog = (days: number): string => `
  for day in $(seq ${days} -1 0); do
    echo "$(date -u -d "-$day days" +%Y-%m-%d)T00:00:01+00:00 web1 CRON[9]: pam_unix(cron:session): session opened"
  done >> /var/log/auth.log
`;

/** Lines and settings that have been there for long: for newer ones silence in the logs means nothing. */
const OLD = `find /root/.ssh /home/deploy/.ssh /etc/ssh/sshd_config* -type f -exec touch -d '200 days ago' {} +`;

test("a login between two scans is found by the second, with its count and address; a key without one is unused", async () => {
  await using desk = await makeDesk();
  await using host = await startHost({
    name: "web1",
    prepare: `${writeLog(100)} ${letIn(desk.publicKey)} ${letIn(await makeKeys(desk), "deploy")} ${OLD}`,
  });
  await using app = desk.open();
  await scan(app, host);
  expect(await useOf(app)).toMatchObject({
    // The scan's own login is one.
    "jo@desk": { state: "used", count: 1, from: expect.stringMatching(/^127\./) },
    busy: { state: "unused", at: null, count: 0 },
    idle: {
      state: "unused",
      reasons: [
        expect.stringMatching(/^no login with it in (99|100) days of logs/),
        "known from plain files alone, into which any user of that host can have lines written",
      ],
    },
  });

  for (let times = 0; times < 3; times++) await logIn(desk, host, "busy");
  await scan(app, host);
  const { busy, idle } = await useOf(app);
  expect(busy).toMatchObject({ state: "used", count: 3, from: expect.stringMatching(/^127\./) });
  expect(idle).toMatchObject({ state: "unused" });

  // A line that has just been written is new to the logs.
  await host.run("touch /home/deploy/.ssh/authorized_keys");
  await scan(app, host);
  expect((await useOf(app)).idle).toMatchObject({
    state: "unknown",
    reasons: [expect.stringMatching(/^its line may be as new as /), expect.any(String)],
  });

  // The logs rotate away and start again: what was seen is not forgotten, but that nobody logs in is no longer known.
  await host.run("echo > /var/log/auth.log");
  await scan(app, host);
  const later = await useOf(app);
  expect(later.busy).toMatchObject({ state: "used", at: busy?.at, count: 3 });
}, 60_000);

test("in logs that reach back twelve days, or that sshd keeps silent in, no key is called unused", async () => {
  await using desk = await makeDesk();
  await using short = await startHost({
    name: "web1",
    prepare: `${writeLog(12)} ${letIn(desk.publicKey)} ${letIn(await makeKeys(desk), "deploy")}`,
  });
  await using silent = await startHost({
    name: "web1",
    prepare: `${writeLog(100)} echo LogLevel QUIET > /etc/ssh/sshd_config.d/1.conf; ${letIn(desk.publicKey)}`,
  });
  await using app = desk.open();
  await scan(app, short);
  expect(await useOf(app)).toMatchObject({
    idle: {
      state: "unknown",
      reasons: [
        expect.stringMatching(
          /^the logs reach back 12 days without a gap, to .*: to call it unused takes 90 days$/,
        ),
      ],
    },
  });
  await scan(app, silent);
  const { rows } = await app.client.access.list({ host: silent.address });
  expect(rows).toMatchObject([
    {
      verdict: {
        use: { state: "unknown", reasons: ["sshd is set to LogLevel QUIET, so it does not write of logins"] },
      },
    },
  ]);
}, 60_000);

async function makeKeys(desk: Desk): Promise<string> {
  const make = async (name: string) => {
    const path = `${desk.home}/${name}`;
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path]);
    return (await run("cat", [`${path}.pub`])).stdout.trim();
  };
  return [await make("busy"), await make("idle")].join("\n");
}

async function logIn(desk: Desk, host: LabHost, name: string): Promise<void> {
  const options = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "BatchMode=yes",
    "IdentitiesOnly=yes",
  ];
  const words = ["-F", "none", ...options.flatMap((option) => ["-o", option])];
  await run("ssh", [...words, "-i", `${desk.home}/${name}`, `deploy@${host.address}`, "true"]);
}

async function scan(app: App, host: LabHost): Promise<void> {
  expect(await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true })).toMatchObject([
    { state: "ok" },
  ]);
}

async function useOf({ client }: App) {
  const { rows } = await client.access.list({});
  return Object.fromEntries(rows.map(({ comment, verdict }) => [comment, verdict.use]));
}
