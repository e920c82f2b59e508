import { implement } from "@orpc/server";
import type { Announcement } from "#shared/contract/events.ts";
import { findings, type OptionalRule } from "#shared/contract/findings.ts";
import type { Finding } from "#shared/model/finding.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { Store } from "#store/store.ts";
import { createAcceptances } from "./acceptances.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };

/** What needs attention, and what somebody has decided of it. */
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
    return store.inTurn(() => {
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
