import { readApache } from "#domain/server-configs/apache/read-apache.ts";
import { readDovecot } from "#domain/server-configs/dovecot/read-dovecot.ts";
import { readHaproxy } from "#domain/server-configs/haproxy/read-haproxy.ts";
import { readNginx } from "#domain/server-configs/nginx/read-nginx.ts";
import { readPostfix } from "#domain/server-configs/postfix/read-postfix.ts";
import { splitConfigLine } from "#domain/ssh/sshd-config.ts";
import type { Configuration, ConfigurationFiles, Location, Role, ServerKind } from "./configuration.ts";
import { createDraft, type Draft, joinPath } from "./draft.ts";
import { readMysql } from "./read-mysql.ts";
import { readPostgresql } from "./read-postgresql.ts";
import { readSlapd } from "./read-slapd.ts";
import { findOtherRoot } from "./running-root.ts";

const READERS: { [kind in ServerKind]: (files: ConfigurationFiles) => Configuration } = {
  nginx: readNginx,
  apache: readApache,
  haproxy: readHaproxy,
  postfix: readPostfix,
  dovecot: readDovecot,
  slapd: readSlapd,
  postgresql: readPostgresql,
  mysql: readMysql,
  sshd: readSshd,
};

/**
 * What a server presents where by its configuration, with the line that says so. Never throws, whatever the text: what
 * could not be read or decided is in `unknown`, and in `unsure` and `incomplete` where it affects what is presented.
 */
export function readConfiguration(files: ConfigurationFiles): Configuration {
  const configuration = READERS[files.server](files);
  const other = findOtherRoot(files);
  if (other === null) return configuration;
  const why = `what runs was started with ${other} instead, which is not what was read`;
  return {
    ...configuration,
    incomplete: { why, onlyForNames: false },
    bindings: configuration.bindings.map((binding) => ({ ...binding, unsure: why })),
  };
}

const NAMED = new Map<string, Role>(
  Object.entries({
    trustedusercakeys: "ssh-ca",
    hostcertificate: "ssh-host-certificate",
    revokedkeys: "revoked-keys",
  }),
);

const DEEPEST_INCLUDE = 16;

/** The certificate files that sshd's configuration names. sshd speaks no TLS. */
function readSshd(source: ConfigurationFiles): Configuration {
  const draft = createDraft(source);
  readInto(draft, source.root, null, 0);
  return draft.configuration;
}

function readInto(draft: Draft, file: string, by: Location | null, depth: number): void {
  for (const [index, text] of (draft.open(file, by) ?? "").split("\n").entries()) {
    const [keyword = "", ...values] = splitConfigLine(text) ?? [];
    const at = { file, line: index + 1 };
    const role = NAMED.get(keyword);
    if (keyword === "include" && depth >= DEEPEST_INCLUDE)
      draft.warn("files include each other too deep", at);
    else if (keyword === "include") {
      for (const pattern of values)
        for (const path of draft.expand(joinPath("/etc/ssh", pattern), at))
          readInto(draft, path, at, depth + 1);
    } else if (role !== undefined && values[0] && values[0].toLowerCase() !== "none") {
      draft.name(role, { path: joinPath("/", values[0]), directive: keyword, at });
    }
  }
}
