import type { ServerKind } from "#domain/server-configs/configuration.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { Judged } from "./judge-served.ts";
import { sayTakeUp } from "./own-tests.ts";

type Served = { endpoint: string; sha256: string; subject: string };

/** What is wrong with what an endpoint serves. Nothing is said where it is not known what it should. */
export function findServedProblems(judged: Judged, served: Served): FindingDraft[] {
  const { state, evidence, pairs } = judged;
  const [pair] = pairs;
  const path = pair?.certificate.path ?? "its file";
  const common = {
    about: { kind: "certificate" as const, sha256: served.sha256 },
    label: served.subject,
    evidence: [
      ...evidence,
      ...(pair
        ? [`${pair.certificate.directive} in ${pair.certificate.at.file}:${pair.certificate.at.line}`]
        : []),
    ],
  };
  switch (state) {
    case "agrees":
    case "cannot-tell":
      return [];
    case "not-reloaded":
      return [
        {
          ...common,
          rule: "certificate-not-reloaded",
          severity: "high",
          sentence: `${served.endpoint} still serves it, though ${path} holds another one by now: it was renewed and not reloaded`,
          remedy: sayReload(judged),
        },
      ];
    default:
      return [
        {
          ...common,
          rule: "endpoint-other-certificate",
          severity: "medium",
          sentence: `${served.endpoint} serves it, though its configuration says ${path}, which holds another one`,
          remedy: sayDiffering(state, judged),
        },
      ];
  }
}

/** Nobody has tried here whether the server would reload: that is its own test's word, which comes first. */
const sayReload = ({ configuration: { server }, blocked }: Judged): string =>
  blocked.length > 0
    ? sayBlocked(server, blocked)
    : `${sayTakeUp(server)}. Have whatever renews the certificate do so each time. None of it was tried here`;

const sayBlocked = (server: ServerKind, blocked: readonly string[]): string =>
  `do not reload it yet, for it would fail or lose TLS: ${blocked.join("; ")}. Put that right, and then ${sayTakeUp(server)}`;

type Differing = Exclude<Judged["state"], "agrees" | "cannot-tell" | "not-reloaded">;

function sayDiffering(state: Differing, { configuration: { server }, blocked }: Judged): string {
  switch (state) {
    case "other-process":
      return "find out which program is meant to listen there, and correct or drop the configuration of the other";
    case "other-listed": {
      const compare = "compare the names of the virtual hosts with the name that clients ask for";
      return blocked.length > 0
        ? `${compare}; ${sayBlocked(server, blocked)}`
        : `${compare}; if they are right, ${sayTakeUp(server)}`;
    }
    case "differs":
      return "find out where the server has it from: a copy elsewhere, a proxy before it, or a change made by hand";
    default:
      return assertNever(state);
  }
}
