import { hashBytes } from "#domain/rotation/run/judge-file.ts";
import type { HostPlan, Plan, PlanHash } from "#shared/model/plan.ts";
import { Phase } from "#shared/model/run.ts";
import { tokenOf } from "./write-script.ts";

/** What a carried script has written about its run. */
export type CarriedResult = {
  plan: PlanHash;
  /** The host of the plan that it was for. */
  host: string;
  port: number;
  token: string;
  /** By the host's clock, seconds since the epoch. */
  began: number;
  ended: number;
  /** `done`: its part of several. `added`: the removal was taken back, and what was added stands. */
  outcome: "committed" | "done" | "added" | "rolled-back" | "needs-attention" | "failed";
  /** What the script was for. */
  phases: Phase[];
  /** Where it stood in the end; null: it had not begun. */
  at: Phase | null;
  why: string;
  /** Folders that hold what it has kept to take a change back, with a space between. */
  kept: string;
  /** The key that it has made, `type base64`. */
  newKey: string | null;
  /** What each file was at the end, by its place in the plan; null where it could not be read. */
  files: (string | null)[];
  /** Tells one result from another. */
  digest: string;
};

/** A sentence where it is none, was changed on its way or is cut. */
export function readResult(bytes: Uint8Array): CarriedResult | string {
  const text = Buffer.from(bytes).toString("latin1");
  const end = /^end ([0-9a-f]{64})\n?$/m.exec(text);
  const [, digest] = end ?? [];
  if (!text.startsWith("latchkey-result-1\n") || !end || digest === undefined)
    return "this is no result of a carried script, or it is cut";
  if (hashBytes(Buffer.from(text.slice(0, end.index), "latin1")) !== digest)
    return "the result was changed: its digest does not fit";
  const lines = text.slice(0, end.index).split("\n");
  const said = new Map(
    lines.map((line) => [line.split(" ")[0] ?? "", line.slice(line.indexOf(" ") + 1)] as const),
  );
  const of = (name: string): string => said.get(name) ?? "";
  const host = /^(\S+) (\d{1,5})$/.exec(of("host"));
  const outcome = OUTCOMES.find((one) => one === of("outcome"));
  if (!host || !outcome) return "the result lacks its host or its outcome";
  const files = [...text.matchAll(/^file f(\d{1,4}) ([0-9a-f]{64}|none)$/gm)];
  return {
    ...{ plan: of("plan"), host: host[1] ?? "", port: Number(host[2]), token: of("token") },
    ...{ began: Number(of("began") || Number.NaN), ended: Number(of("ended") || Number.NaN), outcome },
    ...{ phases: readPhases(of("phases")), at: readPhases(of("at"))[0] ?? null },
    ...{ why: decode(of("why")), kept: decode(of("kept")) },
    newKey: /^[a-z0-9-]{1,40} [A-Za-z0-9+/=]{1,8000}$/.exec(of("key"))?.[0] ?? null,
    files: files.map(([, , hash]) => (hash === undefined || hash === "none" ? null : hash)),
    digest,
  };
}

const OUTCOMES = ["committed", "done", "added", "rolled-back", "needs-attention", "failed"] as const;

const readPhases = (text: string): Phase[] =>
  Phase.options.filter((phase) => text.split(" ").includes(phase));

/** As the hand encodes a word. */
const decode = (word: string): string =>
  word === "%"
    ? ""
    : Buffer.from(
        word.replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
        "latin1",
      ).toString("utf8");

/** The host of the plan that a result is about; a sentence where it is about another plan, or another host. */
export function placeResult(
  result: CarriedResult,
  { plan, hash }: { plan: Plan; hash: PlanHash },
): HostPlan | string {
  if (result.plan !== hash) return "the result is of another plan";
  const host = plan.hosts.find((one) => one.host === result.host && one.port === result.port);
  if (!host) return `the plan has no host ${result.host}:${result.port}`;
  if (result.token !== tokenOf(hash, host)) return "the result's token is not that of the plan";
  if (result.phases.length === 0) return "the result does not tell what it is about";
  const isOfFiles = result.phases.includes("add") || result.phases.includes("remove");
  return result.files.length === (isOfFiles ? host.files.length : 0)
    ? host
    : "the result does not tell of every file";
}
