/**
 * Users of a host race against everything that a run writes there: nothing of root's leaks, nobody gets the new private
 * key except the accounts that should hold it, and nothing is written that the plan has not shown.
 */
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { App } from "#app";
import type { PlanDetail } from "#shared/contract/runs.ts";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan } from "#testing/runs/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { CANARIES, prepareRaces, RACES, startRaces } from "./race-setup.ts";

const lab = test.skipIf(!canStartHosts());
const TIMEOUT = { timeout: 7_200_000 };

/** The number of users for each race, and of runs: two hundred tries of each race. A long run is split by its first. */
const USERS = Number(process.env.LATCHKEY_TEST_USERS ?? 10);
const FIRST_RUN = Number(process.env.LATCHKEY_TEST_RACES_FROM ?? 0);
const RUNS = Number(process.env.LATCHKEY_TEST_RACES ?? 20);

/** The races against a scan, and those against what a run creates in an account's folder. */
const ALL_RACES: typeof RACES = {
  ...RACES,
  "a link in the place of a run's own folder": (home) => [
    `folder:${home}/.ssh/.latchkey:/root/.ssh`,
    `link:${home}/.ssh/authorized_keys.latchkey:/root/secret`,
  ],
  "a key file that becomes another one": (home) => [
    `link:${home}/.ssh/id_team:/root/.ssh/id_root`,
    `link:${home}/.ssh/id_team.pub:/root/secret`,
  ],
};
const RACERS = Object.values(ALL_RACES).flatMap((race) => Array.from({ length: USERS }, () => race));
const NAMES = RACERS.map((_, number) => `m${number}`);
const HELD = "/home/honest/.ssh/id_team";
/** The old private key, kept because an account was left out and still lets it in; the run says so. */
const KEPT = /^\/home\/honest\/\.ssh\/id_team\.latchkey-kept-[0-9a-f]{8}(\.pub)?$/;

/**
 * Writes the lines of root and an honest user, and those of every racing user; each folder is as before the first race.
 */
const settle = (lines: readonly string[], ofRacers: readonly string[]) => `
  rm -rf /run/races/* /root/.ssh/.latchkey /home/m*/aside-* /home/m*/.ssh /home/m*/.kube /home/m*/keys /home/m*/principals /home/m*/*.pem /home/m*/.keystore
  for name in honest ${NAMES.join(" ")}; do
    rm -rf /home/$name/.ssh; install -d -m 700 -o $name -g $name /home/$name/.ssh
    printf '%s\\n' ${quoted(ofRacers)} > /home/$name/.ssh/authorized_keys
    chown $name: /home/$name/.ssh/authorized_keys
  done
  printf '%s\\n' ${quoted(lines)} | tee /root/.ssh/authorized_keys > /home/honest/.ssh/authorized_keys`;

const quoted = (lines: readonly string[]): string => lines.map((line) => `'${line.trim()}'`).join(" ");

/** Every user races, as fast as they can, until the returned value is disposed of. */
async function beginRaces(host: LabHost, run: number): Promise<AsyncDisposable> {
  const shell = startShellIn(host);
  const begun = Promise.withResolvers<void>();
  let said = "";
  shell.follow({
    out: (chunk) => {
      said += chunk;
      if (said.includes("all race")) begun.resolve();
    },
    over: (why) => begun.reject(new Error(why)),
  });
  const attacks = RACERS.map((race, number) => ({
    number,
    seed: run * RACERS.length + number,
    race: race(`/home/m${number}`),
  }));
  shell.send(`${startRaces("free", attacks)}\necho all race\ncat >/dev/null\n`);
  await begun.promise;
  return { [Symbol.asyncDispose]: () => shell.kill() };
}

/** The files of root and an honest user, by path: hash, owner and mode. */
async function lookAtHost(host: LabHost): Promise<Map<string, string>> {
  const said = await host.run(`
    find /etc /root /home/honest /home/admin /usr/local /var/spool /var/lib/latchkey -xdev \\( -type f -o -type l \\) \\
      -exec stat -c '%n|%U %a %F' {} + 2>/dev/null | sort
    find /etc /root /home/honest /home/admin /usr/local /var/spool /var/lib/latchkey -xdev -type f -exec sha256sum {} + 2>/dev/null |
      sed 's/^\\([^ ]*\\)  \\(.*\\)/\\2|\\1/' | sort`);
  const seen = new Map<string, string>();
  for (const line of said.split("\n").filter(Boolean)) {
    const [path = "", what = ""] = line.split("|");
    seen.set(path, `${seen.get(path) ?? ""} ${what}`);
  }
  return seen;
}

const differences = (before: Map<string, string>, after: Map<string, string>): string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .toSorted();

/** A run that was stopped would block the next one. */
async function forget({ home }: Desk): Promise<void> {
  for (const name of await readdir(home)) if (name.startsWith("latchkey.db")) await rm(join(home, name));
}

/** The lines of a private key file that hold its private key alone. */
const privateHalf = (text: string): string[] => text.trim().split("\n").slice(3, -1);

/** Nothing of root's, and no private key, is in a file that a user can read, nor in what this computer stores. */
async function expectNothingOut(host: LabHost, desk: Desk, keyFiles: readonly string[]): Promise<void> {
  const roots = await host.run("cat /root/.ssh/id_root");
  const secrets = [...CANARIES, ...[roots, ...keyFiles].flatMap(privateHalf)];
  const patterns = secrets.map((text) => `-e '${text}'`).join(" ");
  const found = await host.run(`grep -rlF ${patterns} /home /tmp /var/tmp /dev/shm 2>/dev/null || :`);
  expect(found.split("\n").filter((path) => path !== "" && path !== HELD && !KEPT.test(path))).toEqual([]);
  expect(await host.run("find /home/honest/.ssh -name '*-kept-*' ! -perm 600 ! -name '*.pub'")).toBe("");
  expect(await host.run("find /home/m* ! -type l -user root 2>/dev/null || :")).toBe("");
  for (const name of await readdir(desk.home)) {
    if (!name.startsWith("latchkey.db")) continue;
    const bytes = await readFile(join(desk.home, name), "latin1");
    expect(secrets.filter((text) => bytes.includes(text))).toEqual([]);
  }
}

/**
 * One try of every racer: they begin before the plan is made, or between plan and run. Whatever the run ends with, only
 * these paths of root and an honest user may differ.
 */
async function race(
  { host, run, mayChange }: { host: LabHost; run: number; mayChange: RegExp },
  { plan, start }: { plan: () => Promise<PlanDetail>; start: (planned: PlanDetail) => Promise<RunDetail> },
): Promise<RunDetail | null> {
  await using stack = new AsyncDisposableStack();
  if (run % 2 === 0) stack.use(await beginRaces(host, run));
  // A plan may fail, because the files differ each time it reads them.
  const planned = await plan().catch((error: Error) => error.message);
  if (typeof planned === "string") return null;
  const before = await lookAtHost(host);
  if (run % 2 === 1) stack.use(await beginRaces(host, run));
  const ended = await start(planned);
  const strays = differences(before, await lookAtHost(host)).filter((path) => !mayChange.test(path));
  expect({ run, strays }).toEqual({ run, strays: [] });
  return ended;
}

const OF_KEYS =
  /^\/(root|home\/honest)\/\.ssh\/(authorized_keys|id_team(\.latchkey-kept-[0-9a-f]{8})?(\.pub)?|\.latchkey(\/.*)?)$/;

/** A new key for root and every account, held here and by an honest user: rotated, or revoked everywhere. */
async function raceForKey(desk: Desk, host: LabHost, run: number): Promise<RunDetail | null> {
  const team = await makeKeyFile(join(desk.home, ".ssh"), `team-${run}`);
  const before = await readFile(team.path, "utf8");
  // An account that races for its own file stops the run at its host; every third run has no such account in its plan.
  await host.run(`${settle([desk.publicKey, team.publicLine], run % 3 === 2 ? [] : [team.publicLine])}
    printf '%s' '${before}' > ${HELD}; chmod 600 ${HELD}; chown honest: ${HELD}`);
  await using app = desk.open();
  const ended = await race(
    { host, run, mayChange: OF_KEYS },
    {
      plan: async () => {
        await scanAll(app, {
          text: `root@${host.address}`,
          only: "ssh",
          acceptNew: true,
          identityFiles: [join(desk.home, ".ssh/id_ed25519"), team.path],
        });
        return run % 4 < 2
          ? makePlan(app, { kind: "rotate-key", fingerprint: team.fingerprint })
          : planRemoval(app, team.fingerprint);
      },
      start: (planned) => carryOut(app, planned),
    },
  );
  await expectNothingOut(host, desk, [before, await readFile(team.path, "utf8")]);
  await rm(team.path);
  return ended;
}

lab(
  "of two hundred tries of each race none turns a rotation, or a removal of grants, against its owner",
  TIMEOUT,
  async ({ annotate }) => {
    await using desk = await makeDesk();
    const prepare = `${await prepareRaces(RACERS.length)}\n${letIn(desk.publicKey)}`;
    await using host = await startHost({ name: "races", prepare });
    const states: string[] = [];
    for (let run = FIRST_RUN; run < FIRST_RUN + RUNS; run++) {
      states.push((await raceForKey(desk, host, run))?.state ?? "no plan");
      await forget(desk);
    }
    await annotate(states.join(", "));
    expect(states).toContain("committed");
  },
);

async function planRemoval(app: App, fingerprint: string): Promise<PlanDetail> {
  const { rows } = await app.client.access.list({ search: fingerprint, limit: 500 });
  return makePlan(app, { kind: "remove-grants", grants: rows.map(({ id }) => id) });
}

lab(
  "of two hundred tries of each race none turns a rotation of a host key against its owner",
  TIMEOUT,
  async ({ annotate }) => {
    await using desk = await makeDesk();
    await using probed = await startProbedHosts(desk, {
      prepare: await prepareRaces(RACERS.length),
      reloads: true,
    });
    const [host] = probed.hosts;
    const states: string[] = [];
    for (let run = FIRST_RUN; run < FIRST_RUN + RUNS; run++) {
      await host.run(settle([desk.publicKey], []));
      await using app = desk.open();
      const ended = await race(
        { host, run, mayChange: /^\/etc\/ssh\/(sshd_config$|ssh_host_)/ },
        {
          plan: async () => {
            await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
            const { address, port } = host;
            return makePlan(app, { kind: "rotate-host-key", keyType: "ed25519", host: address, port });
          },
          start: (planned) => carryOut(app, planned),
        },
      );
      states.push(ended?.state ?? "no plan");
      await expectNothingOut(host, desk, [
        await host.run("cat $(sed -n 's/^HostKey \\(.*ed25519.*\\)/\\1/p' /etc/ssh/sshd_config)"),
      ]);
    }
    await annotate(states.join(", "));
    expect(states).toContain("committed");
    await probed.expectNobodyLockedOut();
  },
);

lab(
  "of two hundred tries of each race none turns a renewal of a certificate against its owner",
  TIMEOUT,
  async ({ annotate }) => {
    await using desk = await makeRenewalDesk();
    const before = await prepareRaces(RACERS.length);
    await using host = await startRenewedHost(desk, ["nginx"], `${before}\n${letIn(desk.publicKey)}`);
    const states: string[] = [];
    for (let run = FIRST_RUN; run < FIRST_RUN + RUNS; run++) {
      await host.run(settle([desk.publicKey], []));
      await using app = await desk.openWithVault();
      const ended = await race(
        { host, run, mayChange: /^\/etc\/tls\/nginx\.(key|pem)$/ },
        {
          plan: async () => {
            await scanServers(app, [host], ["nginx"]);
            return makePlan(
              app,
              {
                kind: "rotate-certificate",
                certificates: [],
                endpoints: [{ host: host.address, port: 443, serverName: null }],
                isDue: false,
                issuer: "corp",
                keyKind: null,
                makesKeyHere: run % 4 < 2,
                challenge: null,
                described: null,
              },
              { postCheckMinutes: 0 },
            );
          },
          start: (planned) => carryOut(app, planned),
        },
      );
      states.push(ended?.state ?? "no plan");
      await expectNothingOut(host, desk, [await host.run("cat /etc/tls/nginx.key")]);
    }
    await annotate(states.join(", "));
    expect(states).toContain("committed");
  },
);
