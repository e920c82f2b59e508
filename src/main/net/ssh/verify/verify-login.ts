import { viewKey } from "#codec/fingerprint.ts";
import { runOn } from "#net/ssh/host-connection.ts";
import { type ClientKey, type Identity, toClientKey } from "#net/ssh/identities.ts";
import { type LoginOptions, logIn } from "#net/ssh/log-in.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import { quote, type SshFailure } from "#net/ssh/ssh-failure.ts";
import { loadSsh2 } from "#net/ssh/tuned-ssh2.ts";
import {
  inconclusive,
  type LoginVerification,
  makeWord,
  type RefusalVerification,
  readFailure,
  trustOnly,
  typesOf,
  type VerificationKey,
  type VerificationRoute,
  WORD_COMMAND,
  waitForWord,
} from "./verification.ts";
import { type ClientRoute, runClient, verifyByClient } from "./verify-by-client.ts";

/** `command`: a command that runs there must return a word. `nothing`: nothing is run, the login alone counts. */
type LoginRequest = { user: string; key: VerificationKey; runs: "command" | "nothing" };

/**
 * Logs in over a connection of its own, with one key and nothing else: no other key of the agent's, no password, no
 * connection that is open already. Rejects only when the signal aborts.
 */
export async function verifyLogin(
  route: VerificationRoute,
  { user, key, runs }: LoginRequest,
): Promise<LoginVerification> {
  if (route.transport === "system" || !isForSsh2(key)) {
    if (!route.client) return inconclusive("impossible", formatNoClient(key));
    const clientKey = isForSsh2(key) ? toClientKey(key) : key;
    return verifyByClient({ ...route, client: route.client }, { user, key: clientKey, runs });
  }
  const opened = await route.open();
  route.signal.throwIfAborted();
  if ("outcome" in opened) return readFailure(opened);
  const connection = await logIn({ ...loginOf(route, user), route: opened, identities: [key] });
  if (!("client" in connection)) return readFailure(connection);
  try {
    if (connection.identity?.fingerprint !== key.fingerprint)
      return inconclusive("lost", "the host accepted the login by something else than the key");
    const word = makeWord();
    const run = runOn(connection.client, WORD_COMMAND);
    const failure = runs === "command" ? await waitForWord(word, run, route) : null;
    return failure ?? { kind: "verified", fingerprint: key.fingerprint };
  } finally {
    await connection.close();
  }
}

/** A login with one key, and no other authentication method. */
export const loginOf = (
  route: VerificationRoute,
  user: string,
): Omit<LoginOptions, "route" | "identities"> => ({
  target: route.target,
  user,
  unusable: [],
  interactive: null,
  hostKeyTypes: typesOf(route),
  verifyHostKey: trustOnly(route),
  limits: route.limits,
  signal: route.signal,
});

export const isForSsh2 = (key: VerificationKey): key is Identity => "secret" in key;

const formatNoClient = ({ keyType }: VerificationKey): string =>
  `a ${keyType} key logs in by OpenSSH's own client alone, and none was found on this computer: install openssh-client`;

type RefusalRequest = {
  user: string;
  /** The public key that must be refused: its private key is not needed. */
  oldKey: Uint8Array;
  /**
   * Logs in over the same connection once the host has answered for the old key. sshd counts no penalty against an
   * address that logs in at last (PerSourcePenalties). Without it, the try is one failed login, and a rotation may cost
   * a host only one.
   */
  newKey: VerificationKey | null;
};

/**
 * Queries a host, once, whether it would take a key, as a client does before it signs. The host has refused it only if
 * it says no, and goes on talking. Rejects only when the signal aborts.
 */
export async function verifyRefused(
  route: VerificationRoute,
  request: RefusalRequest,
): Promise<RefusalVerification> {
  const { user, oldKey, newKey } = request;
  const key = loadSsh2().utils.parseKey(Buffer.from(oldKey));
  if (route.transport === "system" || key instanceof Error || (newKey && !isForSsh2(newKey))) {
    const { client } = route;
    return client
      ? verifyRefusedByClient({ ...route, client }, request)
      : inconclusive("impossible", formatNoClient({ ...viewKey(oldKey), kind: "agent", blob: oldKey }));
  }
  const opened = await route.open();
  route.signal.throwIfAborted();
  if ("outcome" in opened) return readUnanswered(readFailure(opened));
  let isAccepted: boolean | null = null;
  const answer = (accepted: boolean) => {
    isAccepted = accepted;
  };
  const queriedKey = { key, answer };
  const connection = await logIn({
    ...loginOf(route, user),
    route: opened,
    identities: newKey ? [newKey] : [],
    queriedKey,
  });
  const said = (): boolean | null => isAccepted;
  if (!("client" in connection)) return evaluateUnopened(said(), connection);
  await connection.close();
  if (said() || connection.identity?.fingerprint !== newKey?.fingerprint) return STILL_ACCEPTED;
  return { kind: "refused", loggedIn: true };
}

function evaluateUnopened(isAccepted: boolean | null, failure: SshFailure): RefusalVerification {
  if (isAccepted) return STILL_ACCEPTED;
  if (failure.outcome !== "login-refused") return readUnanswered(readFailure(failure));
  // An sshd that allows one try ends the login together with its refusal.
  const isRefused = isAccepted === false || failure.hasSpentTries === true;
  return isRefused ? { kind: "refused", loggedIn: false } : inconclusive("lost", failure.message);
}

/** A failed login says nothing about a key for which the host gave no answer. */
const readUnanswered = (failure: ReturnType<typeof readFailure>): RefusalVerification =>
  failure.kind === "refused" ? inconclusive("lost", failure.message) : failure;

/** The caller knows the account and the key. */
const STILL_ACCEPTED: RefusalVerification = {
  kind: "still-accepted",
  message: "it is in another file, or somebody added it again",
};

/** OpenSSH's client offers a public key without its private key, so that it cannot sign. */
async function verifyRefusedByClient(
  route: ClientRoute,
  request: RefusalRequest,
): Promise<RefusalVerification> {
  const { user, oldKey, newKey } = request;
  const oldClientKey: ClientKey = { ...viewKey(oldKey), kind: "agent", blob: oldKey };
  const second = newKey && (isForSsh2(newKey) ? toClientKey(newKey) : newKey);
  const keys = second ? [oldClientKey, second] : [oldClientKey];
  const met = await runClient(route, { user, keys, command: null }, ({ log, failure }) => {
    if (log.accepted.has(oldClientKey.fingerprint)) return STILL_ACCEPTED;
    if (failure && failure.kind !== "refused") return failure;
    if (log.offered.has(oldClientKey.fingerprint))
      return { kind: "refused" as const, loggedIn: failure === null };
    return inconclusive("impossible", `the ssh of this computer does not offer ${oldClientKey.fingerprint}`);
  });
  return met.kind === "refused" && !("loggedIn" in met) ? inconclusive("lost", met.message) : met;
}

/** Why sshd has refused a login: only its log says so, because it gives clients no reason. */

const DEADLINE_MS = 15_000;

/** What the host's log says about recent refused logins of the account; null if nothing, or if it cannot be read. */
export async function readRefusalReason(
  session: RemoteSession,
  { account, sinceEpoch }: { account: string; sinceEpoch: number },
): Promise<string | null> {
  const words = [String(Math.max(0, Math.floor(sinceEpoch)))];
  const answer = await session.send({ verb: "sshd_log", words }, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost" || answer.status !== "ok") return null;
  const said = findReason(Buffer.from(answer.data.get("lines") ?? []).toString("utf8"), account);
  return said === null ? null : `its sshd says ${quote(said)}`;
}

/** sshd's messages when it refuses a key that is in a file; most problems of a line it does not log. */
const REASONS = [
  /Authentication refused: .*/,
  /User \S+ from \S+ not allowed because .*/,
  /User \S+ not allowed because .*/,
  /Account \S+ has expired.*/,
  /Access denied for user \S+ by PAM account configuration.*/,
  /(?:key type|signature algorithm) \S+ not in PubkeyAcceptedAlgorithms.*/,
  /refusing RSA key: .*/i,
  /Bad options in .*/,
  /ROOT LOGIN REFUSED .*/,
  /Authentication key \S+ \S+ revoked by file .*/,
  /Could not open (?:user|authorized) .*/,
];

/** The last reason of an sshd process that mentioned the account. */
function findReason(log: string, account: string): string | null {
  const lines = log.split("\n").flatMap((line) => {
    const [, pid = "", text = ""] = /sshd(?:-session|-auth)?\[(\d+)\]: (.*)$/.exec(line) ?? [];
    return text === "" ? [] : [{ pid, text }];
  });
  const about = new RegExp(`(?:^| )(?:user|for|User|for invalid user) ${asPattern(account)}(?: |$)`);
  const pids = new Set(lines.filter(({ text }) => about.test(text)).map(({ pid }) => pid));
  const said = lines
    .filter(({ pid }) => pids.has(pid))
    .flatMap(({ text }) => REASONS.flatMap((pattern) => pattern.exec(text)?.[0] ?? []));
  return said.at(-1)?.replace(/ \[preauth\]$/, "") ?? null;
}

const asPattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
