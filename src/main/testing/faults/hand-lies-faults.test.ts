/** A host that says what it likes. */
import { expect, test } from "vitest";
import { begin, write } from "#net/ssh/session/host-files.ts";
import { lookAtFile, lookAtHost } from "#net/ssh/session/inspect-host.ts";
import { makeKey } from "#net/ssh/session/private-keys.ts";
import type { Hand, HandAnswer } from "#net/ssh/session/remote-session.ts";
import { beginOn, hashOf, wishTo } from "#net/ssh/session/testing/wish.ts";
import { recordFault } from "./fault-table.ts";

type Answered = Extract<HandAnswer, { kind: "answered" }>;

/** Answers everything so. */
const liar = (answer: Partial<Answered>): Hand => ({
  user: "jo",
  uid: 0,
  loginKey: null,
  loginCertificate: null,
  clientKeys: [],
  isTyped: false,
  transport: "ssh2",
  way: null,
  hostKey: { blob: new Uint8Array(), keyType: "", fingerprint: "" },
  ended: new Promise(() => undefined),
  ask: async () => ({
    kind: "answered",
    status: "ok",
    words: [],
    told: new Map(),
    data: new Map(),
    ...answer,
  }),
  [Symbol.asyncDispose]: async () => undefined,
});

test("R23: a host that says ok to everything shows no bytes but those whose hash it also says", async ({
  task,
}) => {
  const path = "/home/jo/.ssh/authorized_keys";
  const wanted = Buffer.from("new\n");
  const { after: _, ...wish } = wishTo(path, Buffer.alloc(0), { at: 0, line: "new\n" });
  // Its word is all that there is here: what it is worth, a look and a login tell.
  expect(await write(liar({}), wish)).toEqual({ kind: "written", already: false });
  const told = (hash: string) =>
    new Map([
      ["hash", [[hash]]],
      ["file", [["-rw-------", "1", "0", "0", "4", "jo"]]],
    ]);
  const looked = { data: new Map([["content", Uint8Array.from(wanted)]]) };
  expect(await lookAtFile(liar({ ...looked, told: told(hashOf("other")) }), path)).toMatchObject({
    file: { hash: null, content: null, refusal: { why: "changing" } },
  });
  expect(await lookAtFile(liar({ ...looked, told: told(hashOf(wanted)) }), path)).toMatchObject({
    file: { hash: hashOf(wanted), content: Uint8Array.from(wanted) },
  });
  // A hash without the bytes is no evidence.
  expect(await lookAtFile(liar({ told: told(hashOf(wanted)) }), path)).toMatchObject({
    file: { hash: null, content: null },
  });
  expect(await lookAtHost(liar({}))).toMatchObject({ kind: "lost" });
  expect(await makeKey(liar({}), { path, keyType: "ed25519", bits: null, comment: "" })).toMatchObject({
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
