import { readFileOrRefuse } from "./read-file.ts";

const MOST_BYTES = 64 * 1024;

/** A key as it was given: a fingerprint and a line stand for themselves, a .pub file for its line, any other path for a private key. */
export async function readKeyText(given: string): Promise<string> {
  if (/^SHA256:|\s/.test(given) || !given.endsWith(".pub")) return given;
  const bytes = await readFileOrRefuse(given, MOST_BYTES);
  return Buffer.from(bytes ?? [])
    .toString("utf8")
    .trim();
}
