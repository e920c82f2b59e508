import {
  type ChangeSet,
  type FileChanges,
  type FoundLine,
  findLines,
  NO_CHANGES,
  type OpenFile,
  type Unplannable,
  withNewKey,
} from "#domain/runs/access/change-set.ts";
import { findStuckPrivateKeys, formatStuckLocations } from "#domain/runs/access/checks/private-keys.ts";
import { isAuthority } from "#domain/ssh/deciders/lines.ts";
import type { NewKey } from "#shared/model/runs/plan.ts";
import { formatPossession } from "#shared/text/hosts/key.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { formatKeyBriefly } from "#shared/text/runs/plan.ts";
import type { HostFacts, PlanFacts, PrivateKeyFacts } from "./plan-facts.ts";

/** Replaces a key wherever it is granted, by one that is created or was provided. */
export function replaceKey(facts: PlanFacts): ChangeSet | Unplannable {
  const { request, key } = facts;
  if (request.kind !== "rotate-key") throw new Error("this is another request");
  if (!key)
    return { refused: `the key ${request.fingerprint} is not known; scan the hosts where it is granted` };
  if (request.newKey !== null && !facts.provided) {
    return {
      refused: "the new key cannot be read; give the line of a .pub file, or the path of a private key",
    };
  }
  if (facts.provided?.fingerprint === key.fingerprint) {
    return { refused: `the new key is the old one: ${key.fingerprint}` };
  }
  const newKey = chooseNewKey(facts, request.keyType);
  if ("refused" in newKey) return newKey;
  return {
    titleOf: () => `Rotate ${formatKeyBriefly(key)}`,
    oldKey: key.fingerprint,
    newKey,
    verifies: "new",
    changesFor: (_, file) => findChanges(facts, key.fingerprint, file),
    concerns: ({ fingerprint }) => fingerprint === key.fingerprint,
  };
}

function findChanges(
  { provided, now }: PlanFacts,
  fingerprint: string,
  { path, bytes }: OpenFile,
): FileChanges {
  const found = findLines(bytes, ({ key }) => key?.fingerprint === fingerprint);
  const [first] = found.filter(({ read }) => read.problem === null);
  if (!first) return { ...NO_CHANGES, notes: found.map((one) => formatIgnored(path, one)) };
  const mine = provided ? findLines(bytes, ({ key }) => key?.fingerprint === provided.fingerprint) : [];
  const hasTwin = ({ read }: FoundLine) => mine.some((one) => one.read.options === read.options);
  return {
    ...NO_CHANGES,
    changes: found
      .filter(({ read }) => read.problem === null)
      .map((one) =>
        hasTwin(one)
          ? { kind: "gone", line: one.line }
          : { kind: "beside", line: one.line, text: withNewKey(one.parts, `latchkey:${now.slice(0, 10)}`) },
      ),
    notes: found.filter(({ read }) => read.problem !== null).map((one) => formatIgnored(path, one)),
    options: first.read.options,
    isAuthority: found.some(({ read }) => isAuthority(read)),
  };
}

const formatIgnored = (path: string, { read }: FoundLine): string =>
  `${path}, line ${read.line}, stays as it is: sshd ignores it, for ${read.problem}`;

/** The new key is created where the old private key is: here, or on the one host that has shown that it has it. */
function chooseNewKey(facts: PlanFacts, keyType: string): NewKey | Unplannable {
  const { provided, key, here, now } = facts;
  const comment = key?.comment || `latchkey:${now.slice(0, 10)}`;
  if (provided)
    return { kind: "provided", line: provided.line, comment: provided.comment, path: provided.path };
  const mine = here.find(
    ({ kind, stuck, possession }) => kind === "file" && stuck === null && possession.kind !== "other-key",
  );
  const wished = facts.request.kind === "rotate-key" ? facts.request.keyFile : null;
  const others = facts.hosts.flatMap((host) =>
    host.privateKeyLocations.map((privateKey) => ({ host, privateKey })),
  );
  const [only, ...more] = others.filter(({ host, privateKey }) => canHold(host, privateKey));
  const path = mine?.path ?? wished;
  const isVerified = only?.privateKey.possession.kind === "verified";
  if (path === null && only && isVerified && more.length === 0 && here.length === 0) {
    const { host, port } = only.host;
    return { kind: "made-on-host", keyType, comment, host, port, path: only.privateKey.path };
  }
  const keyFile = path ?? facts.freeKeyFile;
  if (keyFile === null) return { refused: formatKnownLocation(facts) ?? formatNoLocation(facts) };
  return { kind: "made-here", keyType, comment, path: keyFile };
}

/** Where the private key is known and cannot be replaced; null if it is known nowhere. */
function formatKnownLocation(facts: PlanFacts): string | null {
  const [first, ...more] = findStuckPrivateKeys(facts);
  if (!first) return null;
  const others = more.length > 0 ? `; it is at ${formatStuckLocations(more)}, too` : "";
  return `the private key of ${facts.key?.fingerprint ?? "the key"} is at ${first.location}, and cannot be replaced there: ${first.why}${others}; say where the new one goes by --key-file FILE`;
}

function formatNoLocation({ key, hosts }: PlanFacts): string {
  const fingerprint = key?.fingerprint ?? "";
  const isGranted = hosts.some(({ accounts }) =>
    accounts.some(({ grants }) => grants.some((grant) => grant.fingerprint === fingerprint)),
  );
  const claims = hosts.flatMap((host) =>
    host.privateKeyLocations.map(
      ({ path, possession }) => `${formatHost(host)}:${path} (${formatPossession(possession)})`,
    ),
  );
  const claimed = claims.length > 0 ? ` and verified (${claims.join(", ")})` : "";
  return isGranted
    ? `nobody is known${claimed} to hold the private key of ${fingerprint}; say where it is, or where the new one goes, by --key-file FILE, or scan with --identity FILE`
    : `no grant of ${fingerprint} is known; scan the hosts where it can log in first`;
}

export const canHold = (
  { unreadable, hostKey }: HostFacts,
  { stuck, possession }: PrivateKeyFacts,
): boolean => unreadable === null && hostKey !== null && stuck === null && possession.kind !== "other-key";
