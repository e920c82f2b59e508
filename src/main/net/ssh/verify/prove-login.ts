import type { Identity } from "#net/ssh/identities.ts";
import { toClientKey } from "#net/ssh/identities.ts";
import { logIn } from "#net/ssh/log-in.ts";
import type { LoginOptions } from "#net/ssh/login-options.ts";
import { runOn } from "#net/ssh/run-script.ts";
import {
  inconclusive,
  type LoginVerification,
  readFailure,
  trustOnly,
  typesOf,
  type VerificationKey,
  type VerificationRoute,
} from "./login-proof.ts";
import { verifyByClient } from "./prove-by-client.ts";
import { hearWord, makeWord, WORD_COMMAND } from "./say-word.ts";

/** `command`: a word must come back from a command run there. `nothing`: nothing is run, the login alone counts. */
type LoginRequest = { user: string; key: VerificationKey; runs: "command" | "nothing" };

/**
 * Logs in over a connection of its own, with one key and nothing else: no other key of the agent's, no password, no
 * connection that stands already. Rejects only when told to stop.
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
  const way = await route.open();
  route.signal.throwIfAborted();
  if ("outcome" in way) return readFailure(way);
  const connection = await logIn({ ...loginOf(route, user), way, identities: [key] });
  if (!("client" in connection)) return readFailure(connection);
  try {
    if (connection.identity?.fingerprint !== key.fingerprint)
      return inconclusive("lost", "the host let us in by something else than the key");
    const word = makeWord();
    const run = runOn(connection.client, WORD_COMMAND);
    const failure = runs === "command" ? await hearWord(word, run, route) : null;
    return failure ?? { kind: "proved", fingerprint: key.fingerprint };
  } finally {
    await connection.close();
  }
}

/** A login of one key, and no way in beside it. */
export const loginOf = (
  route: VerificationRoute,
  user: string,
): Omit<LoginOptions, "way" | "identities"> => ({
  target: route.target,
  user,
  unusable: [],
  typed: null,
  hostKeyTypes: typesOf(route),
  verifyHostKey: trustOnly(route),
  limits: route.limits,
  signal: route.signal,
});

export const isForSsh2 = (key: VerificationKey): key is Identity => "secret" in key;

export const formatNoClient = ({ keyType }: VerificationKey): string =>
  `a ${keyType} key logs in by OpenSSH's own client alone, and none was found on this computer: install openssh-client`;
