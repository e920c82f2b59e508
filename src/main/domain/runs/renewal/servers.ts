/**
 * How each server tests and reloads a deployment (resources/rotation/deployment). All of it was seen with the real
 * servers: decisions 0039 and 0043.
 */
import { RESTART, type ReloadMethod, type ServerKind } from "#shared/model/runs/deployment.ts";

type ServerWords = {
  title: string;
  /** `staged`: the staged files are tested before a file changes. */
  test: "staged" | "none";
  /**
   * Whether its test reads its whole configuration, and so can fail before anything is new; else it tests the
   * deployment alone.
   */
  testsConfiguration: boolean;
  /** How it is tested. */
  tried: string;
  /** How its configuration is tested where that test does not read it, and how far; null: not at all. */
  checked: string | null;
  /** Used without its supervisor, or if that cannot reload it. */
  command: string;
  /** What it does when it is reloaded with a deployment that it cannot read. */
  badDeployment: "keeps the old" | "serves none" | "unknown";
};

export const SERVERS: { readonly [Kind in ServerKind]: ServerWords } = {
  nginx: {
    title: "nginx",
    test: "staged",
    testsConfiguration: true,
    tried: "nginx -t, where it finds the new files in place of the old",
    checked: null,
    command: "HUP to its master",
    badDeployment: "keeps the old",
  },
  apache: {
    title: "Apache",
    test: "staged",
    testsConfiguration: true,
    tried: "apachectl -t, which reads no key, and a second Apache with nothing but the new files",
    checked: null,
    command: "USR1 to its first process",
    badDeployment: "serves none",
  },
  haproxy: {
    title: "HAProxy",
    test: "staged",
    testsConfiguration: true,
    tried: "haproxy -c, where it finds the new files in place of the old",
    checked: null,
    command: "USR2 to its master; without one, its socket",
    badDeployment: "keeps the old",
  },
  postfix: {
    title: "Postfix",
    test: "staged",
    testsConfiguration: false,
    tried: "posttls-finger, which reads the files as Postfix does",
    checked:
      "postconf and postmap read main.cf and master.cf; what one of its programs alone reads is not tested",
    command: "postfix reload",
    badDeployment: "serves none",
  },
  dovecot: {
    title: "Dovecot",
    test: "staged",
    testsConfiguration: false,
    tried: "a second Dovecot with nothing but the new files, on a socket of its own",
    checked: "doveconf reads all of it",
    command: "doveadm reload",
    badDeployment: "serves none",
  },
  slapd: {
    title: "slapd",
    test: "staged",
    testsConfiguration: false,
    tried: "a second slapd with nothing but the new files, on a socket of its own",
    checked: "slaptest reads a copy of its settings",
    command: "its own settings written over ldapi as they are",
    badDeployment: "serves none",
  },
  postgresql: {
    title: "PostgreSQL",
    test: "staged",
    testsConfiguration: false,
    tried: "postgres -C, which reads the new files before it looks for a database",
    checked: "postgres -C reads postgresql.conf, and what that includes; pg_hba.conf is not tested",
    command: "HUP to its first process, and its log",
    badDeployment: "keeps the old",
  },
  mariadb: {
    title: "MariaDB",
    test: "staged",
    testsConfiguration: false,
    tried: "a second MariaDB with nothing but the new files, on a socket of its own",
    checked: "mariadbd --help reads its option files; what an engine makes of its own options is not tested",
    command: "FLUSH SSL over its socket",
    badDeployment: "keeps the old",
  },
  described: {
    title: "a server that was described",
    test: "none",
    // A test of the old files may fail for what they lack by now: enough validity.
    testsConfiguration: false,
    tried: "the test that was described, where it finds the new files in place of the old",
    checked: null,
    command: "the command that was described",
    badDeployment: "unknown",
  },
};

/**
 * Whether its test has to be given each deployment: it reads no configuration, or in it no keys. Apache's is of the
 * second kind, and what it cannot read ends it.
 */
export const triesEachDeployment = (server: ServerKind): boolean =>
  server === "apache" || !SERVERS[server].testsConfiguration;

const NOT_RELOADED = "not at all: it does not run, or nobody knows how it is reloaded";

/** As a plan says it, and as `Service.reload` has it. */
export function formatReload(server: ServerKind, reloadedBy: ReloadMethod): string {
  switch (reloadedBy) {
    case "unit":
      return "systemctl reload";
    case "command":
      return SERVERS[server].command;
    case "restart":
      return RESTART;
    case "none":
      return NOT_RELOADED;
  }
}
