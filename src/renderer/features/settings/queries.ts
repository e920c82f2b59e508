import { useMutation, useQuery } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";

export const useSettings = () => useQuery(useApi().settings.read.queryOptions());
export const useRememberedTargets = () => useQuery(useApi().targets.list.queryOptions());
export const useRemoveTarget = () => useMutation(useApi().targets.remove.mutationOptions());

export const useTrusted = () => useQuery(useApi().chains.trusted.queryOptions());
export const useTrust = () => useMutation(useApi().chains.trust.mutationOptions());
export const useDistrust = () => useMutation(useApi().chains.distrust.mutationOptions());

export const useDatabaseState = () => useQuery(useApi().database.state.queryOptions());
export const useBackups = () => useQuery(useApi().database.backups.queryOptions());
export const useBackUp = () => useMutation(useApi().database.backUp.mutationOptions());

/** Asked for by hand: it reads the whole database. */
export const useCheck = () => useQuery(useApi().database.check.queryOptions({ enabled: false, gcTime: 0 }));

/** Asked for by hand: it reads the whole log. */
export const useVerification = () =>
  useQuery(useApi().activity.verify.queryOptions({ enabled: false, gcTime: 0 }));
