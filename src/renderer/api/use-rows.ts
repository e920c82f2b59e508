import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Rows } from "#renderer/ui/table/column.ts";
import { type Total, totalOnceRead } from "#shared/model/total.ts";

type ListPage<Row> = { rows: Row[]; total: Total; next: string | null };

export function useRows<Row>(query: UseInfiniteQueryResult<InfiniteData<ListPage<Row>>, Error>): Rows<Row> {
  const { data, error, isFetching, isPlaceholderData, hasNextPage, fetchNextPage, refetch } = query;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.rows) ?? [], [data]);
  const last = data?.pages.at(-1);
  return {
    rows,
    total: last ? totalOnceRead(last.total, { count: rows.length, isEnd: last.next === null }) : null,
    error,
    isFetching,
    isAwaited: error === null && (data === undefined || isPlaceholderData),
    fetchMore: () => {
      if (hasNextPage && !isFetching) void fetchNextPage();
    },
    retry: () => void refetch(),
  };
}

/** Every row of a list, page by page: for exports, which must not stop at what was scrolled to. */
export async function fetchAll<Row>(
  fetchPage: (after: string | null) => Promise<ListPage<Row>>,
): Promise<Row[]> {
  const rows: Row[] = [];
  let after: string | null = null;
  do {
    const page: ListPage<Row> = await fetchPage(after);
    rows.push(...page.rows);
    after = page.next;
  } while (after !== null);
  return rows;
}
