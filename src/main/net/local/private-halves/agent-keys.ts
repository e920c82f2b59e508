/** Keys of a running agent: a new one is added, and an old one forgotten, by the agent protocol (RFC 9987). */

import { openFields, toField } from "#codec/ssh-wire.ts";
import { askAgent, listAgentKeys } from "#net/ssh/identities.ts";
import { Redacted } from "#shared/model/secret.ts";
import type { KeyPair } from "./key-pair.ts";

type AgentOutcome = { kind: "done" } | { kind: "failed"; message: string };

const ADD_IDENTITY = 17;
const REMOVE_IDENTITY = 18;
const SUCCESS = 6;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
/** By which digest an RSA key signs: SHA-512. */
const RSA_SHA512 = 4;

/** Some agents ask somebody first. */
const ADD_TIMEOUT_MS = 60_000;

/** Adds the key until the agent ends; that it is there already is no failure. */
export async function addToAgent(socketPath: string, pair: KeyPair): Promise<AgentOutcome> {
  const message = Buffer.concat([
    Buffer.from([ADD_IDENTITY]),
    Redacted.reveal(pair.secret),
    toField(pair.comment),
  ]);
  await askAgent(socketPath, message, ADD_TIMEOUT_MS);
  return (await holds(socketPath, pair.blob))
    ? { kind: "done" }
    : { kind: "failed", message: `the agent at ${socketPath} did not take the new key: add it with ssh-add` };
}

/** Has the agent forget the key; that it does not hold it any more is no failure. */
export async function removeFromAgent(socketPath: string, blob: Uint8Array): Promise<AgentOutcome> {
  const answer = await askAgent(
    socketPath,
    Buffer.concat([Buffer.from([REMOVE_IDENTITY]), toField(blob)]),
    ADD_TIMEOUT_MS,
  );
  const { isReachable } = await listAgentKeys(socketPath);
  // An agent that has ended holds nothing.
  if (answer?.[0] === SUCCESS || !isReachable || !(await holds(socketPath, blob))) return { kind: "done" };
  return {
    kind: "failed",
    message: `the agent at ${socketPath} still holds the old key: remove it with ssh-add -d`,
  };
}

/**
 * What the agent signs these bytes with, by SSH's wire format; null where it does not hold the key, or does not sign in time.
 * Some ask somebody first, who may say no.
 */
export async function signByAgent(
  socketPath: string,
  { fingerprint, bytes, timeoutMs }: { fingerprint: string; bytes: Uint8Array; timeoutMs: number },
): Promise<{ blob: Uint8Array; signature: Uint8Array } | null> {
  const { keys } = await listAgentKeys(socketPath);
  const blob = keys.find((key) => key.fingerprint === fingerprint)?.blob;
  if (!blob) return null;
  const request = [
    Buffer.from([SIGN_REQUEST]),
    toField(blob),
    toField(bytes),
    Buffer.from([0, 0, 0, RSA_SHA512]),
  ];
  const answer = await askAgent(socketPath, Buffer.concat(request), timeoutMs);
  const signature = answer?.[0] === SIGN_RESPONSE ? openFields(answer, 1).octets() : null;
  return signature ? { blob, signature } : null;
}

async function holds(socketPath: string, blob: Uint8Array): Promise<boolean> {
  const { keys } = await listAgentKeys(socketPath);
  return keys.some((key) => key.blob.equals(blob));
}
