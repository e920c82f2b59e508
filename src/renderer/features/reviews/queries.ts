import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { reviewItemCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/reviews");
export type Search = ReturnType<typeof route.useSearch>;

/** Those that take decisions come first, each by its day. */
export const useReviews = () =>
  useQuery(useApi().reviews.list.queryOptions({ input: { limit: 500 }, placeholderData: keepPreviousData }));

export const useReview = (review: string) =>
  useQuery(useApi().reviews.find.queryOptions({ input: { review }, placeholderData: keepPreviousData }));

export function useItems(review: string, { search, reviewer, state }: Search) {
  const { reviews } = useApi();
  const input = { review, search: search ?? "", reviewer: reviewer ?? null, state: state ?? null };
  const list = useRows(
    useInfiniteQuery(
      reviews.items.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => reviews.items.call({ ...input, after, limit: 1_000 })),
    commands: reviewItemCommands(input),
  };
}

export const useItem = (review: string, item: number) =>
  useQuery(
    useApi().reviews.item.queryOptions({ input: { review, item }, placeholderData: keepPreviousData }),
  );

export const useLabelWords = () => useQuery(useApi().labels.read.queryOptions()).data;

export const useCreate = () => useMutation(useApi().reviews.create.mutationOptions());
export const useDecide = () => useMutation(useApi().reviews.decide.mutationOptions());
export const usePlan = () => useMutation(useApi().reviews.plan.mutationOptions());
export const useEnd = () => useMutation(useApi().reviews.end.mutationOptions());
export const useImport = () => useMutation(useApi().reviews.import.mutationOptions());

/** The page of a reviewer, as a text. */
export function useExport() {
  const { reviews } = useApi();
  return useMutation({
    mutationFn: (input: { review: string; reviewer: string }) => reviews.export.call(input),
  });
}
