import type { KeyLine } from "#domain/ssh/authorized-keys.ts";
import { type Contribution, doubt, refuse } from "#domain/ssh/opinion.ts";
import { spend } from "#domain/work-budget.ts";

/** A line among all that sshd reads for an account, with what is known of it without the lines before. */
export type Candidate = {
  file: string;
  line: KeyLine;
  state: "yes" | "no" | "unknown";
  isBoundToAddresses: boolean;
  /** For an authority, the principals that it accepts: two lines with different ones do not shadow each other. */
  principals: readonly string[] | null;
};

/** The first line with a key that sshd certainly accepts, may accept, or accepts from some addresses only. */
type Elders = { certain?: Candidate; open?: Candidate; bound?: Candidate };

/**
 * sshd uses the first line with the key that it accepts: later lines have no effect. Call the result for each line in
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

/** An authority is shadowed where each of its principals is, and only as certainly as the least certain of them. */
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
