import type { ServerUse } from "#domain/rotation/plan/certificates/find-uses.ts";
import type { Consumer } from "#shared/model/pair.ts";

/** Each server that reads a pair, once. */
export function consumersOf(uses: readonly ServerUse[]): Consumer[] {
  const servers = Map.groupBy(uses, ({ server, root }) => `${server} ${root}`);
  return [...servers.values()].flatMap(([first]) =>
    first
      ? [
          {
            ...{ server: first.server, where: first.where, config: first.root, test: "staged" as const },
            reload: `${first.server} is told to read its files again`,
          },
        ]
      : [],
  );
}
