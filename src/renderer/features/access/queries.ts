import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/api.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";

export const route = getRouteApi("/access");
type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "host", descending = false }: Search) => ({ by: sort, descending });

const inputOf = (search: Search) => ({
  search: search.search ?? "",
  host: search.host ?? null,
  account: search.account ?? null,
  fingerprint: search.fingerprint ?? null,
  effective: search.effective ?? null,
  owner: search.owner ?? null,
  use: search.use ?? null,
  orphaned: search.orphaned ?? false,
  unmatched: search.unmatched ?? false,
  sort: sortOf(search),
});

export function useGrants(search: Search) {
  const { access } = useApi();
  const input = inputOf(search);
  const list = useRows(
    useInfiniteQuery(
      access.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return { list, fetchAll: () => fetchAll((after) => access.list.call({ ...input, after, limit: 1_000 })) };
}

/** How many grants are orphans, and how many keys' private halves are not known. */
export function useStandings() {
  const { data } = useQuery(useApi().overview.read.queryOptions());
  return data?.grants;
}

export function useGrant(id: number) {
  const { access } = useApi();
  return useQuery(access.find.queryOptions({ input: { id } }));
}
