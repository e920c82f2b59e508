import { expect, test } from "vitest";
import { Issuer } from "#shared/model/issuer.ts";
import { type AskWindow, askWindows, MOST_ASKED } from "./ask-windows.ts";

const NOW = "2026-06-01T12:00:00Z";

const named = (id: number, kind: "acme" | "csr") =>
  Issuer.parse({
    ...{ kind, id, name: `${kind}${id}`, createdAt: NOW, note: "", directory: "https://ca.example/dir" },
    ...{ account: null, contacts: [], agreesToTerms: true, eabKeyId: null, profile: null, hasRoots: false },
    challenge: null,
  });

const ask = (askWindow: AskWindow, seen: Record<number, string[]>, due: string[] = []) =>
  askWindows({
    issuers: [named(1, "acme"), named(2, "acme"), named(3, "csr")],
    ...{ askWindow, seenOf: (id) => seen[id] ?? [], due: new Set(due), now: NOW },
    signal: new AbortController().signal,
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

test("a directory that cannot be asked is asked once, and that is said; what does not say anything neither", async () => {
  const asked: string[] = [];
  const early = await ask(
    async (issuer, sha256) => {
      asked.push(`${issuer} ${sha256}`);
      return issuer === "acme1" ? { kind: "unasked", message: "it is down" } : { kind: "said", from: null };
    },
    { 1: ["a", "b"], 2: ["c", "d"] },
  );
  expect(asked.toSorted()).toEqual(["acme1 a", "acme2 c"]);
  expect(early).toEqual({
    certificates: [],
    said: [
      {
        ...{ state: "warning", id: "window" },
        text: "acme1 could not be asked when it wants its certificates renewed: it is down",
      },
    ],
  });
});

test("of very many those that end first are asked about, and how many is said", async () => {
  const many = Array.from({ length: MOST_ASKED + 1 }, (_, nth) => `c${nth}`);
  const early = await ask(async () => ({ kind: "said", from: NOW }), { 1: many });
  expect(early.certificates).toEqual(many.slice(0, MOST_ASKED));
  expect(early.said[0]?.text).toContain(`asked about ${MOST_ASKED} of ${MOST_ASKED + 1} certificates`);
});
