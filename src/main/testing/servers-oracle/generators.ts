/** A generator of random configurations for each server whose configuration is read, and how many of them a run tries. */
import { generateApache } from "./apache.ts";
import { generateMysql, generatePostgresql, generateSlapd } from "./databases.ts";
import type { Generator } from "./generated.ts";
import { generateHaproxy } from "./haproxy.ts";
import { generateDovecot, generatePostfix } from "./mail-servers.ts";
import { generateNginx } from "./nginx.ts";

export const GENERATORS: { [server: string]: Generator } = {
  nginx: generateNginx,
  apache: generateApache,
  haproxy: generateHaproxy,
  postfix: generatePostfix,
  dovecot: generateDovecot,
  slapd: generateSlapd,
  postgresql: generatePostgresql,
  mysql: generateMysql,
};

/**
 * LATCHKEY_ORACLE_SEED alone makes the configuration of a failure again; otherwise LATCHKEY_ORACLE_COUNT seeds from 1,
 * or from LATCHKEY_ORACLE_FROM, to split a long run.
 */
export function listSeeds(usual: number): number[] {
  const {
    LATCHKEY_ORACLE_SEED: only,
    LATCHKEY_ORACLE_COUNT: count,
    LATCHKEY_ORACLE_FROM: from,
  } = process.env;
  if (only !== undefined) return [Number(only)];
  return Array.from({ length: Number(count ?? usual) }, (_, index) => Number(from ?? 1) + index);
}
