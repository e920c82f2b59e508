import { type HostSet, readAddresses } from "#domain/targets/addresses.ts";
import { readName } from "#domain/targets/names.ts";
import { Refusal } from "#shared/model/refusal.ts";

/** A name or an address that a host can have: no range, no pattern, nothing that a program might take for an option. */
export const isOneHost = (text: string): boolean => !/[[\]/]/.test(text) && readHost(text)?.count === 1n;

/** Names have no case, and addresses are written their shortest way; what is no host is left as it is. */
export function normaliseHost(text: string): string {
  if (!isOneHost(text)) return text;
  // The other addresses have one way to be written.
  if (!text.includes(":")) return text.toLowerCase();
  const [first = text] = readHost(text)?.list() ?? [];
  return first;
}

function readHost(text: string): HostSet | null {
  try {
    return readAddresses(text) ?? readName(text);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** 1 to 65535, or the service's name; null for none of them. */
export function readPort(text: string): number | null {
  if (text === "ssh") return 22;
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : null;
}
