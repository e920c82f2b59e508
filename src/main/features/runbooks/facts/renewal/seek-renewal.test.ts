import { expect, test } from "vitest";
import { RenewalWish } from "#shared/contract/runbooks.ts";
import type { Store } from "#store/store.ts";
import { openStore } from "#store/store.ts";
import { seekRenewal } from "./seek-renewal.ts";

const MIDNIGHT = "2026-06-01T00:00:00Z";
const [ONE, OTHER, ODD] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)] as const;

test("one key file is described for one certificate alone", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const seek = (certificates: string[]) =>
    seekRenewal(
      RenewalWish.parse({
        kind: "rotate-certificate",
        certificates,
        described: { keyFile: "/own/key", reload: "reload it" },
      }),
      store.runbooks,
      { now: MIDNIGHT },
    );
  expect(() => seek([ONE, OTHER])).toThrow("one key file is not the key of 2 certificates");
  expect(seek([ONE]).leftOut).toEqual([expect.stringContaining("is in no file of a host that was read")]);
  store.close();
});

type Servers = Store["runbooks"]["servers"];

const leaf = (sha256: string, subject: string, serverName: string) => ({ sha256, subject, serverName });

/** An inventory in which each certificate is on one host. */
const inventoryOf = (more: Partial<Servers>) => ({
  facts: { host: () => ({ host: "web1" }) } as never,
  servers: { hostsHolding: () => [1], undated: () => [], due: () => [], ...more } as Servers,
});

test("a place without a name stands for all that it serves, which the plan says with how to take one", () => {
  const at = (leaves: ReturnType<typeof leaf>[], serverName: string | null = null) => {
    const endpoints = [{ host: "web1", port: 443, serverName }];
    const wish = RenewalWish.parse({ kind: "rotate-certificate", endpoints });
    const sought = seekRenewal(wish, inventoryOf({ leavesAt: () => leaves }), { now: MIDNIGHT });
    return { said: sought.said, certificates: sought.hosts.flatMap(({ certificates }) => certificates) };
  };
  const [a, b] = [leaf(ONE, "CN=a", "a.example"), leaf(OTHER, "CN=b", "b.example")];
  expect(at([leaf(ONE, "CN=a", ""), a, b])).toEqual({
    certificates: [ONE, OTHER],
    said: [
      {
        state: "warning",
        id: "named",
        text: "web1:443 stands for 2 certificates: CN=a (a.example), CN=b (b.example); web1:443/NAME takes one",
      },
    ],
  });
  expect(at([a]).said).toMatchObject([{ state: "ok", text: "web1:443 stands for CN=a (a.example)" }]);
  expect(at([a], "a.example").said).toMatchObject([{ state: "ok" }]);
});

test("what has no dates that can be read is listed and not renewed, and so is what does not fit into one plan", () => {
  const undated = (sha256: string | null) =>
    sha256 === null || sha256 === ODD ? [{ sha256: ODD, subject: "CN=odd" }] : [];
  const wish = (more: object) => RenewalWish.parse({ kind: "rotate-certificate", ...more });
  const named = seekRenewal(wish({ certificates: [ONE, ODD] }), inventoryOf({ undated }), { now: MIDNIGHT });
  expect(named.hosts.flatMap(({ certificates }) => certificates)).toEqual([ONE]);
  expect(named.leftOut).toEqual([expect.stringMatching(/^CN=odd: its dates cannot be read/)]);

  const due = (count: number) =>
    Array.from({ length: count }, (_, nth) => ({ sha256: `${nth}`, subject: "", notAfter: MIDNIGHT }));
  const seek = (count: number) =>
    seekRenewal(wish({ isDue: true }), inventoryOf({ undated, due: () => due(count) }), {
      now: MIDNIGHT,
      early: { certificates: [ONE], said: [{ state: "ok", id: "window", text: "it is early" }] },
    });
  expect(seek(1_999).leftOut).toEqual([expect.stringContaining("CN=odd")]);
  expect(seek(2_000).leftOut[0]).toContain("only the first 2000 that are due are in this plan");
  expect(seek(1).hosts.flatMap(({ certificates }) => certificates)).toEqual([ONE, "0"]);
  expect(seek(1).said).toMatchObject([{ text: "it is early" }]);
});
