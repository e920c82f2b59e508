import { createHash } from "node:crypto";
import { exchange, type Failed, type Refused, readTail } from "#net/ssh/session/exchange.ts";
import type { Hand, Lost } from "#net/ssh/session/hand.ts";
import { writeBytes } from "#net/ssh/session/words.ts";
import type { DeploymentFile } from "#shared/model/pair.ts";
import { Redacted } from "#shared/model/redacted.ts";
import { type PairChanged, type PairOfRun, readPairChanged } from "./pair-words.ts";
import { stageStore } from "./stage-store.ts";

type StageRequest = PairOfRun & {
  files: readonly DeploymentFile[];
  /** PEM, the leaf first. */
  chain: Uint8Array;
  /** `made-there`: by makePairKey; `kept`: the one that is in use; else PEM (PKCS#8). */
  key: "made-there" | "kept" | Redacted<Uint8Array>;
  /** Whole keystores, by the path of their file: as they were made here. */
  stores?: ReadonlyMap<string, Redacted<Uint8Array>>;
  /** Of keystores, by the path of their file: they are made anew on the host. */
  passphrases?: ReadonlyMap<string, Redacted<Uint8Array>>;
};

type Tail = PairChanged | Refused | Failed | Lost;

/** Lays every file out as it will be, with the owner, mode, attributes and label of the one in use, where nobody but root reads it. */
export async function stagePair(
  hand: Hand,
  { token, id, files, chain, key, stores, passphrases }: StageRequest,
): Promise<{ kind: "staged"; wanted: string[] } | Tail> {
  const wanted: string[] = [];
  for (const [nth, file] of files.entries()) {
    if (file.holds === "key" && key === "kept") {
      wanted.push(file.before);
      continue;
    }
    const passphrase = passphrases?.get(file.path);
    if (passphrase) {
      const store = await stageStore(hand, { token, id, nth, file, chain: endLine(chain), key, passphrase });
      if (store.kind !== "staged") return store;
      wanted.push(store.wanted);
      continue;
    }
    const bytes = bytesOf(file, chain, stores);
    if (bytes === "missing") return { kind: "refused", why: "no-store", detail: file.path };
    const from = key === "made-there" ? "made" : key === "kept" ? "kept" : "given";
    const given = key instanceof Redacted && file.holds.startsWith("key") ? Redacted.reveal(key) : null;
    const answer = await exchange(hand, {
      verb: "pair_stage",
      words: [
        token,
        id,
        String(nth),
        file.path,
        file.real,
        file.before,
        file.holds,
        from,
        writeBytes(bytes ?? NOTHING),
        writeBytes(endLine(given ?? NOTHING)),
      ],
    });
    if (answer.kind === "lost") return answer;
    if (answer.status !== "ok") return readPairChanged(answer.words) ?? readTail(answer);
    const hash = answer.words[1] ?? "";
    if (!/^[0-9a-f]{64}$/.test(hash)) return { kind: "lost", message: "it answers what makes no sense" };
    // What the host says of bytes that we have sent is checked here as well.
    const ours = file.holds === "key" ? given && endLine(given) : file.holds === "key+chain" ? null : bytes;
    if (ours && hash !== createHash("sha256").update(ours).digest("hex"))
      return { kind: "refused", why: "bad-bytes", detail: file.path };
    wanted.push(hash);
  }
  return { kind: "staged", wanted };
}

const NOTHING = new Uint8Array();

function bytesOf(
  { path, holds }: DeploymentFile,
  chain: Uint8Array,
  stores: StageRequest["stores"],
): Uint8Array | null | "missing" {
  const store = stores?.get(path);
  switch (holds) {
    case "key":
      return null;
    case "chain":
    case "key+chain":
      return endLine(chain);
    case "leaf":
      return splitChain(chain).leaf;
    case "intermediates":
      return splitChain(chain).intermediates;
    case "pkcs12":
    case "jks":
      return store ? Redacted.reveal(store) : "missing";
  }
}

const END_MARK = "-----END CERTIFICATE-----";

function splitChain(chain: Uint8Array): { leaf: Uint8Array; intermediates: Uint8Array } {
  const text = Buffer.from(endLine(chain)).toString("latin1");
  const at = text.indexOf(END_MARK) + END_MARK.length;
  return {
    leaf: endLine(Buffer.from(text.slice(0, at), "latin1")),
    intermediates: Buffer.from(text.slice(at).replace(/^\s+/, ""), "latin1"),
  };
}

/** PEM that goes on after another file's. */
function endLine(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 || bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from("\n")]);
}
