import {
  areFilesBack,
  backTask,
  FILE_POLICY,
  forwardTask,
  isFirstAt,
  reachedInFiles,
  type StageChange,
} from "#domain/runs/file-steps.ts";
import { numberSteps, type RunRules } from "#domain/runs/runbook.ts";
import type { FilePlan, HostKeyPlan } from "#shared/model/runs/plan.ts";
import type { Phase } from "#shared/model/runs/run.ts";

/**
 * A host presents a second host key beside the old one, which is removed once its clients had the time to learn the new
 * one.
 */
export const HOST_KEY_RULES: RunRules<HostKeyPlan> = {
  phases: ["create-key", "grant", "revoke", "finish"],
  policy: FILE_POLICY,
  steps: ({ hosts }) =>
    numberSteps(
      HOST_KEY_RULES.phases.flatMap((phase) =>
        hosts.flatMap(({ files: [file], batch }, host) =>
          isNeeded(phase, file) ? [{ phase, host, batch }] : [],
        ),
      ),
    ),
  forward(plan, step, state, seen) {
    if (step.phase === "create-key") return { step, what: state === "acted" ? "verify" : "act" };
    return forwardTask({ step, state, last: "finish" }, seen, (reading) =>
      reachedInFiles(filesAt(plan, step.host), stageChangeOf(step.phase), {
        phase: step.phase,
        seen: reading,
        mayLeaveOut: false,
      }),
    );
  },
  back(plan, step, seen) {
    if (step.phase === "create-key") return { step, what: "undo", as: "rolled-back" };
    return backTask(step, seen, {
      isFirst: isFirstAt(HOST_KEY_RULES.steps(plan), step),
      isBack: (reading) =>
        areFilesBack(filesAt(plan, step.host), stageChangeOf(step.phase), step.phase, reading),
    });
  },
};

const isNeeded = (phase: Phase, file: FilePlan | undefined): boolean => {
  if (phase === "grant") return file !== undefined;
  return phase !== "revoke" || (file !== undefined && file.removed !== null);
};

const filesAt = ({ hosts }: HostKeyPlan, host: number | null) => hosts[host ?? -1]?.files ?? [];

const stageChangeOf = (phase: Phase): StageChange =>
  phase === "revoke" ? { from: "added", to: "removed" } : { from: "before", to: "added" };
