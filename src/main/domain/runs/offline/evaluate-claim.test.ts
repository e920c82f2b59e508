import { expect, test } from "vitest";
import { hashBytes } from "#domain/runs/files/stages.ts";
import type { ScriptResult } from "#domain/runs/offline/result.ts";
import { makeFile, makeHolder, makeHost, makePlanValue } from "#domain/runs/testdata/make-plan-value.ts";
import { type FilePlan, NEW_KEY_PLACEHOLDER } from "#shared/model/runs/plan.ts";
import type { Phase } from "#shared/model/runs/run.ts";
import { type ClaimedPart, evaluateClaim, type HostReading } from "./evaluate-claim.ts";

const WRITTEN = "2026-03-01T00:00:00Z";
const READ = "2026-03-01T01:00:00Z";
const NEW = { line: "ssh-ed25519 NEW", fingerprint: "SHA256:new" };
const OTHER = { line: "ssh-ed25519 OTHER", fingerprint: "SHA256:other" };

const bytes = (text: string): Uint8Array => Buffer.from(text);
const BEFORE = "ssh-ed25519 OLD ops\nssh-ed25519 KEPT\n";
const ADDED = `ssh-ed25519 OLD ops\n${NEW.line} ops\nssh-ed25519 KEPT\n`;
const REMOVED = `${NEW.line} ops\nssh-ed25519 KEPT\n`;
const OLD_LINE = "ssh-ed25519 OLD ops\n";

const FILE: FilePlan = {
  ...makeFile(0, "both"),
  before: hashBytes(bytes(BEFORE)),
  added: [{ at: OLD_LINE.length, removed: "", inserted: `${NEW_KEY_PLACEHOLDER} ops\n` }],
  removed: [{ at: 0, removed: OLD_LINE, inserted: `${NEW_KEY_PLACEHOLDER} ops\n` }],
};

const HOLDER = makeHolder("web1");

/** The key is created on web1, which has its line, too. */
const PLAN = makePlanValue({
  newKey: {
    kind: "made-on-host",
    keyType: "ed25519",
    comment: "",
    host: "web1",
    port: 22,
    path: HOLDER.path,
  },
  hosts: [makeHost({ host: "web1", batch: 0, files: [FILE], privateKeyLocations: [HOLDER] })],
});

const ALL: Phase[] = ["create-key", "grant", "install-key", "revoke", "finish"];

const says = (outcome: ScriptResult["outcome"], phases: Phase[], text: string): ScriptResult => ({
  plan: "p" as ScriptResult["plan"],
  host: "web1",
  port: 22,
  token: "t",
  nonce: "n",
  began: 1,
  ended: 2,
  outcome,
  phases,
  at: phases.at(-1) ?? null,
  why: "",
  kept: "",
  keepsOldKey: false,
  newKey: null,
  keySignature: null,
  files: [hashBytes(bytes(text))],
  leftOut: [],
  unended: [],
  digest: "d",
  signed: new Uint8Array(),
  hostSignature: null,
});

const keyAt = (path: string, more: Partial<HostReading["keyFiles"][number]> = {}) => ({
  path,
  fingerprint: NEW.fingerprint,
  possession: "verified" as const,
  isSeen: true,
  ...more,
});

const reading = (text: string, more: Partial<HostReading> = {}): HostReading => ({
  by: "bundle",
  at: READ,
  after: READ,
  hostKeys: ["SHA256:pinned"],
  reader: null,
  isWhole: true,
  files: [{ path: FILE.path, realPath: FILE.path, bytes: bytes(text) }],
  unreadable: [],
  keyFiles: [keyAt(HOLDER.path)],
  ...more,
});

type Parts = {
  result: ScriptResult;
  made: typeof NEW | null;
  seen: HostReading | null;
  part: Partial<ClaimedPart>;
};

const COMMITTED: Parts = {
  result: says("committed", ALL, REMOVED),
  made: NEW,
  seen: reading(REMOVED),
  part: {},
};

function evaluate({ result, made, seen, part }: Parts) {
  const [host] = PLAN.hosts;
  if (!host) throw new Error("the plan has no host");
  return evaluateClaim(
    { result, made, writtenAt: WRITTEN },
    { plan: PLAN, host, newKey: null, pinned: "SHA256:pinned", files: [], ...part },
    seen,
  );
}

const confirmed = { kind: "confirmed", by: "bundle", at: READ };

test("a claim is confirmed by a reading that shows its files to the byte, and its key by a signature of its own", () => {
  expect(evaluate(COMMITTED)).toEqual(confirmed);
  const added = says("done", ["create-key", "grant"], ADDED);
  const beside = [keyAt(`${HOLDER.path}.latchkey-new`)];
  expect(evaluate({ ...COMMITTED, result: added, seen: reading(ADDED, { keyFiles: beside }) })).toEqual(
    confirmed,
  );
});

test("that all is as before confirms no result of a script that was rolled back, nor the key that it names: a host where nothing ever ran looks like that", () => {
  for (const phases of [["grant"], ["create-key"], ["create-key", "grant"]] as Phase[][]) {
    const back = says("rolled-back", phases, BEFORE);
    const seen = reading(BEFORE, { keyFiles: [keyAt(HOLDER.path, { fingerprint: PLAN.oldKey })] });
    expect(evaluate({ ...COMMITTED, result: back, seen })).toMatchObject({
      kind: "open",
      why: "no-evidence",
    });
  }
});

test("a key that nobody knows yet is confirmed where it was made alone", () => {
  const added = says("done", ["grant"], ADDED);
  expect(evaluate({ ...COMMITTED, result: added, seen: reading(ADDED) })).toMatchObject({ kind: "open" });
});

test("where the plan knows no host key the pinned one is asked for, and without one nothing is confirmed", () => {
  const host = {
    ...makeHost({ host: "web1", batch: 0, files: [FILE], privateKeyLocations: [HOLDER] }),
    hostKey: "",
  };
  expect(evaluate({ ...COMMITTED, part: { host } })).toEqual(confirmed);
  expect(evaluate({ ...COMMITTED, part: { host, pinned: null } })).toMatchObject({
    kind: "open",
    why: "unverified-reading",
  });
});

test.each<[string, Partial<HostReading> | null]>([
  ["no-reading", null],
  ["unverified-reading", { hostKeys: [] }],
  ["unverified-reading", { hostKeys: ["SHA256:forger"] }],
  ["earlier-reading", { after: null }],
  ["earlier-reading", { after: WRITTEN }],
  ["earlier-reading", { after: "2026-02-28T23:59:59Z" }],
  ["not-root", { reader: "eve" }],
  ["not-root", { reader: "user0" }],
  ["unreadable", { files: [] }],
  ["key-not-verified", { keyFiles: [] }],
  ["key-not-verified", { keyFiles: [keyAt(HOLDER.path, { possession: "claimed" })] }],
  ["key-not-verified", { keyFiles: [keyAt(HOLDER.path, { possession: "other-key" })] }],
  ["key-not-verified", { keyFiles: [keyAt(HOLDER.path, { isSeen: false })] }],
  ["key-not-verified", { keyFiles: [keyAt("/tmp/eve")] }],
  ["unreadable", { isWhole: false }],
  ["unreadable", { unreadable: ["/home/ann/.ssh/id_ed25519.latchkey-old"] }],
  ["unreadable", { unreadable: ["/home/ann"] }],
])("nothing is confirmed, for that is %s, by a reading with %j", (why, more) => {
  const seen = more && reading(REMOVED, more);
  expect(evaluate({ ...COMMITTED, seen })).toMatchObject({ kind: "open", why });
});

test.each<[string, HostReading, string]>([
  ["the old line still stands", reading(ADDED), FILE.path],
  ["nothing was done", reading(BEFORE), FILE.path],
  ["another line stands beside", reading(`${REMOVED}ssh-ed25519 EVE\n`), FILE.path],
  [
    "another key has taken the old one's place",
    reading(REMOVED, { keyFiles: [keyAt(HOLDER.path, { fingerprint: OTHER.fingerprint })] }),
    HOLDER.path,
  ],
  [
    "the old half is still kept",
    reading(REMOVED, { keyFiles: [keyAt(HOLDER.path), keyAt(`${HOLDER.path}.latchkey-old`)] }),
    `${HOLDER.path}.latchkey-old`,
  ],
])("a claim that all is committed is contradicted where %s", (_, seen, path) => {
  expect(evaluate({ ...COMMITTED, seen })).toEqual({ kind: "contradicted", by: "bundle", at: READ, path });
});

test("a claim of another key than the verified one, or than the run's, is not confirmed", () => {
  expect(evaluate({ ...COMMITTED, made: OTHER })).toMatchObject({ kind: "contradicted" });
  expect(evaluate({ ...COMMITTED, made: OTHER, part: { newKey: NEW } })).toMatchObject({
    kind: "open",
    why: "other-key",
  });
});

test("a host key that is pinned by now instead of the plan's makes no reading good for the plan", () => {
  const part = { pinned: "SHA256:since" };
  for (const hostKeys of [["SHA256:pinned"], ["SHA256:since"]])
    expect(evaluate({ ...COMMITTED, part, seen: reading(REMOVED, { hostKeys }) })).toMatchObject({
      why: "unverified-reading",
    });
});

test("an account's own login confirms what that account could have written anyway, and nothing else", () => {
  const own = says("done", ["grant"], ADDED);
  const seen = reading(ADDED, { by: "scan", reader: "user0" });
  expect(evaluate({ result: own, made: null, seen, part: { newKey: NEW } })).toMatchObject({
    kind: "confirmed",
  });
  const other = { ...seen, reader: "ann" };
  expect(evaluate({ result: own, made: null, seen: other, part: { newKey: NEW } })).toMatchObject({
    why: "not-root",
  });
});

test("a claim that leaves an account out is confirmed by no reading: nothing shows that anything was tried there", () => {
  for (const text of [BEFORE, REMOVED]) {
    const leftOut = [{ index: 0, phase: "grant" as const, reason: "held" }];
    const result = { ...says("committed", ALL, text), leftOut };
    expect(evaluate({ ...COMMITTED, result, seen: reading(text) })).toEqual({
      kind: "open",
      why: "left-out",
      path: FILE.path,
    });
  }
});

test("what says that something failed, or is stuck, has nothing that could confirm it", () => {
  for (const outcome of ["failed", "needs-attention"] as const)
    expect(evaluate({ ...COMMITTED, result: says(outcome, ALL, REMOVED) })).toMatchObject({
      kind: "open",
      why: "no-evidence",
    });
});
