import { hash } from "node:crypto";
import { type Edit, editsBetween } from "#domain/rotation/bytes/edit.ts";
import { fillStages, type Stages } from "#domain/rotation/bytes/stages.ts";
import type { FilePlan, HostPlan, Plan, PlanHash } from "#shared/model/plan.ts";

/** What of the script is the same for every plan. */
export type ScriptParts = { hand: string; carry: string };

type ScriptStep = { file: FilePlan; after: NonNullable<FilePlan["after"]>; stages: Stages };

/**
 * One host's part of a plan as a POSIX script that is carried there: the same acts by the same hand, with the hashes that are
 * expected, and a result that tells of them. Null where the new key would have to be made first.
 */
export function writeScript(
  { plan, hash: planHash }: { plan: Plan; hash: PlanHash },
  host: HostPlan,
  parts: ScriptParts,
): string | null {
  const steps = host.files.map((file) => toStep(plan, file));
  const known = steps.filter((step) => step !== null);
  if (known.length < steps.length || known.length === 0) return null;
  return [
    "#!/bin/sh",
    `# ${printable(plan.title)}: the part for ${printable(host.host)}.`,
    `# Plan ${planHash}. Run it there as root, or as the owner of the files: sh THIS-FILE [--check]`,
    "hand_text() {",
    `cat <<'${END}'`,
    parts.hand.trimEnd(),
    END,
    "}",
    "hand_library=$(hand_text)",
    'eval "$hand_library"',
    parts.carry.trimEnd(),
    ...sayData(plan, host, planHash),
    "each_file() {",
    ...known.flatMap((step, index) => sayFile(step, index)),
    "}",
    ...saySplices(
      "add_file",
      known.map(({ stages }) => stages.added),
    ),
    ...saySplices(
      "remove_file",
      known.map(({ stages }) => editsBetween(touchedBytes(stages), stages.added, stages.removed)),
    ),
    'carry "$@"',
    "",
  ].join("\n");
}

const END = "LATCHKEY-HAND-ENDS";

function toStep(plan: Plan, file: FilePlan): ScriptStep | null {
  const stages = fillStages(file, plan.newKey?.kind === "given" ? plan.newKey.line : null);
  return stages && file.after ? { file, after: file.after, stages } : null;
}

/** The same for a plan and a host: run again, the script goes on where it was. */
export const tokenOf = (planHash: PlanHash, { host, port }: Pick<HostPlan, "host" | "port">): string =>
  hash("sha256", `${planHash} ${host} ${port}`, "hex").slice(0, 24);

function sayData(plan: Plan, host: HostPlan, planHash: PlanHash): string[] {
  const accounts = [...new Set([...host.files, ...host.proofs].map(({ account }) => account))].join(" and ");
  const key = plan.newKey?.kind === "given" ? plan.newKey.line.slice(0, 60) : "";
  return [
    `carry_plan=${planHash}`,
    `carry_host=${quote(`${host.host} ${host.port}`)}`,
    `carry_token=${tokenOf(planHash, host)}`,
    "carry_who=carried-script",
    `carry_seconds=${plan.options.deadManSeconds}`,
    `carry_accounts=${quote(printable(accounts))}`,
    `carry_key=${quote(printable(key))}`,
  ];
}

const sayFile = ({ file, after, stages }: ScriptStep, index: number): string[] => [
  `path=${quote(file.path)} id=f${index}`,
  `h_before=${file.before} h_added=${after.added} h_removed=${after.removed}`,
  `lines=${quote(toPrintf(goneLines(stages)))}`,
  '"$1"',
];

/** What the removal takes away: put back should the file be another one by the time that the host goes back by itself. */
const goneLines = ({ removed }: Stages): Uint8Array =>
  Buffer.concat(
    removed.flatMap(({ removed: gone }) =>
      gone.length === 0 ? [] : [gone, ...(gone.at(-1) === 0x0a ? [] : [Buffer.from("\n")])],
    ),
  );

/** The file before the run, as far as any edit takes bytes out of it; what lies between is not looked at. */
function touchedBytes({ added, removed }: Stages): Uint8Array {
  const edits = [...added, ...removed];
  const bytes = new Uint8Array(Math.max(0, ...edits.map(({ at, removed: gone }) => at + gone.length)));
  for (const { at, removed: gone } of edits) bytes.set(gone, at);
  return bytes;
}

function saySplices(name: string, files: readonly (readonly Edit[])[]): string[] {
  return [
    `${name}() {`,
    'case "$1" in',
    ...files.map((edits, index) => {
      const pieces = edits.map(
        ({ at, removed, inserted }) => `${at} ${removed.length} ${quote(toPrintf(inserted))}`,
      );
      return `f${index}) write_pieces ${pieces.join(" ")} ;;`;
    }),
    "esac",
    "}",
  ];
}

/** As `printf %b` takes bytes. */
const toPrintf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x5c && byte !== 0x27;
    return isPlain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
  }).join("");

/** One word to a shell. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Nothing of a stranger's in a comment or on a terminal but letters that can be seen. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, "?");
