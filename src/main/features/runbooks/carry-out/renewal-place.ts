import type { Step } from "#domain/rotation/run/step.ts";
import type { Failed, Refused } from "#net/ssh/hand/exchange.ts";
import type { Lost } from "#net/ssh/hand/hand.ts";
import { sayRootAnswer } from "#net/ssh/hand/say-refusal.ts";
import type { CertificateChange, Consumer } from "#shared/model/pair.ts";
import type { CertificateKey } from "#store/runbooks/run-certificate-table.ts";
import type { RenewalTools } from "./renewal-type.ts";
import { hostOf, type RunContext, SessionLost } from "./run-context.ts";

export const toolsOf = ({ renewal }: RunContext): RenewalTools => {
  if (!renewal) throw new Error("a renewal has no tools");
  return renewal;
};

export const changesOf = (run: RunContext, step: Pick<Step, "host">): readonly CertificateChange[] =>
  hostOf(run, step).certificates ?? [];

export function keyOf(run: RunContext, step: Pick<Step, "host">, { id }: CertificateChange): CertificateKey {
  const { host, port } = hostOf(run, step);
  return { host, port, change: id };
}

/** As the run knows it, of a host's certificate. */
export const orderOf = (run: RunContext, step: Pick<Step, "host">, change: CertificateChange) =>
  toolsOf(run).orders.get(keyOf(run, step, change));

/** The servers that read any of these, each once; HAProxy for each, for it may be given the files of one at a time. */
export function consumersOf(changes: readonly Pick<CertificateChange, "id" | "consumers">[]): Consumer[] {
  const all = changes.flatMap(({ id, consumers }) =>
    consumers.map((one) => {
      const of = one.server === "haproxy" ? id : "";
      return [`${one.server} ${one.config} ${of}`, one] as const;
    }),
  );
  return [...new Map(all).values()];
}

/** What a host will not do, as a sentence. Rejects with `SessionLost` where nothing is known of what it did. */
export function sayTail(
  tail: Refused | Failed | Lost | { kind: "changed"; path: string },
  path: string,
): string {
  if (tail.kind === "lost") throw new SessionLost(tail.message);
  if (tail.kind === "changed") return `${tail.path} was changed by somebody else since the plan was made`;
  if (tail.why === "in-the-way" || tail.why === "no-space") return sayRootAnswer(tail, path);
  return sayRootAnswer(tail, tail.detail.startsWith("/") ? tail.detail : path);
}
