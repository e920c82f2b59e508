import { type LineOption, readLineOptions } from "./line-options.ts";

/** A line of an AuthorizedPrincipalsFile: options, and a name that a certificate must have. */
export type PrincipalLine = {
  /** From 1. */
  line: number;
  principal: string;
  parsedOptions: readonly LineOption[];
  /** Why sshd ignores the line; null when it does not. */
  problem: string | null;
};

/** As sshd reads it: a # ends a line wherever it stands, and the last word is the name. */
export function readPrincipals(bytes: Uint8Array): PrincipalLine[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  return text.split("\n").flatMap((written, index) => {
    const kept = written.split("#", 1)[0]?.split("\0", 1)[0] ?? "";
    const entry = kept.replace(/^[ \t]+/, "").replace(/(?<=.)[ \t]+$/, "");
    if (entry === "") return [];
    const blank = entry.includes(" ") ? entry.lastIndexOf(" ") : entry.lastIndexOf("\t");
    const { options, problem } = readLineOptions(
      blank < 0 ? "" : entry.slice(0, blank).replace(/[ \t]+$/, ""),
    );
    const principal = Buffer.from(entry.slice(blank + 1), "latin1").toString("utf8");
    const isAuthority = options.some(({ name }) => name === "cert-authority");
    return [
      {
        line: index + 1,
        principal,
        parsedOptions: options,
        problem: isAuthority ? "cert-authority does not belong here" : problem,
      },
    ];
  });
}
