import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Asked = { grants: readonly number[]; owner: string; purpose: string; reviewOn: string | null };

/** Approvals, all of one request or none; the audit log names each line. */
export function createApprovals({ store, now }: { store: Store; now: () => Date }) {
  return {
    approve({ grants, ...approval }: Asked): Promise<{ approved: number }> {
      return store.inTurn(() => {
        const approvedAt = toInstant(now());
        const lines = [...new Set(grants)].map(findStanding);
        for (const line of lines) store.changes.approve(line, { ...approval, approvedAt });
        const detail = { ...approval, grants: lines.map(toDetail) };
        store.events.append({ at: approvedAt, kind: "grants-approved", detail });
        return { approved: lines.length };
      });
    },

    unapprove(grants: readonly number[]): Promise<{ withdrawn: number }> {
      return store.inTurn(() => {
        const at = toInstant(now());
        const lines = [...new Set(grants)].map(find).filter((line) => store.changes.withdraw(line, at));
        if (lines.length > 0)
          store.events.append({ at, kind: "grants-unapproved", detail: { grants: lines.map(toDetail) } });
        return { withdrawn: lines.length };
      });
    },
  };

  function find(grant: number) {
    const line = store.changes.findLine(grant);
    if (line) return line;
    throw new Refusal("not-found", `there is no grant ${grant}`);
  }

  /** What was looked at is approved, and not what stands there now. */
  function findStanding(grant: number) {
    const line = find(grant);
    if (line.isGone === 0) return line;
    throw new Refusal(
      "conflict",
      `the line of ${line.account} on ${line.host} in ${line.file} has changed or gone since it was listed; look at the list again`,
    );
  }

  function toDetail({ id, host, account, file, fingerprint }: ReturnType<typeof find>) {
    return { id, host, account, file, fingerprint };
  }
}
