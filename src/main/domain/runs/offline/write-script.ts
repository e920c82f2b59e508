import { hash } from "node:crypto";
import { formatPublicKey, RSA_BITS } from "#codec/ssh-key.ts";
import { toField } from "#codec/ssh-wire.ts";
import { goneLines } from "#domain/runs/files/lines.ts";
import { type Edit, editsBetween, fillStages, type Stages } from "#domain/runs/files/stages.ts";
import { canDoWithout, keepsOldKeys } from "#domain/runs/left-out-files.ts";
import type { Stage } from "#domain/runs/step.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import {
  type AccessHost,
  type AccessPlan,
  type FilePlan,
  type HostAddress,
  type NewKey,
  newKeyOf,
  oldKeyOf,
  type PlanHash,
  type PrivateKeyPlan,
} from "#shared/model/runs/plan.ts";
import type { RunFile } from "#shared/model/runs/run.ts";
import { isInParts, type ScriptPart } from "./script-parts.ts";

/** The parts of the script that are the same for every plan. */
export type ScriptParts = {
  session: string;
  offline: string;
  /** Also needed if the host has the private key. */
  keyLocation: string;
  offlineKey: string;
  /** What a person is told for each word with which the session refuses. */
  sentences: Readonly<Record<string, string>>;
};

type ScriptPlan = {
  plan: AccessPlan;
  hash: PlanHash;
  /** `type base64` of the new key, once it is created. */
  newKey: string | null;
  /** The fingerprint of the key that will sign it; null: none does. */
  signer: string | null;
  /** What the run has left out so far. */
  leftOut: readonly RunFile[];
};

/** What one script is for, and its own nonce, which only its results have. */
type ScriptWork = ScriptPart & { nonce: string };

type ScriptFile = { file: FilePlan; stages: Stages; base: Uint8Array };

/**
 * One host's part of a plan as a POSIX script to be run there: the same acts by the same session library, with the
 * expected hashes, and a result that reports them. Null if the new key must be created first.
 */
export function writeScript(of: ScriptPlan, part: ScriptWork, parts: ScriptParts): string | null {
  const { host, phases } = part;
  const files = phases.some((phase) => phase === "grant" || phase === "revoke")
    ? host.files.map((file) =>
        toFile(file, of.newKey ?? (phases.includes("create-key") ? standIn(of.plan) : null)),
      )
    : [];
  const known = files.filter((file) => file !== null);
  const privateKey = privateKeyOf(of.plan, host);
  if (known.length < files.length || phases.length === 0) return null;
  return [
    "#!/bin/sh",
    ...formatHeader(of, part),
    "session_text() {",
    `cat <<'${END}'`,
    parts.session.trimEnd(),
    ...(privateKey ? [parts.keyLocation.trimEnd()] : []),
    END,
    "}",
    "session_library=$(session_text)",
    'eval "$session_library"',
    parts.offline.trimEnd(),
    ...(privateKey ? [parts.offlineKey.trimEnd()] : []),
    ...formatData(of, part),
    ...formatPrivateKey(of, privateKey),
    `offline_unverified=${quote(formatUnverified(of, part, known))}`,
    "each_file() {",
    ":",
    ...known.flatMap(formatFile),
    "}",
    ...formatPieces(of.plan, known),
    ...formatSentences(parts),
    // On one line: otherwise the shell would read on in the file, to which somebody may have added something meanwhile.
    'run_script "$@"; exit $?',
    "",
  ].join("\n");
}

const END = "LATCHKEY-SESSION-ENDS";

function toFile(file: FilePlan, newKey: string | null): ScriptFile | null {
  const stages = fillStages(file, newKey);
  return stages && { file, stages, base: touchedBytes(stages) };
}

/** If the key is yet to be created on its host, the files have a stand-in, which nobody has. */
function formatUnverified(
  { plan, newKey }: ScriptPlan,
  { nonce }: ScriptWork,
  files: readonly ScriptFile[],
): string {
  if (newKeyOf(plan)?.kind !== "made-on-host") return describeUnverifiedKeys(files, null).join("\n");
  const made = newKey ?? standInKey(nonce);
  return describeUnverifiedKeys(
    files.flatMap(({ file }) => toFile(file, made) ?? []),
    made,
  ).join("\n");
}

/** The same for a plan and a host: when it is run again, the script goes on where it was. */
export const tokenOf = (planHash: PlanHash, { host, port }: HostAddress): string =>
  hash("sha256", `${planHash} ${host} ${port}`, "hex").slice(0, 24);

const formatHeader = (
  { plan, hash: planHash }: ScriptPlan,
  { host, phases, notBefore }: ScriptPart,
): string[] => [
  `# ${printable(plan.title)}: the part for ${printable(host.host)} (${phases.join(", ")}).`,
  `# Plan ${planHash}, made at ${printable(plan.madeAt)}.`,
  "# See who has signed it before you run it; it must name the key that you were given:",
  "#   ssh-keygen -Y check-novalidate -n latchkey-script -s THIS-FILE.sig < THIS-FILE",
  "# Run it there as root, or as the owner of the files: sh THIS-FILE [--check] [--signer SHA256:...|FILE] [--sign KEY]",
  host.hostKey === ""
    ? "# No host key of it is known: make sure for yourself that you are on that host."
    : `# It does nothing on another host than the one with the host key ${printable(host.hostKey)}.`,
  ...(phases.includes("revoke") && notBefore
    ? [`# It removes old lines from ${printable(notBefore)} on, or at once with --now.`]
    : []),
  ...(isOnlyAddition(phases) ? ["# To remove its lines again, if the plan is given up: --rollback"] : []),
];

function formatData(
  { plan, hash: planHash, newKey, signer, leftOut }: ScriptPlan,
  { host, phases, notBefore, nonce }: ScriptWork,
): string[] {
  const accounts = [...new Set([...host.files, ...host.verifications].map(({ account }) => account))];
  return [
    `offline_plan=${planHash}`,
    `offline_host=${quote(`${host.host} ${host.port}`)}`,
    `offline_token=${tokenOf(planHash, host)}`,
    `offline_nonce=${nonce}`,
    `offline_pin=${quote(host.hostKey)}`,
    `offline_signer=${quote(signer ?? "")}`,
    "offline_who=offline-script",
    `offline_phases=${quote(phases.join(" "))}`,
    `offline_notice=${quote(printable(formatBefore(plan, phases)))}`,
    `offline_verified=${isInParts(plan) && phases.includes("revoke") ? "yes" : "no"}`,
    `offline_not_before=${notBefore ? Math.ceil(Date.parse(notBefore) / 1_000) : 0}`,
    `offline_not_before_text=${quote(notBefore ?? "")}`,
    `offline_seconds=${plan.options.rollbackAfterSeconds}`,
    `offline_accounts=${quote(accounts.map(printable).join("\n"))}`,
    `offline_needed=${canDoWithout(plan, host, phases.includes("revoke") ? "revoke" : "grant", leftOut) ? "no" : "yes"}`,
    `offline_key=${quote(printable(newKeyOf(plan) === null ? "" : (newKey ?? "").slice(0, 60)))}`,
  ];
}

/** Only then can `--rollback` remove its lines again: nothing but the next parts depends on them. */
const isOnlyAddition = (phases: ScriptPart["phases"]): boolean => phases.join() === "grant";

/** If there are several parts: which results must be imported before this script is run. */
function formatBefore(plan: AccessPlan, phases: ScriptPart["phases"]): string {
  if (!isInParts(plan)) return "";
  if (phases.includes("revoke"))
    return "this removes the old lines: it was written once the new ones stood on every host of the plan";
  if (phases.includes("grant"))
    return "this adds the new lines; another script removes the old ones, once the results of all hosts are back";
  return "";
}

const accountsOf = ({ account, others = [] }: FilePlan): string[] => [account, ...others];

const formatFile = ({ file, stages }: ScriptFile, index: number): string[] => [
  `path=${quote(file.path)} id=f${index} h_before=${file.before}`,
  file.after
    ? `h_added=${file.after.added} h_removed=${file.after.removed}`
    : `h_added=\${added_f${index}-unknown} h_removed=\${removed_f${index}-unknown}`,
  // Put back if the file has been edited by the time that the host rolls back automatically.
  `lines=${quote(toPrintf(goneLines(stages.removed)))}`,
  `file_uid=${file.uid} accounts=${quote(accountsOf(file).map(printable).join("\n"))}`,
  '"$1"',
];

/** The file before the run, as far as an edit removes bytes from it; what lies between is not compared. */
function touchedBytes({ added, removed }: Stages): Uint8Array {
  const edits = [...added, ...removed];
  const bytes = new Uint8Array(Math.max(0, ...edits.map(({ at, removed: gone }) => at + gone.length)));
  for (const { at, removed: gone } of edits) bytes.set(gone, at);
  return bytes;
}

/** `with_pieces USE ID FROM TO` calls USE with the edits from one stage of a file to another. */
const formatPieces = (plan: AccessPlan, files: readonly ScriptFile[]): string[] => [
  "with_pieces() {",
  'use=$1; case "$2 $3 $4" in',
  ...files.flatMap((file, index) =>
    STAGES.map(([from, to]) => withMadeKey(plan, formatStages(file, `f${index}`, from, to))),
  ),
  '*) "$use" ;;',
  "esac",
  "}",
];

const STAGES: readonly (readonly [Stage, Stage])[] = [
  ["before", "added"],
  ["before", "removed"],
  ["added", "removed"],
  ["added", "before"],
  ["removed", "before"],
  ["removed", "added"],
];

function formatStages({ stages, base }: ScriptFile, id: string, from: Stage, to: Stage): string {
  const edits = editsBetween(base, stages[from], stages[to]);
  return `'${id} ${from} ${to}') "$use" ${edits.map(formatEdit).join(" ")} ;;`;
}

const formatEdit = ({ at, removed, inserted }: Edit): string =>
  `${at} ${removed.length} ${quote(toPrintf(inserted))}`;

const formatSentences = ({ sentences }: ScriptParts): string[] => [
  "format_refusal() {",
  'case "$1" in',
  ...Object.entries(sentences).map(([word, text]) => `${word}) sentence=${quote(text)} ;;`),
  '*) sentence="could not be changed: $1" ;;',
  "esac",
  "}",
];

/** A key that a script creates: on the host that has the old one. */
type Made = { newKey: Extract<NewKey, { kind: "made-on-host" }>; privateKey: PrivateKeyPlan };

/** For the host on which the plan creates the new key. */
export function privateKeyOf(plan: AccessPlan, { host, port, privateKeyLocations }: AccessHost): Made | null {
  const newKey = newKeyOf(plan);
  if (newKey?.kind !== "made-on-host" || newKey.host !== host || newKey.port !== port) return null;
  const privateKey = privateKeyLocations.find((one) => one.path === newKey.path && one.before !== null);
  return privateKey ? { newKey, privateKey } : null;
}

/** The length of `type base64` of a new key, and the bits that ssh-keygen is given; 0: the default. */
const SIZES: Record<string, { length: number; bits: number }> = {
  ed25519: { length: 80, bits: 0 },
  ecdsa: { length: 160, bits: 0 },
  rsa: { length: 552, bits: RSA_BITS },
};

function sizeOf(plan: AccessPlan) {
  const newKey = newKeyOf(plan);
  return newKey?.kind === "made-on-host" ? (SIZES[newKey.keyType] ?? null) : null;
}

/** Stands for a key that the script has yet to create: as long, with bytes that no key and no line has. */
function standIn(plan: AccessPlan): string | null {
  const size = sizeOf(plan);
  return size && Array.from({ length: size.length }, (_, at) => String.fromCharCode(1 + (at % 7))).join("");
}

/**
 * Stands for such a key where lines are read: well-formed, unlike any key that anybody has, the same for the same
 * nonce.
 */
function standInKey(nonce: string): string {
  const fields = [Buffer.from("ssh-ed25519"), hash("sha256", `latchkey-stand-in ${nonce}`, "buffer")];
  return formatPublicKey(Buffer.concat(fields.map(toField)));
}

/** Puts the created key into words of a script, in place of its stand-in. */
function withMadeKey(plan: AccessPlan, words: string): string {
  const key = standIn(plan);
  return key === null ? words : words.replaceAll(toPrintf(Buffer.from(key)), `'"$key_line"'`);
}

function formatPrivateKey(
  { plan, newKey, leftOut }: { plan: AccessPlan; newKey: string | null; leftOut: readonly RunFile[] },
  made: Made | null,
): string[] {
  const size = sizeOf(plan);
  if (!made || !size) return [`private_key_path= key_line=${quote(newKey ?? "")}`];
  const { path, before, mode, hasPublicFile } = made.privateKey;
  const tail = Buffer.from(`${made.newKey.comment && ` ${made.newKey.comment}`}\n`);
  return [
    `private_key_path=${quote(path)} private_key_hash=${before} private_key_mode=${quote(mode)}`,
    `old_key=${quote(oldKeyOf(plan) ?? "")}`,
    `public_key_tail=${quote(hasPublicFile ? toPrintf(tail) : "")} keeps_old_key=${keepsOldKeys(plan, leftOut) ? "yes" : "no"}`,
    `key_type=${quote(made.newKey.keyType)} key_bits=${size.bits} key_length=${size.length}`,
    `key_comment=${quote(made.newKey.comment)} key_line=${quote(newKey ?? "")}`,
  ];
}

type AddedTo = { file: { path: string }; stages: Stages };

/**
 * The keys that these files get and for which no private key has signed, a sentence each, for the person who runs the
 * script to compare: type, fingerprint, file and options. `verified`: `type base64` of the key that is created on a
 * host, or of its stand-in in these files, for its private key signs there before its line is written; null: none is.
 */
export function describeUnverifiedKeys(files: readonly AddedTo[], verified: string | null): string[] {
  const made = verified === null ? undefined : readAuthorizedKeys(Buffer.from(verified))[0]?.key;
  return files.flatMap(({ file, stages }) => {
    const lines = stages.added.flatMap(({ inserted }) => readAuthorizedKeys(inserted));
    const unverified = lines.filter(({ key }) => !key || key.fingerprint !== made?.fingerprint);
    return unverified.map(({ key, options, text }) => {
      const what = key ? `${key.keyType} ${key.fingerprint}` : `a line that has no key (${text})`;
      return printable(`${what} into ${file.path}${options && `, with ${options}`}`);
    });
  });
}

/** Bytes as an argument of `printf %b`. */
const toPrintf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => {
    const isPlain = byte > 0x20 && byte < 0x7f && byte !== 0x5c && byte !== 0x27;
    return isPlain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, "0")}`;
  }).join("");

/** One word for a shell. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** No text of a stranger gets into a comment or on a terminal, except visible ASCII. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, "?");
