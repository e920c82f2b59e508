import { hashBytes } from "#domain/rotation/run/judge-file.ts";
import type { HostPlan, Plan, PlanHash } from "#shared/model/plan.ts";
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
  /** `added`: the removal was taken back, and what was added stands. */
  outcome: "committed" | "added" | "rolled-back" | "needs-attention" | "failed";
  why: string;
  /** What each file was at the end, by its place in the plan; null where it could not be read. */
  files: (string | null)[];
};

/** A sentence where it is none, was changed on its way or is cut. */
export function readResult(bytes: Uint8Array): CarriedResult | string {
  const text = Buffer.from(bytes).toString("latin1");
  const end = /^end ([0-9a-f]{64})\n?$/m.exec(text);
  if (!text.startsWith("latchkey-result-1\n") || !end)
    return "this is no result of a carried script, or it is cut";
  if (hashBytes(Buffer.from(text.slice(0, end.index), "latin1")) !== end[1])
    return "the result was changed: its digest does not fit";
  const said = new Map(
    text
      .slice(0, end.index)
      .split("\n")
      .map((line) => [line.split(" ")[0] ?? "", line.slice(line.indexOf(" ") + 1)]),
  );
  const host = /^(\S+) (\d{1,5})$/.exec(said.get("host") ?? "");
  const outcome = OUTCOMES.find((one) => one === said.get("outcome"));
  if (!host || !outcome) return "the result lacks its host or its outcome";
  const files = [...text.matchAll(/^file f(\d{1,4}) ([0-9a-f]{64}|none)$/gm)];
  return {
    plan: said.get("plan") ?? "",
    host: host[1] ?? "",
    port: Number(host[2]),
    token: said.get("token") ?? "",
    began: Number(said.get("began") ?? Number.NaN),
    ended: Number(said.get("ended") ?? Number.NaN),
    outcome,
    why: decode(said.get("why") ?? ""),
    files: files.map(([, , hash]) => (hash === undefined || hash === "none" ? null : hash)),
  };
}

const OUTCOMES = ["committed", "added", "rolled-back", "needs-attention", "failed"] as const;

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
  return result.files.length === host.files.length ? host : "the result does not tell of every file";
}
