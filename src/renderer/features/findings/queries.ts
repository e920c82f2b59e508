import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import type { Lens } from "#shared/model/lens.ts";
import type { Total } from "#shared/model/total.ts";
import { findingCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/findings");
export const standardsRoute = getRouteApi("/standards");
type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "severity", descending = false }: Search) => ({ by: sort, descending });

export function useFindings(search: Search) {
  const { findings } = useApi();
  const input = {
    search: search.search ?? "",
    severity: search.severity ?? null,
    rule: search.rule ?? null,
    item: search.item ?? null,
    host: search.host ?? null,
    accepted: search.accepted ?? false,
    sort: sortOf(search),
  };
  const list = useRows(
    useInfiniteQuery(
      findings.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => findings.list.call({ ...input, after, limit: 1_000 })),
    commands: findingCommands(input),
  };
}

export function useFinding(id: string) {
  const { findings } = useApi();
  return useQuery(findings.find.queryOptions({ input: { id } }));
}

export const useAccept = () => useMutation(useApi().findings.accept.mutationOptions());
export const useUnaccept = () => useMutation(useApi().findings.unaccept.mutationOptions());

/** How many are accepted now. */
export function useAcceptedCount(): Total | undefined {
  const { findings } = useApi();
  const { data } = useQuery(findings.list.queryOptions({ input: { accepted: true, limit: 1 } }));
  return data?.total;
}

export const useOptionalRules = () => useQuery(useApi().findings.optionalRules.queryOptions()).data;
export const useTurnRule = () => useMutation(useApi().findings.turnRule.mutationOptions());

export const useLens = (lens: Lens) =>
  useQuery(useApi().findings.lens.queryOptions({ input: { lens }, placeholderData: keepPreviousData }));

/** How much of the inventory was read: what is not found depends on it. */
export const useCoverage = () => useQuery(useApi().today.coverage.queryOptions({ input: {} })).data;

/** Without a scan, a list without findings means nothing. */
export const useHasScanned = (): boolean =>
  useQuery(useApi().today.figures.queryOptions()).data?.isEmpty === false;
