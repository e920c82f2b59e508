/** What the journal of a run tells beside what its steps came to, as values: said by `text/run-note.ts`. */
import { z } from "zod";
import { UseEvidence } from "./host-use.ts";
import { Instant } from "./instant.ts";
import { ResultSignature } from "./result-signature.ts";
import { OldKeyUse, RunState, ScriptOutcome } from "./run.ts";
import { RunReason } from "./run-reason.ts";
import { Cause, Evidence } from "./step-result.ts";
import { HostName, Port } from "./target.ts";

/** Why nobody can say whether an old key was used. */
export const UseGap = z.discriminatedUnion("kind", [
  /** The lines of the plan do not name the keys that go. */
  z.object({ kind: z.literal("keys-not-known") }),
  /** Its log names keys by MD5. */
  z.object({ kind: z.literal("md5-names"), account: z.string() }),
  z.object({ kind: z.literal("no-log") }),
  z.object({ kind: z.literal("not-read-now") }),
  /** The logs reach back without a gap to then only. */
  z.object({ kind: z.literal("begins-later"), at: Instant }),
]);
export type UseGap = z.infer<typeof UseGap>;

/** Whether the keys that go were used on a host while a run waited, by the host's clock. */
export const OldKeySilence = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("used"),
    account: z.string(),
    at: Instant,
    from: z.string().nullable(),
    evidence: UseEvidence,
  }),
  /** `file`: plain files had to be believed for it, which any user of the host can have lines written to. */
  z.object({ kind: z.literal("quiet"), evidence: UseEvidence }),
  z.object({ kind: z.literal("unknown"), why: UseGap }),
]);
export type OldKeySilence = z.infer<typeof OldKeySilence>;

/** What was seen and decided while the old key is watched. */
const GraceNote = [
  z.object({ kind: z.literal("old-key-used"), use: OldKeyUse }),
  z.object({
    kind: z.literal("host-watched"),
    host: HostName,
    port: Port,
    silence: OldKeySilence,
    since: Instant,
    /** It is taken for silence. */
    isEnough: z.boolean(),
  }),
  z.object({ kind: z.literal("watched-until"), dueAt: Instant }),
  z.object({ kind: z.literal("grace-ended") }),
  /** Nobody has agreed to shut these out. */
  z.object({ kind: z.literal("grace-not-ended"), uses: z.array(OldKeyUse) }),
] as const;

/** What was done to a file that somebody else had changed. `out`, `back`: so many lines taken out of it, and put back into it. */
const FileNote = [
  z.object({ kind: z.literal("wrote"), path: z.string() }),
  z.object({ kind: z.literal("put-in-place"), paths: z.array(z.string()) }),
  z.object({ kind: z.literal("lines-taken-back"), path: z.string(), out: z.int(), back: z.int() }),
  z.object({ kind: z.literal("repaired"), path: z.string(), out: z.int(), back: z.int() }),
  z.object({ kind: z.literal("left-out"), path: z.string(), cause: Cause }),
  /** It could not be written once more, and what stands there was verified. */
  z.object({ kind: z.literal("stands"), cause: Cause }),
  z.object({
    kind: z.literal("repair-approved"),
    files: z.array(z.object({ host: HostName, path: z.string() })),
  }),
] as const;

/** `said`: the words of the server. */
const ServerNote = [
  z.object({ kind: z.literal("reloaded"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("files-taken"), server: z.string() }),
  z.object({ kind: z.literal("files-untried"), server: z.string(), said: z.string() }),
  z.object({ kind: z.literal("served-not-seen"), whys: z.array(z.string()) }),
  z.object({ kind: z.literal("answer-left"), cause: Cause }),
  z.object({ kind: z.literal("post-check-hurried") }),
] as const;

export const RunNote = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("state"), state: RunState, reasons: z.array(RunReason) }),
  z.object({ kind: z.literal("begun-again"), direction: z.enum(["forward", "back"]) }),
  /** It was to be rolled back, and was over by then. */
  z.object({ kind: z.literal("over-already") }),
  z.object({ kind: z.literal("connection-lost"), why: z.string() }),
  /** Something that is not as it should be, and stops nothing. */
  z.object({ kind: z.literal("found"), cause: Cause }),
  z.object({ kind: z.literal("evidence"), evidence: z.array(Evidence), isBeforeRemoval: z.boolean() }),
  z.object({ kind: z.literal("old-keys-gone") }),
  /** Of an offline script. `endedAt`: by its host's clock. */
  z.object({
    kind: z.literal("result"),
    host: HostName,
    port: Port,
    endedAt: Instant,
    digest: z.string(),
  }),
  z.object({
    kind: z.literal("claim"),
    host: HostName,
    port: Port,
    outcome: ScriptOutcome,
    signature: ResultSignature,
  }),
  ...GraceNote,
  ...FileNote,
  ...ServerNote,
]);
export type RunNote = z.infer<typeof RunNote>;
