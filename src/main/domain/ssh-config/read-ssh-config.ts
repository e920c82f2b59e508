import { normaliseHost } from "./host-words.ts";
import type { ConfigSource } from "./includes.ts";
import { readBlocks } from "./read-blocks.ts";
import { createResolver, type Resolver } from "./resolve.ts";
import { findRoute, type Here } from "./routes.ts";
import type { SshConfig } from "./ssh-config.ts";

/**
 * Reads ssh_config as OpenSSH does, with two differences: a line that cannot be read is named and the others hold, and
 * nothing is run, so that what Match exec stands over is left out. Never fails.
 */
export function readSshConfig(source: ConfigSource, here: Here): SshConfig {
  const blocks = readBlocks(source);
  const resolve = remember(createResolver(blocks, here.user));
  return {
    names: [...blocks.names],
    isNamed: (host) => blocks.names.has(host),
    isAlias(host) {
      const { hostname, jumps, proxyCommand, unreadable } = resolve({ host, user: null, jumps: null });
      const mayLeadElsewhere = unreadable.some(({ of }) => ELSEWHERE.has(of));
      return hostname !== normaliseHost(host) || jumps !== null || proxyCommand !== null || mayLeadElsewhere;
    },
    portOf: (host, user) => resolve({ host, user, jumps: null }).port,
    routeTo: ({ host, port, user }, defaultUser) =>
      findRoute(resolve, { ...here, user: defaultUser }, { host, port, user, jumps: null }),
    broken: blocks.broken,
    notes: blocks.notes,
  };
}

const ELSEWHERE: ReadonlySet<string> = new Set(["hostname", "proxyjump", "proxycommand"]);

const MOST_REMEMBERED = 10_000;

/** Jump hosts are asked about again for each host behind them. */
function remember(resolve: Resolver): Resolver {
  const answers = new Map<string, ReturnType<Resolver>>();
  return (question) => {
    const key = JSON.stringify(question);
    const answer = answers.get(key) ?? resolve(question);
    if (answers.size >= MOST_REMEMBERED) answers.clear();
    answers.set(key, answer);
    return answer;
  };
}
