import { beginLarge } from "#renderer/ui/text.tsx";
import {
  type DeadMan,
  holdersByHost,
  holdersHere,
  newKeyOf,
  type Plan,
  type PlanKind,
  plannedFiles,
} from "#shared/model/plan.ts";
import type { Phase } from "#shared/model/run.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayCounts, sayNewKey, sayPhase as sayPhaseWithin } from "#shared/text/plan.ts";
import { sayRenewalOrder } from "./renewal-words.ts";
import { sayPace } from "./say-pace.ts";

export const KINDS: Record<PlanKind, string> = {
  "rotate-key": "Rotate a key",
  "rotate-host-key": "Rotate a host key",
  "add-grants": "Add grants",
  "remove-grants": "Remove grants",
  "tighten-grants": "Tighten grants",
  "move-to-authority": "Move to an authority",
  "rotate-certificate": "Renew certificates",
};

/** What a phase does, as it begins a line. */
export const sayPhase = (phase: Phase, kind: PlanKind): string => beginLarge(sayPhaseWithin(phase, kind));

export const DEAD_MEN: Record<DeadMan, string> = {
  "systemd-run": "systemd-run",
  at: "at",
  sleep: "a process that sleeps",
};

/** `Plan: 3 to add, 1 to change, 2 to remove on 4 hosts`. */
export const sayPlan = (plan: Plan): string =>
  plan.kind === "rotate-certificate" && plan.hosts.length === 0
    ? "Plan: no certificate to renew"
    : `Plan: ${sayCounts(plan)}`;

/** What a run of the plan does, in this order; each phase begins when the one before is proved everywhere. */
export function sayOrder(plan: Plan): { title: string; text: string }[] {
  if (plan.kind === "rotate-certificate") return sayRenewalOrder(plan);
  const { kind, options } = plan;
  const newKey = newKeyOf(plan);
  const files = plannedFiles(plan);
  const holders = [...holdersHere(plan), ...holdersByHost(plan).flat()];
  const adds = files.some(({ added }) => added !== null);
  const isProved =
    kind === "rotate-host-key" ||
    plan.hosts.some(({ proofs }) => proofs.some(({ proof }) => proof.kind !== "none"));
  const removes = files.some(({ removed }) => removed !== null);
  return [
    ...(newKey === null || newKey.kind === "given"
      ? []
      : [{ title: sayPhase("make-key", kind), text: sayNewKey(newKey) }]),
    ...(adds
      ? [
          {
            title: sayPhase("add", kind),
            text: `${sayPace(plan)}${isProved ? "; each is proved before it counts" : ""}`,
          },
        ]
      : []),
    ...(holders.length === 0
      ? []
      : [
          {
            title: sayPhase("hand-over", kind),
            text: `${sayCount(holders.length, "private half", "private halves")} replaced; the old is kept aside`,
          },
        ]),
    ...(removes && options.graceDays > 0
      ? [
          {
            title: "Watch the logs",
            text: `${sayCount(options.graceDays, "day")}, while logs are watched for uses of the old key`,
          },
        ]
      : []),
    ...(removes
      ? [
          {
            title: sayPhase("remove", kind),
            text: adds ? "the old lines go, once every host is proved" : sayPace(plan),
          },
        ]
      : []),
    {
      title: sayPhase("commit", kind),
      text: "what was kept aside is dropped; from then on nothing is taken back",
    },
  ];
}
