import { viewKey } from "#codec/fingerprint.ts";
import { toClientKey } from "#net/ssh/identities.ts";
import { logIn } from "#net/ssh/log-in.ts";
import type { SshFailure } from "#net/ssh/ssh-failure.ts";
import type { ClientKey } from "#net/ssh/client/client-login.ts";
import { loadSsh2 } from "#net/ssh/tuned-ssh2.ts";
import {
  inconclusive,
  type RefusalVerification,
  readFailure,
  type VerificationKey,
  type VerificationRoute,
} from "./login-proof.ts";
import { type ClientRoute, runClient } from "./prove-by-client.ts";
import { formatNoClient, isForSsh2, loginOf } from "./prove-login.ts";

type RefusalRequest = {
  user: string;
  /** The public half of the key that is to be refused: its private half is not needed. */
  oldKey: Uint8Array;
  /**
   * Logs in over the same connection once the host has answered about the other. An sshd holds no refusal against an
   * address that logs in at last (PerSourcePenalties); without it, the try is one failed login, of which a rotation may
   * cost a host one.
   */
  newKey: VerificationKey | null;
};

/**
 * Asks a host, once, whether it would take a key, as a client does before it signs. Only a host that says no, and goes on
 * talking, has refused it. Rejects only when told to stop.
 */
export async function verifyRefused(
  route: VerificationRoute,
  wish: RefusalRequest,
): Promise<RefusalVerification> {
  const { user, oldKey, newKey } = wish;
  const key = loadSsh2().utils.parseKey(Buffer.from(oldKey));
  if (route.transport === "system" || key instanceof Error || (newKey && !isForSsh2(newKey))) {
    const { client } = route;
    return client
      ? askByClient({ ...route, client }, wish)
      : inconclusive("impossible", formatNoClient({ ...viewKey(oldKey), kind: "agent", blob: oldKey }));
  }
  const way = await route.open();
  route.signal.throwIfAborted();
  if ("outcome" in way) return readUnanswered(readFailure(way));
  let isTaken: boolean | null = null;
  const answer = (taken: boolean) => {
    isTaken = taken;
  };
  const askedAbout = { key, answer };
  const connection = await logIn({
    ...loginOf(route, user),
    way,
    identities: newKey ? [newKey] : [],
    askedAbout,
  });
  const said = (): boolean | null => isTaken;
  if (!("client" in connection)) return evaluateUnopened(said(), connection);
  await connection.close();
  if (said() || connection.identity?.fingerprint !== newKey?.fingerprint) return STILL_TAKEN;
  return { kind: "refused", loggedIn: true };
}

function evaluateUnopened(isTaken: boolean | null, failure: SshFailure): RefusalVerification {
  if (isTaken) return STILL_TAKEN;
  if (failure.outcome !== "login-refused") return readUnanswered(readFailure(failure));
  // An sshd that allows one try ends the login with its no.
  const isRefused = isTaken === false || failure.hasSpentTries === true;
  return isRefused ? { kind: "refused", loggedIn: false } : inconclusive("lost", failure.message);
}

/** That a login came to nothing says nothing of a key that the host was not heard about. */
const readUnanswered = (failure: ReturnType<typeof readFailure>): RefusalVerification =>
  failure.kind === "refused" ? inconclusive("lost", failure.message) : failure;

/** Whoever has asked knows the account and the key. */
const STILL_TAKEN: RefusalVerification = {
  kind: "still-taken",
  message: "it stands in another file, or what was removed has come back",
};

/** OpenSSH's client offers a public half for which there is no private one, and cannot sign. */
async function askByClient(route: ClientRoute, wish: RefusalRequest): Promise<RefusalVerification> {
  const { user, oldKey, newKey } = wish;
  const asked: ClientKey = { ...viewKey(oldKey), kind: "agent", blob: oldKey };
  const second = newKey && (isForSsh2(newKey) ? toClientKey(newKey) : newKey);
  const keys = second ? [asked, second] : [asked];
  const met = await runClient(route, { user, keys, command: null }, ({ log, failure }) => {
    if (log.taken.has(asked.fingerprint)) return STILL_TAKEN;
    if (failure && failure.kind !== "refused") return failure;
    if (log.offered.has(asked.fingerprint)) return { kind: "refused" as const, loggedIn: failure === null };
    return inconclusive("impossible", `the ssh of this computer does not offer ${asked.fingerprint}`);
  });
  return met.kind === "refused" && !("loggedIn" in met) ? inconclusive("lost", met.message) : met;
}
