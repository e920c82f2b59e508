import { stepsOf } from "#domain/rotation/run/steps-of.ts";
import type { Plan } from "#shared/model/plan.ts";
import type { RunStep } from "#shared/model/run.ts";

/** The steps of a plan as the journal keeps them, before any of them is taken. */
export const toSteps = (plan: Plan): RunStep[] =>
  stepsOf(plan).map(({ host: place, ...step }) => {
    const host = place === null ? null : plan.hosts[place];
    return {
      ...step,
      host: host?.host ?? null,
      port: host?.port ?? null,
      state: "planned",
      verification: null,
      result: null,
      message: "",
      at: null,
    };
  });
