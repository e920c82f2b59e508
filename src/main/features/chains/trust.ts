import { readListFile, readRootFile } from "#domain/x509/path/read-trust-file.ts";
import type { Announcement } from "#shared/contract/events.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { TrustItem } from "#shared/model/trust.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };
type Given = { kind: TrustItem["kind"]; name: string; base64: string };

const READ = { root: readRootFile, crl: readListFile } as const;
const NAMES = { root: "certificate", crl: "revocation list" } as const;

/** The roots and revocation lists that the user gives, and takes back. */
export function createTrust({ store, announce, now }: Deps) {
  return {
    async give({ kind, name, base64 }: Given): Promise<{ added: number; known: number }> {
      const items = READ[kind](Buffer.from(base64, "base64"));
      if (items.length === 0)
        throw new Refusal("invalid-input", `${name} holds no ${NAMES[kind]}; give a file of PEM or DER`);
      const addedAt = toInstant(now());
      const added = await store.inTurn(() => {
        const fresh = items.filter((item) => store.trust.add({ ...item, kind, source: name, addedAt }));
        const detail = { kind, source: name, items: fresh.map(({ sha256 }) => sha256) };
        if (fresh.length > 0) store.events.append({ at: addedAt, kind: "trust-given", detail });
        return fresh.length;
      });
      if (added > 0) announce({ kind: "trust-changed" });
      return { added, known: items.length - added };
    },

    async takeBack(sha256: string): Promise<Record<string, never>> {
      const isGone = await store.inTurn(() => {
        if (!store.trust.remove(sha256)) return false;
        store.events.append({ at: toInstant(now()), kind: "trust-taken-back", detail: { sha256 } });
        return true;
      });
      if (!isGone)
        throw new Refusal(
          "not-found",
          `there is no root or revocation list ${sha256}; look at the list again`,
        );
      announce({ kind: "trust-changed" });
      return {};
    },
  };
}
