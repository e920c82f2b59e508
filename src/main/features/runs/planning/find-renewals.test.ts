import { expect, test } from "vitest";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { Issuer } from "#shared/model/issuers/issuer.ts";
import { openStore, type Store } from "#store/store.ts";
import { findRenewal, MOST_WINDOWS_READ, type ReadWindow, readWindows } from "./find-renewals.ts";

const NOW = "2026-06-01T12:00:00Z";

const named = (id: number, kind: "acme" | "csr") =>
  Issuer.parse({
    kind,
    id,
    name: `${kind}${id}`,
    createdAt: NOW,
    note: "",
    directory: "https://ca.example/dir",
    account: null,
    contacts: [],
    agreesToTerms: true,
    eabKeyId: null,
    profile: null,
    hasRoots: false,
    challenge: null,
  });

const ask = (readWindow: ReadWindow, seen: Record<number, string[]>, due: string[] = [], more: object = {}) =>
  readWindows({
    issuers: [named(1, "acme"), named(2, "acme"), named(3, "csr")],
    readWindow,
    seenOf: (id) => seen[id] ?? [],
    due: new Set(due),
    now: NOW,
    signal: new AbortController().signal,
    ...more,
  });

test("what its ACME directory wants renewed by now is due, and nobody else is asked", async () => {
  const asked: string[] = [];
  const windows: Record<string, string> = {
    begun: NOW,
    open: "2026-05-01T00:00:00Z",
    later: "2026-06-01T12:00:01Z",
  };
  const early = await ask(
    async (issuer, sha256) => {
      asked.push(`${issuer} ${sha256}`);
      return { kind: "said", from: windows[sha256] ?? null };
    },
    { 1: ["begun", "later", "due"], 2: ["open"], 3: ["person"] },
    ["due"],
  );
  expect(asked.toSorted()).toEqual(["acme1 begun", "acme1 later", "acme2 open"]);
  expect(early.certificates.toSorted()).toEqual(["begun", "open"]);
  expect(early.said.map(({ state, text }) => `${state}: ${text}`)).toContain(
    "ok: acme1 wants 1 certificate renewed already",
  );
});

test("a directory that cannot be asked twice in a row is asked no more, and that is said; what does not say anything neither", async () => {
  const asked: string[] = [];
  const early = await ask(
    async (issuer, sha256) => {
      asked.push(`${issuer} ${sha256}`);
      return issuer === "acme1" ? { kind: "unasked", message: "it is down" } : { kind: "said", from: null };
    },
    { 1: ["a", "b", "e"], 2: ["c", "d", "f"] },
  );
  expect(asked.toSorted()).toEqual(["acme1 a", "acme1 b", "acme2 c", "acme2 d"]);
  expect(early).toEqual({
    certificates: [],
    said: ["a", "b"].map((sha256) => ({
      state: "warning",
      id: "window",
      text: `acme1 could not be asked when it wants ${sha256}... renewed: it is down`,
    })),
  });
});

test("one certificate that a directory does not know keeps none of the others from being asked about", async () => {
  const early = await ask(
    async (_, sha256) =>
      sha256 === "gone"
        ? { kind: "unasked", message: "404" }
        : { kind: "said", from: sha256 === "bare" ? null : NOW },
    { 1: ["gone", "a", "bare", "b"] },
  );
  expect(early.certificates).toEqual(["a", "b"]);
});

test("a directory that does not answer is not waited for longer than its time, nor after it is told to stop", async () => {
  const never: ReadWindow = () => Promise.withResolvers<never>().promise;
  const { said } = await ask(never, { 1: ["a", "b"] }, [], { budgetMs: 1 });
  expect(said.map(({ text }) => text)).toEqual([
    "acme1 is slow: it was asked about 0 of 2 certificates: those that end first",
  ]);
  const stop = new AbortController();
  const stopped = ask(never, { 1: ["a"] }, [], { signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(stopped).rejects.toThrow("enough");
});

test("of very many those that end first are asked about, and how many is said", async () => {
  const many = Array.from({ length: MOST_WINDOWS_READ + 1 }, (_, nth) => `c${nth}`);
  const early = await ask(async () => ({ kind: "said", from: NOW }), { 1: many });
  expect(early.certificates).toEqual(many.slice(0, MOST_WINDOWS_READ));
  expect(early.said[0]?.text).toContain(
    `asked about ${MOST_WINDOWS_READ} of ${MOST_WINDOWS_READ + 1} certificates`,
  );
});

const MIDNIGHT = "2026-06-01T00:00:00Z";
const [ONE, OTHER, ODD] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)] as const;

test("one key file is described for one certificate alone", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const seek = (certificates: string[]) =>
    findRenewal(
      RenewalRequest.parse({
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
    const request = RenewalRequest.parse({ kind: "rotate-certificate", endpoints });
    const sought = findRenewal(request, inventoryOf({ leavesAt: () => leaves }), { now: MIDNIGHT });
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
  const request = (more: object) => RenewalRequest.parse({ kind: "rotate-certificate", ...more });
  const named = findRenewal(request({ certificates: [ONE, ODD] }), inventoryOf({ undated }), {
    now: MIDNIGHT,
  });
  expect(named.hosts.flatMap(({ certificates }) => certificates)).toEqual([ONE]);
  expect(named.leftOut).toEqual([expect.stringMatching(/^CN=odd: its dates cannot be read/)]);

  const due = (count: number) =>
    Array.from({ length: count }, (_, nth) => ({ sha256: `${nth}`, subject: "", notAfter: MIDNIGHT }));
  const seek = (count: number) =>
    findRenewal(request({ isDue: true }), inventoryOf({ undated, due: () => due(count) }), {
      now: MIDNIGHT,
      early: { certificates: [ONE], said: [{ state: "ok", id: "window", text: "it is early" }] },
    });
  expect(seek(1_999).leftOut).toEqual([expect.stringContaining("CN=odd")]);
  expect(seek(2_000).leftOut[0]).toContain("only the first 2000 that are due are in this plan");
  expect(seek(1).hosts.flatMap(({ certificates }) => certificates)).toEqual([ONE, "0"]);
  expect(seek(1).said).toMatchObject([{ text: "it is early" }]);
});
