import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A stream that the collector once wrote on a real host. */
const WRITTEN = readFileSync(
  join(import.meta.dirname, "../../domain/collection/testdata/web1.stream"),
  "latin1",
);

/** The nonce in a script, where it is written in two parts. */
const nonceIn = (script: string): string =>
  (/--nonce '([\w-]*)''([\w-]*)'/.exec(script) ?? []).slice(1).join("");

/**
 * A whole stream, as the collector would have answered this script; `change` alters it before its digest is computed.
 */
export function answerScript(
  script: string,
  change: (records: string) => string = (records) => records,
): string {
  const nonce = nonceIn(script);
  const begin = WRITTEN.indexOf("latchkey-collection 1 ");
  const end = WRITTEN.lastIndexOf("end ");
  const [, oldNonce = ""] = /^latchkey-collection 1 (\S+)/.exec(WRITTEN.slice(begin)) ?? [];
  const [, count = ""] = /^end (\d+)/.exec(WRITTEN.slice(end)) ?? [];
  const signed = change(WRITTEN.slice(begin, end).replace(oldNonce, nonce));
  return `motd\n${signed}end ${count} ${nonce} sha256 ${hash("sha256", Buffer.from(signed, "latin1"))}\n`;
}
