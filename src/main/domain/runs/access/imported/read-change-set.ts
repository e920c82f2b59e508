import { formatGrants } from "#domain/runs/access/change-grants.ts";
import { type ChangeSet, NO_CHANGES, pathsOf, type Unplannable } from "#domain/runs/access/change-set.ts";
import type { HostFacts, PlanFacts } from "#domain/runs/access/plan-facts.ts";
import { linesOf } from "#domain/runs/files/lines.ts";
import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import type { KeyRequest, PlanRequest } from "#shared/contract/runs.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import {
  type AccessPlan,
  type DisablePlan,
  type FilePlan,
  type HostKeyPlan,
  type KeyPlan,
  newKeyOf,
  oldKeyOf,
  type Splice,
} from "#shared/model/runs/plan.ts";
import { formatCount } from "#shared/text/count.ts";
import { readExactly } from "#shared/text/exact-bytes.ts";
import { formatKeyBriefly, REASON } from "#shared/text/runs/plan.ts";

type DisableRequest = Extract<PlanRequest, { kind: "disable-account" }>;
type HostKeyRequest = Extract<PlanRequest, { kind: "rotate-host-key" }>;

/** A request that gathers the facts for an imported plan; not the one that it was made for. */
export function requestOf(plan: KeyPlan): KeyRequest {
  const { kind } = plan;
  switch (kind) {
    case "rotate-key": {
      const { oldKey: fingerprint, newKey } = plan;
      const provided = newKey.kind === "provided" ? (newKey.path ?? newKey.line) : null;
      return { kind, fingerprint, keyType: "ed25519", keyFile: null, newKey: provided };
    }
    case "rotate-host-key":
      return hostKeyRequest(plan);
    case "disable-account":
      return disableRequest(plan);
    case "add-grants":
      return { kind, key: plan.newKey.line, options: "", accounts: [] };
    case "move-to-authority":
      return { kind, authority: plan.newKey.line, grants: [], principals: [] };
    case "remove-grants":
      return { kind, grants: [] };
    case "tighten-grants":
      return { kind, grants: [], from: null, restrict: false, expiry: null };
    default:
      return assertNever(kind);
  }
}

export const disableRequest = ({ kind, hosts, checks }: DisablePlan): DisableRequest => ({
  kind,
  reason: checks.find(({ id }) => id === REASON)?.text ?? "",
  accounts: hosts.flatMap(({ host, port, disables }) =>
    disables.map(({ account }) => ({ host, port, account })),
  ),
});

export function hostKeyRequest({ kind, newKey: { keyType }, hosts: [host] }: HostKeyPlan): HostKeyRequest {
  const known = keyType === "ecdsa" || keyType === "rsa" ? keyType : "ed25519";
  return { kind, host: host?.host ?? "", port: host?.port ?? 22, keyType: known };
}

/** The changes of an imported plan for a host, read from what it would write. */
export function readChangeSet(plan: AccessPlan, facts: PlanFacts, host: HostFacts | null): ChangeSet {
  const lines = host ? linesThatGo(plan, host) : new Set<string>();
  return {
    titleOf: () => titleOf(plan, facts),
    oldKey: oldKeyOf(plan),
    newKey: newKeyOf(plan),
    verifies: verifiesOf(plan, facts),
    changesFor: () => NO_CHANGES,
    concerns: ({ fingerprint, file, text }) =>
      plan.kind === "rotate-key" ? fingerprint === plan.oldKey : lines.has(keyOf(file, text)),
  };
}

function verifiesOf({ kind }: AccessPlan, { provided }: PlanFacts): ChangeSet["verifies"] {
  switch (kind) {
    case "rotate-key":
      return "new";
    case "add-grants":
      return provided && (provided.path !== null || provided.isInAgent) ? "new" : "none";
    case "move-to-authority":
      return "log";
    case "tighten-grants":
      return "old";
    case "remove-grants":
      return "none";
    default:
      return assertNever(kind);
  }
}

const keyOf = (file: string, text: string): string => `${file}\n${text.replace(/\r$/, "")}`;

/** The lines that are removed or changed, by every path to their file. */
function linesThatGo({ hosts }: AccessPlan, host: HostFacts): Set<string> {
  const planned = hosts.find((one) => one.host === host.host && one.port === host.port)?.files ?? [];
  return new Set(
    planned.flatMap((file: FilePlan) => {
      const known = host.files.find(({ path, realPath }) => (realPath ?? path) === file.path);
      const bytes = known && known.stand.kind !== "absent" ? known.stand.bytes : null;
      if (!known || !bytes) return [];
      const numbers = numbersOf(bytes, file.removed ?? []);
      return readAuthorizedKeys(bytes)
        .filter(({ line }) => numbers.includes(line))
        .flatMap(({ text }) => pathsOf(known).map((path) => keyOf(path, text)));
    }),
  );
}

function titleOf(plan: AccessPlan, { key, provided }: PlanFacts): string {
  const { kind, hosts } = plan;
  const files = hosts.flatMap((host) => host.files);
  const grants = formatGrants(files);
  const on = `on ${formatCount(hosts.length, "host")}`;
  switch (kind) {
    case "rotate-key":
      return `Rotate ${formatKeyBriefly(key ?? { fingerprint: plan.oldKey, comment: "" })} ${on}`;
    case "add-grants":
      return `Add ${formatKeyBriefly({ fingerprint: provided?.fingerprint ?? "", comment: plan.newKey.comment })} ${on}`;
    case "remove-grants":
      return `Remove ${grants} ${on}`;
    case "tighten-grants":
      return `Tighten ${grants} ${on}`;
    case "move-to-authority":
      return `Move ${grants} to an authority ${on}`;
    default:
      return assertNever(kind);
  }
}

/** The lines, counted from 1, of which these splices remove something. */
export function numbersOf(bytes: Uint8Array, splices: readonly Splice[]): number[] {
  const gone = splices.map(({ at, removed }) => ({ at, until: at + (readExactly(removed)?.length ?? 0) }));
  return linesOf(bytes)
    .filter((line) => gone.some(({ at, until }) => at < line.next && until > line.at))
    .map(({ number }) => number);
}

/** `error`: an untrue statement of an imported plan. */
export const refuseEdited = (error: string): Unplannable => ({
  refused: `this plan was edited, or is of other hosts: ${error}; plan anew`,
});
