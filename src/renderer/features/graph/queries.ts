import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import {
  formatLinksCommand,
  formatMutualCommand,
  formatReachCommand,
  formatSharedCommand,
  ofViewAlone,
  stepCommands,
} from "#shared/text/list-commands.ts";

export const route = getRouteApi("/graph");
export type Search = ReturnType<typeof route.useSearch>;

const narrowed = (search: Search) => ({
  search: search.search ?? "",
  host: search.host ?? null,
  onlyCertain: search.certain ?? false,
  onlyRoot: search.root ?? false,
});

const startOf = (search: Search) => ({
  start: search.start ?? "",
  direction: search.direction ?? ("from" as const),
});

const PAGING = {
  initialPageParam: null,
  getNextPageParam: ({ next }: { next: string | null }) => next,
  placeholderData: keepPreviousData,
};

/** The rows of the table: every step, or where there is a start, what it reaches. */
export function useSteps(search: Search) {
  const { graph } = useApi();
  const hasStart = search.start !== undefined;
  const [all, reached] = [
    {
      ...narrowed(search),
      by: search.by ?? null,
      person: search.person ?? null,
      standing: search.standing ?? null,
    },
    { ...narrowed(search), ...startOf(search) },
  ];
  const links = useInfiniteQuery(
    graph.links.infiniteOptions({
      input: (after: string | null) => ({ ...all, after }),
      ...PAGING,
      enabled: !hasStart,
    }),
  );
  const reach = useInfiniteQuery(
    graph.reach.infiniteOptions({
      input: (after: string | null) => ({ ...reached, after }),
      ...PAGING,
      enabled: hasStart,
    }),
  );
  const [linkRows, reachRows] = [useRows(links), useRows(reach)];
  return {
    list: hasStart ? reachRows : linkRows,
    isCut: hasStart && (reach.data?.pages.some(({ isCut }) => isCut) ?? false),
    fetchAll: () =>
      fetchAll((after) =>
        hasStart
          ? graph.reach.call({ ...reached, after, limit: 1_000 })
          : graph.links.call({ ...all, after, limit: 1_000 }),
      ),
    commands: stepCommands(hasStart ? formatReachCommand(reached) : formatLinksCommand(all)),
  };
}

/** Pairs of hosts that trust each other. */
export function useMutual(search: Search) {
  const { graph } = useApi();
  const { onlyRoot: _, ...query } = narrowed(search);
  const found = useInfiniteQuery(
    graph.mutual.infiniteOptions({ input: (after: string | null) => ({ ...query, after }), ...PAGING }),
  );
  return {
    list: useRows(found),
    isCut: found.data?.pages.some(({ isCut }) => isCut) ?? false,
    fetchAll: () => fetchAll((after) => graph.mutual.call({ ...query, after, limit: 1_000 })),
    commands: ofViewAlone(formatMutualCommand(query)),
  };
}

/** Keys that several people or hosts hold. */
export function useShared(search: Search) {
  const { graph } = useApi();
  const query = { search: search.search ?? "", kind: search.kind ?? null };
  const found = useInfiniteQuery(
    graph.shared.infiniteOptions({ input: (after: string | null) => ({ ...query, after }), ...PAGING }),
  );
  return {
    list: useRows(found),
    isCut: found.data?.pages.some(({ isCut }) => isCut) ?? false,
    fetchAll: () => fetchAll((after) => graph.shared.call({ ...query, after, limit: 1_000 })),
    commands: ofViewAlone(formatSharedCommand(query)),
  };
}

export const useDiagram = (search: Search) =>
  useQuery(
    useApi().graph.diagram.queryOptions({
      input: { ...startOf(search), onlyCertain: search.certain ?? false },
      enabled: search.start !== undefined,
      placeholderData: keepPreviousData,
    }),
  );
