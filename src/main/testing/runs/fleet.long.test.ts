import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { GrantRow } from "#shared/model/access/grant.ts";
import { startProber } from "#testing/lab/prober.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { fingerprintOf, HELD, HOLDERS, type KeyFleet, startKeyFleet } from "./key-fleet.ts";

/** The thirteenth host. After the plan is made, its sshd is configured to refuse `deploy` every Ed25519 key. */
const BROKEN = 12;
const BREAK = `cp /etc/ssh/sshd_config /etc/ssh/whole
  printf '\\nMatch User deploy\\n  PubkeyAcceptedAlgorithms ecdsa-sha2-nistp256\\n' >> /etc/ssh/sshd_config
  kill -HUP 1`;
const FIND_LEFT = "find /home /root -name '*latchkey*'";
const MEND = "mv /etc/ssh/whole /etc/ssh/sshd_config; kill -HUP 1";

/**
 * Hosts whose files are probed with a key that nobody changes: the canary, one with a second account, one with the
 * private key.
 */
const PROBED = [0, 5, 9, 19];

test.runIf(canStartHosts())(
  "a key in 45 places of 20 hosts is rotated by one command; the host that refuses the new one is told and taken back, and the run ends when it is mended",
  { timeout: 1_800_000 },
  async () => {
    await using fleet = await startKeyFleet();
    const { hosts, old } = fleet;
    const broken = at(hosts, BROKEN);
    const workstation = { user: "jo", home: fleet.home, agentSocket: null };
    const type = openTerminal(fleet.databasePath, {
      workstation,
      // At this prompt the plan is shown, and the run has not begun.
      promptUser: async (question) => {
        await broken.run(BREAK);
        return /Type "(.+)" to/.exec(question)?.[1] ?? "y";
      },
    });
    const targets = hosts.map(({ address }) => `root@${address}`);
    expect(await type("scan", ...targets, "--accept-new", "--strict")).toMatchObject({ code: 0 });
    const granted = await listGrants(fleet, old.fingerprint);
    expect(optionsOf(granted)).toEqual(fleet.options);
    expect(fleet.options).toHaveLength(45);
    const before = await Promise.all(hosts.map(fleet.readKeys));

    await using probers = await startProbers(fleet);
    const begun = performance.now();
    const stopped = await type("rotate", "key", old.fingerprint, "--apply");
    expect(`${stopped.out}\n${stopped.err}`).toContain("run 1 is stopped");
    expect(stopped).toMatchObject({ code: 3, out: expect.stringContaining(broken.address) });
    expect(stopped.out).toContain("Plan: 0 to add, 45 to change, 0 to remove on 20 hosts");
    expect(await fleet.readKeys(broken)).toBe(before[BROKEN]);
    expect(await broken.run(FIND_LEFT)).toBe("");
    for (const host of hosts) expect(await fleet.readKeys(host)).toContain(old.publicLine.split(" ")[1]);
    expect(await fingerprintOf(old.path)).toBe(old.fingerprint);

    await broken.run(MEND);
    const ended = await type("runs", "resume", "1");
    expect(`${ended.out}\n${ended.err}`).toContain("run 1 is committed");
    const seconds = (performance.now() - begun) / 1_000;
    expect(probers.failures()).toEqual([]);
    expect(probers.logins()).toBeGreaterThan(5 * seconds);
    await expectRotated(fleet, { granted, before });
  },
);

const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index];
  if (found === undefined) throw new Error(`there are no ${index + 1}`);
  return found;
};

async function startProbers({ hosts, retained }: KeyFleet) {
  await using stack = new AsyncDisposableStack();
  const probers: Awaited<ReturnType<typeof startProber>>[] = [];
  for (const index of PROBED) {
    const { address } = at(hosts, index);
    probers.push(stack.use(await startProber({ address, user: "deploy", keyFile: retained.path })));
  }
  const owned = stack.move();
  return {
    failures: () => probers.flatMap(({ failures }) => failures),
    logins: () => probers.reduce((sum, { logins }) => sum + logins(), 0),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What `access` lists for a key. */
async function listGrants({ databasePath }: KeyFleet, fingerprint: string): Promise<GrantRow[]> {
  const { out } = await openTerminal(databasePath)("access", fingerprint, "--json");
  return JSON.parse(out).grants;
}

/** Where a grant is, its options, and whether it can log in. */
const formatGrant = ({ host, account, file, line, options, verdict }: GrantRow): string =>
  [host, account, file, line, options, verdict.effective.state].join(" ");

const optionsOf = (grants: readonly GrantRow[]): string[] => grants.map(({ options }) => options).sort();

type Before = { granted: readonly GrantRow[]; before: readonly string[] };

/** The new key is wherever the old one was, and not another byte has changed. */
async function expectRotated(fleet: KeyFleet, { granted, before }: Before): Promise<void> {
  const { hosts, old } = fleet;
  const made = await fingerprintOf(old.path);
  expect(made).not.toBe(old.fingerprint);
  expect(await listGrants(fleet, old.fingerprint)).toEqual([]);
  const grants = await listGrants(fleet, made);
  expect(grants.map(formatGrant).sort()).toEqual(granted.map(formatGrant).sort());

  const line = halfOf(await readFile(`${old.path}.pub`, "utf8"));
  const wanted = before.map((keys) => keys.replaceAll(halfOf(old.publicLine), line));
  expect(await Promise.all(hosts.map(fleet.readKeys))).toEqual(wanted);
  for (const index of HOLDERS) expect(await fingerprintOf(join(at(hosts, index).root, HELD))).toBe(made);
  for (const host of hosts) expect(await host.run(FIND_LEFT)).toBe("");
}

const halfOf = (line: string): string => line.split(" ").slice(0, 2).join(" ");
