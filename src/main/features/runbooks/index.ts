import { implement } from "@orpc/server";
import type { Announcement } from "#shared/contract/events.ts";
import { runbooks } from "#shared/contract/runbooks.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { RunDetail, RunId } from "#shared/model/run.ts";
import type { Store } from "#store/store.ts";

type Deps = { store: Store; announce: (announcement: Announcement) => void; now: () => Date };

/** Plans of changes to hosts, and their runs. */
export function createRunbooks({ store }: Deps) {
  const os = implement(runbooks);
  const { plans, runs, journal } = store.runbooks;

  return {
    plan: os.plan.handler(() => refuseYet()),
    findPlan: os.findPlan.handler(({ input }) => plans.find(input.planId) ?? refuseNoPlan(input.planId)),
    takePlan: os.takePlan.handler(() => refuseYet()),
    exportScripts: os.exportScripts.handler(() => refuseYet()),
    start: os.start.handler(() => refuseYet()),
    list: os.list.handler(({ input }) => runs.list(input)),
    find: os.find.handler(({ input }) => find(input.runId)),
    entries: os.entries.handler(({ input }) => find(input.runId) && journal.list(input)),
    pause: os.pause.handler(() => refuseYet()),
    resume: os.resume.handler(() => refuseYet()),
    rollBack: os.rollBack.handler(() => refuseYet()),
    questions: os.questions.handler(() => []),
    answer: os.answer.handler(() => refuseYet()),
  };

  function find(id: RunId): RunDetail {
    const run = runs.find(id);
    if (!run) throw new Refusal("not-found", `there is no run ${id}`);
    return { ...run, stepList: journal.steps(id) };
  }
}

function refuseNoPlan(id: number): never {
  throw new Refusal("not-found", `there is no plan ${id}`);
}

function refuseYet(): never {
  throw new Refusal("unusable", "runbooks are not carried out yet");
}
