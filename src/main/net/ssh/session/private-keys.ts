/** How far the replacement of a private key on a host is. None of its bytes leave the host. */

import { type HostRefusal, isHostRefusal } from "#shared/model/runs/host-refusal.ts";
import { type Changed, readChanged } from "./host-files.ts";
import {
  exchange,
  type Failed,
  insist,
  type Lost,
  type Refused,
  type RemoteSession,
  readTail,
  writeBytes,
} from "./remote-session.ts";

/** `other`: not of this run, no regular file, or not readable. */
type FoundKeyFile = { kind: "none" | "before" | "new" | "other"; hash: string | null };

export type KeyInspection = {
  kind: "seen";
  now: FoundKeyFile;
  made: FoundKeyFile;
  old: FoundKeyFile;
  /** The .pub file beside it. */
  publicFile: FoundKeyFile;
  /** An installation was interrupted: the public key is moved away, or a partial file is beside it. */
  isBegun: boolean;
};

type KeyQuery = {
  path: string;
  /** The hash of the file to replace; null: there was none. */
  before: string | null;
  /** The new key's public key. */
  blob: Uint8Array;
};

export async function inspectPrivateKey(
  session: RemoteSession,
  { path, before, blob }: KeyQuery,
): Promise<KeyInspection | Refused | Failed | Lost> {
  const words = [path, before ?? "absent", Buffer.from(blob).toString("base64")];
  const answer = await exchange(session, { verb: "inspect_keys", words });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const find = (name: string) => readFound(answer.facts.get(name)?.[0] ?? []);
  const [now, made, old] = [find("key"), find("key.latchkey-new"), find("key.latchkey-old")];
  const publicFile = find("public");
  if (!now || !made || !old || !publicFile) return { kind: "failed", why: "no-sense", detail: "" };
  return { kind: "seen", now, made, old, publicFile, isBegun: answer.facts.has("begun") };
}

type Outcome = { kind: "done" } | Refused | Failed | Lost;

/** ssh offers the .pub file beside a private key: during the replacement there is none. The old one is kept. */
export const hidePublic = (session: RemoteSession, path: string, blob: Uint8Array): Promise<Outcome> =>
  order(session, "hide_public", [path, Buffer.from(blob).toString("base64")]);

/** `text` null: shows the one that was hidden. */
export const showPublic = (session: RemoteSession, path: string, text: string | null): Promise<Outcome> =>
  order(session, "show_public", [path, text === null ? "" : writeBytes(Buffer.from(text))]);

/** Removes what ssh-keygen and verifications left beside a private key; with "nothing", the hidden public key, too. */
export const tidyPrivateKey = (
  session: RemoteSession,
  path: string,
  keeps: "old" | "nothing",
): Promise<Outcome> => order(session, "tidy_key", [path, keeps]);

type KeptKey = {
  /** Of the new private key. */
  path: string;
  /** The hash of the old one. */
  before: string;
};

/** Renames the old private key beside a new one, and its public key, to the names under which they stay. */
export const keepOldPrivateKey = (session: RemoteSession, { path, before }: KeptKey): Promise<Outcome> =>
  order(session, "keep_old_key", [path, before]);

/**
 * `inspect`: whether the kept key is there, by its hash. `move`: gives it the name again that it has while a run is under
 * way.
 */
export const putBackKeptPrivateKey = (
  session: RemoteSession,
  { path, before }: KeptKey,
  what: "inspect" | "move",
): Promise<Outcome> => order(session, "put_back_kept", [path, before, what]);

/** Removes the kept key, if its hash is that of the old private key. */
export const dropKeptPrivateKey = (session: RemoteSession, { path, before }: KeptKey): Promise<Outcome> =>
  order(session, "drop_kept", [path, before]);

async function order(session: RemoteSession, verb: string, words: readonly string[]): Promise<Outcome> {
  const answer = await insist(session, { verb, words });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "done" } : readTail(answer);
}

function readFound([kind = "", hash = ""]: readonly string[]): FoundKeyFile | null {
  if (kind !== "none" && kind !== "before" && kind !== "new" && kind !== "other") return null;
  return { kind, hash: /^[0-9a-f]{64}$/.test(hash) ? hash : null };
}

/** Private keys on hosts: created there, installed in place of the old ones, which stay beside them until the end. */

type Tail = Refused | Failed | Lost;
const ABSENT = "absent";
const writeOwner = (owner: number | null | undefined): string => String(owner ?? "");

type InstallRequest = {
  path: string;
  /** The hash of the file that is there; null: there is none. */
  before: string | null;
  newHash: string;
  /** For a file that did not exist; an existing one keeps its mode. Octal. */
  mode: string;
  /** `made`: the key that was created at PATH.latchkey-new. */
  bytes: Uint8Array | "made";
  /** The folder's owner, by number: nobody else but root gets the bytes. Missing: unknown. */
  owner?: number | null;
};

/** The old one stays as PATH.latchkey-old. */
export async function installPrivateKey(
  session: RemoteSession,
  { path, before, newHash, mode, bytes, owner }: InstallRequest,
): Promise<{ kind: "put"; already: boolean } | Changed | Tail> {
  const content = bytes === "made" ? bytes : writeBytes(bytes);
  const words = [path, before ?? ABSENT, newHash, mode, content, writeOwner(owner)];
  const answer = await insist(session, { verb: "install_key", words });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "put", already: answer.words[0] === "already" };
  return readChanged(answer.words) ?? readTail(answer);
}

/** Removes the old one. */
export async function removeOldPrivateKey(
  session: RemoteSession,
  path: string,
): Promise<{ kind: "done" } | Tail> {
  const answer = await insist(session, { verb: "finish_key", words: [path] });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "done" } : readTail(answer);
}

/** Restores the old one, if the file there is the one that was installed. */
export async function restoreOldPrivateKey(
  session: RemoteSession,
  { path, wrote, before }: { path: string; wrote: string; before: string | null },
): Promise<{ kind: "done" } | Changed | Tail> {
  const answer = await insist(session, { verb: "restore_key", words: [path, wrote, before ?? ABSENT] });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "done" } : (readChanged(answer.words) ?? readTail(answer));
}

type NewKeyRequest = {
  path: string;
  keyType: "ed25519" | "ecdsa" | "rsa";
  bits: number | null;
  comment: string;
  /** This run has not tried before, and the caller has seen no file there: one that is there now is another's. */
  isFresh?: boolean;
  /** The folder's owner, by number: nobody else but root creates it. Missing: unknown. */
  owner?: number | null;
};

/** Creates a key pair at PATH.latchkey-new, by the host's own ssh-keygen. Its private key never leaves the host. */
export async function createKey(
  session: RemoteSession,
  { path, keyType, bits, comment, isFresh = false, owner }: NewKeyRequest,
): Promise<{ kind: "made"; line: string; hash: string } | Tail> {
  const make = (how: "fresh" | "again") => {
    const words = [path, keyType, String(bits ?? 0), comment, how, writeOwner(owner)];
    return exchange(session, { verb: "create_key", words });
  };
  const first = await make(isFresh ? "fresh" : "again");
  // The failed try may have created the pair; a second try accepts that.
  const answer = first.kind === "answered" && first.status === "fail" ? await make("again") : first;
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const line = Buffer.from(answer.data.get("public") ?? [])
    .toString("utf8")
    .trim();
  const hash = answer.facts.get("hash")?.[0]?.[0] ?? "";
  if (!/^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: .*)?$/.test(line) || !/^[0-9a-f]{64}$/.test(hash))
    return { kind: "failed", why: "no-sense", detail: "" };
  return { kind: "made", line, hash };
}

/** A signature by a private key on a host, made there: the key stays where it is. */

type HostSignature =
  /** `signature`: as resources/lib/possession.sh prints it. `hash`: of the key file, by the host: hex SHA-256. */
  { kind: "signed"; signature: string; hash: string } | { kind: "unsigned"; why: HostRefusal } | Lost;

/** Has the private key at that path sign these bytes, in our own namespace, as its owner. */
export async function signWithKey(
  session: RemoteSession,
  path: string,
  bytes: Uint8Array,
): Promise<HostSignature> {
  const answer = await exchange(session, { verb: "sign", words: [path, writeBytes(bytes)] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") {
    const [why = ""] = answer.words;
    return { kind: "unsigned", why: isHostRefusal(why) ? why : "unknown" };
  }
  const hash = answer.facts.get("hash")?.[0]?.[0] ?? "";
  const signature = answer.facts.get("signature")?.[0]?.[0] ?? "";
  if (!/^[0-9a-f]{64}$/.test(hash)) return { kind: "unsigned", why: "no-sense" };
  return { kind: "signed", signature, hash };
}
