import { implement } from "@orpc/server";
import { runbooks } from "#shared/contract/runbooks.ts";
import type { RunDeps } from "./launch-run.ts";
import { createPlans, type PlanDeps } from "./plans.ts";
import { createQuestions } from "./questions.ts";
import { createRuns } from "./runs.ts";

type Deps = Omit<RunDeps, "questions"> & Omit<PlanDeps, "questions">;

/** Plans of changes to hosts, and their runs. */
export function createRunbooks(deps: Deps) {
  const os = implement(runbooks);
  const { store } = deps;
  const questions = createQuestions(deps);
  const plans = createPlans({ ...deps, questions });
  const runs = createRuns({ ...deps, questions });

  return {
    plan: os.plan.handler(({ input }) => plans.plan(input)),
    findPlan: os.findPlan.handler(({ input }) => plans.find(input.planId)),
    takePlan: os.takePlan.handler(({ input }) => plans.take({ plan: input.plan, hash: input.hash })),
    exportScripts: os.exportScripts.handler(({ input }) => plans.find(input.planId) && { files: [] }),
    start: os.start.handler(({ input }) => runs.start(plans.find(input.planId), input)),
    list: os.list.handler(({ input }) => store.runbooks.runs.list(input)),
    find: os.find.handler(({ input }) => runs.find(input.runId)),
    entries: os.entries.handler(({ input }) => runs.find(input.runId) && store.runbooks.journal.list(input)),
    pause: os.pause.handler(({ input }) => runs.pause(input.runId)),
    resume: os.resume.handler(async ({ input }) => done(await runs.resume(input.runId, input))),
    rollBack: os.rollBack.handler(async ({ input }) => done(await runs.rollBack(input.runId, input))),
    questions: os.questions.handler(() => questions.list()),
    answer: os.answer.handler(({ input }) => questions.answer(input)),
  };
}

const done = (_: void): Record<string, never> => ({});
