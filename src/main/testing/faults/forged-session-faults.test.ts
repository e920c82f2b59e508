/** A host that sends false answers. */
import { expect, test } from "vitest";
import { begin, write } from "#net/ssh/session/host-files.ts";
import { inspectFile, inspectHost } from "#net/ssh/session/inspect-host.ts";
import { createKey } from "#net/ssh/session/private-keys.ts";
import type { RemoteSession, SessionAnswer } from "#net/ssh/session/remote-session.ts";
import { beginOn, hashOf, insertLine } from "#net/ssh/session/testing/session-requests.ts";
import { recordFault } from "./fault-table.ts";

type Answered = Extract<SessionAnswer, { kind: "answered" }>;

/** Gives the same answer to everything. */
const liar = (answer: Partial<Answered>): RemoteSession => ({
  user: "jo",
  uid: 0,
  loginKey: null,
  loginCertificate: null,
  clientKeys: [],
  isTyped: false,
  transport: "ssh2",
  proxy: null,
  hostKey: { blob: new Uint8Array(), keyType: "", fingerprint: "" },
  ended: new Promise(() => undefined),
  send: async () => ({
    kind: "answered",
    status: "ok",
    words: [],
    facts: new Map(),
    data: new Map(),
    ...answer,
  }),
  [Symbol.asyncDispose]: async () => undefined,
});

test("R23: a host that says ok to everything shows no bytes but those whose hash it also says", async ({
  task,
}) => {
  const path = "/home/jo/.ssh/authorized_keys";
  const newHash = Buffer.from("new\n");
  const { after: _, ...wish } = insertLine(path, Buffer.alloc(0), { at: 0, line: "new\n" });
  // Here there is only the host's word; in a run, an inspection and a login verify it.
  expect(await write(liar({}), wish)).toEqual({ kind: "written", already: false });
  const told = (hash: string) =>
    new Map([
      ["hash", [[hash]]],
      ["file", [["-rw-------", "1", "0", "0", "4", "jo"]]],
    ]);
  const looked = { data: new Map([["content", Uint8Array.from(newHash)]]) };
  expect(await inspectFile(liar({ ...looked, facts: told(hashOf("other")) }), path)).toMatchObject({
    file: { hash: null, content: null, refusal: { why: "changing" } },
  });
  expect(await inspectFile(liar({ ...looked, facts: told(hashOf(newHash)) }), path)).toMatchObject({
    file: { hash: hashOf(newHash), content: Uint8Array.from(newHash) },
  });
  // A hash without the bytes is no evidence.
  expect(await inspectFile(liar({ facts: told(hashOf(newHash)) }), path)).toMatchObject({
    file: { hash: null, content: null },
  });
  expect(await inspectHost(liar({}))).toMatchObject({ kind: "lost" });
  expect(await createKey(liar({}), { path, keyType: "ed25519", bits: null, comment: "" })).toMatchObject({
    kind: "failed",
    why: "no-sense",
  });
  recordFault(task, {
    id: "R23",
    injected: "a host that answers ok",
    seen: "no bytes without their hash; nonsense is no answer (words alone, without a host)",
  });
});

test("R23: a host that refuses in words of its own is told as unknown, and its words go no further", async () => {
  const answer = await begin(liar({ status: "no", words: ["\u202eevil", "\x1b[2J"] }), beginOn("/x/y"));
  expect(answer).toMatchObject({ kind: "refused", why: "unknown" });
  const held = await begin(liar({ status: "no", words: ["held", "token"] }), beginOn("/x/y"));
  expect(held).toMatchObject({ kind: "refused", why: "held" });
});
