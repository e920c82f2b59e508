import { expect, test } from "vitest";
import type { KnownLogin, PlanFacts } from "#domain/runs/access/plan-facts.ts";
import { makeHolderFacts, makeHostFacts } from "#domain/runs/testdata/make-facts.ts";
import { OLD_FINGERPRINT, OLD_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { planFor } from "#domain/runs/testdata/plan-for.ts";
import { acknowledgementOf, isAcknowledged } from "#shared/text/runs/plan.ts";

const login = (from: string, more: Partial<KnownLogin> = {}): KnownLogin => ({
  account: "ann",
  from,
  at: "2026-11-20T00:00:00Z",
  evidence: "journal",
  ...more,
});

const TEXT = `${OLD_KEY} ann@laptop\n`;
/** Our address is `192.0.2.7`, as every host of these facts sees it. */
const web = (logins: KnownLogin[]) => makeHostFacts("web1", TEXT, { logins });
const backup = makeHostFacts("backup", "", {
  privateKeyLocations: [makeHolderFacts({ path: "/home/ann/.ssh/id_ed25519" })],
  addresses: ["198.51.100.4", "2001:db8::4"],
});

const asked = (hosts: Parameters<typeof planFor>[0], more: Partial<PlanFacts> = {}) =>
  planFor(hosts, more).checks.filter(({ id }) => id === "unexplained-address");

test("an address that the old key was used from and that no location of it has is asked about, by its name alone", () => {
  const checks = asked([web([login("203.0.113.9"), login("203.0.113.9", { account: "bob" })])]);
  expect(checks).toEqual([
    {
      state: "acknowledge",
      id: "unexplained-address",
      host: "web1",
      account: "ann",
      address: "203.0.113.9",
      text: "the old key logged in to ann from 203.0.113.9 on 2026-11-20, and no known location of it has that address: whoever holds a copy there gets no new key and is shut out; scan that machine, or give them the new key",
    },
  ]);
  const [check] = checks;
  if (!check) throw new Error("nothing is asked");
  expect(acknowledgementOf(check)).toBe("unexplained-address web1 ann 203.0.113.9");
  expect(isAcknowledged(check, ["unexplained-address"])).toBe(false);
  expect(isAcknowledged(check, ["unexplained-address web1 ann 203.0.113.9"])).toBe(true);
  const [weak] = asked([web([login("203.0.113.9", { evidence: "file" })])]);
  expect(weak?.text).toContain("by a plain file, to which any user there can have lines written");
});

test("what the known locations explain is not asked about, and neither is a use of long ago", () => {
  const ours = [login("192.0.2.7"), login("::ffff:192.0.2.7")];
  const theirs = [login("198.51.100.4"), login("2001:DB8::4")];
  expect(asked([web([...ours, ...theirs]), backup])).toEqual([]);
  expect(asked([web([login("203.0.113.9", { at: "2026-08-20T00:00:00Z" })])])).toEqual([]);
});

test("this computer explains nothing where it does not hold the key, and no location does that has not signed with it", () => {
  expect(asked([web([login("192.0.2.7")]), backup], { here: [] })).toHaveLength(1);
  const holding = {
    account: "ann",
    isRoot: false,
    key: OLD_FINGERPRINT,
    certificate: null,
    from: "192.0.2.7",
  };
  const agent = makeHostFacts("web1", TEXT, { logins: [login("192.0.2.7")], login: holding });
  expect(asked([agent, backup], { here: [] })).toEqual([]);
  for (const possession of [{ kind: "other-key" }, { kind: "claimed", why: "locked" }] as const) {
    const planted = makeHostFacts("backup", "", {
      privateKeyLocations: [makeHolderFacts({ possession })],
      addresses: ["198.51.100.4"],
    });
    expect(asked([web([login("198.51.100.4")]), planted])).toHaveLength(1);
  }
});

test("loopback explains a login on the very host alone that holds the key, or that this computer is", () => {
  const local = [login("127.0.0.1"), login("::1", { account: "ann" })];
  const places = (hosts: Parameters<typeof planFor>[0]) =>
    asked(hosts).map(({ host, address }) => [host, address]);
  expect(places([web(local), backup])).toEqual([
    ["web1", "127.0.0.1"],
    ["web1", "::1"],
  ]);
  const holding = { privateKeyLocations: [makeHolderFacts({ path: "/home/ann/.ssh/id_ed25519" })] };
  expect(places([makeHostFacts("web1", TEXT, { logins: local, ...holding }), backup])).toEqual([]);
  const here = { account: "root", isRoot: true, key: null, certificate: null, from: "127.0.0.1" };
  const own = makeHostFacts("desk", TEXT, { logins: [login("127.0.0.1")], login: here });
  expect(places([own, web([login("127.0.0.1")])])).toEqual([["web1", "127.0.0.1"]]);
});
