import type { FindingDraft } from "#shared/model/finding.ts";
import type { Judged } from "./judge-served.ts";

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
          remedy: REMEDIES[state],
        },
      ];
  }
}

/** Nobody has tried here whether the server would reload: that is its own test's word, which comes first. */
function sayReload({ configuration: { server }, blocked }: Judged): string {
  if (blocked.length > 0)
    return `do not reload it yet, for it would fail or lose TLS: ${blocked.join("; ")}. Put that right, let the server test its configuration, and reload it then`;
  const test = TESTS[server];
  const first = test === undefined ? "" : `let the server test its configuration first (${test}); `;
  return `${first}have it reload, and have whatever renews the certificate do so each time`;
}

/** Those that load certificates and keys as well; of the other servers none is known. */
const TESTS: { [server: string]: string } = { nginx: "nginx -t", haproxy: "haproxy -c -f FILE" };

const REMEDIES = {
  "other-process":
    "find out which program is meant to listen there, and correct or drop the configuration of the other",
  "other-listed":
    "compare the names of the virtual hosts with the name that clients ask for, and reload the server",
  differs:
    "find out where the server has it from: a copy elsewhere, a proxy before it, or a change made by hand",
};
