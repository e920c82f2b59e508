import { expect, test } from "vitest";
import { formatFiles } from "#domain/server-configs/testing/format-files.ts";

const MAIN = "/etc/postgresql/17/main/postgresql.conf";
const DATA = "/var/lib/postgresql/17/main";

test("the last setting holds: of includes, of ALTER SYSTEM, of the command line", () => {
  const texts = {
    [MAIN]: `data_directory = '${DATA}'		# use data in another directory
port = 5433
ssl = on
ssl_cert_file = '/etc/ssl/certs/it''s.pem'
ssl_key_file = own.key
#ssl_cert_file = 'no.pem'
ssl_ca_file 'root.crt'
include_dir 'conf.d'
include_if_exists 'gone.conf'`,
    "/etc/postgresql/17/main/conf.d/a.conf":
      "LISTEN_ADDRESSES = '192.0.2.1, ::1'\nssl_cert_file = '/srv/a.pem'",
    "/etc/postgresql/17/main/conf.d/b.txt": "ssl = off",
    [`${DATA}/postgresql.auto.conf`]: "ssl_cert_file = 'auto.pem'",
  };
  expect(formatFiles({ server: "postgresql" }, texts)).toMatchInlineSnapshot(`
    "192.0.2.1:5433! [::1]:5433! postgres at /etc/postgresql/17/main/postgresql.conf:3
      certificate /var/lib/postgresql/17/main/auto.pem (ssl_cert_file /var/lib/postgresql/17/main/postgresql.auto.conf:1)
      key /var/lib/postgresql/17/main/own.key (ssl_key_file /etc/postgresql/17/main/postgresql.conf:5)
    client-ca /var/lib/postgresql/17/main/root.crt (ssl_ca_file /etc/postgresql/17/main/postgresql.conf:7)"
  `);
  const commandLines = [
    ["postgres", "-D", "/var/lib/postgresql/17/other", "-p", "6000"],
    [
      "postgres",
      "-D",
      DATA,
      "-c",
      `config_file=${MAIN}`,
      "-c",
      "listen_addresses=*",
      "--ssl-cert-file=/x.pem",
    ],
  ];
  expect(formatFiles({ server: "postgresql", commandLines }, texts)).toMatchInlineSnapshot(`
    "any:5433! postgres at /etc/postgresql/17/main/postgresql.conf:3
      certificate /x.pem (ssl_cert_file the command line:1)
      key /var/lib/postgresql/17/main/own.key (ssl_key_file /etc/postgresql/17/main/postgresql.conf:5)
    client-ca /var/lib/postgresql/17/main/root.crt (ssl_ca_file /etc/postgresql/17/main/postgresql.conf:7)"
  `);
});

test("files have usual names in the data folder, and a setting that may be overridden there is said", () => {
  expect(
    formatFiles({ server: "postgresql", folders: new Map() }, { "/data/postgresql.conf": "ssl = true" }),
  ).toMatchInlineSnapshot(`
    "localhost:5432! postgres at /data/postgresql.conf:1
      certificate /data/server.crt (ssl /data/postgresql.conf:1)
      key /data/server.key (ssl /data/postgresql.conf:1)
      unsure: a file of its configuration was not read
    unknown: /data/postgresql.auto.conf was not read
    may lack: a file of its configuration was not read"
  `);
  expect(formatFiles({ server: "postgresql" }, { "/data/postgresql.conf": "ssl = off" })).toBe("");
});
