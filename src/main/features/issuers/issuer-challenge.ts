import type { Vault } from "#net/vault/vault.ts";
import type { GivenChallenge } from "#shared/contract/issuers.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { IssuerRow } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";

type ChallengeDeps = { store: Store; vault: Vault; now: () => Date };

/** A way as it is kept: the secret of a zone's key goes to the vault, and can be sent to the zone's server from there. */
export async function keepChallenge(
  vault: Vault,
  name: string,
  given: GivenChallenge | null,
): Promise<ChallengeWay | null> {
  if (given?.kind !== "rfc2136") return given;
  const { secret, ...way } = given;
  const { id } = await vault.keep(secret, { kind: "tsig", label: `key ${way.keyName} of ${name}` });
  return { ...way, secretId: id };
}

/** What the vault keeps for a way. */
export const secretOfWay = (way: ChallengeWay | null | undefined): readonly string[] =>
  way?.kind === "rfc2136" ? [way.secretId] : [];

/** Says how the challenges of a directory are answered from now on. */
export function createChallengeSetting({ store, vault, now }: ChallengeDeps) {
  return async ({ id, name }: IssuerRow, given: GivenChallenge | null): Promise<void> => {
    const before = store.issuers.acme.find(id);
    if (!before)
      throw new Refusal("invalid-input", `${name} is no ACME directory: it asks for no proof of names`);
    const way = await keepChallenge(vault, name, given);
    await store.inTurn(() => {
      store.issuers.acme.setChallenge(id, way);
      const detail = { name, challenge: way?.kind ?? null };
      store.events.append({ at: toInstant(now()), kind: "issuer-changed", detail });
    });
    for (const secret of secretOfWay(before.challenge)) await vault.forget(secret);
  };
}
