import { implement } from "@orpc/server";
import { createPrompts } from "#connect/prompts.ts";
import type { Vault } from "#net/vault/vault.ts";
import { runbooks } from "#shared/contract/runbooks.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Plan } from "#shared/model/runs/plan.ts";
import type { RunDeps } from "./engine/launch.ts";
import type { Runbook } from "./engine/runbook.ts";
import { createConfirmer } from "./kinds/access/confirm-key.ts";
import { createCertificateTaker, type ProvisionDeps } from "./kinds/renewal/tools.ts";
import { createScriptExport, type ExportDeps } from "./offline/export-scripts.ts";
import { createResultTaker, type ResultDeps } from "./offline/take-result.ts";
import { createPlans, type PlanDeps } from "./planning/plans.ts";
import { createRuns } from "./runs.ts";

type Deps = Omit<PlanDeps, "questions" | "renewal"> &
  Omit<RunDeps, "questions" | "runbookOf"> &
  ExportDeps &
  ResultDeps & {
    runbooks: Runbooks;
    renewal: PlanDeps["renewal"] & Pick<ProvisionDeps, "roots" | "derOf"> & { vault: Pick<Vault, "keep"> };
  };

/** What runs of each kind do. */
export type Runbooks = { access: Runbook; hostKey: Runbook; renewal: Runbook };

/** How often a shell that stays looks for runs that have waited long enough. */
const WATCH_MS = 5 * 60 * 1_000;

/** Plans of changes to hosts, and their runs. */
export function createRunbooks(deps: Deps) {
  const os = implement(runbooks);
  const { store } = deps;
  const questions = createPrompts({ ...deps, onChange: () => deps.announce({ kind: "run-asks" }) });
  const plans = createPlans({ ...deps, questions });
  const runs = createRuns({ ...deps, questions, runbookOf: (plan) => findRunbook(deps.runbooks, plan) });
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

/** The one place in which the kind of a plan decides what its run does. */
function findRunbook({ access, hostKey, renewal }: Runbooks, { kind }: Plan): Runbook {
  switch (kind) {
    case "rotate-key":
    case "add-grants":
    case "remove-grants":
    case "tighten-grants":
    case "move-to-authority":
      return access;
    case "rotate-host-key":
      return hostKey;
    case "rotate-certificate":
      return renewal;
    default:
      return assertNever(kind);
  }
}

const done = (_: unknown): Record<string, never> => ({});
