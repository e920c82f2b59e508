import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import type { PersonRow } from "#shared/model/access/person.ts";

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

export const usePeopleSources = () => useQuery(useApi().people.sources.queryOptions());
export const useInventory = () => useQuery(useApi().people.inventory.queryOptions());
export const useImportPeopleSource = () => useMutation(useApi().people.import.mutationOptions());
export const useRemovePeopleSource = () => useMutation(useApi().people.remove.mutationOptions());
export const useDeclareInventory = () => useMutation(useApi().people.markInventory.mutationOptions());

/** Finds the grants of the keys of people: of all their keys, or not at all. */
export function useGrantsOf(): (people: readonly PersonRow[]) => Promise<number[]> {
  const { access } = useApi();
  return async (people) => {
    const cut = people.find(({ keyCount, fingerprints }) => keyCount > fingerprints.length);
    if (cut) throw new Error(`${cut.name} has more keys than are listed here; remove their grants in Access`);
    const fingerprints = [...new Set(people.flatMap((person) => person.fingerprints))];
    const found = fingerprints.map((fingerprint) =>
      fetchAll((after) => access.list.call({ fingerprint, after, limit: 1_000 })),
    );
    return (await Promise.all(found)).flat().map(({ id }) => id);
  };
}
