import type { Finding } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Asked = { ids: readonly string[]; reason: string; until: string };

/** Acceptances, all of one request or none; the audit log names each finding. */
export function createAcceptances({ store, now }: { store: Store; now: () => Date }) {
  return {
    accept({ ids, reason, until }: Asked): Promise<{ accepted: number }> {
      return store.inTurn(() => {
        const acceptedAt = toInstant(now());
        if (until <= acceptedAt)
          throw new Refusal("invalid-input", `${until} is over already; name a day after today`);
        const found = [...new Set(ids)].map(find);
        for (const { rule, object } of found)
          store.acceptances.accept(rule, object, { reason, until, acceptedAt });
        const detail = { reason, until, findings: found.map(({ id }) => id) };
        store.events.append({ at: acceptedAt, kind: "findings-accepted", detail });
        return { accepted: found.length };
      });
    },

    unaccept(ids: readonly string[]): Promise<{ withdrawn: number }> {
      return store.inTurn(() => {
        const at = toInstant(now());
        const withdrawn = [...new Set(ids)]
          .map(find)
          .filter(({ rule, object }) => store.acceptances.withdraw(rule, object, at));
        const detail = { findings: withdrawn.map(({ id }) => id) };
        if (withdrawn.length > 0) store.events.append({ at, kind: "findings-unaccepted", detail });
        return { withdrawn: withdrawn.length };
      });
    },
  };

  /** What is accepted is what stands; one that was put right needs it no more. */
  function find(id: string): Finding {
    const finding = store.findings.find(id, now());
    if (finding) return finding;
    throw new Refusal("not-found", `there is no finding ${id}; look at the list again`);
  }
}
