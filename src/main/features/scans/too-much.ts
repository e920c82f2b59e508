import type { Collection, Unreadable } from "#domain/collection/collection.ts";
import { WorkBudgetSpent, withinBudget } from "#domain/work-budget.ts";

/**
 * What all that is judged of one host may cost: some seconds. The largest honest hosts need a third of it: 160,000 lines of keys, or
 * 20,000 accounts of a directory with five authorities.
 */
const HOST_STEPS = 60_000_000;

/** However few steps it takes: a slow computer is no hostile host, so this is many times what the steps take. */
const HOST_MS = 60_000;

/** Of what could not be read so much is still named. */
const MOST_UNREADABLE = 200;

const WHY =
  "too much to judge: its lists are so long that not each entry could be laid beside each other one; nothing is said of it now, and what was known before stays";

export const tooMuch = (path: string): Unreadable => ({ kind: "limit", path, why: WHY });

/**
 * Judges what a host sent, within a budget. What costs more is not judged: then all but the host's own facts is left out, and said
 * to be. So one host cannot keep those beside it waiting, and no verdict is made of a part.
 */
export function evaluateWithinBudget<T>(collection: Collection, judge: (collection: Collection) => T): T {
  try {
    return withinBudget({ steps: HOST_STEPS, isLate: lateAfter(HOST_MS) }, () => judge(collection));
  } catch (error) {
    if (!(error instanceof WorkBudgetSpent)) throw error;
    return judge(withoutLists(collection));
  }
}

/** The host's own facts and keys alone. */
function withoutLists(collection: Collection): Collection {
  return {
    ...collection,
    accounts: [],
    groups: null,
    sshd: {
      ...collection.sshd,
      effective: null,
      files: new Map(),
      includes: new Map(),
      changedAt: new Map(),
    },
    otherDaemons: [],
    sshdFiles: new Map(),
    chrootFolders: new Map(),
    realHomes: new Map(),
    authorizedKeys: [],
    keyFiles: [],
    hostKeys: collection.hostKeys.slice(0, MOST_UNREADABLE),
    certificateFiles: [],
    serverConfigs: [],
    diskFiles: new Map(),
    keystores: [],
    listening: { listeners: null, processes: new Map(), addresses: null },
    logs: [],
    lastLogins: [],
    reach: { sudoers: [], sudoersFolders: new Map(), doas: [], agents: [], outbound: [] },
    unreadable: [
      tooMuch("its accounts, keys, certificates, configurations and rules"),
      ...collection.unreadable.slice(0, MOST_UNREADABLE),
    ],
  };
}

/** By the time of this thread, which other programs do not add to. Node before 22.19 and 23.9 cannot tell it. */
function lateAfter(ms: number): () => boolean {
  const read =
    "threadCpuUsage" in process
      ? () => {
          const { user, system } = process.threadCpuUsage();
          return (user + system) / 1_000;
        }
      : () => performance.now();
  const begin = read();
  return () => read() - begin > ms;
}
