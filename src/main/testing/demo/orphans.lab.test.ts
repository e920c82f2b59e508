import { join } from "node:path";
import { expect, test } from "vitest";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { OUTSIDE, startWorld } from "./start-world.ts";

type Grant = {
  host: string;
  account: string;
  line: number;
  comment: string;
  orphan: string | null;
  why: string[];
  verdict: {
    effective: { state: string; reasons: string[] };
    owner: { state: string; isMatched: boolean; reasons: string[] };
    use: { state: string; reasons: string[] };
  };
};

/** The demo fleet, scanned, with its people sources; the grants are named by account, host and line. */
async function openFleet() {
  const folder = await makeTemporaryFolder();
  const stack = new AsyncDisposableStack();
  stack.use(folder);
  const world = stack.use(await startWorld({ folder: folder.path, hasHosts: true }));
  const workstation = { user: "root", home: folder.path, agentSocket: null };
  const type = openTerminal(join(folder.path, "latchkey.db"), { workstation });
  const hosts = world.targets.filter((target) => target.includes("@"));
  await type("scan", ...hosts, "--accept-new", "--identity", world.identity ?? "");
  await type("people", "import", ...world.peopleSources);
  const names = new Map(
    hosts.map((target, index) => [target.split("@")[1], ["web-1", "db-1", "legacy-7"][index]]),
  );
  return {
    type,
    list: async (...options: string[]) => {
      const { grants }: { grants: Grant[] } = JSON.parse((await type("access", "--json", ...options)).out);
      return new Map(
        grants.map((grant) => [`${grant.account} on ${names.get(grant.host)}, line ${grant.line}`, grant]),
      );
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("of the demo fleet exactly the planted orphans are listed, each with its reason, and none of the traps", async () => {
  await using fleet = await openFleet();
  const before = await fleet.type("access", "--orphaned");
  expect(before.out).toContain("not counted: 1 grant whose private key was not found");
  await fleet.type("inventory", "complete", "--note", OUTSIDE);

  const orphans = await fleet.list("--orphaned");
  expect([...orphans].map(([place, { orphan, why }]) => [place, orphan, why[0]]).toSorted()).toEqual([
    [
      "admin on legacy-7, line 3",
      "gone",
      expect.stringMatching(/^Carol Nolan left on .*, according to people\.csv; the key is theirs/),
    ],
    ["bob on web-1, line 1", "unused", expect.stringMatching(/^no login with it in 1\d\d days of logs/)],
    ["carol on db-1, line 1", "gone", expect.stringMatching(/^Carol Nolan left on /)],
  ]);
  // Nobody has root on legacy-7: the contractor's private key may be there.
  const list = await fleet.type("access", "--orphaned");
  expect(list.out).toMatch(
    /unknown: 1 grant .* because 1 host was not read completely: \S+ \(read without root\); scan every host as root/,
  );
  const findings = await fleet.type("findings", "--rule", "grant-orphaned");
  expect(findings.err).toContain("unknown: 1 grant whose private key was not found, because 1 host");
  expect((await fleet.list()).get("postgres on db-1, line 2")).toMatchObject({
    orphan: "unknown",
    why: [expect.stringMatching(/^its private key was not found .*: it may be there$/), expect.anything()],
  });

  const all = await fleet.list();
  // Under PAM, a locked password does not stop a key, and is no sign of an orphan.
  expect(all.get("metrics on db-1, line 1")).toMatchObject({
    verdict: { effective: { state: "yes" }, owner: { state: "known", isMatched: true } },
    orphan: null,
  });
  // A laptop is outside of the inventory, and belongs to somebody who is known.
  expect(all.get("alice on db-1, line 1")?.verdict.owner).toMatchObject({
    state: "known",
    isMatched: false,
    reasons: expect.arrayContaining([expect.stringContaining("was not scanned")]),
  });
  // Twelve days of logs are no evidence about ninety.
  expect(all.get("postgres on db-1, line 1")?.verdict.use.state).toBe("unknown");
  // Nobody gets a shell, but sshd still forwards ports.
  const forwarding = all.get("ftp-import on legacy-7, line 1");
  expect([forwarding?.verdict.effective.state, forwarding?.orphan]).toEqual(["unknown", null]);
}, 60_000);
