/** A proof by the host that holds the private key: its own ssh logs in, and tells how that went. */
import { randomBytes } from "node:crypto";
import { viewKey } from "#codec/fingerprint.ts";
import type { Hand } from "#net/ssh/session/hand.ts";
import { writeBytes } from "#net/ssh/session/words.ts";
import { formatAddress, type SshFailure } from "#net/ssh/ssh-failure.ts";
import { readClientLog } from "#net/ssh/client/client-log.ts";
import { explainClient } from "#net/ssh/client/explain-client.ts";
import { writeClientConfig } from "#net/ssh/client/write-config.ts";
import { inconclusive, type LoginVerification, readFailure } from "./login-proof.ts";
import { couldNotSign } from "./prove-by-client.ts";

export type HolderProof = {
  /** The host to log in to, as the holder reaches it. */
  target: { host: string; port: number };
  user: string;
  /** The host's pinned key: the holder is told of no other. */
  hostKey: Uint8Array;
  /** The private key on the holder, and whose it is. */
  keyFile: string;
  fingerprint: string;
  runs: "command" | "nothing";
};

/** For its ssh to connect, and to come to an end; a little longer than it is let. */
const CONNECT_MS = 10_000;
const DEADLINE_MS = 30_000;

export async function proveFromHolder(hand: Hand, wish: HolderProof): Promise<LoginVerification> {
  const { target, hostKey, keyFile, fingerprint, runs } = wish;
  const word = randomBytes(16).toString("hex");
  const known = `* ${viewKey(hostKey).keyType} ${Buffer.from(hostKey).toString("base64")}\n`;
  const texts = [known, writeConfig(wish)].map((text) => writeBytes(Buffer.from(text)));
  const words = [keyFile, ...texts, word, runs];
  const answer = await hand.ask({ verb: "prove", words }, { deadlineMs: DEADLINE_MS });
  const by = `from the host that holds ${keyFile}`;
  if (answer.kind === "lost") return inconclusive("lost", `nothing was heard ${by}: ${answer.message}`);
  if (answer.status !== "ok")
    return inconclusive("impossible", `no login could be tried ${by}: ${answer.words.join(" ")}`);
  const read = (name: string) => Buffer.from(answer.data.get(name) ?? []).toString("utf8");
  const log = readClientLog(read("log"));
  if (log.isHostKeyRefused)
    return {
      kind: "other-host-key",
      message: `${formatAddress(target)} presents another host key there: ${by}`,
    };
  if (!log.isLoggedIn) return readUnopened(wish, log, answer.told.get("ended")?.[0]?.[0] === TIMED_OUT);
  const { acceptedKey } = log;
  if (acceptedKey && (acceptedKey.isCertificate || acceptedKey.fingerprint !== fingerprint))
    return inconclusive("lost", `${by} something else than the key has logged in`);
  if (runs === "nothing" || read("said").includes(`latchkey-${word}`)) return { kind: "proved", fingerprint };
  return { kind: "refused", message: `${formatAddress(target)} let the key in, but ran no command` };
}

/** As timeout(1) ends. */
const TIMED_OUT = "124";

function readUnopened(
  { target, user, keyFile, fingerprint }: HolderProof,
  log: ReturnType<typeof readClientLog>,
  isTooLate: boolean,
): Exclude<LoginVerification, { kind: "proved" }> {
  if (isTooLate) return inconclusive("timed-out", `${formatAddress(target)} did not end the login in time`);
  if (couldNotSign(log, fingerprint))
    return inconclusive("impossible", `${keyFile} could not sign: it has a passphrase, or is not readable`);
  const failure = { target, user, log, complaints: "", tried: `offered there: ${keyFile}` };
  const reason = explainClient({ ...failure, proxyCommand: null, hasSecurityKey: false });
  const read: SshFailure = { hostKey: null, isKeyRefused: false, passing: null, ...reason };
  return readFailure(read);
}

function writeConfig({ target, user, hostKey, keyFile }: HolderProof): string {
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
