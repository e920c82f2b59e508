/** How far the replacement of a private key has come that lies on a host. None of its bytes leave the host. */
import { exchange, type Failed, insist, type Refused, readTail } from "./exchange.ts";
import type { Hand, Lost } from "./hand.ts";
import { writeBytes } from "./words.ts";

/** `other`: not of this run, no regular file, or not readable. */
type FoundHalf = { kind: "none" | "before" | "new" | "other"; hash: string | null };

export type HalfLook = {
  kind: "seen";
  now: FoundHalf;
  made: FoundHalf;
  old: FoundHalf;
  /** The .pub file beside it. */
  publicFile: FoundHalf;
  /** Something of a put is there that did not come to its end: the public half is hidden, or a piece lies beside it. */
  isBegun: boolean;
};

type HalfRequest = {
  path: string;
  /** The hash of what is to be replaced; null: nothing was there. */
  before: string | null;
  /** The new key's public half. */
  blob: Uint8Array;
};

export async function lookAtHostHalf(
  hand: Hand,
  { path, before, blob }: HalfRequest,
): Promise<HalfLook | Refused | Failed | Lost> {
  const words = [path, before ?? "absent", Buffer.from(blob).toString("base64")];
  const answer = await exchange(hand, { verb: "look_half", words });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const find = (name: string) => readFound(answer.told.get(name)?.[0] ?? []);
  const [now, made, old] = [find("half"), find("half.latchkey-new"), find("half.latchkey-old")];
  const publicFile = find("public");
  if (!now || !made || !old || !publicFile) return { kind: "failed", why: "no-sense", detail: "" };
  return { kind: "seen", now, made, old, publicFile, isBegun: answer.told.has("begun") };
}

type Outcome = { kind: "done" } | Refused | Failed | Lost;

/** ssh offers the .pub file that lies beside a private key: while that is exchanged there is none. The old one is kept. */
export const hidePublic = (hand: Hand, path: string, blob: Uint8Array): Promise<Outcome> =>
  order(hand, "hide_public", [path, Buffer.from(blob).toString("base64")]);

/** Null: the one that was hidden. */
export const showPublic = (hand: Hand, path: string, text: string | null): Promise<Outcome> =>
  order(hand, "show_public", [path, text === null ? "" : writeBytes(Buffer.from(text))]);

/** Removes what ssh-keygen and proofs have left beside a half, and the public half that was hidden unless that stays. */
export const tidyHalf = (hand: Hand, path: string, keeps: "old" | "nothing"): Promise<Outcome> =>
  order(hand, "tidy_half", [path, keeps]);

type KeptHalf = {
  /** Of the new half. */
  path: string;
  /** The hash of the old one. */
  before: string;
};

/** The old half that is beside a new one, and its public half, get the name that they keep. */
export const keepOldHalf = (hand: Hand, { path, before }: KeptHalf): Promise<Outcome> =>
  order(hand, "keep_half", [path, before]);

/** What was kept so is gone, if it is the very old half. */
export const dropKeptHalf = (hand: Hand, { path, before }: KeptHalf): Promise<Outcome> =>
  order(hand, "drop_kept", [path, before]);

async function order(hand: Hand, verb: string, words: readonly string[]): Promise<Outcome> {
  const answer = await insist(hand, { verb, words });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "done" } : readTail(answer);
}

function readFound([kind = "", hash = ""]: readonly string[]): FoundHalf | null {
  if (kind !== "none" && kind !== "before" && kind !== "new" && kind !== "other") return null;
  return { kind, hash: /^[0-9a-f]{64}$/.test(hash) ? hash : null };
}
