/** Halves of keys that hosts hold: made there, put in the place of the old ones, which stay beside them until the end. */
import { exchange, type Failed, insist, type Refused, readTail } from "./exchange.ts";
import type { Hand, Lost } from "./hand.ts";
import { type Changed, readChanged } from "./host-files.ts";
import { writeBytes } from "./words.ts";

type Tail = Refused | Failed | Lost;
const ABSENT = "absent";
const writeOwner = (owner: number | null | undefined): string => String(owner ?? "");

type PutRequest = {
  path: string;
  /** The hash of what is there; null: nothing is. */
  before: string | null;
  wanted: string;
  /** Of a file that was not there; one that was keeps its own. Octal. */
  mode: string;
  /** `made`: what was made at PATH.latchkey-new. */
  bytes: Uint8Array | "made";
  /** Whose folder it is, by number: nobody else but root gets the bytes. Not there: it is not known. */
  owner?: number | null;
};

/** The old one stays as PATH.latchkey-old. */
export async function put(
  hand: Hand,
  { path, before, wanted, mode, bytes, owner }: PutRequest,
): Promise<{ kind: "put"; already: boolean } | Changed | Tail> {
  const content = bytes === "made" ? bytes : writeBytes(bytes);
  const words = [path, before ?? ABSENT, wanted, mode, content, writeOwner(owner)];
  const answer = await insist(hand, { verb: "put", words });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "put", already: answer.words[0] === "already" };
  return readChanged(answer.words) ?? readTail(answer);
}

/** The old one is gone. */
export async function commitPut(hand: Hand, path: string): Promise<{ kind: "done" } | Tail> {
  const answer = await insist(hand, { verb: "commit_put", words: [path] });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "done" } : readTail(answer);
}

/** The old one is back, if what is there is what was put there. */
export async function undoPut(
  hand: Hand,
  { path, wrote, before }: { path: string; wrote: string; before: string | null },
): Promise<{ kind: "done" } | Changed | Tail> {
  const answer = await insist(hand, { verb: "undo_put", words: [path, wrote, before ?? ABSENT] });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "done" } : (readChanged(answer.words) ?? readTail(answer));
}

type MakeRequest = {
  path: string;
  keyType: "ed25519" | "ecdsa" | "rsa";
  bits: number | null;
  comment: string;
  /** This run has not tried before: what lies there is another's. Whoever asks has seen that nothing does. */
  isFresh?: boolean;
  /** Whose folder it is, by number: nobody else but root makes it. Not there: it is not known. */
  owner?: number | null;
};

/** A new pair at PATH.latchkey-new, by the host's own ssh-keygen. Its private key never leaves the host. */
export async function makeKey(
  hand: Hand,
  { path, keyType, bits, comment, isFresh = false, owner }: MakeRequest,
): Promise<{ kind: "made"; line: string; hash: string } | Tail> {
  const make = (how: "fresh" | "again") => {
    const words = [path, keyType, String(bits ?? 0), comment, how, writeOwner(owner)];
    return exchange(hand, { verb: "make", words });
  };
  const first = await make(isFresh ? "fresh" : "again");
  // What failed may have made the pair, which is in the way of no second try.
  const answer = first.kind === "answered" && first.status === "fail" ? await make("again") : first;
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const line = Buffer.from(answer.data.get("public") ?? [])
    .toString("utf8")
    .trim();
  const hash = answer.told.get("hash")?.[0]?.[0] ?? "";
  if (!/^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: .*)?$/.test(line) || !/^[0-9a-f]{64}$/.test(hash))
    return { kind: "failed", why: "no-sense", detail: "" };
  return { kind: "made", line, hash };
}
