/**
 * The one place that makes SSH connections. Each has a verifier for the host key that runs before any login,
 * public keys as its only way in, no agent forwarding, and deadlines that hold whatever the host does.
 */
import { isIP } from "node:net";
import ssh2, { type Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import type { SshTarget } from "#shared/model/target.ts";
import type { Identity } from "./identities.ts";
import {
  explainEnd,
  explainTimeout,
  type PresentedKey,
  type Progress,
  type SshFailure,
} from "./ssh-failure.ts";
import { SshSocket } from "./ssh-socket.ts";
import { offerWaysIn } from "./ways-in.ts";
import { viewKey } from "./wire.ts";

/** What is to be done with a host key. A sentence goes with every refusal. */
export type HostKeyAnswer =
  | { kind: "trusted" }
  | { kind: "refused"; outcome: "host-key-unknown" | "host-key-changed"; message: string };

/** Asked once for each connection, before anything of ours is sent. */
export type VerifyHostKey = (question: {
  host: string;
  port: number;
  blob: Uint8Array;
}) => HostKeyAnswer | Promise<HostKeyAnswer>;

export type LoginOptions = {
  target: SshTarget;
  user: string;
  /** In the order to offer them; at most five are, for sshd counts each against MaxAuthTries (6). */
  identities: readonly Identity[];
  verifyHostKey: VerifyHostKey;
  /** Host key algorithms in the order of preference. */
  hostKeyTypes: readonly string[];
  limits: {
    /** Until the TCP connection stands, name look-up and all. */
    connectMs: number;
    /** Until the login is done, from the very start. */
    readyMs: number;
  };
  signal: AbortSignal;
};

export type Connection = {
  client: Client;
  hostKey: PresentedKey;
  /** The identity that the host took. */
  identity: Identity;
  /** Ends it politely, and frees the socket in any case. */
  close(): void;
};

const KEEPALIVE_MS = 5_000;

/** Connects, checks the host's key and logs in. Rejects only when told to stop. */
export async function logIn(options: LoginOptions): Promise<Connection | SshFailure> {
  const { target, limits, signal } = options;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Connection | SshFailure>();
  const progress: Progress = {
    stage: isIP(target.host) ? "connecting" : "looking-up",
    hostKey: null,
    tried: [],
  };
  const socket = new SshSocket();
  const client = new ssh2.Client();

  const fail = (reason: Pick<SshFailure, "outcome" | "message"> & { isKeyRefused?: boolean }) =>
    resolve({ isKeyRefused: false, ...reason, hostKey: progress.hostKey });
  const end = (error: Error | null) => fail(explainEnd(target, progress, error, socket.beforeGreeting));
  const expire = (afterMs: number) => fail(explainTimeout(target, progress, socket.beforeGreeting, afterMs));
  const stop = () => reject(signal.reason);
  const login = new AbortController();

  const connectTimer = setTimeout(expire, limits.connectMs, limits.connectMs);
  const readyTimer = setTimeout(expire, limits.readyMs, limits.readyMs);
  signal.addEventListener("abort", stop);
  follow(socket, progress, () => clearTimeout(connectTimer));
  client
    .on("handshake", () => {
      if (progress.stage === "key-exchange") progress.stage = "login";
    })
    .on("ready", () => {
      const identity = progress.tried.at(-1);
      if (progress.hostKey && identity)
        resolve({ client, hostKey: progress.hostKey, identity, close: () => close(client, socket) });
      else reject(new Error("ssh2 logged in without a host key or an identity"));
    })
    // An agent that does not sign is not the end: ssh2 goes on to the next key.
    .on("error", (error) => (error.level === "agent" ? undefined : end(error)))
    .on("close", () => end(null));

  socket.setNoDelay(true);
  socket.connect({ host: target.host, port: target.port, autoSelectFamilyAttemptTimeout: 1_000 });
  client.connect({ sock: socket, ...configure(options, { progress, fail, reject, ended: login.signal }) });
  try {
    const result = await promise;
    if (!("client" in result)) socket.destroy();
    return result;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    login.abort();
    clearTimeout(connectTimer);
    clearTimeout(readyTimer);
    signal.removeEventListener("abort", stop);
  }
}

function follow(socket: SshSocket, progress: Progress, onConnect: () => void): void {
  socket
    .once("lookup", (error: Error | null) => {
      if (!error) progress.stage = "connecting";
    })
    .once("connect", () => {
      progress.stage = "greeting";
      onConnect();
    })
    .once("greeted", () => {
      progress.stage = "key-exchange";
    });
}

/** How a login tells what it met. */
export type Ends = {
  progress: Progress;
  fail(reason: Pick<SshFailure, "outcome" | "message"> & { isKeyRefused?: boolean }): void;
  reject(error: unknown): void;
  /** Aborted once the login has come to its end, well or not. */
  ended: AbortSignal;
};

function configure(options: LoginOptions, ends: Ends): ConnectConfig {
  return {
    username: options.user,
    agentForward: false,
    readyTimeout: 0,
    keepaliveInterval: KEEPALIVE_MS,
    algorithms: { serverHostKey: [...options.hostKeyTypes] as ServerHostKeyAlgorithm[] },
    hostVerifier: (blob: Buffer, verify: (isTrusted: boolean) => void) => {
      admit(blob, options, ends).then(verify, (error) => {
        ends.reject(error);
        verify(false);
      });
    },
    authHandler: offerWaysIn(options, ends),
  };
}

/** Whether to go on with this host key; a key that changes within a connection never is. */
async function admit(
  blob: Buffer,
  { target, verifyHostKey }: LoginOptions,
  { progress, fail }: Ends,
): Promise<boolean> {
  if (progress.hostKey) return blob.equals(progress.hostKey.blob);
  progress.hostKey = { blob: Uint8Array.from(blob), ...viewKey(blob) };
  const answer = await verifyHostKey({ host: target.host, port: target.port, blob: progress.hostKey.blob });
  if (answer.kind === "trusted") return true;
  fail({ outcome: answer.outcome, message: answer.message, isKeyRefused: true });
  return false;
}

function close(client: Client, socket: SshSocket): void {
  try {
    client.end();
  } catch {
    // ssh2 throws when the connection has broken already: then there is nobody to be polite to.
  }
  socket.destroySoon();
}
