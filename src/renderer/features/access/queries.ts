import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { accessCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/access");
type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "host", descending = false }: Search) => ({ by: sort, descending });

const inputOf = (search: Search) => ({
  search: search.search ?? "",
  host: search.host ?? null,
  account: search.account ?? null,
  fingerprint: search.fingerprint ?? null,
  keyType: search.type ?? null,
  effective: search.effective ?? null,
  owner: search.owner ?? null,
  use: search.use ?? null,
  orphaned: search.orphaned ?? false,
  privateKeyNotFound: search.privateKeyNotFound ?? false,
  unapproved: search.unapproved ?? false,
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
  return {
    list,
    fetchAll: () => fetchAll((after) => access.list.call({ ...input, after, limit: 1_000 })),
    commands: accessCommands(input),
  };
}

/** How many grants are orphans, and of how many keys no private key is known. */
export function useStandings() {
  const { data } = useQuery(useApi().today.figures.queryOptions());
  return data?.grants;
}

export function useGrant(id: number) {
  const { access } = useApi();
  return useQuery(access.find.queryOptions({ input: { id } }));
}

/** The baseline, with how many grants are new since; null where none is set. */
export const useBaseline = () => useQuery(useApi().changes.baseline.queryOptions()).data;

export const useHistory = (grant: number) =>
  useQuery(useApi().changes.history.queryOptions({ input: { grant } })).data;
