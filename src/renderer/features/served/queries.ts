import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { servedCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/served");
type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "state", descending = false }: Search) => ({ by: sort, descending });

export function useServed(search: Search) {
  const { served } = useApi();
  const input = {
    search: search.search ?? "",
    state: search.state ?? null,
    host: search.host ?? null,
    sort: sortOf(search),
  };
  const list = useRows(
    useInfiniteQuery(
      served.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => served.list.call({ ...input, after, limit: 1_000 })),
    commands: servedCommands(input),
  };
}
