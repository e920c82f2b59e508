import { signedBytes } from "#domain/bundle/check-signature.ts";
import { makeNonce, POSSESSION_NAMESPACE, writeStatement } from "#domain/possession/verify-possession.ts";
import { isSignedBy } from "#domain/ssh/host-certificate-signature.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { signByAgent } from "#net/local/private-halves/agent-keys.ts";
import type { KeyPossession } from "#shared/model/possession.ts";

/** A plan is not held up by an agent that asks somebody who is not there; a run waits for whoever started it. */
export const PLAN_WAITS_MS = 10_000;
export const RUN_WAITS_MS = 60_000;

/** Whether an agent of this computer signs a fresh nonce with the key. */
export async function verifyAgent(
  socketPath: string,
  fingerprint: string,
  timeoutMs = PLAN_WAITS_MS,
): Promise<KeyPossession> {
  const location = { hostKey: "here", path: socketPath, fingerprint };
  const bytes = signedBytes(
    { namespace: POSSESSION_NAMESPACE, reserved: Buffer.alloc(0), hashName: "sha512" },
    writeStatement(location, makeNonce()),
  );
  const signed = await signByAgent(socketPath, { fingerprint, bytes, timeoutMs });
  if (!signed) return { kind: "claimed", why: "agent-silent" };
  const key = readKeyBlob(signed.blob);
  switch (key ? isSignedBy(key, bytes, signed.signature) : "unsupported") {
    case "yes":
      return { kind: "verified" };
    case "no":
      return { kind: "other-key" };
    case "unsupported":
      return { kind: "claimed", why: "unsupported" };
  }
}
