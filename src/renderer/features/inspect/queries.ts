import { useMutation, useQuery } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { type ChosenFile, toBase64 } from "#renderer/api/desktop.ts";
import { BUNDLE_PART_BYTES, type Inspection } from "#shared/contract/inspect.ts";
import { BUNDLE_START, MOST_BUNDLE_BYTES } from "#shared/model/hosts/bundle.ts";

/**
 * Reads once, and keeps nothing: a file of the same name may be another one the next time. `unlock` reads again with a
 * password and forgets it; what that opened is shown until the file is closed.
 */
export function useInspection(file: ChosenFile) {
  const { inspect } = useApi();
  const [opened, setOpened] = useState<Inspection | null>(null);
  const inspectFile = async (passwords: string[]) =>
    inspect.file.call({ name: file.name.slice(0, 4_096), base64: await file.read(), passwords });
  const { data, error } = useQuery({
    queryKey: ["given-file", useId()],
    queryFn: () => inspectFile([]),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const unlock = async (password: string) => setOpened(await inspectFile([password]));
  return { data: opened ?? data, error, unlock };
}

/** A login may print at most so much before the first line of a bundle. */
const NOISE_BYTES = 64 * 1024;

/** Whether a file begins as a bundle does; null: not known yet. */
export function useIsBundle({ blob }: ChosenFile): boolean | null {
  const { data } = useQuery({
    queryKey: ["is-bundle", useId()],
    queryFn: async () => {
      const begin = blob ? await blob.slice(0, NOISE_BYTES).text() : "";
      return begin.startsWith(BUNDLE_START) || begin.includes(`\n${BUNDLE_START}`);
    },
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? null;
}

export type HostAddress = { host: string; port: number };

/** As long as a list of signers may be. */
const MOST_SIGNERS_BYTES = 1024 * 1024;

/**
 * What a bundle is, what its import would do, and the function that imports it. `as`: what its host is called;
 * `signers`: whose signatures count beside those of the people sources.
 */
export function useBundle(blob: Blob, signatureFile: ChosenFile | null) {
  const { bundles } = useApi();
  const [as, callHost] = useState<HostAddress | null>(null);
  const [signers, setSigners] = useState<File | null>(null);
  const readInput = async () => ({
    ...(await uploadParts(blob, bundles.uploadPart.call)),
    as,
    signature: await readText(signatureFile),
    signers: await readSigners(signers),
  });
  const preview = useQuery({
    queryKey: ["given-bundle", useId(), as, useFileNumber(signers)],
    queryFn: async () => bundles.inspect.call(await readInput()),
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const take = useMutation({
    mutationFn: async (approved: HostAddress[]) => bundles.import.call({ ...(await readInput()), approved }),
  });
  return { preview, take, callHost, signers, setSigners };
}

/** A new number for each file that is chosen. */
function useFileNumber(file: File | null): number {
  const last = useRef({ file, count: 0 });
  if (last.current.file !== file) last.current = { file, count: last.current.count + 1 };
  return last.current.count;
}

function readSigners(file: File | null): Promise<string> | string {
  if (file === null) return "";
  if (file.size <= MOST_SIGNERS_BYTES) return file.text();
  throw new Error(`${file.name} is larger than 1 MiB; no list of signers is`);
}

type UploadPart = (part: { id: string; base64: string }) => Promise<unknown>;

/** Uploads all but the last part, under a number of its own, and returns the rest. */
async function uploadParts(blob: Blob, uploadPart: UploadPart) {
  if (blob.size > MOST_BUNDLE_BYTES) throw new Error("it is larger than 16 MiB; no bundle is");
  const last = Math.max(0, Math.ceil(blob.size / BUNDLE_PART_BYTES) - 1) * BUNDLE_PART_BYTES;
  const id = crypto.randomUUID();
  for (let at = 0; at < last; at += BUNDLE_PART_BYTES)
    await uploadPart({ id, base64: await toBase64(blob.slice(at, at + BUNDLE_PART_BYTES)) });
  return { uploadId: last === 0 ? null : id, base64: await toBase64(blob.slice(last)) };
}

const readText = async (file: ChosenFile | null): Promise<string | null> =>
  file?.blob ? file.blob.slice(0, 65_536).text() : null;
