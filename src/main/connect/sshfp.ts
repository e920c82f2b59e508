import { compareSshfp, nameInDns } from "#domain/host-keys/sshfp.ts";
import { Slots } from "#net/connection-limiter.ts";
import { findResolvers, type Resolver, readResolver } from "#net/dns/query-records.ts";
import { querySshfp, type SshfpAnswer } from "#net/dns/query-sshfp.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { SshfpComparison } from "#shared/model/hosts/host-key.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatCount } from "#shared/text/count.ts";

/** `blob` null: only the key's fingerprint is known. */
type NamedKey = { id: string; name: string; keyType: string; fingerprint: string; blob: Uint8Array | null };

/** So many names are queried at a time. */
const AT_ONCE = 16;

/** Compares keys that a user has chosen with the SSHFP records of their names. Only a user's request sends a query. */
export function createSshfp() {
  const slots = new Slots(AT_ONCE);

  return async function compare(
    keys: readonly NamedKey[],
    resolver: string | null,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<{ names: SshfpComparison[] }> {
    const resolvers = chooseResolvers(resolver);
    const byName = Map.groupBy(keys, ({ name }) => nameInDns(name) ?? name);
    const names = await Promise.all(
      Array.from(byName, async ([name, ofName]) => {
        if (nameInDns(name) === null) return toComparison(name, ofName, null);
        const release = await slots.acquire(signal);
        try {
          return toComparison(name, ofName, await querySshfp(name, { resolvers, signal }));
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

function toComparison(name: string, keys: readonly NamedKey[], answer: SshfpAnswer | null): SshfpComparison {
  const records = answer?.kind === "answered" ? answer.records : [];
  return {
    name,
    ids: keys.map(({ id }) => id),
    ...toSshfpAnswer(answer, records.length),
    keys: records.length === 0 ? [] : keys.map((key) => ({ id: key.id, result: compareSshfp(key, records) })),
  };
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
