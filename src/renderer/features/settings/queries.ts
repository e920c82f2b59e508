import { useMutation, useQuery } from "@tanstack/react-query";
import { useApi } from "#renderer/api/connection.ts";

export const useSettings = () => useQuery(useApi().settings.read.queryOptions());
export const useSetMaxAge = () => useMutation(useApi().today.setMaxAge.mutationOptions());
export const useRememberedTargets = () => useQuery(useApi().targets.list.queryOptions());
export const useRemoveTarget = () => useMutation(useApi().targets.remove.mutationOptions());

export const useTrusted = () => useQuery(useApi().chains.trusted.queryOptions());
export const useTrust = () => useMutation(useApi().chains.trust.mutationOptions());
export const useDistrust = () => useMutation(useApi().chains.distrust.mutationOptions());

export const useDatabaseState = () => useQuery(useApi().database.state.queryOptions());
export const useBackups = () => useQuery(useApi().database.backups.queryOptions());
export const useBackUp = () => useMutation(useApi().database.backUp.mutationOptions());

/** Fetched on request only: it reads the whole database. */
export const useCheck = () => useQuery(useApi().database.check.queryOptions({ enabled: false, gcTime: 0 }));

/** Fetched on request only: it reads the whole log. */
export const useVerification = () =>
  useQuery(useApi().auditLog.verify.queryOptions({ enabled: false, gcTime: 0 }));

export const useIssuers = () => useQuery(useApi().issuers.known.queryOptions());
export const useIssued = (name: string) =>
  useQuery(useApi().issuers.issued.queryOptions({ input: { name } }));
export const useAddLocal = () => useMutation(useApi().issuers.addLocal.mutationOptions());
export const useImportLocal = () => useMutation(useApi().issuers.importLocal.mutationOptions());
export const useAddAcme = () => useMutation(useApi().issuers.addAcme.mutationOptions());
export const useAddCsr = () => useMutation(useApi().issuers.addCsr.mutationOptions());
export const useSetIssuer = () => useMutation(useApi().issuers.set.mutationOptions());
export const useSetChallenge = () => useMutation(useApi().issuers.setChallenge.mutationOptions());
export const useRemoveIssuer = () => useMutation(useApi().issuers.remove.mutationOptions());
export const useTestIssuer = () => useMutation(useApi().issuers.test.mutationOptions());
export const useRevoke = () => useMutation(useApi().issuers.revoke.mutationOptions());
export const useRevocationList = () => useMutation(useApi().issuers.revocationList.mutationOptions());
export const useSign = () => useMutation(useApi().issuers.sign.mutationOptions());

export const useVault = () => useQuery(useApi().vault.status.queryOptions());
export const useKeptPassphrases = () => useQuery(useApi().vault.passphrases.queryOptions());
export const useForgetPassphrase = () => useMutation(useApi().vault.forgetPassphrase.mutationOptions());
export const useLock = () => useMutation(useApi().vault.lock.mutationOptions());
export const useUnlockByKeyring = () => useMutation(useApi().vault.unlockByKeyring.mutationOptions());
export const useSetKeyring = () => useMutation(useApi().vault.setKeyring.mutationOptions());
