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
import type { PlanId } from "#shared/model/runs/plan.ts";
import type { RunId } from "#shared/model/runs/run.ts";

export const route = getRouteApi("/runbooks");
export const planRoute = getRouteApi("/runbooks/plan");

type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "startedAt", descending = true }: Search) => ({ by: sort, descending });

export function useRuns(search: Search) {
  const { runbooks } = useApi();
  const { state = null, kind = null } = search;
  const input = { search: search.search ?? "", state, kind, sort: sortOf(search) };
  const list = useRows(
    useInfiniteQuery(
      runbooks.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  return { list, fetchAll: () => fetchAll((after) => runbooks.list.call({ ...input, after, limit: 1_000 })) };
}

export const useRun = (runId: RunId) => useQuery(useApi().runbooks.find.queryOptions({ input: { runId } }));

export function useJournal(runId: RunId) {
  const { runbooks } = useApi();
  return useRows(
    useInfiniteQuery(
      runbooks.entries.infiniteOptions({
        input: (after: string | null) => ({ runId, after, limit: 200 }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
      }),
    ),
  );
}

export const useFoundPlan = (planId: PlanId) =>
  useQuery(useApi().runbooks.findPlan.queryOptions({ input: { planId } }));

export const useMakePlan = () => useMutation(useApi().runbooks.plan.mutationOptions());
export const useIssuers = () => useQuery(useApi().issuers.known.queryOptions());
export const useTakePlan = () => useMutation(useApi().runbooks.takePlan.mutationOptions());
export const useStartRun = () => useMutation(useApi().runbooks.start.mutationOptions());
export const usePause = () => useMutation(useApi().runbooks.pause.mutationOptions());
export const useResume = () => useMutation(useApi().runbooks.resume.mutationOptions());
export const useGiveCertificate = () => useMutation(useApi().runbooks.giveCertificate.mutationOptions());
export const useConfirmKey = () => useMutation(useApi().runbooks.confirm.mutationOptions());
export const useRepair = () => useMutation(useApi().runbooks.repair.mutationOptions());
export const useRollBack = () => useMutation(useApi().runbooks.rollBack.mutationOptions());

export function useScripts() {
  const { runbooks } = useApi();
  return (asked: Parameters<typeof runbooks.exportScripts.call>[0]) => runbooks.exportScripts.call(asked);
}

/** What a run or a plan waits for, the oldest first. */
export function useQuestions() {
  const { data } = useQuery(useApi().runbooks.questions.queryOptions({ staleTime: 0 }));
  return data ?? [];
}

/** No mutation of the query client's: that one would keep what was typed. */
export function useAnswer() {
  const { runbooks } = useApi();
  const queries = useQueryClient();
  return async (questionId: string, answers: string[] | null): Promise<void> => {
    await runbooks.answer.call({ questionId, answers });
    await queries.invalidateQueries({ queryKey: runbooks.questions.key() });
  };
}
