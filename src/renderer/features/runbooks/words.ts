import { assertNever } from "#shared/model/assert-never.ts";
import type { DeadMan, FilePlan, Plan, PlanKind, Proof } from "#shared/model/plan.ts";
import type { Phase } from "#shared/model/run.ts";
import { sayCount } from "#shared/text/count.ts";
import { sayPlace } from "#shared/text/target.ts";

export const KINDS: Record<PlanKind, string> = {
  "rotate-key": "Rotate a key",
  "rotate-host-key": "Rotate a host key",
  "add-grants": "Add grants",
  "remove-grants": "Remove grants",
  "tighten-grants": "Tighten grants",
  "move-to-authority": "Move to an authority",
};

const PHASES: Record<Phase, string> = {
  "make-key": "Make the new key",
  add: "Add",
  "hand-over": "Hand over",
  remove: "Remove",
  commit: "Commit",
};

/** What a phase does; lines that are tightened are written over. */
export const sayPhase = (phase: Phase, kind: PlanKind): string =>
  kind === "tighten-grants" && (phase === "add" || phase === "remove") ? "Change" : PHASES[phase];

export const DEAD_MEN: Record<DeadMan, string> = {
  "systemd-run": "systemd-run",
  at: "at",
  sleep: "a process that sleeps",
};

/** A host by its name, and its port where it is not the usual one. */
export const sayHost = ({ host, port }: { host: string; port: number | null }): string =>
  port === null || port === 22 ? host : sayPlace({ host, port });

type Counts = Pick<FilePlan, "adds" | "changes" | "removes">;

export const countLines = (files: readonly Counts[]): Counts => ({
  adds: files.reduce((sum, { adds }) => sum + adds, 0),
  changes: files.reduce((sum, { changes }) => sum + changes, 0),
  removes: files.reduce((sum, { removes }) => sum + removes, 0),
});

/** `Plan: 3 to add, 1 to change, 2 to remove on 4 hosts`. */
export function sayPlan({ hosts }: Pick<Plan, "hosts">): string {
  const { adds, changes, removes } = countLines(hosts.flatMap(({ files }) => files));
  return `Plan: ${adds} to add, ${changes} to change, ${removes} to remove on ${sayCount(hosts.length, "host")}`;
}

/** How it is proved, on one host, that an account is not locked out. */
export function sayProof(proof: Proof): string {
  switch (proof.kind) {
    case "from-here":
      return `proved by a login from here${proof.runs === "command" ? "" : ", which runs nothing"}`;
    case "from-holder":
      return `proved by a login from ${sayHost(proof)}, which holds the private half`;
    case "by-log":
      return "proved once the host's log tells of a login by the new key";
    case "none":
      return `not proved: ${proof.why}`;
    default:
      return assertNever(proof);
  }
}

/** What a run of the plan does, in this order; each phase begins when the one before is proved everywhere. */
export function sayOrder(plan: Plan): { title: string; text: string }[] {
  const { kind, newKey, hosts, here, options } = plan;
  const files = hosts.flatMap(({ files }) => files);
  const holders = [...here, ...hosts.flatMap(({ holders }) => holders)];
  const adds = files.some(({ added }) => added !== null);
  const removes = files.some(({ removed }) => removed !== null);
  return [
    ...(newKey === null ? [] : [{ title: sayPhase("make-key", kind), text: sayNewKey(newKey) }]),
    ...(adds
      ? [{ title: sayPhase("add", kind), text: `${sayHosts(plan)}; each is proved before it counts` }]
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
            text: adds ? "the old lines go, once every host is proved" : sayHosts(plan),
          },
        ]
      : []),
    {
      title: sayPhase("commit", kind),
      text: "what was kept aside is dropped; from then on nothing is taken back",
    },
  ];
}

function sayHosts({ hosts, options }: Plan): string {
  const [first] = hosts;
  if (hosts.length === 1 || !first) return `on ${first ? sayHost(first) : "no host"}`;
  const pace = `${sayCount(options.batchSize, "host")} at a time`;
  return options.canary ? `${sayHost(first)} alone first, then ${pace}` : pace;
}

function sayNewKey(newKey: NonNullable<Plan["newKey"]>): string {
  switch (newKey.kind) {
    case "made-here":
      return `${newKey.keyType}, on this computer, for ${newKey.path}`;
    case "made-on-holder":
      return `${newKey.keyType}, on ${sayHost(newKey)}, for ${newKey.path}`;
    case "given":
      return "given already; nothing is made";
    default:
      return assertNever(newKey);
  }
}
