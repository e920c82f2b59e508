import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import type { TargetText } from "#shared/contract/scans.ts";
import type { ScanId } from "#shared/model/hosts/scan.ts";
import type { Target } from "#shared/model/hosts/target.ts";
import { scanCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/scans");

type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "startedAt", descending = true }: Search) => ({ by: sort, descending });

export function useScans(search: Search) {
  const { scans } = useApi();
  const input = {
    search: search.search ?? "",
    state: search.state ?? null,
    withPlans: search.plans ?? false,
    sort: sortOf(search),
  };
  const list = useRows(
    useInfiniteQuery(
      scans.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => scans.list.call({ ...input, after, limit: 1_000 })),
    commands: scanCommands(input),
  };
}

export function useScan(scanId: ScanId) {
  const { scans } = useApi();
  return useQuery(scans.find.queryOptions({ input: { scanId } }));
}

export function useProbes(scanId: ScanId) {
  const { scans } = useApi();
  return useRows(
    useInfiniteQuery(
      scans.probes.infiniteOptions({
        input: (after: string | null) => ({ scanId, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
      }),
    ),
  );
}

/** The last scan that was cancelled or interrupted; null for none, or before that is known. */
export function useLastStopped(): ScanId | null {
  const { scans } = useApi();
  const cancelled = useQuery(
    scans.list.queryOptions({ input: { state: "cancelled", withPlans: true, limit: 1 } }),
  );
  const interrupted = useQuery(
    scans.list.queryOptions({ input: { state: "interrupted", withPlans: true, limit: 1 } }),
  );
  const ids = [cancelled, interrupted].flatMap(({ data }) => data?.rows.map(({ id }) => id) ?? []);
  return ids.toSorted((one, other) => other - one)[0] ?? null;
}

/** Fetches the targets that a scan could not read: all of them, not only those that are shown. */
export function useFailedTargets(scanId: ScanId): () => Promise<Target[]> {
  const { scans } = useApi();
  return async () => {
    const failed = await fetchAll((after) =>
      scans.probes.call({ scanId, state: "failed", after, limit: 1_000 }),
    );
    return failed.map(({ target }) => target);
  };
}

/** The program hangs up on a message of more than a mebibyte. */
const MOST_BYTES = 1_000_000;

export const isTooLong = (text: string): boolean => new Blob([JSON.stringify(text)]).size > MOST_BYTES;

/** The targets of a text, with the hosts of these sources; read again while somebody types. */
export function usePreview(targetText: Pick<TargetText, "text" | "sources" | "protocol">) {
  const { text, sources } = targetText;
  const { targets } = useApi();
  return useQuery(
    targets.preview.queryOptions({
      input: { ...targetText, skipBroken: true },
      enabled: (text.trim() !== "" || sources.length > 0) && !isTooLong(text),
      retry: false,
      placeholderData: keepPreviousData,
    }),
  );
}

export function useRememberedTargets() {
  const { targets } = useApi();
  return useQuery(targets.list.queryOptions());
}

export function useThisComputer() {
  const { thisComputer } = useApi();
  return useQuery(thisComputer.inspect.queryOptions());
}

export const useStartScan = () => useMutation(useApi().scans.start.mutationOptions());
export const useCancelScan = () => useMutation(useApi().scans.cancel.mutationOptions());
export const useAcceptHostKeys = () => useMutation(useApi().scans.acceptHostKeys.mutationOptions());
export const useSkipHostKeys = () => useMutation(useApi().scans.skipHostKeys.mutationOptions());

/** The host keys that a running scan has met; null where there is none. */
export function useOfferedKeys(scanId: ScanId | null) {
  const { scans } = useApi();
  return useQuery(
    scans.hostKeys.queryOptions({
      input: { scanId: scanId ?? 0 },
      enabled: scanId !== null,
      staleTime: 0,
    }),
  ).data;
}

/** Asks DNS for these keys, once `refetch` is called, and not before. */
export function useOfferedSshfp(scanId: ScanId, ids: readonly string[]) {
  const { scans } = useApi();
  return useQuery({
    ...scans.compareSshfp.queryOptions({ input: { scanId, ids: [...ids] } }),
    queryKey: ["sshfp", "scan", scanId],
    enabled: false,
    retry: false,
  });
}

export const useTrustKey = () => useMutation(useApi().hosts.trustKey.mutationOptions());

/** What running scans wait for: the oldest prompt of the newest scan that prompts, and how many it has. */
export function usePrompts() {
  const { scans } = useApi();
  const running = useScans({ state: "running" }).list.rows;
  const found = useQueries({
    queries: running.map(({ id }) => scans.prompts.queryOptions({ input: { scanId: id }, staleTime: 0 })),
  });
  const [waiting] = running.flatMap((scan, index) => {
    const requests = found[index]?.data ?? [];
    return requests[0] ? [{ scan, request: requests[0], count: requests.length }] : [];
  });
  return { waiting, count: waiting?.count ?? 0 };
}

/** Not a mutation of the query client, which would keep what was typed. */
export function useAnswer() {
  const { scans } = useApi();
  const queries = useQueryClient();
  return async (input: Parameters<typeof scans.answer.call>[0]): Promise<void> => {
    await scans.answer.call(input);
    await queries.invalidateQueries({ queryKey: scans.prompts.key() });
  };
}
