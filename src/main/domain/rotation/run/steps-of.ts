import { assertNever } from "#shared/model/assert-never.ts";
import {
  type FilePlan,
  type HolderPlan,
  type HostAddress,
  holdersByHost,
  holdersHere,
  type KeyPlan,
  newKeyOf,
  type Plan,
} from "#shared/model/plan.ts";
import type { Phase } from "#shared/model/run.ts";
import { certificateSteps } from "./certificates/certificate-steps.ts";
import type { Step } from "./step.ts";

/** The steps of a plan in their order: the phases one after the other, in each the hosts by batch, and here at the end. */
export function stepsOf(plan: Plan): Step[] {
  if (plan.kind === "rotate-certificate") return certificateSteps(plan);
  const holders = holdersByHost(plan);
  const steps: Omit<Step, "ordinal">[] = [];
  for (const phase of PHASES) {
    plan.hosts.forEach((host, index) => {
      if (takesPart(plan, { host, holders: holders[index] ?? [] }, phase))
        steps.push({ phase, host: index, batch: host.batch });
    });
    if (happensHere(plan, phase)) steps.push({ phase, host: null, batch: lastBatch(plan) + 1 });
  }
  return steps.map((step, index) => ({ ordinal: index + 1, ...step }));
}

const PHASES: readonly Phase[] = ["make-key", "add", "hand-over", "remove", "commit"];

type OwnPart = { host: KeyPlan["hosts"][number]; holders: readonly HolderPlan[] };

function takesPart(plan: KeyPlan, { host, holders }: OwnPart, phase: Phase): boolean {
  switch (phase) {
    case "make-key":
      return isMadeAt(plan, host);
    case "add":
      return host.files.some((file) => isProvedFirst(plan, file));
    case "hand-over":
      return holders.length > 0;
    case "remove":
      return host.files.some(({ removed }) => removed !== null);
    case "commit":
      return host.files.length > 0 || holders.length > 0 || isMadeAt(plan, host);
    case "request":
    case "issue":
    case "install":
    case "recheck":
      return false;
    default:
      return assertNever(phase);
  }
}

/** A new key whose line stands in a file already is proved like one that is added: before the old one goes. */
const isProvedFirst = (plan: KeyPlan, { added, removed }: FilePlan): boolean =>
  added !== null || (newKeyOf(plan) !== null && removed !== null);

function isMadeAt(plan: KeyPlan, { host, port }: HostAddress): boolean {
  const newKey = newKeyOf(plan);
  return newKey?.kind === "made-on-holder" && newKey.host === host && newKey.port === port;
}

function happensHere(plan: KeyPlan, phase: Phase): boolean {
  const isMadeHere = newKeyOf(plan)?.kind === "made-here";
  const here = holdersHere(plan);
  if (phase === "make-key") return isMadeHere;
  if (phase === "hand-over") return here.length > 0;
  return phase === "commit" && (isMadeHere || here.length > 0);
}

/** This computer comes after all hosts: it is the one that is always there to look again. */
const lastBatch = ({ hosts }: KeyPlan): number => Math.max(0, ...hosts.map(({ batch }) => batch));
