import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import type { Total } from "#shared/model/total.ts";
import { hostKeyCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/host-keys");
type Search = ReturnType<typeof route.useSearch>;

/** By default, keys that need attention come first. */
export const sortOf = ({ sort = "state", descending = false }: Search) => ({ by: sort, descending });

export function useHostKeys(search: Search) {
  const { hostKeys } = useApi();
  const input = {
    search: search.search ?? "",
    state: search.state ?? null,
    host: search.host ?? null,
    shared: search.shared ?? false,
    weak: search.weak ?? false,
    sort: sortOf(search),
  };
  const list = useRows(
    useInfiniteQuery(
      hostKeys.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => hostKeys.list.call({ ...input, after, limit: 1_000 })),
    commands: hostKeyCommands(input),
  };
}

/** How many host keys a filter has by itself, whatever else is chosen. */
export function useCount(filter: { shared?: true; weak?: true }): Total | undefined {
  const { hostKeys } = useApi();
  return useQuery(hostKeys.list.queryOptions({ input: { ...filter, limit: 1 } })).data?.total;
}

export function useHostKey(id: string) {
  const { hostKeys } = useApi();
  return useQuery(hostKeys.find.queryOptions({ input: { id } }));
}

/** Queries on request. The answer of DNS is kept no longer than it is shown. */
export function useCompareSshfp(id: string) {
  const { hostKeys } = useApi();
  const input = { ids: [id] };
  return useQuery({
    ...hostKeys.compareSshfp.queryOptions({ input }),
    queryKey: ["sshfp", id],
    enabled: false,
    gcTime: 0,
  });
}

export const useSources = () => useQuery(useApi().hostKeys.sources.queryOptions());
export const useTrustKey = () => useMutation(useApi().hosts.trustKey.mutationOptions());
export const useForgetPin = () => useMutation(useApi().hosts.forgetPin.mutationOptions());
