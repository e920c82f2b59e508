import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { changeCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/changes");
type Search = ReturnType<typeof route.useSearch>;

/** So many of the newest scans can be chosen. */
const MOST_SCANS = 200;

const inputOf = (search: Search) => ({
  search: search.search ?? "",
  from: search.from ?? null,
  to: search.to ?? null,
  days: search.days ?? null,
  host: search.host ?? null,
  kind: search.kind ?? null,
  what: search.what ?? null,
});

export function useChanges(search: Search) {
  const { changes } = useApi();
  const input = inputOf(search);
  const list = useRows(
    useInfiniteQuery(
      changes.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => changes.list.call({ ...input, after, limit: 1_000 })),
    commands: changeCommands(input),
  };
}

export function useSummary({ from, to, days, host }: Search) {
  const input = { from: from ?? null, to: to ?? null, days: days ?? null, host: host ?? null };
  return useQuery(useApi().changes.summary.queryOptions({ input, placeholderData: keepPreviousData }));
}

/** The scans that can be compared, the newest first. */
export function useScans() {
  const input = { sort: { by: "startedAt", descending: true }, withPlans: true, limit: MOST_SCANS } as const;
  return useQuery(useApi().scans.list.queryOptions({ input })).data?.rows ?? [];
}

export const useBaseline = () => useQuery(useApi().changes.baseline.queryOptions());
export const useSetBaseline = () => useMutation(useApi().changes.setBaseline.mutationOptions());
export const useClearBaseline = () => useMutation(useApi().changes.clearBaseline.mutationOptions());
