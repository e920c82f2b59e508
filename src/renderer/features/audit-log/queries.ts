import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { formatAuditLogCommand, ofViewAlone } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/audit-log");
type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ descending = true }: Search) => ({ by: "at" as const, descending });

export function useAuditLog(search: Search) {
  const { auditLog } = useApi();
  const input = { search: search.search ?? "", sort: sortOf(search) };
  const list = useRows(
    useInfiniteQuery(
      auditLog.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => auditLog.list.call({ ...input, after, limit: 1_000 })),
    commands: ofViewAlone(formatAuditLogCommand(input)),
  };
}
