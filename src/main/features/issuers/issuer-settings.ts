import type { IssuerSettings } from "#shared/contract/issuers.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { IssuerKind } from "#shared/model/issuer.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { IssuerRow } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";
import { readGivenRoots } from "./given-roots.ts";

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

/** Changes what is not secret of an issuer, for all that it is asked for from now on. What is not named stays. */
export function createIssuerSetting({ store, now }: Deps) {
  return async (issuer: IssuerRow, settings: IssuerSettings): Promise<void> => {
    const { name, kind } = issuer;
    const { of, said } = SETTINGS[kind];
    const changed = (Object.keys(settings) as Setting[]).filter((key) => settings[key] !== undefined);
    if (changed.length === 0 || changed.some((key) => !of.includes(key)))
      throw new Refusal("invalid-input", `${name} is ${said}`);
    const write = writerOf(issuer, settings);
    await store.inTurn(() => {
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
    const roots = settings.roots === undefined ? before.roots : readGivenRoots(settings.roots);
    return () => issuers.acme.setSettings(id, { contacts, profile, roots });
  }
}
