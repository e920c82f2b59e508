import { useMutation, useQuery } from "@tanstack/react-query";
import { useApi } from "#renderer/api/api.ts";

export const useVault = () => useQuery(useApi().vault.status.queryOptions());
export const useKeptPassphrases = () => useQuery(useApi().vault.passphrases.queryOptions());
export const useForgetPassphrase = () => useMutation(useApi().vault.forgetPassphrase.mutationOptions());
export const useLock = () => useMutation(useApi().vault.lock.mutationOptions());
export const useUnlockByKeyring = () => useMutation(useApi().vault.unlockByKeyring.mutationOptions());
export const useSetKeyring = () => useMutation(useApi().vault.setKeyring.mutationOptions());
