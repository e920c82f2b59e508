import { MOST_TARGETS, type SshTarget } from "#shared/model/hosts/target.ts";
import { formatCount } from "#shared/text/count.ts";
import { normaliseHost } from "./hosts.ts";
import { type ConfigSource, createNotes, readBlocks } from "./read-blocks.ts";
import { createResolver, type Resolver } from "./resolve.ts";
import { findRoute, type Here } from "./routes.ts";
import type { SshConfig } from "./ssh-config.ts";

/**
 * Reads ssh_config as OpenSSH does, with two differences: a line that cannot be read is reported and the others hold;
 * and we run no program, so settings under Match exec are left out. Never fails.
 */
export function readSshConfig(source: ConfigSource, here: Here): SshConfig {
  const blocks = readBlocks(source);
  const resolve = remember(createResolver(blocks, here.user));
  const find = ({ host, port, user }: SshTarget, defaultUser: string) =>
    findRoute(resolve, { ...here, user: defaultUser }, { host, port, user, jumps: null });
  return {
    names: [...blocks.names].filter(([, { isUser }]) => isUser).map(([name]) => name),
    isNamed: (host) => blocks.names.has(host),
    isAlias(host) {
      const { hostname, jumps, proxyCommand, unreadable } = resolve({ host, user: null, jumps: null });
      const mayLeadElsewhere = unreadable.some(({ of }) => ELSEWHERE.has(of));
      return hostname !== normaliseHost(host) || jumps !== null || proxyCommand !== null || mayLeadElsewhere;
    },
    portOf: (host, user) => resolve({ host, user, jumps: null }).port,
    routeTo: (target, defaultUser) => find(target, defaultUser).route,
    notesOn: (targets, defaultUser) => formatNotes(targets.map((target) => find(target, defaultUser))),
    broken: blocks.broken,
    notes: blocks.notes,
  };
}

const MOST_UNSUPPORTED = 5;

function formatNotes(found: readonly ReturnType<typeof findRoute>[]): string[] {
  const notes = createNotes();
  const unsupported = new Set<string>();
  for (const { route, notFollowed } of found) {
    if (route.kind === "unsupported") unsupported.add(route.why);
    for (const { why, location } of notFollowed) notes.add(why, location);
  }
  const more = unsupported.size - MOST_UNSUPPORTED;
  return [
    ...notes.list(),
    ...[...unsupported].slice(0, MOST_UNSUPPORTED),
    ...(more > 0
      ? [
          `and ${formatCount(more, "host")} more that ${more === 1 ? "is" : "are"} not reached as ssh_config says`,
        ]
      : []),
  ];
}

const ELSEWHERE: ReadonlySet<string> = new Set(["hostname", "proxyjump", "proxycommand"]);

/** As many answers as the largest list of targets needs, with jump hosts. */
const MOST_REMEMBERED = 2 * MOST_TARGETS;

/** Caches answers: a host is resolved to read it, for notes and for its route; a jump host for each host behind it. */
function remember(resolve: Resolver): Resolver {
  const answers = new Map<string, ReturnType<Resolver>>();
  return (query) => {
    const key = JSON.stringify(query);
    const answer = answers.get(key) ?? resolve(query);
    if (answers.size >= MOST_REMEMBERED) answers.clear();
    answers.set(key, answer);
    return answer;
  };
}
