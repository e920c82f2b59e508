/** Requests about a deployment's files. */

import { createHash } from "node:crypto";
import { isIP } from "node:net";
import type { KeyKind } from "#shared/model/issuers/vault.ts";
import type { DeploymentFile, Service } from "#shared/model/runs/deployment.ts";
import { RESTART } from "#shared/model/runs/deployment.ts";
import { type HostRefusal, isHostRefusal } from "#shared/model/runs/host-refusal.ts";
import type { RollbackTimer } from "#shared/model/runs/plan.ts";
import { Redacted } from "#shared/model/secret.ts";
import {
  exchange,
  type Failed,
  type Lost,
  type Refused,
  type RemoteSession,
  readTail,
  writeBytes,
} from "./remote-session.ts";

/** One certificate's files within a run. */
export type DeploymentOfRun = { token: string; id: string };
/** `newHashes`: the hashes that the files get, in their order; `stageDeployment` returns them. */
export type DeploymentFiles = DeploymentOfRun & {
  files: readonly DeploymentFile[];
  newHashes: readonly string[];
};

/** `path`: the first file that is neither the old one nor the new one. */
type DeploymentChanged = { kind: "changed"; path: string; hash: string | null };
export type DeploymentTail = Refused | Failed | Lost;

/** Five words a file. Files that do not change are left out. */
export const wordsOfFiles = (files: readonly DeploymentFile[], newHashes: readonly string[]): string[] =>
  files.flatMap(({ path, real, before }, nth) => {
    const after = newHashes[nth] ?? before;
    return after === before ? [] : [String(nth), path, real, before, after];
  });

/** Four words a server. "restart" takes the place of a described reload command. */
export const wordsOfService = ({ server, config, described, reload }: Service): string[] => [
  server,
  config ?? "",
  described?.test ?? "",
  described?.reload ?? (reload === RESTART ? "restart" : ""),
];

function readDeploymentChanged([why, path = "", hash]: readonly string[]): DeploymentChanged | null {
  return why === "changed" ? { kind: "changed", path, hash: hash || null } : null;
}

type NewKeyRequest = DeploymentOfRun & {
  key: KeyKind;
  /** DNS names and IP addresses for the certificate; the first is the common name, too, if it is short enough. */
  names: readonly string[];
  /** Requests the certificate for TLS servers and clients; without it, no usage is requested. */
  forClients?: boolean | undefined;
};

const PLAIN_NAME = /^[A-Za-z0-9*._:-]{1,253}$/;

/**
 * Creates a private key by the host's own openssl, and a certificate request for it (PKCS#10, DER). The key never
 * leaves the host. A repeated call returns the same.
 */
export async function createDeploymentKey(
  session: RemoteSession,
  { token, id, key, names, forClients = false }: NewKeyRequest,
): Promise<{ kind: "made"; csr: Uint8Array } | Refused | Failed | Lost> {
  const odd = names.find((name) => !PLAIN_NAME.test(name));
  if (names.length === 0 || odd !== undefined)
    return { kind: "refused", why: "odd-words", detail: odd ?? "" };
  const tagged = names.map((name) => `${isIP(name) ? "IP" : "DNS"}:${name}`);
  const words = [token, id, key, tagged.join(" "), ...(forClients ? ["clients"] : [])];
  const answer = await exchange(session, { verb: "deployment_request", words });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const csr = answer.data.get("csr");
  if (csr?.[0] !== 0x30) return { kind: "lost", message: "it answers what makes no sense" };
  return { kind: "made", csr };
}

type StageRequest = DeploymentOfRun & {
  files: readonly DeploymentFile[];
  /** PEM, the leaf first. */
  chain: Uint8Array;
  /** `made-there`: by createDeploymentKey; `kept`: the current one; otherwise PEM (PKCS#8). */
  key: "made-there" | "kept" | Redacted<Uint8Array>;
  /** Whole keystores that were created here, by the path of their file. */
  stores?: ReadonlyMap<string, Redacted<Uint8Array>>;
  /** Passphrases of keystores that the host rebuilds, by the path of their file. */
  passphrases?: ReadonlyMap<string, Redacted<Uint8Array>>;
};

type Tail = DeploymentChanged | Refused | Failed | Lost;

/** Writes the new files, with owner, mode, attributes and label of the current ones, where only root can read them. */
export async function stageDeployment(
  session: RemoteSession,
  { token, id, files, chain, key, stores, passphrases }: StageRequest,
): Promise<{ kind: "staged"; newHashes: string[] } | Tail> {
  const newHashes: string[] = [];
  for (const [nth, file] of files.entries()) {
    if (file.holds === "key" && key === "kept") {
      newHashes.push(file.before);
      continue;
    }
    const passphrase = passphrases?.get(file.path);
    if (passphrase) {
      const store = await stageStore(session, {
        token,
        id,
        nth,
        file,
        chain: endLine(chain),
        key,
        passphrase,
      });
      if (store.kind !== "staged") return store;
      newHashes.push(store.newHash);
      continue;
    }
    const bytes = bytesOf(file, chain, stores);
    if (bytes === "missing") return { kind: "refused", why: "no-store", detail: file.path };
    const from = key === "made-there" ? "made" : key === "kept" ? "kept" : "given";
    const imported = key instanceof Redacted && file.holds.startsWith("key") ? Redacted.reveal(key) : null;
    const answer = await exchange(session, {
      verb: "deployment_stage",
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
        writeBytes(endLine(imported ?? NOTHING)),
      ],
    });
    if (answer.kind === "lost") return answer;
    if (answer.status !== "ok") return readDeploymentChanged(answer.words) ?? readTail(answer);
    const hash = answer.words[1] ?? "";
    if (!/^[0-9a-f]{64}$/.test(hash)) return { kind: "lost", message: "it answers what makes no sense" };
    // Bytes that we have sent are verified by their hash: the host's word alone is not enough.
    const ours =
      file.holds === "key" ? imported && endLine(imported) : file.holds === "key+chain" ? null : bytes;
    if (ours && hash !== createHash("sha256").update(ours).digest("hex"))
      return { kind: "refused", why: "bad-bytes", detail: file.path };
    newHashes.push(hash);
  }
  return { kind: "staged", newHashes };
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

/** PEM that other PEM may follow: it ends with a line end. */
function endLine(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 || bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from("\n")]);
}

type StoreRequest = DeploymentOfRun & {
  /** Index within the deployment's files. */
  nth: number;
  file: DeploymentFile;
  /** PEM, the leaf first. */
  chain: Uint8Array;
  key: "made-there" | "kept" | Redacted<Uint8Array>;
  /** Opens the store, and the key in it. */
  passphrase: Redacted<Uint8Array>;
};

/** Java's keytool starts anew for each operation. */
const STORE_DEADLINE_MS = 120_000;
const NO_BYTES = new Uint8Array();

/**
 * Rebuilds a keystore on its host, by openssl or Java's keytool: with the new key and chain under the old alias, and
 * all its other entries. A repeated call returns the same store.
 */
async function stageStore(
  session: RemoteSession,
  { token, id, nth, file, chain, key, passphrase }: StoreRequest,
): Promise<{ kind: "staged"; newHash: string } | DeploymentChanged | Refused | Failed | Lost> {
  // The old key would have to be taken out of its store.
  if (key === "kept") return { kind: "refused", why: "no-key", detail: file.path };
  const imported = key instanceof Redacted ? Redacted.reveal(key) : NO_BYTES;
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
    writeBytes(imported),
  ];
  const answer = await session.send(
    { verb: "deployment_keystore", words },
    { deadlineMs: STORE_DEADLINE_MS },
  );
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readDeploymentChanged(answer.words) ?? readTail(answer);
  const newHash = answer.words[1] ?? "";
  if (!/^[0-9a-f]{64}$/.test(newHash)) return { kind: "lost", message: "it answers what makes no sense" };
  return { kind: "staged", newHash };
}

/** A deployment's files on a host: all of them become the new ones, or what they were. */

/** Files are hashed, moved and flushed; a supervisor starts a timer. */
const DEADLINE_MS = 60_000;

type RollbackRequest = DeploymentFiles & {
  timer: RollbackTimer;
  seconds: number;
  services: readonly Service[];
};

/** Before a swap: has the host itself restore the old files after so many seconds, and reload its servers. */
export async function startDeploymentTimer(
  session: RemoteSession,
  { token, id, timer, seconds, services, files, newHashes }: RollbackRequest,
): Promise<{ kind: "armed" } | DeploymentTail> {
  const words = [
    token,
    id,
    timer,
    String(seconds),
    String(services.length),
    ...services.flatMap(wordsOfService),
    ...wordsOfFiles(files, newHashes),
  ];
  const answer = await session.send({ verb: "deployment_arm", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "armed" } : readTail(answer);
}

/** `gaveUp`: why the host could not roll the change back; null: it has. */
type TimerFired = { kind: "fired"; gaveUp: HostRefusal | null };

/** `fired`: it was too late, and the host has restored the old files, or is about to. */
export async function stopDeploymentTimer(
  session: RemoteSession,
  { token, id }: DeploymentOfRun,
): Promise<{ kind: "disarmed" } | TimerFired | DeploymentTail> {
  const answer = await session.send(
    { verb: "deployment_disarm", words: [token, id] },
    { deadlineMs: DEADLINE_MS },
  );
  if (answer.kind === "lost") return answer;
  const [what, why = ""] = answer.words;
  if (what === "fired") return { kind: "fired", gaveUp: isHostRefusal(why) ? why : null };
  return answer.status === "ok" ? { kind: "disarmed" } : readTail(answer);
}

/** `changed`: all files are what they were. No server is reloaded. */
export async function swapDeployment(
  session: RemoteSession,
  { token, id, files, newHashes }: DeploymentFiles,
): Promise<{ kind: "swapped"; already: boolean } | DeploymentChanged | DeploymentTail> {
  const words = [token, id, ...wordsOfFiles(files, newHashes)];
  const answer = await session.send({ verb: "deployment_install", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "swapped", already: answer.words[0] === "already" };
  return readDeploymentChanged(answer.words) ?? readTail(answer);
}

/** Restores the very files that were there, with all attributes; `changed`: none was restored. Reloads no server. */
export async function rollBackDeployment(
  session: RemoteSession,
  { token, id, files, newHashes }: DeploymentFiles,
): Promise<{ kind: "back"; already: boolean } | DeploymentChanged | DeploymentTail> {
  const words = [token, id, ...wordsOfFiles(files, newHashes)];
  const answer = await session.send({ verb: "deployment_rollback", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "back", already: answer.words[0] === "already" };
  return readDeploymentChanged(answer.words) ?? readTail(answer);
}

/** Leaves nothing of the deployment but its current files: no old key, and no staged file. */
export async function finishDeployment(
  session: RemoteSession,
  { token, id }: DeploymentOfRun,
): Promise<{ kind: "ended" } | DeploymentTail> {
  const answer = await session.send(
    { verb: "deployment_end", words: [token, id] },
    { deadlineMs: DEADLINE_MS },
  );
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "ended" } : readTail(answer);
}
