import { once } from "node:events";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { AnyAuthMethod, IdentityCallback, OpenSSHAgent, ParsedKey } from "ssh2";
import { viewKey } from "#codec/fingerprint.ts";
import { openFields, toField } from "#codec/ssh-wire.ts";
import { Redacted } from "#shared/model/secret.ts";
import type { KeyLock } from "./locked/key-lock.ts";
import {
  LARGEST_KEY_FILE,
  NEEDS_PASSPHRASE,
  type PrivateKeyFile,
  readPrivateKeyFile,
  whyNoLogin,
} from "./private-key-file.ts";
import { loadSsh2 } from "./tuned-ssh2.ts";

/** One key to log in with. The private key stays in the agent, or in a Redacted that only this file opens. */
export type Identity = {
  keyType: string;
  fingerprint: string;
  /** A path, or "agent". */
  source: string;
  comment: string;
  secret: { kind: "file"; key: Redacted<ParsedKey> } | { kind: "agent"; socketPath: string; key: ParsedKey };
};

export type Identities = {
  /** Without duplicates, in the order to try: the files named, the agent's keys, the usual files. */
  identities: Identity[];
  /** The fingerprint of the key in each file that was read, whether it is used from the file or from the agent. */
  keyOfFile: ReadonlyMap<string, string>;
  /** The fingerprints of the keys that the agent holds. */
  heldByAgent: ReadonlySet<string>;
  /** What is there but cannot be used, and why. A usual file that does not exist is not listed. */
  unusable: UnusableIdentity[];
};

/** `isLocked`: a passphrase would open it. */
export type UnusableIdentity = {
  source: string;
  why: string;
  isLocked: boolean;
  /** The key as OpenSSH's own client can use it, if that can. */
  forClient?: ClientKey;
};

/** A key, or a certificate, that OpenSSH's client can log in with: in a file, or by its public key in the agent. */
export type ClientKey = { keyType: string; fingerprint: string } & (
  | { kind: "file"; path: string }
  | { kind: "agent"; blob: Uint8Array }
);

export const publicBlobOf = ({ secret }: Identity): Uint8Array =>
  (secret.kind === "file" ? Redacted.reveal(secret.key) : secret.key).getPublicSSH();

export const toClientKey = ({ keyType, fingerprint, source, secret }: Identity): ClientKey =>
  secret.kind === "file"
    ? { keyType, fingerprint, kind: "file", path: source }
    : { keyType, fingerprint, kind: "agent", blob: secret.key.getPublicSSH() };

/** A private key file that a passphrase opens. */
type LockedKeyFile = {
  path: string;
  /** Of the public key, if the file itself or the .pub file beside it shows that in clear. */
  fingerprint: string | null;
  lock: KeyLock;
};

/** Opens a locked key file by prompting a person; otherwise says why it was not opened. */
export type OpenKeyFile = (file: LockedKeyFile) => Promise<UsableKeyFile | { why: string }>;

type UsableKeyFile = Extract<PrivateKeyFile, { kind: "usable" }>;

type Sources = {
  /** Named by the user. */
  identityFiles: readonly string[];
  /** What ssh_config names. `isForAll`: some of it for every machine, so that ssh tries no usual files. */
  configured?: { files: readonly string[]; isForAll: boolean };
  home: string;
  agentSocket: string | null;
  /** Null: nobody is prompted, and a locked file is used only if the agent holds its key. */
  unlock?: OpenKeyFile | null;
};

/** The private key files that ssh tries when none is named. */
const USUAL_KEY_FILES = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_dsa"];

export const listUsualKeyFiles = (home: string): string[] =>
  USUAL_KEY_FILES.map((name) => join(home, ".ssh", name));

/** Without O_NONBLOCK, opening a pipe would wait for a writer. Windows has neither. */
const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads identity files and asks the agent for its list. It signs nothing and connects to nothing else. A locked file is
 * opened if it was named; a usual one is opened only if there is no other key for a machine for which ssh_config names
 * no file. If the agent holds the key, its file is never opened. Rejects only as `unlock` does.
 */
export async function gatherIdentities({
  identityFiles: written,
  configured = { files: [], isForAll: false },
  home,
  agentSocket,
  unlock = null,
}: Sources): Promise<Identities> {
  const identityFiles = written.map((path) => path.replace(/^~(?=\/)/, () => home));
  const agent = await listAgentKeys(agentSocket);
  const ring = createRing(agent.keys, agentSocket ?? "");
  const usual = listUsualKeyFiles(home);
  const heldByAgent = new Set(agent.keys.map(({ fingerprint }) => fingerprint));
  const named = new Set([...identityFiles, ...configured.files]);
  const lockedUsual: LockedKeyFile[] = [];

  for (const path of named) {
    const file = await readKeyFile(path);
    const locked = ring.take(file === "missing" ? { unreadable: "there is no such file" } : file, path);
    await takeCertificate(path, file);
    if (locked) ring.takeOpened(locked, await openLocked(locked));
  }
  for (const key of agent.keys) ring.takeFromAgent(key);
  for (const path of configured.isForAll ? [] : usual.filter((path) => !named.has(path))) {
    const file = await readKeyFile(path);
    const locked = file === "missing" ? null : ring.take(file, path);
    await takeCertificate(path, file);
    if (locked) lockedUsual.push(locked);
  }
  for (const locked of lockedUsual)
    ring.takeOpened(
      locked,
      ring.identities.some(isForAny) ? { why: NEEDS_PASSPHRASE } : await openLocked(locked),
    );
  const { identities, keyOfFile, unusable } = ring;
  return { identities, keyOfFile, heldByAgent, unusable };

  /** OpenSSH's client offers the certificate that lies beside a key. */
  async function takeCertificate(path: string, file: Awaited<ReturnType<typeof readKeyFile>>): Promise<void> {
    if (file === "missing" || "unreadable" in file) return;
    const isLocked = file.kind === "unusable" && file.isEncrypted !== false;
    if (isLocked && !(file.fingerprint && heldByAgent.has(file.fingerprint))) return;
    const beside = await readPublicFile(certificateBeside(path));
    const why = beside && whyNoLogin(beside.keyType);
    if (why) ring.refuse(certificateBeside(path), why, { forClient: { ...beside, kind: "file", path } });
  }

  /** A key that ssh_config names for one machine is not tried at others. */
  function isForAny({ fingerprint, source }: Identity): boolean {
    return heldByAgent.has(fingerprint) || identityFiles.includes(source) || usual.includes(source);
  }

  async function openLocked(locked: LockedKeyFile): Promise<UsableKeyFile | { why: string }> {
    return unlock ? await unlock(locked) : { why: NEEDS_PASSPHRASE };
  }
}

/** Collects identities, each key once, and what cannot be used, each source once. */
function createRing(agentKeys: readonly AgentKey[], socketPath: string) {
  const held = new Map(agentKeys.map((key) => [key.fingerprint, key]));
  const identities: Identity[] = [];
  const keyOfFile = new Map<string, string>();
  const unusable: UnusableIdentity[] = [];
  return { identities, keyOfFile, unusable, take, takeOpened, takeFromAgent, refuse };

  /** Returns the file if it needs a passphrase. */
  function take(file: PrivateKeyFile | { unreadable: string }, path: string): LockedKeyFile | null {
    const twin = "fingerprint" in file && file.fingerprint ? held.get(file.fingerprint) : undefined;
    if ("fingerprint" in file && file.fingerprint) keyOfFile.set(path, file.fingerprint);
    if ("unreadable" in file) refuse(path, file.unreadable);
    else if (file.kind === "usable") takeFromFile(file, path);
    else if (twin) takeFromAgent(twin);
    else if (file.lock) return { path, fingerprint: file.fingerprint, lock: file.lock };
    else refuse(path, file.why, asClientKey(file, path));
    return null;
  }

  function takeOpened({ path }: LockedKeyFile, opened: UsableKeyFile | { why: string }): void {
    if ("why" in opened) refuse(path, opened.why, { isLocked: true });
    else takeFromFile(opened, path);
  }

  function takeFromFile({ keyType, fingerprint, key }: UsableKeyFile, source: string): void {
    keyOfFile.set(source, fingerprint);
    add({ keyType, fingerprint, source, comment: "", secret: { kind: "file", key } });
  }

  function takeFromAgent({ blob, keyType, fingerprint, comment }: AgentKey): void {
    const why = whyNoLogin(keyType);
    const key = why ? null : loadSsh2().utils.parseKey(blob);
    if (!key || key instanceof Error)
      refuse(`agent: ${fingerprint}`, why ?? "its key cannot be read", {
        forClient: { keyType, fingerprint, kind: "agent", blob },
      });
    else add({ keyType, fingerprint, source: "agent", comment, secret: { kind: "agent", socketPath, key } });
  }

  function add(identity: Identity): void {
    if (identities.every(({ fingerprint }) => fingerprint !== identity.fingerprint))
      identities.push(identity);
  }

  function refuse(source: string, why: string, more: Partial<UnusableIdentity> = {}): void {
    if (unusable.every((other) => other.source !== source))
      unusable.push({ source, why, isLocked: false, ...more });
  }
}

/** The path of the certificate that ssh looks for beside a private key. */
export const certificateBeside = (path: string): string => `${path}-cert.pub`;

/** The path of the private key that a certificate file belongs to; the path itself for any other file. */
export const keyFileOf = (source: string): string => source.replace(/-cert\.pub$/, "");

/** A key in clear text, of a type that ssh2 does not know. */
function asClientKey(
  { keyType, fingerprint, isEncrypted }: Extract<PrivateKeyFile, { kind: "unusable" }>,
  path: string,
): Partial<UnusableIdentity> {
  if (keyType === null || fingerprint === null || isEncrypted !== false) return {};
  return { forClient: { keyType, fingerprint, kind: "file", path } };
}

/** What a key file holds. If it does not show its public key, the .pub file beside it may. */
export async function readKeyFile(
  path: string,
): Promise<PrivateKeyFile | "missing" | { unreadable: string }> {
  const bytes = await readSmallFile(path);
  if (!Buffer.isBuffer(bytes)) return bytes;
  const file = readPrivateKeyFile(bytes);
  if (file.kind === "usable" || !file.lock || file.fingerprint) return file;
  return { ...file, ...(await readPublicFile(`${path}.pub`)) };
}

/** The key in the one line of a .pub file; null if there is no such file, or no such line. */
async function readPublicFile(path: string): Promise<{ keyType: string; fingerprint: string } | null> {
  const bytes = await readSmallFile(path);
  const [, type, base64] = Buffer.isBuffer(bytes)
    ? (/^(\S+) ([A-Za-z0-9+/]+=*)/.exec(bytes.toString("latin1")) ?? [])
    : [];
  const view = viewKey(Buffer.from(base64 ?? "", "base64"));
  return view.keyType === type ? view : null;
}

/** Reads no more of a file than a key can be long, and only regular files. */
export async function readSmallFile(path: string): Promise<Buffer | "missing" | { unreadable: string }> {
  try {
    await using file = await open(path, READ_WITHOUT_WAITING);
    const about = await file.stat();
    if (!about.isFile()) return { unreadable: "it is not a regular file" };
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LARGEST_KEY_FILE + 1));
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return "missing";
    if (code) return { unreadable: `it cannot be read (${code})` };
    throw error;
  }
}

/** Makes ssh2 try this identity, and no other, for a login that lasts until `ended`. */
export function authMethodFor(identity: Identity, username: string, ended: AbortSignal): AnyAuthMethod {
  const { secret } = identity;
  if (secret.kind === "file") return { type: "publickey", username, key: Redacted.reveal(secret.key) };
  return { type: "agent", username, agent: offerOneKey(secret.socketPath, secret.key, ended) };
}

type AgentKey = { blob: Buffer; keyType: string; fingerprint: string; comment: string };
type AgentListing = { isReachable: boolean; keys: AgentKey[] };

const REQUEST_IDENTITIES = Buffer.from([11]);
const IDENTITIES_ANSWER = 12;
const LARGEST_ANSWER = 256 * 1024;
const AGENT_TIMEOUT_MS = 2_000;
const NOBODY: AgentListing = { isReachable: false, keys: [] };

/**
 * Every key that an agent holds, in its order. We ask the agent ourselves, because ssh2 silently drops keys that it
 * cannot use, and has no deadline.
 */
export async function listAgentKeys(socketPath: string | null): Promise<AgentListing> {
  const answer = socketPath ? await queryAgent(socketPath, REQUEST_IDENTITIES) : null;
  return answer ? readListing(answer) : NOBODY;
}

/** An agent's answer to one message; null if none comes in time, as when it waits for a person to confirm. */
export async function queryAgent(
  socketPath: string,
  message: Uint8Array,
  timeoutMs = AGENT_TIMEOUT_MS,
): Promise<Buffer | null> {
  const socket = connect({ path: socketPath });
  // With an error: without one, `once(socket, "connect")` would wait for ever.
  const deadline = setTimeout(() => socket.destroy(new Error("no answer in time")), timeoutMs);
  let answer = Buffer.alloc(0);
  try {
    await once(socket, "connect");
    socket.write(toField(message));
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk]);
      const length = answer.length < 4 ? LARGEST_ANSWER : answer.readUInt32BE(0);
      if (answer.length >= 4 && length > LARGEST_ANSWER) return null;
      if (answer.length >= 4 + length) return answer.subarray(4, 4 + length);
    }
    return null;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

/** An agent that offers one of its keys and no other. Its connection is closed when the login ends. */
function offerOneKey(socketPath: string, key: ParsedKey, ended: AbortSignal): OpenSSHAgent {
  const agent = new (loadSsh2().OpenSSHAgent)(socketPath);
  const open = agent.getStream.bind(agent);
  agent.getStream = (answer) =>
    open((error, stream) => {
      if (stream) ended.addEventListener("abort", () => stream.destroy(), { once: true });
      if (ended.aborted) stream?.destroy();
      answer(error, stream);
    });
  agent.getIdentities = (answer: IdentityCallback<ParsedKey>) => answer(null, [key]);
  return agent;
}

function readListing(message: Buffer): AgentListing {
  const count = message[0] === IDENTITIES_ANSWER && message.length >= 5 ? message.readUInt32BE(1) : 0;
  const keys: AgentKey[] = [];
  const fields = openFields(message, 5);
  while (keys.length < count) {
    const [blob, comment] = [fields.octets(), fields.octets()];
    if (!blob || !comment) break;
    keys.push({ blob, ...viewKey(blob), comment: comment.toString("utf8") });
  }
  return { isReachable: true, keys };
}
