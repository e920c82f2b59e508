import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { certificateKeys } from "#renderer/api/filter-keys.ts";
import { fetchAll, useRows } from "#renderer/api/use-rows.ts";
import { Sha256 } from "#shared/model/certificates/certificate.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { certificateCommands } from "#shared/text/list-commands.ts";

export const route = getRouteApi("/certificates");
type Search = ReturnType<typeof route.useSearch>;

export const sortOf = ({ sort = "notAfter", descending = false }: Search) => ({ by: sort, descending });

/** More listeners than this are not shown with a certificate; `latchkey served` lists them all. */
const SERVED_SHOWN = 200;

const inputOf = (search: Search) => ({
  search: search.search ?? "",
  expiringWithinDays: search.within ?? null,
  role: search.role ?? null,
  location: search.location ?? null,
  host: search.host ?? null,
  spki: search.spki ?? null,
  violation: search.violation ?? null,
  owner: search.owner ?? null,
  owned: search.owned ?? false,
  tag: search.tag ?? null,
  keyType: search.type ?? null,
  issuer: search.issuer ?? null,
  sort: sortOf(search),
});

export function useCertificates(search: Search) {
  const { certificates } = useApi();
  const input = inputOf(search);
  const list = useRows(
    useInfiniteQuery(
      certificates.list.infiniteOptions({
        input: (after: string | null) => ({ ...input, after }),
        initialPageParam: null,
        getNextPageParam: ({ next }) => next,
        placeholderData: keepPreviousData,
      }),
    ),
  );
  const all = () =>
    fetchAll((after) => certificates.list.call({ ...input, after, limit: 1_000, locationLimit: 1_000 }));
  return { list, fetchAll: all, commands: certificateCommands(input) };
}

/** What can be typed into the filter, with the owners and tags that were given. */
export function useFilterKeys() {
  const { data } = useQuery(useApi().labels.read.queryOptions());
  return useMemo(
    () => certificateKeys({ owners: data?.owners, tags: data?.tags.map(({ name }) => name) }),
    [data],
  );
}

export function useCertificate(sha256: string) {
  const { certificates } = useApi();
  return useQuery(certificates.find.queryOptions({ input: { sha256: Sha256.parse(sha256) } }));
}

export function useServed(sha256: string) {
  const { served } = useApi();
  return useQuery(served.list.queryOptions({ input: { sha256: Sha256.parse(sha256), limit: SERVED_SHOWN } }));
}

/** The parts of one element of a certificate, page by page; they never change. */
export function useAsn1Level(sha256: string, offset: number | null) {
  const { certificates } = useApi();
  return useInfiniteQuery(
    certificates.asn1.infiniteOptions({
      input: (skip: number) => ({ sha256: Sha256.parse(sha256), offset, skip }),
      initialPageParam: 0,
      getNextPageParam: ({ next }) => next,
      staleTime: Number.POSITIVE_INFINITY,
    }),
  );
}

/** What an endpoint sent beside its chain. */
export function useEndpoint({ host, port, serverName, protocol }: Omit<TlsTarget, "kind">) {
  const { endpoints } = useApi();
  return useQuery(endpoints.find.queryOptions({ input: { host, port, serverName, protocol } }));
}

export function useChains(sha256: string) {
  const { chains } = useApi();
  return useQuery(chains.read.queryOptions({ input: { sha256: Sha256.parse(sha256) } }));
}

export function useRevocation(sha256: string) {
  const { chains } = useApi();
  return useQuery(chains.revocation.queryOptions({ input: { sha256: Sha256.parse(sha256) } }));
}

export const useFetchLists = () => useMutation(useApi().chains.fetchLists.mutationOptions());

export const useQueryResponders = () => useMutation(useApi().chains.queryResponders.mutationOptions());

/** The bytes in a PEM block of ours. */
export function fromPem(pem: string): Uint8Array {
  const base64 = pem.replace(/-----[^-]*-----/g, "").replace(/\s+/g, "");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
