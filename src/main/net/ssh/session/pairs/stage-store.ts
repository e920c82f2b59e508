import type { Failed, Refused } from "#net/ssh/session/exchange.ts";
import { readTail } from "#net/ssh/session/exchange.ts";
import type { Hand, Lost } from "#net/ssh/session/hand.ts";
import { writeBytes } from "#net/ssh/session/words.ts";
import type { DeploymentFile } from "#shared/model/pair.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { type PairChanged, type PairOfRun, readPairChanged } from "./pair-words.ts";

type StoreRequest = PairOfRun & {
  /** Within the files of the pair. */
  nth: number;
  file: DeploymentFile;
  /** PEM, the leaf first. */
  chain: Uint8Array;
  key: "made-there" | "kept" | Redacted<Uint8Array>;
  /** Opens the store, and the key in it. */
  passphrase: Redacted<Uint8Array>;
};

/** Java's keytool begins anew for each thing that it is asked. */
const STORE_DEADLINE_MS = 120_000;
const NO_BYTES = new Uint8Array();

/**
 * A keystore made anew on its host, by its openssl or Java's keytool: with the new key and chain under the old name, and all else that
 * was in it. Said again it is the same one.
 */
export async function stageStore(
  hand: Hand,
  { token, id, nth, file, chain, key, passphrase }: StoreRequest,
): Promise<{ kind: "staged"; wanted: string } | PairChanged | Refused | Failed | Lost> {
  // The old key would have to leave its store.
  if (key === "kept") return { kind: "refused", why: "no-key", detail: file.path };
  const given = key instanceof Redacted ? Redacted.reveal(key) : NO_BYTES;
  const { path, real, before, holds, entry = "" } = file;
  const words = [
    token,
    id,
    String(nth),
    path,
    real,
    before,
    holds,
    entry,
    key === "made-there" ? "made" : "given",
    writeBytes(chain),
    writeBytes(Redacted.reveal(passphrase)),
    writeBytes(given),
  ];
  const answer = await hand.ask({ verb: "pair_store", words }, { deadlineMs: STORE_DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readPairChanged(answer.words) ?? readTail(answer);
  const wanted = answer.words[1] ?? "";
  if (!/^[0-9a-f]{64}$/.test(wanted)) return { kind: "lost", message: "it answers what makes no sense" };
  return { kind: "staged", wanted };
}
