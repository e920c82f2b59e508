import { splitConfigLine } from "#domain/ssh/sshd-config.ts";
import type { Configuration, ConfigurationFiles, Place, Role } from "./configuration.ts";
import { createDraft, type Draft, joinPath } from "./draft.ts";

const NAMED = new Map<string, Role>(
  Object.entries({
    trustedusercakeys: "ssh-ca",
    hostcertificate: "ssh-host-certificate",
    revokedkeys: "revoked-keys",
  }),
);

const DEEPEST_INCLUDE = 16;

/** The files of sshd's configuration that certificates hang on. sshd serves none of TLS. */
export function readSshd(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  readInto(draft, source.root, null, 0);
  return draft.configuration;
}

function readInto(draft: Draft, file: string, by: Place | null, depth: number): void {
  for (const [index, text] of (draft.open(file, by) ?? "").split("\n").entries()) {
    const [keyword = "", ...values] = splitConfigLine(text) ?? [];
    const at = { file, line: index + 1 };
    const role = NAMED.get(keyword);
    if (keyword === "include" && depth >= DEEPEST_INCLUDE)
      draft.wonder("files include each other too deep", at);
    else if (keyword === "include") {
      for (const pattern of values)
        for (const path of draft.expand(joinPath("/etc/ssh", pattern), at))
          readInto(draft, path, at, depth + 1);
    } else if (role !== undefined && values[0] && values[0].toLowerCase() !== "none") {
      draft.name(role, { path: joinPath("/", values[0]), directive: keyword, at });
    }
  }
}
