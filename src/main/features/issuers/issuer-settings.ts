import { printPem, readPem } from "#codec/pem.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { ChallengeInput, IssuerSettings } from "#shared/contract/issuers.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { ChallengeMethod, IssuerKind } from "#shared/model/issuers/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { IssuerRow } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; now: () => Date };
type Setting = keyof IssuerSettings;

const SETTINGS: Record<IssuerKind, { of: readonly Setting[]; said: string }> = {
  local: { of: ["daysValid"], said: "an authority of your own, of which the days can be set" },
  acme: {
    of: ["contacts", "profile", "roots"],
    said: "an ACME directory, of which contacts, profile and roots can be set",
  },
  csr: { of: ["note"], said: "a person, of whom the note can be set" },
};

/**
 * Changes settings of an issuer that are not secret, for all later requests to it. A setting that is not named stays.
 */
export function createIssuerSetting({ store, now }: Deps) {
  return async (issuer: IssuerRow, settings: IssuerSettings): Promise<void> => {
    const { name, kind } = issuer;
    const { of, said } = SETTINGS[kind];
    const changed = (Object.keys(settings) as Setting[]).filter((key) => settings[key] !== undefined);
    if (changed.length === 0 || changed.some((key) => !of.includes(key)))
      throw new Refusal("invalid-input", `${name} is ${said}`);
    const write = writerOf(issuer, settings);
    await store.queueWrite(() => {
      write();
      store.events.append({ at: toInstant(now()), kind: "issuer-changed", detail: { name, changed } });
    });
  };

  function writerOf({ id, name, note, kind }: IssuerRow, settings: IssuerSettings): () => void {
    const { issuers } = store;
    if (kind === "csr") return () => issuers.setNote(id, settings.note ?? note);
    if (kind === "local") {
      const { daysValid } = settings;
      return () => daysValid !== undefined && issuers.local.setDaysValid(id, daysValid);
    }
    const before = issuers.acme.find(id);
    if (!before) throw new Error("an ACME directory is there, with its account");
    const { contacts = before.contacts, profile = before.profile } = settings;
    if (settings.contacts !== undefined && before.account !== null)
      throw new Refusal(
        "conflict",
        `the account of ${name} is made, and its directory has its contacts; remove ${name} and add it again for others`,
      );
    const roots = settings.roots === undefined ? before.roots : readRootsFile(settings.roots);
    return () => issuers.acme.setSettings(id, { contacts, profile, roots });
  }
}

type ChallengeDeps = { store: Store; vault: Vault; now: () => Date };

/**
 * A challenge method as it is stored. The secret of its TSIG key goes to the vault, and can be sent from there to the
 * zone's server.
 */
export async function keepChallenge(
  vault: Vault,
  name: string,
  request: ChallengeInput | null,
): Promise<ChallengeMethod | null> {
  if (request?.kind !== "rfc2136") return request;
  const { secret, ...challenge } = request;
  const { id } = await vault.keep(secret, { kind: "tsig", label: `key ${challenge.keyName} of ${name}` });
  return { ...challenge, secretId: id };
}

/** The entries of the vault that a challenge method uses. */
export const secretsOfChallenge = (challenge: ChallengeMethod | null | undefined): readonly string[] =>
  challenge?.kind === "rfc2136" ? [challenge.secretId] : [];

/** Sets how the challenges of a directory are answered from now on. */
export function createChallengeSetting({ store, vault, now }: ChallengeDeps) {
  return async ({ id, name }: IssuerRow, request: ChallengeInput | null): Promise<void> => {
    const before = store.issuers.acme.find(id);
    if (!before) throw new Refusal("invalid-input", `${name} is no ACME directory: it sets no challenges`);
    const challenge = await keepChallenge(vault, name, request);
    await store.queueWrite(() => {
      store.issuers.acme.setChallenge(id, challenge);
      const detail = { name, challenge: challenge?.kind ?? null };
      store.events.append({ at: toInstant(now()), kind: "issuer-changed", detail });
    });
    for (const secret of secretsOfChallenge(before.challenge)) await vault.forget(secret);
  };
}

/**
 * The roots in a file of PEM or DER, as PEM. Null where no file was provided: then the system's roots authenticate the
 * directory.
 */
export function readRootsFile(base64: string | null): string | null {
  if (base64 === null) return null;
  const { ders } = readPem(Buffer.from(base64, "base64"));
  const { all } = indexCertificates(ders);
  if (all.length === 0)
    throw new Refusal("invalid-input", "the file of roots holds no certificate; give one of PEM or DER");
  return all.map(({ der }) => printPem(der)).join("");
}
