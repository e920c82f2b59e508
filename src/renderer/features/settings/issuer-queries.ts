import { useMutation, useQuery } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";

export const useIssuers = () => useQuery(useApi().issuers.known.queryOptions());
export const useIssued = (name: string) =>
  useQuery(useApi().issuers.issued.queryOptions({ input: { name } }));
export const useAddLocal = () => useMutation(useApi().issuers.addLocal.mutationOptions());
export const useAddAcme = () => useMutation(useApi().issuers.addAcme.mutationOptions());
export const useAddCsr = () => useMutation(useApi().issuers.addCsr.mutationOptions());
export const useSetIssuer = () => useMutation(useApi().issuers.set.mutationOptions());
export const useSetChallenge = () => useMutation(useApi().issuers.setChallenge.mutationOptions());
export const useRemoveIssuer = () => useMutation(useApi().issuers.remove.mutationOptions());
export const useTestIssuer = () => useMutation(useApi().issuers.test.mutationOptions());
export const useRevoke = () => useMutation(useApi().issuers.revoke.mutationOptions());
export const useRevocationList = () => useMutation(useApi().issuers.revocationList.mutationOptions());
export const useSign = () => useMutation(useApi().issuers.sign.mutationOptions());
