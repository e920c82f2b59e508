import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/api.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";

export const route = getRouteApi("/people");
type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "name", descending = false }: Search) => ({ by: sort, descending });

export function usePeople(search: Search) {
  const { people } = useApi();
  const input = { search: search.search ?? "", standing: search.standing ?? null, sort: sortOf(search) };
  const list = useRows(
    useInfiniteQuery(
      people.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return { list, fetchAll: () => fetchAll((after) => people.list.call({ ...input, after, limit: 1_000 })) };
}

export const useRosters = () => useQuery(useApi().people.rosters.queryOptions());
export const useScope = () => useQuery(useApi().people.scope.queryOptions());
export const useImportRoster = () => useMutation(useApi().people.import.mutationOptions());
export const useRemoveRoster = () => useMutation(useApi().people.remove.mutationOptions());
export const useDeclareScope = () => useMutation(useApi().people.declareScope.mutationOptions());
