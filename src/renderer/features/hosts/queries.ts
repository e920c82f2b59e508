import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { hostCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/hosts");
type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "host", descending = false }: Search) => ({ by: sort, descending });

export function useHosts(search: Search) {
  const { hosts } = useApi();
  const input = { search: search.search ?? "", state: search.state ?? null, sort: sortOf(search) };
  const list = useRows(
    useInfiniteQuery(
      hosts.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => hosts.list.call({ ...input, after, limit: 1_000 })),
    commands: hostCommands(input),
  };
}

export function useHost(id: number) {
  const { hosts } = useApi();
  return useQuery(hosts.find.queryOptions({ input: { id } }));
}

/** So many are shown; the command line lists them all. */
const SERVED_SHOWN = 20;

export function useServedOn(host: string) {
  const { served } = useApi();
  return useQuery(served.list.queryOptions({ input: { host, limit: SERVED_SHOWN } }));
}

export const useRootPaths = ({ host, port }: { host: string; port: number }) =>
  useQuery(useApi().graph.roots.queryOptions({ input: { host, port } }));

/** What unverified bundles claim of a host. */
export function useClaims({ host, port }: { host: string; port: number }) {
  const { bundles } = useApi();
  const { data } = useQuery(bundles.claims.queryOptions());
  return data?.filter((claim) => claim.host === host && claim.port === port) ?? [];
}

export const useDropClaim = () => useMutation(useApi().bundles.dropClaim.mutationOptions());
export const useTrustKey = () => useMutation(useApi().hosts.trustKey.mutationOptions());
export const useForgetPin = () => useMutation(useApi().hosts.forgetPin.mutationOptions());
