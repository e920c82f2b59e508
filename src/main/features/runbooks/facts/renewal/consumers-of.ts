import { SERVERS, sayReload } from "#domain/rotation/pairs/servers.ts";
import type { ServerUse } from "#domain/rotation/plan/certificates/find-uses.ts";
import type { FailingServer } from "#domain/rotation/plan/certificates/renewal-facts.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { testServer } from "#net/ssh/hand/pairs/consumers.ts";
import { lookAtServer } from "#net/ssh/hand/pairs/look-at-server.ts";
import type { Consumer } from "#shared/model/pair.ts";

/** Each server that reads a pair, once. How it is told of new files is known once its host was asked. */
export function consumersOf(
  uses: readonly ServerUse[],
  described: NonNullable<Consumer["described"]> | null,
): Consumer[] {
  const servers = Map.groupBy(uses, ({ server, root }) => `${server} ${root}`);
  return [...servers.values()].flatMap(([first]): Consumer[] => {
    if (!first) return [];
    const { server, where } = first;
    if (server !== "described")
      return [
        { server, where, config: first.root, test: SERVERS[server].test, reload: sayReload(server, "none") },
      ];
    if (!described) return [];
    const { test, reload } = described;
    const isTested = test === null ? "none" : "staged";
    return [{ server, where, config: null, test: isTested, reload, described: { test, reload } }];
  });
}

/** As their host says that they are told. `obstacle`: one of them cannot be. `lost`: the connection broke. */
export async function lookAtConsumers(
  hand: Hand,
  consumers: readonly Consumer[],
  files: readonly { real: string }[],
): Promise<{ consumers: Consumer[]; obstacle: string | null } | { lost: string }> {
  const seen: Consumer[] = [];
  let obstacle: string | null = null;
  for (const consumer of consumers) {
    const { server, config, where } = consumer;
    if (server === "described") {
      seen.push(consumer);
      continue;
    }
    const look = await lookAtServer(hand, { server, config, paths: files.map(({ real }) => real) });
    if (look.kind === "lost") return { lost: look.message };
    const toldBy = look.kind === "seen" ? look.toldBy : "none";
    if (toldBy === "none")
      obstacle = `${server} (${where}) cannot be told of new files${look.kind === "seen" && look.said ? `: ${look.said}` : ""}`;
    seen.push({ ...consumer, reload: sayReload(server, toldBy) });
  }
  return { consumers: seen, obstacle };
}

/** Those whose own test of their configuration fails now. `tested`: what came of the servers that were tried already. */
export async function findFailing(
  hand: Hand,
  consumers: readonly Consumer[],
  tested: Map<string, FailingServer | null>,
): Promise<FailingServer[] | { lost: string }> {
  const failing: FailingServer[] = [];
  for (const consumer of consumers) {
    const { server, config, where } = consumer;
    if (!SERVERS[server].testsConfiguration) continue;
    const name = `${server} ${config}`;
    if (!tested.has(name)) {
      const tried = await testServer(hand, consumer);
      if (tried.kind === "lost") return { lost: tried.message };
      const said = tried.kind === "failed" && "said" in tried ? tried.said : null;
      tested.set(name, said === null ? null : { server, where, said });
    }
    const found = tested.get(name);
    if (found) failing.push(found);
  }
  return failing;
}
