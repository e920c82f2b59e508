/** Verifications by OpenSSH's own client, with a configuration of ours: for keys and routes that ssh2 cannot use. */

import { randomBytes } from "node:crypto";
import { viewKey } from "#codec/fingerprint.ts";
import { formatPublicKey } from "#codec/ssh-key.ts";
import {
  type ClientFailure,
  type ClientLog,
  explainClient,
  readClientLog,
} from "#net/ssh/client/client-log.ts";
import { orStopped, runIn, startRelay } from "#net/ssh/client/connect-by-client.ts";
import {
  type ClientFolder,
  type ClientLogin,
  makeClientFolder,
  type RunningSsh,
  startSsh,
  writeClientConfig,
} from "#net/ssh/client/start-ssh.ts";
import type { ClientKey } from "#net/ssh/identities.ts";
import { type RemoteSession, writeBytes } from "#net/ssh/session/remote-session.ts";
import { formatAddress, type SshFailure } from "#net/ssh/ssh-failure.ts";
import {
  inconclusive,
  type LoginVerification,
  makeWord,
  readFailure,
  typesOf,
  type VerificationRoute,
  WORD_COMMAND,
  waitForWord,
} from "./verification.ts";

export type ClientRoute = VerificationRoute & { client: NonNullable<VerificationRoute["client"]> };

type ClientVerification = { user: string; key: ClientKey; runs: "command" | "nothing" };

type Failed = Exclude<LoginVerification, { kind: "verified" }>;

export async function verifyByClient(
  route: ClientRoute,
  { user, key, runs }: ClientVerification,
): Promise<LoginVerification> {
  const word = makeWord();
  const command = runs === "command" ? WORD_COMMAND : null;
  return runClient(
    route,
    { user, keys: [key], command },
    async ({ log, failure: failed, running, folder }) => {
      if (failed?.kind === "refused" && couldNotSign(log, key.fingerprint))
        return inconclusive(
          "impossible",
          `${formatKey(key)} could not sign: it has a passphrase, or is not at hand`,
        );
      if (failed) return failed;
      if (log.acceptedKey?.fingerprint !== key.fingerprint || log.acceptedKey.isCertificate)
        return inconclusive("lost", "the host accepted the login by something else than the key");
      const failure = command ? await waitForWord(word, runIn(running, folder), route) : null;
      return failure ?? { kind: "verified", fingerprint: key.fingerprint };
    },
  );
}

/** The keys that a login by OpenSSH's client had to offer, in its order, and the one that the host accepted. */
type ClientLoginAgain = {
  user: string;
  keys: readonly ClientKey[];
  accepted: { fingerprint: string; isCertificate: boolean };
};

/**
 * Logs in once more as OpenSSH's client did: with the same keys, certificates, agent and token. It is also `refused` if
 * another key of those lets us in, and the one that did before does not.
 */
export async function verifyClientLogin(
  route: ClientRoute,
  { user, keys, accepted }: ClientLoginAgain,
): Promise<LoginVerification> {
  const { fingerprint, isCertificate } = accepted;
  return runClient(route, { user, keys, command: null, credentials: "as-before" }, ({ log, failure }) => {
    if (failure) return failure;
    const { acceptedKey } = log;
    if (acceptedKey?.isCertificate === isCertificate && acceptedKey.fingerprint === fingerprint)
      return { kind: "verified" as const, fingerprint };
    const what = isCertificate ? "certificate" : "key";
    const message = `the host accepts another key that this computer offers, and not the ${what}`;
    return { kind: "refused" as const, message };
  });
}

/** The result of a started client; `failure` null: it has logged in. */
type Met = { log: ClientLog; failure: Failed | null; running: RunningSsh; folder: ClientFolder };

type ClientRun = {
  user: string;
  /** In the order to offer them. */
  keys: readonly ClientKey[];
  /** Null: runs nothing there. */
  command: string | null;
  /** `keys`: these and nothing else. `as-before`: also the login's own certificates, agent and token. */
  credentials?: "keys" | "as-before";
};

/** Starts a client, evaluates what it met, and ends all that it has started. */
export async function runClient<T>(
  route: ClientRoute,
  { user, keys, command, credentials = "keys" }: ClientRun,
  evaluate: (met: Met) => T | Promise<T>,
): Promise<T | Failed> {
  const { target, limits, hostKey, signal } = route;
  const { ssh, login } = route.client;
  const opened = login.proxyCommand ? null : await route.open();
  signal.throwIfAborted();
  if (opened && "outcome" in opened) return readFailure(opened);
  await using relay = opened && "stream" in opened ? await startRelay(opened.stream) : null;
  await using folder = await makeClientFolder({
    ...(credentials === "keys" ? onlyKeys(login, keys) : login),
    // ssh would try a Kerberos ticket before any key.
    gssapi: false,
    user,
    hostKeyTypes: typesOf(route),
    trustedKeys: [hostKey],
    keys,
    connectMs: limits.connectMs,
    address: relay?.address ?? login.address,
    port: relay?.port ?? target.port,
  });
  const running = startSsh(ssh, target.host, command, folder);
  try {
    const log = await orStopped(running.loggedIn, limits.readyMs, signal);
    if (log === "too late")
      return inconclusive("timed-out", `${formatAddress(target)} did not end the login in time`);
    const explainable = {
      target,
      user,
      log,
      complaints: running.complaints.said(),
      tried: formatTried(keys),
    };
    const more = { proxyCommand: login.proxyCommand, hasSecurityKey: keys.some(isOnToken) };
    const failure = log.isLoggedIn ? null : explain({ ...explainable, ...more });
    return await evaluate({ log, failure, running, folder });
  } finally {
    await running.stop();
  }
}

/** Offers no other certificate, and no token. */
const onlyKeys = (login: ClientLogin, keys: readonly ClientKey[]): ClientLogin => ({
  ...login,
  certificateFiles: [],
  pkcs11Provider: null,
  agentSocket: keys.some(({ kind }) => kind === "agent") ? login.agentSocket : null,
});

function explain(failure: ClientFailure): Failed {
  if (failure.log.isHostKeyRefused)
    return {
      kind: "other-host-key",
      message: `${formatAddress(failure.target)} presents another host key than a moment ago: somebody else may be answering`,
    };
  const reason = explainClient(failure);
  return readFailure({ hostKey: null, isKeyRefused: false, transient: null, ...reason });
}

/** The host would take the key, but got no signature; a partial success means that it got one, and wants more. */
const couldNotSign = (log: ClientLog, fingerprint: string): boolean =>
  log.accepted.has(fingerprint) && !log.lines.some((line) => /with partial success/.test(line));

const formatKey = (key: ClientKey): string => (key.kind === "file" ? key.path : key.fingerprint);

const formatTried = (keys: readonly ClientKey[]): string =>
  `offered by ssh: ${keys.map(({ fingerprint }) => fingerprint).join(", ")}`;

const isOnToken = ({ keyType }: ClientKey): boolean => keyType.startsWith("sk-");

/** A verification by the host that holds the private key: its own ssh logs in, and its log shows the result. */

export type KeyHostRequest = {
  /** The host to log in to, as the key's host reaches it. */
  target: { host: string; port: number };
  user: string;
  /** The host's pinned key: the key's host trusts no other. */
  hostKey: Uint8Array;
  /** The private key file on the key's host, and its fingerprint. */
  keyFile: string;
  fingerprint: string;
  runs: "command" | "nothing";
};

/** Limits for its ssh to connect, and for the whole; a little longer than ssh's own. */
const CONNECT_MS = 10_000;
const DEADLINE_MS = 30_000;

export async function verifyFromKeyHost(
  session: RemoteSession,
  request: KeyHostRequest,
): Promise<LoginVerification> {
  const { target, hostKey, keyFile, fingerprint, runs } = request;
  const word = randomBytes(16).toString("hex");
  const known = `* ${formatPublicKey(hostKey)}\n`;
  const texts = [known, writeConfig(request)].map((text) => writeBytes(Buffer.from(text)));
  const words = [keyFile, ...texts, word, runs];
  const answer = await session.send({ verb: "verify_login", words }, { deadlineMs: DEADLINE_MS });
  const by = `from the host that holds ${keyFile}`;
  if (answer.kind === "lost") return inconclusive("lost", `no answer came ${by}: ${answer.message}`);
  if (answer.status !== "ok")
    return inconclusive("impossible", `no login could be tried ${by}: ${answer.words.join(" ")}`);
  const read = (name: string) => Buffer.from(answer.data.get(name) ?? []).toString("utf8");
  const log = readClientLog(read("log"));
  if (log.isHostKeyRefused)
    return {
      kind: "other-host-key",
      message: `${formatAddress(target)} presents another host key there: ${by}`,
    };
  if (!log.isLoggedIn) return readUnopened(request, log, answer.facts.get("ended")?.[0]?.[0] === TIMED_OUT);
  const { acceptedKey } = log;
  if (acceptedKey && (acceptedKey.isCertificate || acceptedKey.fingerprint !== fingerprint))
    return inconclusive("lost", `${by} something else than the key has logged in`);
  if (runs === "nothing" || read("said").includes(`latchkey-${word}`))
    return { kind: "verified", fingerprint };
  return { kind: "refused", message: `${formatAddress(target)} let the key in, but ran no command` };
}

/** The exit status of timeout(1) when the time is over. */
const TIMED_OUT = "124";

function readUnopened(
  { target, user, keyFile, fingerprint }: KeyHostRequest,
  log: ReturnType<typeof readClientLog>,
  isTooLate: boolean,
): Exclude<LoginVerification, { kind: "verified" }> {
  if (isTooLate) return inconclusive("timed-out", `${formatAddress(target)} did not end the login in time`);
  if (couldNotSign(log, fingerprint))
    return inconclusive("impossible", `${keyFile} could not sign: it has a passphrase, or is not readable`);
  const failure = { target, user, log, complaints: "", tried: `offered there: ${keyFile}` };
  const reason = explainClient({ ...failure, proxyCommand: null, hasSecurityKey: false });
  const read: SshFailure = { hostKey: null, isKeyRefused: false, transient: null, ...reason };
  return readFailure(read);
}

function writeConfig({ target, user, hostKey, keyFile }: KeyHostRequest): string {
  const name = `./${keyFile.slice(keyFile.lastIndexOf("/") + 1)}`;
  const { keyType } = viewKey(hostKey);
  const nothing = { hostKeyAlias: null, agentSocket: null, proxyCommand: null, certificateFiles: [] };
  return writeClientConfig({
    address: target.host,
    port: target.port,
    user,
    connectMs: CONNECT_MS,
    record: null,
    ...nothing,
    pkcs11Provider: null,
    securityKeyProvider: null,
    gssapi: false,
    identityFiles: [name],
    knownHostsFile: `${name}.latchkey-known`,
    hostKeyTypes: keyType === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [keyType],
  });
}
