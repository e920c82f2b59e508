import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { personCommands } from "#shared/text/list-commands.ts";

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
  return {
    list,
    fetchAll: () => fetchAll((after) => people.list.call({ ...input, after, limit: 1_000 })),
    commands: personCommands(input),
  };
}

export const usePeopleSources = () => useQuery(useApi().people.sources.queryOptions());
export const useInventory = () => useQuery(useApi().people.inventory.queryOptions());
export const useImportPeopleSource = () => useMutation(useApi().people.import.mutationOptions());
export const useRemovePeopleSource = () => useMutation(useApi().people.remove.mutationOptions());
export const useDeclareInventory = () => useMutation(useApi().people.markInventory.mutationOptions());

export const usePerson = (id: number) => useQuery(useApi().people.find.queryOptions({ input: { id } }));

/** What the user says of who is one person. */
export function usePersonDecisions() {
  const { people } = useApi();
  return {
    join: useMutation(people.join.mutationOptions()),
    split: useMutation(people.split.mutationOptions()),
    regroup: useMutation(people.regroup.mutationOptions()),
  };
}
