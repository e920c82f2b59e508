import { readApache } from "./apache/read-apache.ts";
import type { Configuration, ConfigurationFiles, ServerKind } from "./configuration.ts";
import { readDovecot } from "./dovecot/read-dovecot.ts";
import { readHaproxy } from "./haproxy/read-haproxy.ts";
import { readMysql } from "./mysql/read-mysql.ts";
import { readNginx } from "./nginx/read-nginx.ts";
import { readPostfix } from "./postfix/read-postfix.ts";
import { readPostgresql } from "./postgresql/read-postgresql.ts";
import { readSshd } from "./read-sshd.ts";
import { findOtherRoot } from "./running-root.ts";
import { readSlapd } from "./slapd/read-slapd.ts";

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
 * What a server's configuration serves where, with the line that says so. Never throws, whatever the text: what could
 * not be read or told is in `unknown`, and in `unsure` and `mayLack` where it bears on what is served.
 */
export function readConfiguration(files: ConfigurationFiles): Configuration {
  const configuration = READERS[files.server](files);
  const other = findOtherRoot(files);
  if (other === null) return configuration;
  const why = `what runs was started with ${other} instead, which is not what was read`;
  return {
    ...configuration,
    mayLack: { why, onlyForNames: false },
    servings: configuration.servings.map((serving) => ({ ...serving, unsure: why })),
  };
}
