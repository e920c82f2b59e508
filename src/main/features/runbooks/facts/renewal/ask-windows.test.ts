import { expect, test } from "vitest";
import { Issuer } from "#shared/model/issuer.ts";
import { type AskWindow, askWindows, MOST_ASKED } from "./ask-windows.ts";

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

const ask = (askWindow: AskWindow, seen: Record<number, string[]>, due: string[] = [], more: object = {}) =>
  askWindows({
    issuers: [named(1, "acme"), named(2, "acme"), named(3, "csr")],
    askWindow,
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
  const never: AskWindow = () => Promise.withResolvers<never>().promise;
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
  const many = Array.from({ length: MOST_ASKED + 1 }, (_, nth) => `c${nth}`);
  const early = await ask(async () => ({ kind: "said", from: NOW }), { 1: many });
  expect(early.certificates).toEqual(many.slice(0, MOST_ASKED));
  expect(early.said[0]?.text).toContain(`asked about ${MOST_ASKED} of ${MOST_ASKED + 1} certificates`);
});
