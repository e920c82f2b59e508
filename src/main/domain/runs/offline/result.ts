import { framePem } from "#codec/pem.ts";
import { hashBytes } from "#domain/runs/files/stages.ts";
import { canDoWithout } from "#domain/runs/left-out-files.ts";
import { checkSignature } from "#domain/signatures/ssh-signature.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { NEW_KEY_NAMESPACE } from "#shared/model/runs/offline-script.ts";
import {
  type AccessHost,
  type AccessPlan,
  type FilePlan,
  newKeyOf,
  type PlanHash,
} from "#shared/model/runs/plan.ts";
import { Phase, type RunFile, ScriptOutcome, type StepState } from "#shared/model/runs/run.ts";
import { tokenOf } from "./write-script.ts";

/**
 * A file that a script has left out because its owner has blocked it: by its index in the plan. `phase`: from which on.
 * `reason`: the session's word; it and the file's hash are what a program that runs as that owner has said.
 */
type LeftOutFile = { index: number; phase: "grant" | "revoke"; reason: string };

/** What an offline script has written about its run. */
export type ScriptResult = {
  plan: PlanHash;
  /** The host of the plan that it was for. */
  host: string;
  port: number;
  token: string;
  /** Of the script that has written it. */
  nonce: string;
  /** By the host's clock, seconds since the epoch. */
  began: number;
  ended: number;
  outcome: ScriptOutcome;
  /** The phases that the script was for. */
  phases: Phase[];
  /** The phase in which it ended; null: it had not begun. */
  at: Phase | null;
  why: string;
  /** Folders with what it has kept for a roll-back, separated by a space. */
  kept: string;
  /** The old private key stays beside the new one, for the old key still logs in somewhere. */
  keepsOldKey: boolean;
  /** The key that it has created, `type base64`. */
  newKey: string | null;
  /** The new key's signature of the nonce, armored; null: there is none. */
  keySignature: string | null;
  /** The hash of each file at the end, by its index in the plan; null if it could not be read. */
  files: (string | null)[];
  leftOut: LeftOutFile[];
  /**
   * Files in whose folders something of the script stays, by their index in the plan, and why, in the session's word.
   */
  unended: { index: number; reason: string }[];
  /** Identifies the result. */
  digest: string;
  /** What is signed: everything up to the digest. */
  signed: Uint8Array;
  /** By a key of the host on which it was written, armored; null: the host could not sign it. */
  hostSignature: string | null;
};

/** How every result begins, of whatever version of the scripts. */
const RESULT_START = "latchkey-result-";

const ENDS = /^end ([0-9a-f]{64})\n(?:signed ([A-Za-z0-9+/=]{1,20000})\n)?$/m;

/** A sentence if it is no result, was changed since, or is cut. */
export function readResult(bytes: Uint8Array): ScriptResult | string {
  const text = Buffer.from(bytes).toString("latin1");
  if (text.startsWith(RESULT_START) && !text.startsWith(`${RESULT_START}2\n`))
    return "the result is of a script that another version of Latchkey wrote: write it anew, and run that";
  const end = ENDS.exec(text);
  const [whole = "", digest, signature] = end ?? [];
  if (
    !text.startsWith(RESULT_START) ||
    !end ||
    digest === undefined ||
    end.index + whole.length < text.length
  )
    return "this is not the result of an offline script, or it is truncated";
  const body = text.slice(0, end.index);
  if (hashBytes(Buffer.from(body, "latin1")) !== digest)
    return "the result was changed: its digest does not fit";
  const lines = body.split("\n");
  if (lines.some((line) => NAMES_FILE.test(line) && !NAMES_FILE_WELL.test(line)))
    return "the result names files of accounts in words that no script writes";
  const said = new Map(
    lines.map((line) => [line.split(" ")[0] ?? "", line.slice(line.indexOf(" ") + 1)] as const),
  );
  const of = (name: string): string => said.get(name) ?? "";
  const host = /^(\S+) (\d{1,5})$/.exec(of("host"));
  const outcome = ScriptOutcome.safeParse(of("outcome"));
  if (!host || !outcome.success) return "the result has no host or no outcome";
  const [began, ended] = [readSeconds(of("began")), readSeconds(of("ended"))];
  if (began === null || ended === null) return "the result does not say when it began and ended";
  return {
    plan: of("plan"),
    host: host[1] ?? "",
    port: Number(host[2]),
    token: of("token"),
    nonce: of("nonce"),
    began,
    ended,
    outcome: outcome.data,
    phases: readPhases(of("phases")),
    at: readPhases(of("at"))[0] ?? null,
    why: decode(of("why")),
    kept: decode(of("kept")),
    keepsOldKey: of("old-key") === "kept",
    newKey: /^[a-z0-9-]{1,40} [A-Za-z0-9+/=]{1,8000}$/.exec(of("key"))?.[0] ?? null,
    keySignature: armorOf(of("key-signature")),
    files: readFiles(body),
    leftOut: [...body.matchAll(LEFT_OUT)].map(([, index, phase, reason = ""]) => ({
      index: Number(index),
      phase: phase === "revoke" ? "revoke" : "grant",
      reason,
    })),
    unended: [...body.matchAll(UNENDED)].map(([, index, reason = ""]) => ({ index: Number(index), reason })),
    digest,
    signed: Buffer.from(`${body}end ${digest}\n`, "latin1"),
    hostSignature: armorOf(signature ?? ""),
  };
}

/** If such a line were skipped, the rest would be a contradiction, or something else than what was signed. */
const NAMES_FILE = /^(?:left-out|unended)\b/;
const NAMES_FILE_WELL = /^(?:left-out f\d{1,4} (?:grant|revoke)|unended f\d{1,4}) [a-z-]{1,40}$/;
const LEFT_OUT = /^left-out f(\d{1,4}) (grant|revoke) ([a-z-]{1,40})$/gm;
const UNENDED = /^unended f(\d{1,4}) ([a-z-]{1,40})$/gm;

/** In the order of their numbers, which have no gaps; ignores what comes after a gap. */
function readFiles(body: string): (string | null)[] {
  const found = [...body.matchAll(/^file f(\d{1,4}) ([0-9a-f]{64}|none)$/gm)];
  const ordered = found.every(([, index], nth) => Number(index) === nth) ? found : [];
  return ordered.map(([, , hash]) => (hash === undefined || hash === "none" ? null : hash));
}

/** Seconds since the epoch that a date can have. */
const readSeconds = (text: string): number | null => (/^\d{1,11}$/.test(text) ? Number(text) : null);

/** A signature is one word in a result. */
const armorOf = (word: string): string | null =>
  /^[A-Za-z0-9+/=]+$/.test(word) ? framePem("SSH SIGNATURE", word) : null;

const readPhases = (text: string): Phase[] =>
  Phase.options.filter((phase) => text.split(" ").includes(phase));

/** Decodes a word, as the session encodes it. */
const decode = (word: string): string =>
  word === "%"
    ? ""
    : Buffer.from(
        word.replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        "latin1",
      ).toString("utf8");

/** The host of the plan that a result is about; a sentence if it is about another plan, or another host. */
export function locateResult(
  result: ScriptResult,
  { plan, hash }: { plan: AccessPlan; hash: PlanHash },
): AccessHost | string {
  if (result.plan !== hash) return "the result is of another plan";
  const host = plan.hosts.find((one) => one.host === result.host && one.port === result.port);
  if (!host) return `the plan has no host ${result.host}:${result.port}`;
  if (result.token !== tokenOf(hash, host)) return "the result's token is not that of the plan";
  if (result.phases.length === 0) return "the result does not say which phases it covers";
  const isOfFiles = result.phases.includes("grant") || result.phases.includes("revoke");
  return result.files.length === (isOfFiles ? host.files.length : 0)
    ? host
    : "the result does not list every file";
}

/** Compares a result with the plan: what a script of it can have left if it has done what it says. */

export type ImportedState = Extract<StepState, "verified" | "rolled-back" | "failed" | "needs-attention">;

/** What a result says of one phase that its script was for; null: nothing. What its files deny is not verified. */
export function stateOf(result: ScriptResult, host: AccessHost, phase: Phase): ImportedState | null {
  const { outcome, at, phases } = result;
  const order = Phase.options;
  const distance = order.indexOf(phase) - order.indexOf(at ?? phases[0] ?? phase);
  const verified = stands(result, host, phase) ? ("verified" as const) : ("failed" as const);
  switch (outcome) {
    case "committed":
    case "done":
      return verified;
    case "rolled-back":
      return "rolled-back";
    case "failed":
      return "failed";
    case "added":
      return distance < 0 || phase === "grant" ? verified : "failed";
    case "needs-attention":
      if (distance < 0) return verified;
      return distance === 0 ? "needs-attention" : null;
  }
}

/** `files`: what the run knows of files so far. */
type ResultContext = { plan: AccessPlan; host: AccessHost; files: readonly RunFile[] };

/** Why a result contradicts the plan or itself, as a sentence; null: it may be true. */
export function findContradiction(result: ScriptResult, context: ResultContext): string | null {
  const { outcome, phases, files } = result;
  const { plan, host } = context;
  const untrue = findUntrueLeftOut(result, context);
  if (untrue !== null) return untrue;
  if (outcome === "committed" || outcome === "done") {
    const denied = phases.find((phase) => !stands(result, host, phase));
    if (denied)
      return `the result says ${outcome}, and its files are not what the plan leaves after "${denied}"`;
    if ((outcome === "committed") !== phases.includes("finish"))
      return `the result says ${outcome} of a script for ${phases.join(", ")}`;
    if (phases.includes("create-key") && newKeyOf(plan)?.kind === "made-on-host" && result.newKey === null)
      return "the result says that the new key was made, and not which it is";
  }
  const isAsBefore = files.every(
    (hash, index) => isLeftOut(result, index) || hash === host.files[index]?.before,
  );
  if (outcome === "rolled-back" && !isAsBefore)
    return "the result says that everything was rolled back, but its files are not what they were before";
  return null;
}

/** Files that no script of the plan can have left out. */
function findUntrueLeftOut(result: ScriptResult, { plan, host, files }: ResultContext): string | null {
  const { outcome, leftOut, unended, phases } = result;
  const [about] = result.files.length === 0 ? [...leftOut, ...unended] : [];
  const unknown = [...leftOut, ...unended].find(({ index }) => host.files[index] === undefined);
  if (about || unknown) return "the result leaves out a file that its script was not about";
  const ofRoot = leftOut.find(({ index }) => host.files[index]?.uid === 0);
  if (ofRoot)
    return `the result leaves out ${host.files[ofRoot.index]?.path ?? ""}, which is root's own: no account can be the reason of that`;
  const isAll = leftOut.length > 0 && host.files.every((_, index) => isLeftOut(result, index));
  const phase = phases.includes("revoke") ? "revoke" : "grant";
  return isAll && (outcome === "committed" || outcome === "done") && !canDoWithout(plan, host, phase, files)
    ? `the result says ${outcome}, and leaves out all that its script was for`
    : null;
}

const isLeftOut = ({ leftOut }: ScriptResult, index: number): boolean =>
  leftOut.some((one) => one.index === index);

/** Whether each file, except those left out, is what this phase, or one after it, leaves. */
function stands(result: ScriptResult, host: AccessHost, phase: Phase): boolean {
  const { files } = result;
  if (files.length === 0) return true;
  return host.files.every(
    (file, index) => isLeftOut(result, index) || (files[index] != null && isAfter(file, files[index], phase)),
  );
}

/**
 * If the new key was not known when the plan was made, the hash afterwards is unknown here, but must not be the one
 * before.
 */
function isAfter({ before, after, added, removed }: FilePlan, hash: string, phase: Phase): boolean {
  switch (phase) {
    case "grant":
    case "install-key":
      return after ? hash === after.added || hash === after.removed : added === null || hash !== before;
    case "revoke":
    case "finish":
      return after ? hash === after.removed : (added === null && removed === null) || hash !== before;
    default:
      return true;
  }
}

type MadeKey = { line: string; fingerprint: string };

/** The key that a result says was created there; a sentence if it is none. `isHeld` tells whether somebody has it. */
export function readMadeKey(plan: AccessPlan, { newKey: line }: ScriptResult): MadeKey | null | string {
  const newKey = newKeyOf(plan);
  if (line === null || newKey?.kind !== "made-on-host") return null;
  const [type = "", base64 = ""] = line.split(" ");
  const key = readKeyBlob(Buffer.from(base64, "base64"));
  if (key?.keyType !== type || !type.includes(newKey.keyType))
    return "the new key in the result cannot be read, or is of another type than the plan's";
  return { line, fingerprint: key.fingerprint };
}

/** Whether the result's new key has signed the nonce of its script: its private key was where the script ran. */
export function isHeld({ fingerprint }: MadeKey, { nonce, keySignature }: ScriptResult): boolean {
  const checked =
    keySignature === null ? null : checkSignature(keySignature, Buffer.from(`${nonce}\n`), NEW_KEY_NAMESPACE);
  return checked?.kind === "good" && checked.key.fingerprint === fingerprint;
}
