import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import ssh2, { type AnyAuthMethod, type ParsedKey } from "ssh2";
import { Redacted } from "#shared/model/redacted.ts";
import { type AgentKey, listAgentKeys, OneKeyAgent } from "./agent.ts";
import { LARGEST_KEY_FILE, type PrivateKeyFile, readPrivateKeyFile, whyNoLogin } from "./private-key-file.ts";

/** One way to log in. The private half stays in the agent, or in a Redacted that only this file opens. */
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
  /** What is there but cannot be used, why, and what to do. A usual file that does not exist is not one. */
  unusable: { source: string; why: string }[];
};

type Sources = { identityFiles: readonly string[]; home: string; agentSocket: string | null };

/** The private key files that ssh looks for when it is told of none. */
export const USUAL_KEY_FILES = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_dsa"];

/** To open a pipe would otherwise wait for somebody to write to it. Windows has neither. */
const READ_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Reads identity files and asks the agent for its list. Signs nothing, connects to nothing else, never fails. */
export async function gatherIdentities({ identityFiles, home, agentSocket }: Sources): Promise<Identities> {
  const agent = await listAgentKeys(agentSocket);
  const held = new Map(agent.keys.map((key) => [key.fingerprint, key]));
  const gathered: Identities = { identities: [], unusable: [] };
  const usual = USUAL_KEY_FILES.map((name) => join(home, ".ssh", name)).filter(
    (path) => !identityFiles.includes(path),
  );

  for (const path of identityFiles) take(await readKeyFile(path), path);
  for (const key of agent.keys) takeFromAgent(key);
  for (const path of usual) {
    const file = await readKeyFile(path);
    if (file !== "missing") take(file, path);
  }
  return gathered;

  function take(file: PrivateKeyFile | "missing" | { unreadable: string }, path: string): void {
    const known = file === "missing" ? { unreadable: "there is no such file" } : file;
    const twin = "fingerprint" in known && known.fingerprint ? held.get(known.fingerprint) : undefined;
    if ("unreadable" in known) refuse(path, known.unreadable);
    else if (known.kind === "usable")
      add({ ...known, source: path, comment: "", secret: { kind: "file", key: known.key } });
    else if (twin) takeFromAgent(twin);
    else refuse(path, known.why);
  }

  function takeFromAgent({ blob, keyType, fingerprint, comment }: AgentKey): void {
    const why = whyNoLogin(keyType);
    const key = why ? null : ssh2.utils.parseKey(blob);
    if (!key || key instanceof Error) refuse(`agent: ${fingerprint}`, why ?? "its key cannot be read");
    else
      add({
        keyType,
        fingerprint,
        source: "agent",
        comment,
        secret: { kind: "agent", socketPath: agentSocket ?? "", key },
      });
  }

  function add({ keyType, fingerprint, source, comment, secret }: Identity): void {
    if (gathered.identities.some((identity) => identity.fingerprint === fingerprint)) return;
    gathered.identities.push({ keyType, fingerprint, source, comment, secret });
  }

  function refuse(source: string, why: string): void {
    if (!gathered.unusable.some((other) => other.source === source)) gathered.unusable.push({ source, why });
  }
}

/** What a key file holds; never more of it than a key can be, and never anything but a regular file. */
export async function readKeyFile(
  path: string,
): Promise<PrivateKeyFile | "missing" | { unreadable: string }> {
  try {
    await using file = await open(path, READ_WITHOUT_WAITING);
    const about = await file.stat();
    if (!about.isFile()) return { unreadable: "it is not a regular file" };
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LARGEST_KEY_FILE + 1));
    return readPrivateKeyFile(buffer.subarray(0, bytesRead));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return "missing";
    if (code) return { unreadable: `it cannot be read (${code})` };
    throw error;
  }
}

/** How ssh2 is told to try this identity, and no other, for a login that lasts until `ended`. */
export function authMethodFor(identity: Identity, username: string, ended: AbortSignal): AnyAuthMethod {
  const { secret } = identity;
  if (secret.kind === "file") return { type: "publickey", username, key: Redacted.reveal(secret.key) };
  return { type: "agent", username, agent: new OneKeyAgent(secret.socketPath, secret.key, ended) };
}
