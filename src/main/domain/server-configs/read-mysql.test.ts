import { expect, test } from "vitest";
import { formatFiles } from "#domain/server-configs/testing/format-files.ts";

test("groups of the server are read, whichever way an option is spelt, and the command line comes last", () => {
  const texts = {
    "/etc/mysql/my.cnf": `[client-server]
port = 3307
!includedir /etc/mysql/conf.d/
[client]
ssl-cert = /client.pem`,
    "/etc/mysql/conf.d/50-server.cnf": `[mysqld]
bind-address = 127.0.0.1 # only here
ssl_cert = "/etc/mysql/it.pem"
loose-ssl-key=it.key
[mariadb]
ssl-ca = /etc/mysql/ca.pem
[mariadb-11.8]
max_connections = 3
[mysqldump]
ssl-cert = /dump.pem`,
    "/etc/mysql/conf.d/x.txt": "[mysqld]\nport = 1",
  };
  expect(formatFiles({ server: "mysql" }, texts)).toMatchInlineSnapshot(`
    "127.0.0.1:3307! mysql at /etc/mysql/conf.d/50-server.cnf:3
      certificate /etc/mysql/it.pem (ssl_cert /etc/mysql/conf.d/50-server.cnf:3)
      key /var/lib/mysql/it.key (loose-ssl-key /etc/mysql/conf.d/50-server.cnf:4)
    client-ca /etc/mysql/ca.pem (ssl-ca /etc/mysql/conf.d/50-server.cnf:6)"
  `);
  expect(
    formatFiles(
      { server: "mysql", commandLines: [["mariadbd", "--port=4000", "--ssl-cert=/own.pem"]] },
      texts,
    ),
  ).toMatchInlineSnapshot(`
    "127.0.0.1:4000! mysql at the command line:1
      certificate /own.pem (ssl-cert the command line:1)
      key /var/lib/mysql/it.key (loose-ssl-key /etc/mysql/conf.d/50-server.cnf:4)
    client-ca /etc/mysql/ca.pem (ssl-ca /etc/mysql/conf.d/50-server.cnf:6)"
  `);
});

test("without a certificate of its own nothing is claimed, and switched off there is nothing", () => {
  const say = (text: string) => formatFiles({ server: "mysql" }, { "/etc/my.cnf": text });
  expect(say("[mysqld]\nport=3306")).toMatchInlineSnapshot(`
    "any:3306! mysql at /etc/my.cnf:2
      unsure: without ssl-cert it makes a certificate itself, or speaks no TLS"
  `);
  expect(say("[mysqld]\nssl-cert=/x\n[mysqld-8.4]\nssl-cert=/y")).toMatchInlineSnapshot(`
    "any:3306! mysql at /etc/my.cnf:2
      certificate /x (ssl-cert /etc/my.cnf:2)
      key unknown
      unsure: a part of its configuration is not known
    unknown: whether the group [mysqld-8.4] is read by the version that runs (/etc/my.cnf:4)
    may lack: a part of its configuration is not known"
  `);
  expect(say("[mysqld]\nskip_ssl\nssl-cert=/x")).toBe("");
  expect(say("[mysqld]\nskip-networking\nssl-cert=/x")).toBe("");
});
