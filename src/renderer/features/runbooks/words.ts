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
import { formatCount } from "#shared/text/count.ts";
import { formatCounts, formatNewKey, formatPhase as formatPhaseWithin } from "#shared/text/plan.ts";
import { formatRenewalOrder } from "./renewal-words.ts";
import { formatPace } from "./say-pace.ts";

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
export const formatPhase = (phase: Phase, kind: PlanKind): string =>
  beginLarge(formatPhaseWithin(phase, kind));

export const DEAD_MEN: Record<DeadMan, string> = {
  "systemd-run": "systemd-run",
  at: "at",
  sleep: "a process that sleeps",
};

/** `Plan: 3 to add, 1 to change, 2 to remove on 4 hosts`. */
export const formatPlan = (plan: Plan): string =>
  plan.kind === "rotate-certificate" && plan.hosts.length === 0
    ? "Plan: no certificate to renew"
    : `Plan: ${formatCounts(plan)}`;

/** What a run of the plan does, in this order; each phase begins when the one before is proved everywhere. */
export function formatOrder(plan: Plan): { title: string; text: string }[] {
  if (plan.kind === "rotate-certificate") return formatRenewalOrder(plan);
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
      : [{ title: formatPhase("make-key", kind), text: formatNewKey(newKey) }]),
    ...(adds
      ? [
          {
            title: formatPhase("add", kind),
            text: `${formatPace(plan)}${isProved ? "; each is proved before it counts" : ""}`,
          },
        ]
      : []),
    ...(holders.length === 0
      ? []
      : [
          {
            title: formatPhase("hand-over", kind),
            text: `${formatCount(holders.length, "private half", "private halves")} replaced; the old is kept aside`,
          },
        ]),
    ...(removes && options.graceDays > 0
      ? [
          {
            title: "Watch the logs",
            text: `${formatCount(options.graceDays, "day")}, while logs are watched for uses of the old key`,
          },
        ]
      : []),
    ...(removes
      ? [
          {
            title: formatPhase("remove", kind),
            text: adds ? "the old lines go, once every host is proved" : formatPace(plan),
          },
        ]
      : []),
    {
      title: formatPhase("commit", kind),
      text: "what was kept aside is dropped; from then on nothing is taken back",
    },
  ];
}
