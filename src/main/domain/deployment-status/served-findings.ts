import { assertNever } from "#shared/model/assert-never.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { ServedVerdict } from "./evaluate-served.ts";
import type { ReloadConcern } from "./explain-difference.ts";
import { formatTakeUp } from "./own-tests.ts";

type Served = { endpoint: string; sha256: string; subject: string };

/** What is wrong with what an endpoint serves. No findings if it is not known what it should serve. */
export function findServedProblems(evaluated: ServedVerdict, served: Served): FindingDraft[] {
  const { state, evidence, deployments, concerns } = evaluated;
  const [deployment] = deployments;
  const path = deployment?.certificate.path ?? "its file";
  const common = {
    about: { kind: "certificate" as const, sha256: served.sha256 },
    label: served.subject,
    evidence: [
      ...evidence,
      ...(deployment
        ? [
            `${deployment.certificate.directive} in ${deployment.certificate.at.file}:${deployment.certificate.at.line}`,
          ]
        : []),
    ],
  };
  switch (state) {
    case "agrees":
    case "unknown":
      return [];
    case "not-reloaded":
      return [
        {
          ...common,
          rule: "certificate-not-reloaded",
          severity: "high",
          sentence: `${served.endpoint} still serves this certificate, though ${path} holds a later one${concerns.length > 0 ? `, which ${evaluated.configuration.server} has not taken up` : `: it was renewed, and ${evaluated.configuration.server} has not reloaded it`}`,
          remedy: formatReload(evaluated),
        },
      ];
    default:
      return [
        {
          ...common,
          rule: "endpoint-other-certificate",
          severity: "medium",
          sentence: `${served.endpoint} serves this certificate, ${formatInstead(evaluated, path)}`,
          remedy: formatDiffering(state, evaluated, path),
        },
      ];
  }
}

/** Which certificate was expected, and how the difference came about, as far as it is known. */
function formatInstead({ difference, deployments }: ServedVerdict, path: string): string {
  switch (difference) {
    case "rolled-back":
      return `though ${path}, which held it before, holds an earlier one: it was rolled back`;
    case "renewed":
      return `though ${path}, which held it before, holds a later one`;
    case "replaced":
      return `though ${path}, which held it before, holds another one`;
    case "other-names":
      return `though ${path}, which held it before, holds one for other names`;
    case "copied":
      return `though ${path}, which ${deployments[0]?.copiedBy} copies to where it is served from, holds another one`;
    case "earlier":
      return `though ${path} holds a later one for the same names`;
    case "elsewhere":
    case null:
      return `and not the one in ${path}, which its configuration names`;
    default:
      return assertNever(difference);
  }
}

function formatReload(evaluated: ServedVerdict): string {
  if (evaluated.concerns.length > 0)
    return `${formatTakeUpOf(evaluated)}. If it is not meant, put the right one and its key there. Nothing was tried here`;
  return evaluated.blocked.length > 0
    ? formatTakeUpOf(evaluated)
    : `${formatTakeUpOf(evaluated)}. Have whatever renews the certificate do so each time. None of it was tried here`;
}

/** Nobody has tried here whether the server would reload: only its own test can say so, and comes first. */
function formatTakeUpOf({ configuration, blocked, concerns, deployments }: ServedVerdict): string {
  const path = deployments[0]?.certificate.path ?? "its file";
  const takeUp =
    concerns.length > 0
      ? `before anything reloads ${configuration.server}, check the certificate in ${path} first, for it would be served then: ${concerns.map(formatConcern).join("; ")}`
      : null;
  return blocked.length > 0
    ? `do not reload it yet, for it would fail or lose TLS: ${blocked.join("; ")}. Put that right, and ${takeUp ?? `then ${formatTakeUp(configuration)}`}`
    : (takeUp ?? formatTakeUp(configuration));
}

export function formatConcern(concern: ReloadConcern): string {
  switch (concern.kind) {
    case "not-yet-valid":
      return `it is not valid before ${concern.from}`;
    case "expired":
      return `it expired at ${concern.since}`;
    case "other-issuer":
      return concern.isOwn
        ? `it names itself as its issuer (${concern.issuer}), and the one that is served is by ${concern.served}`
        : `it is by ${concern.issuer}, and the one that is served by ${concern.served}`;
    default:
      return assertNever(concern);
  }
}

type Differing = Exclude<ServedVerdict["state"], "agrees" | "unknown" | "not-reloaded">;

function formatDiffering(state: Differing, evaluated: ServedVerdict, path: string): string {
  switch (state) {
    case "other-process":
      return "find out which program is meant to listen there, and correct or drop the configuration of the other";
    case "other-listed": {
      const compare = "compare the names of the virtual hosts with the name that clients ask for";
      return `${compare}; ${evaluated.blocked.length > 0 ? "" : "if they are right, "}${formatTakeUpOf(evaluated)}`;
    }
    case "differs":
      return formatByDifference(evaluated, path);
    default:
      return assertNever(state);
  }
}

/** A reload would serve what is in the file now: only a person knows whether that is meant. */
function formatByDifference(evaluated: ServedVerdict, path: string): string {
  const { difference, deployments } = evaluated;
  switch (difference) {
    case "rolled-back":
      return `if the later certificate is meant, which is still served, put it and its key back into ${path}. If the earlier one is, and it has not expired, ${formatTakeUpOf(evaluated)}`;
    case "replaced":
      return `find out which certificate is meant. If it is the one that is served, put it and its key back into ${path}. If it is the one in that file, ${formatTakeUpOf(evaluated)}`;
    case "other-names":
      return `find out which certificate clients need here before anything reloads the server: it would serve the one in ${path} then, which is for other names`;
    case "renewed":
      return `scan the host and the endpoint once more. If the earlier one is served still, ${formatTakeUpOf(evaluated)}`;
    case "copied":
      return `have ${deployments[0]?.copiedBy} run, and scan the endpoint once more`;
    case "earlier":
      return `if ${path} was not renewed since the server was started, ${WHERE_FROM}. If it was, ${formatTakeUpOf(evaluated)}`;
    case "elsewhere":
    case null:
      return WHERE_FROM;
    default:
      return assertNever(difference);
  }
}

const WHERE_FROM =
  "find out where the server has it from: a copy elsewhere, a proxy before it, or a change made by hand";
