import { implement } from "@orpc/server";
import { createPrompts } from "#connect/prompts.ts";
import type { Vault } from "#net/vault/vault.ts";
import { runs as contract } from "#shared/contract/runs.ts";
import { toInstant } from "#shared/model/instant.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { PlanId } from "#shared/model/runs/plan.ts";
import type { RunId } from "#shared/model/runs/run.ts";
import type { RunDeps } from "./engine/launch.ts";
import type { OfflineRuns, RunKind, RunKinds } from "./kind.ts";
import { createPlans, readyPlan } from "./planning/plans.ts";
import { createRuns } from "./runs.ts";

type Deps = Omit<RunDeps, "prompts" | "runbookOf"> & {
  kinds: {
    access: RunKind & { readonly offline: OfflineRuns };
    hostKey: RunKind;
    renewal: RunKind;
    reload: RunKind;
    disable: RunKind;
    remove: RunKind;
  };
  vault: Pick<Vault, "keep">;
};

/** How often a shell that keeps running checks for runs that have waited long enough. */
const WATCH_MS = 5 * 60 * 1_000;

/** Plans of changes to hosts, and their runs. */
export function createRunbooks(deps: Deps) {
  const os = implement(contract);
  const { store } = deps;
  const kinds = toTable(deps.kinds);
  const prompts = createPrompts({ ...deps, onChange: () => deps.announce({ kind: "run-prompts" }) });
  const plans = createPlans({ ...deps, prompts, plannerOf: (kind) => kinds[kind].planner });
  const runs = createRuns({
    ...deps,
    prompts,
    runbookOf: ({ kind }) => kinds[kind].runbook,
    kindOf: ({ kind }) => kinds[kind],
  });
  const procedures = {
    plan: os.plan.handler(({ input }) => plans.plan(input)),
    findPlan: os.findPlan.handler(({ input }) => plans.find(input.planId)),
    openPlans: os.openPlans.handler(({ input }) => store.runbooks.plans.open(input.search)),
    dropPlan: os.dropPlan.handler(({ input }) => dropPlan(input.planId)),
    importPlan: os.importPlan.handler(({ input }) => plans.take({ ...input, plan: input.plan })),
    exportScripts: os.exportScripts.handler(({ input }) => {
      const found = plans.find(input.planId);
      const { offline } = kinds[readyPlan(found).kind];
      if ("refusal" in offline) throw new Refusal("conflict", offline.refusal);
      return offline.exportScripts(found, input);
    }),
    importResult: os.importResult.handler(({ input }) => deps.kinds.access.offline.importResult(input)),
    keepPassphrase: os.keepPassphrase.handler(({ input: { passphrase, label } }) =>
      deps.vault.keep(passphrase, { kind: "store-passphrase", label }),
    ),
    start: os.start.handler(({ input }) => runs.start(plans.find(input.planId), input)),
    list: os.list.handler(({ input }) => store.runbooks.runs.list(input)),
    find: os.find.handler(({ input }) => runs.find(input.runId)),
    entries: os.entries.handler(({ input }) => runs.find(input.runId) && store.runbooks.journal.list(input)),
    pause: os.pause.handler(({ input }) => runs.pause(input.runId)),
    resume: os.resume.handler(async ({ input }) => done(await runs.resume(input.runId, input))),
    repair: os.repair.handler(async ({ input }) => done(await runs.repair(input.runId, input))),
    rollBack: os.rollBack.handler(async ({ input }) => done(await runs.rollBack(input.runId, input))),
    undo: os.undo.handler(async ({ input }) => done(await runs.undo(input.runId, input))),
    clearOver: os.clearOver.handler(async () => ({ runIds: await runs.clearOver() })),
    provideCertificate: os.provideCertificate.handler(({ input }) => {
      const { provideCertificate } = kindOfRun(input.runId);
      if (!provideCertificate) throw new Refusal("conflict", `run ${input.runId} waits for no certificate`);
      return provideCertificate(input);
    }),
    confirm: os.confirm.handler(async ({ input }) => {
      const { confirm } = kindOfRun(input.runId);
      if (!confirm)
        throw new Refusal(
          "conflict",
          `run ${input.runId} verifies each login itself: there is nothing to confirm`,
        );
      return done(await confirm(input));
    }),
    prompts: os.prompts.handler(({ input }) => prompts.list(input)),
    // Someone who changes many hosts types the password of the account there once.
    answer: os.answer.handler(({ input }) => prompts.answer({ ...input, isForSameUser: true })),
  };
  return { procedures, keepWatch, plan: plans.plan };

  function kindOfRun(id: RunId): RunKind {
    const run = store.runbooks.runs.find(id);
    if (!run) throw new Refusal("not-found", `there is no run ${id}`);
    return kinds[run.kind];
  }

  async function dropPlan(planId: PlanId): Promise<{ wasThere: boolean }> {
    const wasThere = await store.queueWrite(() => {
      if (!store.runbooks.plans.drop(planId)) return false;
      store.events.append({ at: toInstant(deps.now()), kind: "plan-dropped", detail: { plan: planId } });
      return true;
    });
    if (wasThere) deps.announce({ kind: "plan-changed", planId });
    return { wasThere };
  }

  /** Goes on with runs that have waited long enough, until it is aborted. For a shell that keeps running. */
  async function keepWatch(signal: AbortSignal): Promise<void> {
    for (;;) {
      for (const id of store.runbooks.runs.due(toInstant(deps.now())))
        await runs.resume(id, { mayPrompt: false, identityFiles: [] }).catch(deps.log);
      await runs.clearOver().catch(deps.log);
      await deps.retryPolicy.wait(WATCH_MS, signal);
    }
  }
}

/** The one place where the kind of a plan decides what is planned, and what its run does. */
const toTable = ({ access, hostKey, renewal, reload, disable, remove }: Deps["kinds"]): RunKinds => ({
  "rotate-key": access,
  "add-grants": access,
  "remove-grants": access,
  "tighten-grants": access,
  "move-to-authority": access,
  "rotate-host-key": hostKey,
  "rotate-certificate": renewal,
  reload,
  "disable-account": disable,
  "remove-account": remove,
});

const done = (_: unknown): Record<string, never> => ({});
