import { implement } from "@orpc/server";
import type { Announcement } from "#shared/contract/events.ts";
import { findings, type OptionalRule } from "#shared/contract/findings.ts";
import type { Finding } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };

/** What needs attention, and which findings somebody has accepted. */
export function createFindings({ store, announce, now }: Deps) {
  const os = implement(findings);
  const { accept, unaccept } = createAcceptances({ store, now });

  return {
    list: os.list.handler(({ input }) => store.findings.list({ ...input, now: now() })),
    find: os.find.handler(({ input }) => find(input.id)),
    about: os.about.handler(({ input }) => store.findings.about(input.object, now())),
    accept: os.accept.handler(async ({ input }) => announced(await accept(input))),
    unaccept: os.unaccept.handler(async ({ input }) => announced(await unaccept(input.ids))),
    optionalRules: os.optionalRules.handler(() => store.rules.list()),
    turnRule: os.turnRule.handler(async ({ input }) => announced(await turn(input.rule, input.isOn))),
  };

  function find(id: string): Finding {
    const finding = store.findings.find(id, now());
    if (!finding)
      throw new Refusal("not-found", `there is no finding ${id}; what it said may have been put right`);
    return finding;
  }

  function turn(rule: OptionalRule, isOn: boolean): Promise<{ hasChanged: boolean }> {
    return store.queueWrite(() => {
      const at = toInstant(now());
      const hasChanged = store.rules.turn(rule, isOn, at);
      if (hasChanged)
        store.events.append({ at, kind: isOn ? "rule-turned-on" : "rule-turned-off", detail: { rule } });
      return { hasChanged };
    });
  }

  function announced<Result>(result: Result): Result {
    announce({ kind: "findings-changed" });
    return result;
  }
}

type AcceptanceRequest = { ids: readonly string[]; reason: string; until: string };

/** Accepts all findings of a request or none; the audit log names each finding. */
function createAcceptances({ store, now }: { store: Store; now: () => Date }) {
  return {
    accept({ ids, reason, until }: AcceptanceRequest): Promise<{ accepted: number }> {
      return store.queueWrite(() => {
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
      return store.queueWrite(() => {
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

  /** Only a finding that still stands can be accepted. */
  function find(id: string): Finding {
    const finding = store.findings.find(id, now());
    if (finding) return finding;
    throw new Refusal("not-found", `there is no finding ${id}; list the findings again`);
  }
}
