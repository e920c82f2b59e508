import type { FindingDraft } from "#shared/model/finding.ts";
import type { Judged } from "./judge-served.ts";

type Served = { endpoint: string; sha256: string; subject: string };

/** What is wrong with what an endpoint serves. Nothing is said where it is not known what it should. */
export function findServedProblems({ state, evidence, pairs }: Judged, served: Served): FindingDraft[] {
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
          remedy:
            "have the server reload its configuration, and have whatever renews the certificate do so each time",
        },
      ];
    default:
      return [
        {
          ...common,
          rule: "endpoint-other-certificate",
          severity: "medium",
          sentence: `${served.endpoint} serves it, though its configuration says ${path}, which holds another one`,
          remedy: REMEDIES[state],
        },
      ];
  }
}

const REMEDIES = {
  "other-process":
    "find out which program is meant to listen there, and correct or drop the configuration of the other",
  "other-listed":
    "compare the names of the virtual hosts with the name that clients ask for, and reload the server",
  unknown:
    "find out where the server has it from: a copy elsewhere, a proxy before it, or a change made by hand",
};
