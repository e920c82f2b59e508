import { checkSignature, readSigners } from "#domain/signatures/ssh-signature.ts";
import type { PublicKey } from "#domain/ssh/key-blob.ts";
import type { BundleInput } from "#shared/contract/inspect.ts";
import { type BundleSignature, SIGNATURE_NAMESPACE } from "#shared/model/hosts/bundle.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatSignature } from "#shared/text/hosts/bundle.ts";
import type { Store } from "#store/store.ts";

type SignatureRequest = Pick<BundleInput, "signature" | "signers" | "requireSignature">;

/** Finds who has signed a bundle. Refuses a wrong signature, and a missing one where a signature is required. */
export function verifyBundleSignature(
  { bundles }: Pick<Store, "bundles">,
  { signature: armored, signers, requireSignature }: SignatureRequest,
  bytes: Uint8Array,
): BundleSignature {
  const signature = armored === null ? NONE : findSigner(bundles, signers, check(armored, bytes));
  if (requireSignature && signature.kind !== "known")
    throw new Refusal(
      "invalid-input",
      `a signature by somebody who is known is required: ${formatSignature(signature)}; ${REMEDY}`,
    );
  return signature;
}

const NONE = { kind: "none" } as const;

const REMEDY = `sign it where it was collected with ssh-keygen -Y sign -n ${SIGNATURE_NAMESPACE} -f KEY FILE, and name KEY with --signer or in a people source`;

function check(
  armored: string,
  bytes: Uint8Array,
): PublicKey | Extract<BundleSignature, { kind: "unsupported" }> {
  const checked = checkSignature(armored, bytes);
  if (checked.kind === "bad") throw new Refusal("invalid-input", checked.why);
  return checked.kind === "good" ? checked.key : checked;
}

/** A signer who was named for this import comes before those of the people sources. */
function findSigner(
  bundles: Store["bundles"],
  signers: string,
  key: ReturnType<typeof check>,
): BundleSignature {
  if ("kind" in key) return key;
  const { keyType, fingerprint } = key;
  const named = readNamed(signers).find((one) => one.fingerprint === fingerprint);
  if (named) return { kind: "known", signer: named.name, keyType, fingerprint };
  const person = bundles.ownerOf(fingerprint);
  if (!person) return { kind: "unknown", keyType, fingerprint };
  return { kind: person.standing, signer: person.name, keyType, fingerprint };
}

function readNamed(text: string) {
  const { signers, broken } = readSigners(text);
  if (broken === null) return signers;
  throw new Refusal(
    "invalid-input",
    `line ${broken} of the signers is no fingerprint (SHA256:...) and no public key without options; write one of these on each line`,
  );
}
