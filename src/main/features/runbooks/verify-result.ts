import { verifyHostSignature } from "#domain/host-keys/verify-host-signature.ts";
import type { CarriedResult } from "#domain/rotation/script/read-result.ts";
import type { BundleSignature } from "#shared/model/bundle.ts";
import type { GivenResult } from "#shared/model/carried-result.ts";
import type { HostPlan } from "#shared/model/plan.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { RESULT_NAMESPACE } from "#shared/model/script.ts";
import { saySignature } from "#shared/text/bundle.ts";
import { sayHost } from "#shared/text/plan.ts";
import type { VerifiedBy } from "#store/runbooks/offline-table.ts";
import type { Store } from "#store/store.ts";

export type VerifyDeps = {
  judgeSignature: (given: Omit<GivenResult, "base64">, bytes: Uint8Array) => BundleSignature;
};

type CarriedHostResult = {
  result: CarriedResult;
  host: HostPlan;
  given: Omit<GivenResult, "base64">;
  bytes: Uint8Array;
};

/** `by`: null where no signature is good for it. `signature`: who has signed it, as a sentence. */
export type Verified = { by: VerifiedBy | null; signature: string };

/**
 * Whose signature is good for a result: that of the host's pinned key, or of a person who is known and still there. One by
 * another host's key is refused: the result was not written where it says. Where no key of the host is known, no key speaks for it.
 */
export function verifyResult(
  { store, judgeSignature }: VerifyDeps & { store: Pick<Store, "pins"> },
  { result, host, given, bytes }: CarriedHostResult,
): Verified {
  const person = judgeSignature(given, bytes);
  const byHost = verifyByHost(store, result, host);
  if (byHost)
    return { by: "host", signature: person.kind === "none" ? byHost : `${byHost}; ${saySignature(person)}` };
  return { by: person.kind === "known" ? "person" : null, signature: saySignature(person) };
}

function verifyByHost({ pins }: Pick<Store, "pins">, result: CarriedResult, host: HostPlan): string | null {
  if (result.hostSignature === null) return null;
  const pinned = host.hostKey;
  if (pinned === "") return null;
  const checked = verifyHostSignature(result.hostSignature, result.signed, {
    pinned,
    namespace: RESULT_NAMESPACE,
  });
  switch (checked.kind) {
    case "verified":
      break;
    case "other":
      throw new Refusal(
        "invalid-input",
        `the result of ${sayHost(host)} is signed by the host key ${checked.fingerprint}, and that host has ${pinned}: it was written elsewhere`,
      );
    case "bad":
      throw new Refusal(
        "invalid-input",
        `the signature of ${sayHost(host)} is not of this result: one of them was changed`,
      );
    case "unsupported":
      return null;
  }
  const now = pins.find(host.host, host.port)?.fingerprint ?? pinned;
  if (now !== pinned)
    throw new Refusal(
      "conflict",
      `the result of ${sayHost(host)} is signed by the host key ${pinned}, and ${now} is pinned by now: plan again`,
    );
  return `signed by the host, with its key ${pinned}`;
}
