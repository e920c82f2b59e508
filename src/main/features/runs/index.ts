import { implement } from "@orpc/server";
import { createPrompts } from "#connect/prompts.ts";
import type { Vault } from "#net/vault/vault.ts";
import { runbooks } from "#shared/contract/runbooks.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { RunDeps } from "./engine/launch.ts";
import { createConfirmer } from "./kinds/access/confirm-key.ts";
import { createGrace } from "./kinds/access/grace.ts";
import { hearLogin } from "./kinds/access/wait-for-login.ts";
import { createCertificateTaker } from "./kinds/renewal/orders.ts";
import { createScriptExport, type ExportDeps } from "./offline/export-scripts.ts";
import { createResultTaker, type ResultDeps } from "./offline/take-result.ts";
import { createPlans, type PlanDeps } from "./planning/plans.ts";
import { createRuns } from "./runs.ts";

type Deps = Omit<RunDeps, "questions" | "waits" | "renewal"> &
  Omit<PlanDeps, "questions" | "renewal"> & {
    renewal: RunDeps["renewal"] & PlanDeps["renewal"] & { vault: Pick<Vault, "keep"> };
  } & Pick<ResultDeps, "judgeSignature" | "lookAtHeldHalf"> &
  Pick<ExportDeps, "carried" | "workstation">;

/** How often a shell that stays looks for runs that have waited long enough. */
const WATCH_MS = 5 * 60 * 1_000;

/** Plans of changes to hosts, and their runs. */
export function createRunbooks(deps: Deps) {
  const os = implement(runbooks);
  const { store } = deps;
  const questions = createPrompts({ ...deps, onChange: () => deps.announce({ kind: "run-asks" }) });
  const plans = createPlans({ ...deps, questions });
  const waits = { hear: hearLogin, judgeGrace: graceBy(deps).judge };
  const runs = createRuns({ ...deps, questions, waits });
  const takeResult = createResultTaker(deps);
  const confirm = createConfirmer(deps);
  const giveCertificate = createCertificateTaker({ ...deps, ...deps.renewal });
  const exportScripts = createScriptExport(deps);
  const procedures = {
    plan: os.plan.handler(({ input }) => plans.plan(input)),
    findPlan: os.findPlan.handler(({ input }) => plans.find(input.planId)),
    takePlan: os.takePlan.handler(({ input }) => plans.take({ ...input, plan: input.plan })),
    exportScripts: os.exportScripts.handler(({ input }) => exportScripts(plans.find(input.planId), input)),
    takeResult: os.takeResult.handler(({ input }) => takeResult(input)),
    keepPassphrase: os.keepPassphrase.handler(({ input: { passphrase, label } }) =>
      deps.renewal.vault.keep(passphrase, { kind: "store-passphrase", label }),
    ),
    start: os.start.handler(({ input }) => runs.start(plans.find(input.planId), input)),
    list: os.list.handler(({ input }) => store.runbooks.runs.list(input)),
    find: os.find.handler(({ input }) => runs.find(input.runId)),
    entries: os.entries.handler(({ input }) => runs.find(input.runId) && store.runbooks.journal.list(input)),
    pause: os.pause.handler(({ input }) => runs.pause(input.runId)),
    resume: os.resume.handler(async ({ input }) => done(await runs.resume(input.runId, input))),
    repair: os.repair.handler(async ({ input }) => done(await runs.repair(input.runId, input))),
    rollBack: os.rollBack.handler(async ({ input }) => done(await runs.rollBack(input.runId, input))),
    giveCertificate: os.giveCertificate.handler(({ input }) => giveCertificate(input)),
    confirm: os.confirm.handler(async ({ input }) => done(await confirm(input))),
    questions: os.questions.handler(() => questions.list()),
    // Who changes many hosts is asked for the password of their account there once.
    answer: os.answer.handler(({ input }) => questions.answer({ ...input, isForSameUser: true })),
  };
  return { procedures, keepWatch };

  /** Goes on with runs that have waited long enough, until it is told to stop. For a shell that stays. */
  async function keepWatch(signal: AbortSignal): Promise<void> {
    for (;;) {
      for (const id of store.runbooks.runs.due(toInstant(deps.now())))
        await runs.resume(id, { mayAsk: false, identityFiles: [] }).catch(deps.log);
      await deps.retryPolicy.wait(WATCH_MS, signal);
    }
  }
}

function graceBy({ store, rescan, now }: Deps) {
  return createGrace({
    loginsOf: store.uses.known,
    clockOf: store.runbooks.clocks.readOf,
    rescan,
    now,
  });
}

const done = (_: unknown): Record<string, never> => ({});
