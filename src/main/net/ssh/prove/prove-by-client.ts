/** Proofs by OpenSSH's own client, with a configuration of ours: for keys and ways that ssh2 does not know. */
import { sayAddress } from "#net/ssh/ssh-failure.ts";
import { type ClientFolder, makeClientFolder } from "#net/ssh/system/client-folder.ts";
import type { ClientLog } from "#net/ssh/system/client-log.ts";
import type { ClientKey } from "#net/ssh/system/client-login.ts";
import { orStopped, startIn } from "#net/ssh/system/collect-by-ssh.ts";
import { type ClientFailure, explainClient } from "#net/ssh/system/explain-client.ts";
import { startRelay } from "#net/ssh/system/relay.ts";
import { type RunningSsh, startSsh } from "#net/ssh/system/start-ssh.ts";
import { inconclusive, type LoginProof, type ProofRoute, readFailure, typesOf } from "./login-proof.ts";
import { hearWord, makeWord, WORD_COMMAND } from "./say-word.ts";

export type ClientRoute = ProofRoute & { client: NonNullable<ProofRoute["client"]> };

type ClientProof = { user: string; key: ClientKey; runs: "command" | "nothing" };

type Failed = Exclude<LoginProof, { kind: "proved" }>;

export async function proveByClient(
  route: ClientRoute,
  { user, key, runs }: ClientProof,
): Promise<LoginProof> {
  const word = makeWord();
  const command = runs === "command" ? WORD_COMMAND : null;
  return runClient(
    route,
    { user, keys: [key], command },
    async ({ log, failure: failed, running, folder }) => {
      if (failed?.kind === "refused" && couldNotSign(log, key.fingerprint))
        return inconclusive(
          "impossible",
          `${sayKey(key)} could not sign: it has a passphrase, or is not at hand`,
        );
      if (failed) return failed;
      if (log.acceptedKey?.fingerprint !== key.fingerprint || log.acceptedKey.isCertificate)
        return inconclusive("lost", "the host let us in by something else than the key");
      const failure = command ? await hearWord(word, startIn(running, folder, [word.script]), route) : null;
      return failure ?? { kind: "proved", fingerprint: key.fingerprint };
    },
  );
}

/**
 * Logs in with the certificate that has let us in, offering what that login has offered. `refused` is also that something else of it
 * lets in, and the certificate does not.
 */
export async function proveCertificate(
  route: ClientRoute,
  { user, keys, fingerprint }: { user: string; keys: readonly ClientKey[]; fingerprint: string },
): Promise<LoginProof> {
  const { certificateFiles } = route.client.login;
  return runClient(route, { user, keys, command: null, certificateFiles }, ({ log, failure }) => {
    if (failure) return failure;
    const { acceptedKey } = log;
    if (acceptedKey?.isCertificate && acceptedKey.fingerprint === fingerprint)
      return { kind: "proved" as const, fingerprint };
    const message = "the host lets in something else that this computer offers, and not the certificate";
    return { kind: "refused" as const, message };
  });
}

/** What a client that was started has met; `failure` null: it has logged in. */
type Met = { log: ClientLog; failure: Failed | null; running: RunningSsh; folder: ClientFolder };

type ClientRun = {
  user: string;
  /** In the order to offer them. */
  keys: readonly ClientKey[];
  /** Null: nothing is run there. */
  command: string | null;
  /** Absolute paths, beside what lies with the keys. */
  certificateFiles?: readonly string[];
};

/** Ends what it has started. */
export async function runClient<T>(
  route: ClientRoute,
  { user, keys, command, certificateFiles = [] }: ClientRun,
  judge: (met: Met) => T | Promise<T>,
): Promise<T | Failed> {
  const { target, limits, hostKey, signal } = route;
  const { ssh, login } = route.client;
  const way = login.proxyCommand ? null : await route.open();
  signal.throwIfAborted();
  if (way && "outcome" in way) return readFailure(way);
  await using relay = way && "stream" in way ? await startRelay(way.stream) : null;
  await using folder = await makeClientFolder({
    // Nothing but the key: no certificate that is not asked for, no token, no ticket.
    ...{ ...login, certificateFiles, pkcs11Provider: null, gssapi: false },
    agentSocket: keys.some(({ kind }) => kind === "agent") ? login.agentSocket : null,
    ...{ user, hostKeyTypes: typesOf(route), trustedKeys: [hostKey], keys, connectMs: limits.connectMs },
    ...{ address: relay?.address ?? login.address, port: relay?.port ?? target.port },
  });
  const running = startSsh(ssh, target.host, command, folder);
  try {
    const log = await orStopped(running.loggedIn, limits.readyMs, signal);
    if (log === "too late")
      return inconclusive("timed-out", `${sayAddress(target)} did not end the login in time`);
    const explainable = { target, user, log, complaints: running.complaints.said(), tried: sayTried(keys) };
    const more = { proxyCommand: login.proxyCommand, hasSecurityKey: keys.some(isOnToken) };
    const failure = log.isLoggedIn ? null : explain({ ...explainable, ...more });
    return await judge({ log, failure, running, folder });
  } finally {
    await running.stop();
  }
}

function explain(failure: ClientFailure): Failed {
  if (failure.log.isHostKeyRefused)
    return {
      kind: "other-host-key",
      message: `${sayAddress(failure.target)} presents another host key than a moment ago: somebody else may be answering`,
    };
  const reason = explainClient(failure);
  return readFailure({ hostKey: null, isKeyRefused: false, passing: null, ...reason });
}

/** The host would take the key, and was not shown that it is ours; a host that wants more beside it was. */
export const couldNotSign = (log: ClientLog, fingerprint: string): boolean =>
  log.taken.has(fingerprint) && !log.lines.some((line) => /with partial success/.test(line));

const sayKey = (key: ClientKey): string => (key.kind === "file" ? key.path : key.fingerprint);

const sayTried = (keys: readonly ClientKey[]): string =>
  `offered by ssh: ${keys.map(({ fingerprint }) => fingerprint).join(", ")}`;

const isOnToken = ({ keyType }: ClientKey): boolean => keyType.startsWith("sk-");
