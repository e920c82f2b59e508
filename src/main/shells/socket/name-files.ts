import { resolve } from "node:path";
import { assertNever } from "#shared/model/assert-never.ts";
import { type LocalFileUse, mapNamedFiles } from "#shared/model/local-file.ts";

/**
 * An input whose files are named from this process's folder: another process, which reads them with the same user's
 * rights, stands in another one. A key may be written where a file is: it stays as it is.
 */
export function nameFilesFromHere(contract: object, path: readonly string[], input: unknown): unknown {
  const schema = schemaOf(contract, path);
  return schema ? mapNamedFiles(schema as Parameters<typeof mapNamedFiles>[0], input, fromHere) : input;
}

function fromHere(use: LocalFileUse, text: string): string {
  switch (use) {
    case "ssh-config":
      // As `ssh -F none` has it.
      return text.toLowerCase() === "none" ? text : toPath(text);
    case "identity":
    case "new-key":
      return toPath(text);
    case "key-or-identity":
      return IS_KEY.test(text) ? text : toPath(text);
    // A program has an absolute path, and a plan those that it was made with.
    case "program":
    case "plan":
      return text;
    default:
      return assertNever(use);
  }
}

const IS_KEY = /^SHA256:|(?:^|\s)(?:ssh-|ecdsa-sha2-|sk-)\S+\s+AAAA/;

/** The home is that of the same user in either process. */
const toPath = (text: string): string => (text === "" || text.startsWith("~/") ? text : resolve(text));

function schemaOf(contract: object, [group = "", name = ""]: readonly string[]): unknown {
  const procedures = (contract as Record<string, Record<string, { "~orpc"?: { inputSchema?: unknown } }>>)[
    group
  ];
  return procedures?.[name]?.["~orpc"]?.inputSchema;
}
