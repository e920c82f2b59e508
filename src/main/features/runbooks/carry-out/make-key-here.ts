import type { CertificateChange } from "#shared/model/pair.ts";
import type { CertificateKey } from "#store/runbooks/run-certificate-table.ts";
import { toolsOf } from "./renewal-place.ts";
import type { RunContext } from "./run-context.ts";

/** Makes a key in the vault, and what asks for a certificate with it. Null, or why it cannot. */
export async function makeKeyHere(
  run: RunContext,
  at: CertificateKey,
  { key, names, forClients }: CertificateChange,
): Promise<string | null> {
  const { vault, orders } = toolsOf(run);
  const made = await vault.makeKey(key.kind, { kind: "pair-key", label: `${names[0]} on ${at.host}` });
  // Known before it is used: what nobody knows of would never be forgotten.
  await orders.set(at, { keyId: made.id });
  const wish = { spki: made.spki, key: key.kind, names, forClients };
  const { makeRequest } = await import("#domain/issuing/make-request.ts");
  const csr = await makeRequest(wish, (data, how) => vault.sign(made.id, data, how));
  await orders.set(at, { state: "requested", message: "", csr, chain: null, sha256: null, wanted: null });
  return null;
}
