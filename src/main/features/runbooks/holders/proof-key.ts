import { namesOf } from "#net/local/private-halves/half-place.ts";
import { toIdentity } from "#net/local/private-halves/key-pair.ts";
import { gatherIdentities, readKeyFile } from "#net/ssh/identities.ts";
import type { ProofKey } from "#net/ssh/prove/login-proof.ts";
import type { Near } from "./near.ts";
import { openPair } from "./open-pair.ts";

/** What a proof from here logs in with; null where the private half of that key cannot be used here. */
export async function findProofKey(
  near: Near,
  fingerprint: string,
  agentSocket: string | null,
): Promise<ProofKey | null> {
  const { plan, secrets } = near;
  const path = plan.newKey?.kind === "made-on-holder" ? null : (plan.newKey?.path ?? null);
  if (secrets?.pair.fingerprint === fingerprint)
    return toIdentity(secrets.pair, await whereIs(path, fingerprint));
  const files = [
    ...(plan.provesWith === undefined ? [] : [plan.provesWith]),
    ...plan.here.flatMap((holder) => (holder.kind === "file" ? [holder.path] : [])),
  ];
  const agent = plan.here.find(({ kind }) => kind === "agent")?.path ?? agentSocket;
  const identityFiles = path === null ? files : [path, ...files];
  const { identities, unusable } = await gatherIdentities({
    identityFiles,
    agentSocket: agent,
    configured: { files: [], isForAll: true },
    home: "",
    unlock: async (file) => {
      const opened = file.fingerprint === fingerprint ? await openPair(file.path, near) : { why: "" };
      if ("why" in opened) return { why: opened.why };
      const { secret, ...view } = toIdentity(opened.pair, file.path);
      if (secret.kind !== "file") return { why: "" };
      return { ...view, kind: "usable", blob: opened.pair.blob, key: secret.key };
    },
  });
  return (
    identities.find((one) => one.fingerprint === fingerprint) ??
    unusable.flatMap(({ forClient }) => forClient ?? []).find((one) => one.fingerprint === fingerprint) ??
    null
  );
}

/** OpenSSH's client reads it itself. */
async function whereIs(path: string | null, fingerprint: string): Promise<string> {
  if (path === null) return "";
  const { now, made } = namesOf(path);
  const file = await readKeyFile(made);
  return typeof file === "object" && "fingerprint" in file && file.fingerprint === fingerprint ? made : now;
}
