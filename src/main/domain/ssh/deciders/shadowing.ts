import type { KeyLine } from "#domain/ssh/authorized-keys.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/opinion.ts";
import { spend } from "#domain/work-budget.ts";

/** A line in its place among all that sshd reads for an account, with what is known of it without its elders. */
export type Candidate = {
  file: string;
  line: KeyLine;
  state: "yes" | "no" | "unknown";
  isBoundToAddresses: boolean;
  /** Of an authority, the names that a certificate may have: of two with other names each is good for something. */
  principals: readonly string[] | null;
};

/** The first line of a key that sshd takes for certain, that it may take, and that it takes from some addresses. */
type Elders = { certain?: Candidate; open?: Candidate; bound?: Candidate };

/**
 * sshd takes the first line that has the key and that it accepts: those after it do nothing. Lines must be shown in
 * sshd's order; `unreadableBefore` are files of the account that come before and could not be read.
 */
export function watchForShadows() {
  const elders = new Map<string, Elders>();

  return (candidate: Candidate, unreadableBefore: readonly string[]): Contribution => {
    const { key } = candidate.line;
    if (!key) return {};
    const { state, isBoundToAddresses, principals } = candidate;
    spend(1 + (principals?.length ?? 0) * 4);
    const names = principals?.map((name) => `${key.fingerprint} ${name}`) ?? [key.fingerprint];
    const shadow = findCommon(names.map((name) => elders.get(name) ?? {}));
    for (const name of names) {
      const before = elders.get(name) ?? {};
      if (state === "unknown") before.open ??= candidate;
      else if (state === "yes") before[isBoundToAddresses ? "bound" : "certain"] ??= candidate;
      elders.set(name, before);
    }
    if (shadow.refusals || unreadableBefore.length === 0) return shadow;
    return doubt(`${unreadableBefore.join(", ")} comes before and was not read: it may have the same key`);
  };
}

/** What is shadowed for each of its names is shadowed, no more surely than for any of them. */
function findCommon(elders: readonly Elders[]): Contribution {
  const shadows = elders.map(findShadow);
  const weakest =
    shadows.find(({ refusals, doubts }) => !refusals && !doubts) ?? shadows.find(({ refusals }) => !refusals);
  return weakest ?? shadows[0] ?? {};
}

function findShadow({ certain, open, bound }: Elders): Contribution {
  if (certain) return refuse(`${formatLocation(certain)} has the same key and comes first`);
  if (open) return doubt(`${formatLocation(open)} has the same key and may come first`);
  return bound
    ? { notes: [`${formatLocation(bound)} has the same key and comes first where its from= matches`] }
    : {};
}

const formatLocation = ({ file, line }: Candidate): string => `${file}:${line.line}`;
