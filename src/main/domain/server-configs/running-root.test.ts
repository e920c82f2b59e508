import { expect, test } from "vitest";
import { findUnreadableRoots } from "#domain/collection/read-servers.ts";
import { isOfOther, mapHost } from "#domain/deployment-status/host-map.ts";
import { makeFiles } from "#domain/server-configs/testing/format-files.ts";
import { makeCollection } from "#domain/ssh/testdata/make-collection.ts";
import type { ServerKind } from "./configuration.ts";
import { readConfiguration } from "./read-configuration.ts";
import { readStartedWith } from "./running-root.ts";

type Instance = {
  server: ServerKind;
  name: string;
  usual: string;
  own: string[];
  other: string[];
  root: string;
};

/** The arguments of each server as Debian starts it, and of a second one beside it, with that one's configuration. */
const INSTANCES: Instance[] = [
  {
    server: "nginx",
    name: "nginx",
    usual: "/etc/nginx/nginx.conf",
    root: "/srv/two/nginx.conf",
    own: ["nginx: master process /usr/sbin/nginx -g daemon on; master_process on;"],
    other: ["nginx: master process nginx -p /srv/two/ -c nginx.conf"],
  },
  {
    server: "apache",
    name: "apache2",
    usual: "/etc/apache2/apache2.conf",
    root: "/srv/two/a.conf",
    own: ["/usr/sbin/apache2", "-k", "start"],
    other: ["/usr/sbin/apache2", "-k", "start", "-f", "/srv/two/a.conf"],
  },
  {
    server: "apache",
    name: "apache2",
    usual: "/etc/apache2/apache2.conf",
    root: "/etc/apache2-two/",
    own: ["/usr/sbin/apache2", "-k", "start"],
    other: ["/usr/sbin/apache2", "-d", "/etc/apache2-two", "-k", "start"],
  },
  {
    server: "haproxy",
    name: "haproxy",
    usual: "/etc/haproxy/haproxy.cfg",
    root: "/srv/one.cfg",
    own: ["/usr/sbin/haproxy", "-Ws", "-f", "/etc/haproxy/haproxy.cfg", "-p", "/run/haproxy.pid"],
    other: ["/usr/sbin/haproxy", "-Ws", "-f", "/srv/one.cfg", "-f", "/srv/two.cfg"],
  },
  {
    server: "haproxy",
    name: "haproxy",
    usual: "/etc/haproxy/haproxy.cfg",
    root: "/srv/two.cfg",
    own: ["haproxy", "-f", "/srv/global.cfg", "-f", "/etc/haproxy/haproxy.cfg"],
    other: ["haproxy", "-D", "--", "/srv/two.cfg"],
  },
  {
    server: "postfix",
    name: "master",
    usual: "/etc/postfix/main.cf",
    root: "/etc/postfix-out/main.cf",
    own: ["master", "-c", "/etc/postfix", "/usr/lib/postfix/sbin/master", "-w"],
    other: ["master", "-c", "/etc/postfix-out", "/usr/lib/postfix/sbin/master", "-w"],
  },
  {
    server: "dovecot",
    name: "dovecot",
    usual: "/etc/dovecot/dovecot.conf",
    root: "/srv/two/d.conf",
    own: ["/usr/sbin/dovecot", "-F"],
    other: ["/usr/sbin/dovecot", "-c", "/srv/two/d.conf"],
  },
  {
    server: "slapd",
    name: "slapd",
    usual: "/etc/ldap/slapd.d/cn=config.ldif",
    root: "/srv/two/slapd.conf",
    own: ["/usr/sbin/slapd", "-h", "ldap:/// ldapi:///", "-g", "openldap", "-F", "/etc/ldap/slapd.d"],
    other: ["slapd", "-f", "/srv/two/slapd.conf", "-h", "ldaps://192.0.2.2/"],
  },
  {
    server: "slapd",
    name: "slapd",
    usual: "/etc/ldap/slapd.d/cn=config.ldif",
    root: "/srv/two/cn=config.ldif",
    own: ["/usr/sbin/slapd", "-h", "ldap:///"],
    other: ["slapd", "-F", "/srv/two"],
  },
  {
    server: "postgresql",
    name: "postgres",
    usual: "/etc/postgresql/17/main/postgresql.conf",
    root: "/srv/pg/postgresql.conf",
    own: ["/usr/lib/postgresql/17/bin/postgres", "-D", "/var/lib/postgresql/17/main"].concat(
      "-c",
      "config_file=/etc/postgresql/17/main/postgresql.conf",
    ),
    other: ["postgres", "-D", "/srv/pg", "-p", "5433"],
  },
  {
    server: "mysql",
    name: "mariadbd",
    usual: "/etc/mysql/my.cnf",
    root: "/srv/two.cnf",
    own: ["/usr/sbin/mariadbd", "--defaults-group-suffix=", "--user=mysql"],
    other: ["mariadbd", "--defaults-file=/srv/two.cnf", "--port=3307"],
  },
];

const process = (pid: number, name: string, words: string[]) => ({
  pid,
  name,
  startedAt: 1,
  arguments: words,
});

test.each(INSTANCES)(
  "of the ports of a second $server, started as $other, nothing is claimed by the usual one, and it is told of as unread",
  ({ server, name, usual, own, other, root }) => {
    expect(readStartedWith(server, other)?.root).toBe(root);
    const processes = new Map([
      [1, process(1, name, own)],
      [2, process(2, name, other)],
    ]);
    const listeners = [
      { address: "192.0.2.1", port: 443, pids: [1] },
      { address: "192.0.2.2", port: 443, pids: [2] },
    ];
    const listening = { listeners, processes, addresses: ["192.0.2.1", "192.0.2.2"] };
    const files = makeFiles({ server, commandLines: [own, other] }, { [usual]: "" });
    const map = mapHost(makeCollection({ serverConfigs: [files], listening }));
    const [configuration] = map.configurations;
    if (!configuration) throw new Error("it was not read");
    const silent = map.listeners?.map(({ processes: [one] }) =>
      isOfOther(
        {
          names: [name],
          newestStart: 1,
          processCount: 1,
          startedWith: one?.startedWith ? [one.startedWith] : [],
        },
        configuration,
      ),
    );
    expect(silent).toEqual([false, true]);
    expect(findUnreadableRoots(listening, [files], [])).toEqual([
      {
        kind: "server-config",
        path: root,
        why: `a running ${server} was started with it, and it was not read`,
      },
    ]);
    expect(configuration.incomplete?.why ?? "").not.toContain("was started with");
  },
);

test("of a configuration that was read because a process was started with it that is kept, for it is not the usual instance", () => {
  const root = "/srv/two/nginx.conf";
  const read = (isStarted: boolean) =>
    readConfiguration(makeFiles({ server: "nginx", root, isStarted }, { [root]: "" })).isStarted;
  expect(read(true)).toBe(true);
  expect(read(false)).toBe(undefined);
});
