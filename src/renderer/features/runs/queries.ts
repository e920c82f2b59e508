import {
  keepPreviousData,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "#renderer/api/connection.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { PlanId } from "#shared/model/runs/plan.ts";
import type { RunId } from "#shared/model/runs/run.ts";
import { runCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/runs");
export const planRoute = getRouteApi("/runs/plan");

type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "startedAt", descending = true }: Search) => ({ by: sort, descending });

export function useRuns(search: Search) {
  const { runs } = useApi();
  const { state = null, kind = null } = search;
  const input = { search: search.search ?? "", state, kind, sort: sortOf(search) };
  const list = useRows(
    useInfiniteQuery(
      runs.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return {
    list,
    fetchAll: () => fetchAll((after) => runs.list.call({ ...input, after, limit: 1_000 })),
    commands: runCommands(input),
  };
}

export const useRun = (runId: RunId) => useQuery(useApi().runs.find.queryOptions({ input: { runId } }));

export function useJournal(runId: RunId) {
  const { runs } = useApi();
  return useRows(
    useInfiniteQuery(
      runs.entries.infiniteOptions({
        input: (after: string | null) => ({ runId, after, limit: 200 }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
      }),
    ),
  );
}

export const useFoundPlan = (planId: PlanId) =>
  useQuery(useApi().runs.findPlan.queryOptions({ input: { planId } }));

export const useOpenPlans = (search: string) =>
  useQuery(useApi().runs.openPlans.queryOptions({ input: { search }, placeholderData: keepPreviousData }));
export const useDropPlan = () => useMutation(useApi().runs.dropPlan.mutationOptions());
export const useMakePlan = () => useMutation(useApi().runs.plan.mutationOptions());
export const useIssuers = () => useQuery(useApi().issuers.known.queryOptions());
export const useTakePlan = () => useMutation(useApi().runs.importPlan.mutationOptions());
export const useStartRun = () => useMutation(useApi().runs.start.mutationOptions());
export const usePause = () => useMutation(useApi().runs.pause.mutationOptions());
export const useResume = () => useMutation(useApi().runs.resume.mutationOptions());
export const useGiveCertificate = () => useMutation(useApi().runs.provideCertificate.mutationOptions());
export const useConfirmKey = () => useMutation(useApi().runs.confirm.mutationOptions());
export const useRepair = () => useMutation(useApi().runs.repair.mutationOptions());
export const useUndo = () => useMutation(useApi().runs.undo.mutationOptions());
export const useRollBack = () => useMutation(useApi().runs.rollBack.mutationOptions());

export function useScripts() {
  const { runs } = useApi();
  return (request: Parameters<typeof runs.exportScripts.call>[0]) => runs.exportScripts.call(request);
}

/** What a run or a plan waits for, the oldest first. */
export function usePrompts() {
  const { data } = useQuery(useApi().runs.prompts.queryOptions({ staleTime: 0 }));
  return data ?? [];
}

/** Not a mutation of the query client, which would keep what was typed. */
export function useAnswer() {
  const { runs } = useApi();
  const queries = useQueryClient();
  return async (promptId: string, answers: string[] | null): Promise<void> => {
    await runs.answer.call({ promptId, answers });
    await queries.invalidateQueries({ queryKey: runs.prompts.key() });
  };
}

export const useCertificate = (sha256: string) =>
  useQuery(useApi().certificates.find.queryOptions({ input: { sha256: Sha256.parse(sha256) } }));
