import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { accountKeys } from "#renderer/api/filter-keys.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { accountCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/accounts");
type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "host", descending = false }: Search) => ({ by: sort, descending });

export function useAccounts(search: Search) {
  const { accounts } = useApi();
  const input = {
    search: search.search ?? "",
    host: search.host ?? null,
    kind: search.kind ?? null,
    root: search.root ?? null,
    owner: search.owner ?? null,
    environment: search.environment ?? null,
    lacksPurpose: search.lacksPurpose ?? false,
    unapproved: search.unapproved ?? false,
    sort: sortOf(search),
  };
  const list = useRows(
    useInfiniteQuery(
      accounts.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => accounts.list.call({ ...input, after, limit: 1_000 })),
    commands: accountCommands(input),
  };
}

/** The baseline; null where none is set. */
export const useBaseline = () => useQuery(useApi().changes.baseline.queryOptions()).data;

/** What can be typed into the filter, with the owners that were given. */
export function useFilterKeys() {
  const { data } = useQuery(useApi().labels.read.queryOptions());
  return useMemo(() => accountKeys({ owners: data?.owners, environments: data?.environments }), [data]);
}

export const useAccount = (id: number) => useQuery(useApi().accounts.find.queryOptions({ input: { id } }));
