import type { Check, FilePlan, HolderPlan, HostPlan, Hunk, Plan } from "#shared/model/plan.ts";
import { consentOf } from "#shared/text/consent.ts";
import { fitEnd } from "#shared/text/fit.ts";
import { sayCounts, sayDeadMan, sayHost, sayNewKey, sayProof } from "#shared/text/plan.ts";
import { printable } from "#shared/text/printable.ts";
import { paint, type Style } from "./print-table.ts";
import type { World } from "./world.ts";

type Line = { text: string; style?: Style };

/** The whole plan: what is written where, how it is proved, what was looked at, and what is left as it is. */
export function printPlan(plan: Plan, world: World): void {
  const lines: Line[] = [
    { text: plan.title, style: "bold" },
    ...(plan.newKey ? [{ text: `  new key: ${sayNewKey(plan.newKey)}` }] : []),
    ...plan.here.map((holder) => ({ text: `  ${sayHolder(holder)}` })),
    ...plan.hosts.flatMap((host) => sayHostPlan(host, plan)),
    ...sayChecks(plan.checks),
    ...(plan.leftOut.length > 0 ? [{ text: "" }, { text: "Left as it is", style: "bold" as const }] : []),
    ...plan.leftOut.map((text) => ({ text: `  ${text}` })),
    { text: "" },
    { text: `Plan: ${sayCounts(plan)}`, style: "bold" },
  ];
  for (const { text, style } of lines) {
    const shown = world.columns === null ? printable(text) : fitEnd(printable(text), world.columns);
    world.out(world.isColoured && style ? paint(style, shown) : shown);
  }
}

function sayHostPlan(host: HostPlan, { options }: Plan): Line[] {
  const order = options.canary && host.batch === 0 ? "first, alone" : `batch ${host.batch}`;
  return [
    { text: "" },
    { text: `${sayHost(host)} (${order})`, style: "bold" },
    ...host.files.flatMap((file) => sayFile(file, host)),
    ...host.holders.map((holder) => ({ text: `  ${sayHolder(holder)}` })),
    ...(host.files.length > 0 ? [{ text: `  ${sayDeadMan(host.deadMan)}` }] : []),
  ];
}

function sayFile({ account, path, hunks, ...counts }: FilePlan, { proofs }: HostPlan): Line[] {
  const proof = proofs.find((one) => one.account === account);
  return [
    { text: `  ${signOf(counts)} ${account}: ${path}` },
    ...hunks.flatMap(sayHunk),
    ...(proof ? [{ text: `    ${sayProof(proof.proof)}` }] : []),
  ];
}

const signOf = ({ adds, changes, removes }: Pick<FilePlan, "adds" | "changes" | "removes">): string =>
  changes > 0 || (adds > 0 && removes > 0) ? "~" : adds > 0 ? "+" : "-";

const STYLES: Record<Hunk["rows"][number]["sign"], Style> = { "+": "green", "-": "red", " ": "dim" };

const sayHunk = ({ line, rows }: Hunk): Line[] => [
  { text: `    @@ line ${line} @@`, style: "dim" },
  ...rows.map(({ sign, text }) => ({ text: `    ${sign} ${text}`, style: STYLES[sign] })),
];

const sayHolder = ({ kind, path, owner }: HolderPlan): string =>
  kind === "agent"
    ? `~ the agent at ${path} gets the new key`
    : `~ the private key ${path}${owner === "" ? "" : ` of ${owner}`} is replaced, the old one kept beside it until the end`;

const CHECK_STYLES: Record<Check["state"], Style> = {
  ok: "green",
  warning: "yellow",
  consent: "yellow",
  refused: "red",
};

function sayChecks(checks: readonly Check[]): Line[] {
  if (checks.length === 0) return [];
  return [
    { text: "" },
    { text: "Checks", style: "bold" },
    ...checks.map((check) => ({
      text: `  ${check.state.padEnd(7)}  ${consentOf(check)}: ${check.text}`,
      style: CHECK_STYLES[check.state],
    })),
  ];
}
