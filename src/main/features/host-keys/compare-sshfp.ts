import { compareSshfp, nameInDns } from "#domain/host-keys/sshfp.ts";
import { Slots } from "#net/connection-limiter.ts";
import { findResolvers, type Resolver, readResolver } from "#net/dns/query-records.ts";
import { querySshfp, type SshfpAnswer } from "#net/dns/query-sshfp.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { HostKeyRow, SshfpComparison } from "#shared/model/hosts/host-key.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount } from "#shared/text/count.ts";
import type { Store } from "#store/store.ts";
import type { Snapshot } from "./snapshot.ts";

type Deps = { store: Pick<Store, "hostKeys">; takeSnapshot: () => Promise<Snapshot> };
type SshfpQuery = { ids: readonly string[]; resolver: string | null };

/** So many names are queried at a time. */
const AT_ONCE = 16;

/** Compares the keys that a user has chosen with the SSHFP records of their names. */
export function createSshfp({ store, takeSnapshot }: Deps) {
  const slots = new Slots(AT_ONCE);

  return async function compare(
    { ids, resolver }: SshfpQuery,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<{ names: SshfpComparison[] }> {
    const resolvers = chooseResolvers(resolver);
    const { rows, knownHosts } = await takeSnapshot();
    const chosen = new Set(ids);
    const byName = Map.groupBy(
      rows.filter(({ id }) => chosen.has(id)),
      ({ name }) => nameInDns(name) ?? name,
    );
    const blobs = listBlobs(store, knownHosts);
    const names = await Promise.all(
      Array.from(byName, async ([name, keys]) => {
        if (nameInDns(name) === null) return toComparison(name, keys, { answer: null, blobs });
        const release = await slots.acquire(signal);
        try {
          return toComparison(name, keys, { answer: await querySshfp(name, { resolvers, signal }), blobs });
        } finally {
          release();
        }
      }),
    );
    return { names };
  };
}

function chooseResolvers(text: string | null): Resolver[] {
  if (text === null) return findResolvers();
  const resolver = readResolver(text);
  if (resolver) return [resolver];
  throw new Refusal(
    "invalid-input",
    `${text} is no resolver; write its address, as 127.0.0.1 or 127.0.0.1:5353`,
  );
}

/** The known key blobs, by their fingerprints. */
function listBlobs(store: Deps["store"], { files }: Snapshot["knownHosts"]): ReadonlyMap<string, Uint8Array> {
  const { presented, pins } = store.hostKeys.all();
  const known = files.flatMap(({ lines }) => lines.map(({ entry }) => entry.key));
  return new Map([...known, ...presented, ...pins].map(({ fingerprint, blob }) => [fingerprint, blob]));
}

type Found = { answer: SshfpAnswer | null; blobs: ReadonlyMap<string, Uint8Array> };

function toComparison(name: string, keys: readonly HostKeyRow[], { answer, blobs }: Found): SshfpComparison {
  const records = answer?.kind === "answered" ? answer.records : [];
  return {
    name,
    ids: keys.map(({ id }) => id),
    ...toSshfpAnswer(answer, records.length),
    keys: records.length === 0 ? [] : keys.map(toResult),
  };

  function toResult({ id, keyType, fingerprint }: HostKeyRow) {
    const blob = blobs.get(fingerprint) ?? null;
    return { id, result: compareSshfp({ keyType, fingerprint, blob }, records) };
  }
}

function toSshfpAnswer(
  answer: SshfpAnswer | null,
  count: number,
): Pick<SshfpComparison, "answer" | "why" | "isValidated"> {
  if (answer === null)
    return { answer: "not-queried", why: "it is no full name that DNS knows", isValidated: false };
  switch (answer.kind) {
    case "failed":
      return { answer: "failed", why: answer.why, isValidated: false };
    case "no-such-name":
      return {
        answer: "no-such-name",
        why: `there is no such name, says ${answer.resolver}`,
        isValidated: false,
      };
    case "answered":
      return {
        answer: count > 0 ? "records" : "none",
        why: `${count > 0 ? formatCount(count, "record") : "no record"} from ${answer.resolver}; ${DNSSEC[answer.dnssec]}`,
        isValidated: answer.dnssec === "local",
      };
    default:
      return assertNever(answer);
  }
}

const DNSSEC = {
  local: "validated by DNSSEC",
  claimed: "it says that DNSSEC holds, but whoever stands between could say that, too",
  none: "not validated by DNSSEC, so a hint at most",
} as const;
