/** Verifications of host keys: that sshd lists and signs with a further one, and that it presents another. */
import { setTimeout as pause } from "node:timers/promises";
import { viewKey } from "#codec/fingerprint.ts";
import type { Identity } from "#net/ssh/identities.ts";
import { logIn } from "#net/ssh/log-in.ts";
import { formatAddress } from "#net/ssh/ssh-failure.ts";
import { inconclusive, type LoginVerification, readFailure, type VerificationRoute } from "./verification.ts";
import { loginOf } from "./verify-login.ts";

/** From the login until the host has signed with the keys that it lists. */
const NAMING_MS = 5_000;

type HostKeyRequest = {
  user: string;
  /** What logs in; without a key, the host's key is read from a login that fails. */
  key: Identity | null;
  /** The host key to verify. */
  blob: Uint8Array;
};

/**
 * Logs in while the host presents its known key, and has sshd sign with each key that it lists
 * (hostkeys-00@openssh.com), as clients with UpdateHostKeys do. Rejects only when the signal aborts.
 */
export const verifyHostKeyNamed = (
  route: VerificationRoute,
  request: HostKeyRequest,
): Promise<LoginVerification> => whileItReloads(route, () => tryNamed(route, request));

/** Opens a fresh connection that accepts this key of the host, and no other of its type. */
export const verifyHostKeyPresented = (
  route: VerificationRoute,
  request: HostKeyRequest,
): Promise<LoginVerification> => whileItReloads(route, () => tryPresented(route, request));

/** An sshd that reloads listens nowhere for a moment, and has its old keys until then. */
const TRIES = 12;
const PAUSE_MS = 250;

async function whileItReloads(
  { signal }: VerificationRoute,
  verify: () => Promise<LoginVerification>,
): Promise<LoginVerification> {
  for (let left = TRIES; ; left--) {
    const verification = await verify();
    const mayBeLater =
      verification.kind === "refused" ||
      (verification.kind === "inconclusive" &&
        (verification.why === "unreachable" || verification.why === "lost"));
    if (!mayBeLater || left === 1) return verification;
    await pause(PAUSE_MS, undefined, { signal });
  }
}

async function tryNamed(
  route: VerificationRoute,
  { user, key, blob }: HostKeyRequest,
): Promise<LoginVerification> {
  if (!key) return inconclusive("impossible", "without a login the host names no keys");
  const { promise, resolve } = Promise.withResolvers<readonly Uint8Array[] | null>();
  const opened = await route.open();
  route.signal.throwIfAborted();
  if ("outcome" in opened) return readFailure(opened);
  const options = { ...loginOf(route, user), route: opened, identities: [key], takeHostKeys: resolve };
  const connection = await logIn(options);
  if (!("client" in connection)) return readFailure(connection);
  const timer = setTimeout(resolve, NAMING_MS, null);
  connection.client.once("close", () => resolve(null));
  try {
    const named = await promise;
    const { fingerprint } = viewKey(blob);
    if (!named) return inconclusive("lost", `${formatAddress(route.target)} named no host keys`);
    return named.some((one) => Buffer.from(blob).equals(one))
      ? { kind: "verified", fingerprint }
      : {
          kind: "refused",
          message: `${formatAddress(route.target)} does not hold the host key ${fingerprint} yet`,
        };
  } finally {
    clearTimeout(timer);
    await connection.close();
  }
}

async function tryPresented(
  route: VerificationRoute,
  { user, key, blob }: HostKeyRequest,
): Promise<LoginVerification> {
  const opened = await route.open();
  route.signal.throwIfAborted();
  if ("outcome" in opened) return readFailure(opened);
  const to = { ...route, hostKey: blob };
  const connection = await logIn({ ...loginOf(to, user), route: opened, identities: key ? [key] : [] });
  const { fingerprint } = viewKey(blob);
  if ("client" in connection) {
    await connection.close();
    return { kind: "verified", fingerprint };
  }
  if (connection.isKeyRefused)
    return {
      kind: "refused",
      message: `${formatAddress(route.target)} presents another host key than ${fingerprint}`,
    };
  // A host that got as far as the login has presented the key.
  return connection.outcome === "login-refused" && !key
    ? { kind: "verified", fingerprint }
    : readFailure(connection);
}
