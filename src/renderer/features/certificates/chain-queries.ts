import { useMutation, useQuery } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";
import { Sha256 } from "#shared/model/certificate.ts";

export function useChains(sha256: string) {
  const { chains } = useApi();
  return useQuery(chains.read.queryOptions({ input: { sha256: Sha256.parse(sha256) } }));
}

export function useRevocation(sha256: string) {
  const { chains } = useApi();
  return useQuery(chains.revocation.queryOptions({ input: { sha256: Sha256.parse(sha256) } }));
}

export const useFetchLists = () => useMutation(useApi().chains.fetchLists.mutationOptions());

export const useAskResponders = () => useMutation(useApi().chains.askResponders.mutationOptions());
