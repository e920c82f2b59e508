import { useMutation, useQuery } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";

export const useSettings = () => useQuery(useApi().settings.read.queryOptions());
export const useRememberedTargets = () => useQuery(useApi().targets.list.queryOptions());
export const useRemoveTarget = () => useMutation(useApi().targets.remove.mutationOptions());

/** Asked for by hand: it reads the whole log. */
export const useVerification = () =>
  useQuery(useApi().activity.verify.queryOptions({ enabled: false, gcTime: 0 }));
