import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readTree } from "#testing/lab/run-in-host.ts";
import { findUser } from "#testing/servers/server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { Configuration, ServerKind } from "./configuration.ts";
import { readConfiguration } from "./read-configuration.ts";

const run = promisify(execFile);
const PROGRAMS = "/usr/lib/postgresql/17/bin";

async function write(folder: string, texts: { [path: string]: string }): Promise<void> {
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

const read = (server: ServerKind, root: string, folder: string): Configuration =>
  readConfiguration({ server, root, unreadable: [], commandLines: [], ...readTree(folder) });

/** The first binding: certificate, key, and where. */
const formatFirst = ({ bindings: [first] }: Configuration): string[] =>
  first ? first.deployments.flatMap(({ certificate, key }) => [certificate.path, key?.path ?? "none"]) : [];

test("postconf says the same files of each service, with what master.cf overrides", async () => {
  await using temporary = await makeTemporaryFolder();
  const folder = temporary.path;
  await write(folder, {
    "main.cf": `tls = /srv/tls
smtpd_tls_cert_file = $tls/old.pem
which = \${has_new?{new}:{old}}
has_new = yes
smtpd_tls_cert_file =
   $(tls)/\${which}.pem
# smtpd_tls_cert_file = /commented.pem
smtpd_tls_key_file = \${no_key:$tls/main.key}
no_key =
smtpd_tls_eccert_file = \${tls}/ec.pem
smtpd_tls_security_level = may
smtpd_tls_CAfile = $config_directory/ca.pem`,
    "master.cf": `smtp inet n - y - - smtpd
submission inet n - y - - smtpd
  -o smtpd_tls_cert_file=$tls/submission.pem -o { smtpd_tls_key_file = $smtpd_tls_cert_file }
  -o syslog_name=postfix/submission
submissions inet n - y - - smtpd -o smtpd_tls_wrappermode=yes
# smtps inet n - y - - smtpd
  -o smtpd_tls_eccert_file=
26 inet n - y - - smtpd -o smtpd_tls_chain_files=$tls/key.pem,$tls/chain.pem`,
  });
  const { bindings } = read("postfix", join(folder, "main.cf"), folder);
  const { stdout } = await run("postconf", ["-c", folder, "-P"]);
  const overrides = stdout.split("\n").flatMap((line) => {
    const found = /^(\S+)\/inet\/(\S+) = ?(.*)$/.exec(line);
    return found ? [{ service: found[1], option: ["-o", `${found[2]}=${found[3]}`] }] : [];
  });
  const theirs: string[][] = [];
  for (const service of ["smtp", "submission", "submissions", "26"]) {
    const options = overrides.filter((one) => one.service === service).flatMap(({ option }) => option);
    const ask = async (name: string) => {
      const { stdout: said } = await run("postconf", ["-c", folder, ...options, "-x", "-h", name]);
      return said.trim();
    };
    const chains = (await ask("smtpd_tls_chain_files")).split(",").filter((path) => path !== "");
    const usual = ["cert_file", "key_file", "eccert_file", "eckey_file"].map((name) => `smtpd_tls_${name}`);
    const named =
      chains.length > 0 ? chains.flatMap((path) => [path, path]) : await Promise.all(usual.map(ask));
    theirs.push(named.filter((path) => path !== ""));
  }
  const ours = bindings.map(({ deployments }) =>
    deployments.flatMap(({ certificate, key }) => [certificate.path, key?.path]),
  );
  expect(ours).toEqual(theirs);
  expect(bindings.map(({ protocol }) => protocol)).toEqual(["smtp", "smtp", "tls", "smtp"]);
});

test("slaptest and slapcat say the same files of slapd.conf, and cn=config reads the same", async () => {
  await using temporary = await makeTemporaryFolder();
  const folder = temporary.path;
  const certificate = join(
    folder,
    "a-folder-of-a-name-so-long-that-slapd-folds-the-line-in-which-it-stands",
    "käse.pem",
  );
  await write(folder, {
    "slapd.conf": `include ${join(folder, "tls.conf")}\npidfile\n  ${folder}/pid\n`,
    "tls.conf": `# the files\nTLSCertificateFile\n "${certificate}"\nTLSCertificateKeyFile\t"${certificate}.key"\nTLSCACertificateFile ${folder}/ca.pem\n`,
  });
  await mkdir(join(folder, "slapd.d"));
  await makeEmptyCertificates(folder, certificate);
  await run("slaptest", ["-Q", "-f", join(folder, "slapd.conf"), "-F", join(folder, "slapd.d")]);
  const { stdout } = await run("slapcat", ["-F", join(folder, "slapd.d"), "-n", "0", "-o", "ldif-wrap=no"]);
  const theirs = (name: string) => {
    const [, colons, value = ""] = new RegExp(`^${name}(:{1,2}) (.*)$`, "m").exec(stdout) ?? [];
    return colons === "::" ? Buffer.from(value, "base64").toString() : value;
  };
  const named = [theirs("olcTLSCertificateFile"), theirs("olcTLSCertificateKeyFile")];
  expect(named).toEqual([certificate, `${certificate}.key`]);
  expect(formatFirst(read("slapd", join(folder, "slapd.conf"), folder))).toEqual(named);
  const ours = read("slapd", join(folder, "slapd.d"), join(folder, "slapd.d"));
  expect(formatFirst(ours)).toEqual(named);
  expect(ours.alsoNamed.map(({ path }) => path)).toEqual([theirs("olcTLSCACertificateFile")]);
});

/** slaptest opens the files that the configuration names. */
async function makeEmptyCertificates(folder: string, certificate: string): Promise<void> {
  await mkdir(dirname(certificate), { recursive: true });
  const ask = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-subj",
    "/CN=x",
  ];
  await run("openssl", [...ask, "-keyout", `${certificate}.key`, "-out", certificate]);
  await run("cp", [certificate, join(folder, "ca.pem")]);
}

test("postgres -C says the same files, addresses and port, whichever file says so last", async () => {
  await using temporary = await makeTemporaryFolder();
  const folder = join(temporary.path, "data");
  await write(folder, {
    "postgresql.conf": `ssl = yes # on
SSL_Cert_File = '/srv/it''s.pem'
ssl_cert_file='own.pem'
ssl_key_file '/srv/own\\'s.key'
port = 6432
include 'more.conf'
include_dir = 'conf.d'
include_if_exists 'gone.conf'
#port = 1`,
    "more.conf": "listen_addresses = '*'\nport=6433\n",
    "conf.d/b.conf": "listen_addresses = 'localhost, 192.0.2.1'\n",
    "conf.d/a.conf": "listen_addresses = ''\n",
    "conf.d/.hidden.conf": "port = 2\n",
    "conf.d/c.disabled": "port = 3\n",
    "postgresql.auto.conf": "# by ALTER SYSTEM\nssl_ca_file = 'ca.pem'\n",
  });
  const { uid, gid } = findUser("postgres");
  await run("chown", ["-R", `${uid}:${gid}`, temporary.path]);
  await chmod(folder, 0o700);
  const as = ["--reuid", String(uid), "--regid", String(gid), "--clear-groups"];
  const ask = async (name: string) => {
    const command = [...as, join(PROGRAMS, "postgres"), "-C", name, "-D", folder];
    return (await run("setpriv", command, { cwd: "/" })).stdout.trim();
  };
  const { bindings, alsoNamed, unknown } = read("postgresql", join(folder, "postgresql.conf"), folder);
  const [serving] = bindings;
  expect(unknown).toEqual([]);
  expect(serving?.deployments[0]?.certificate.path).toBe(join(folder, await ask("ssl_cert_file")));
  expect(serving?.deployments[0]?.key?.path).toBe(await ask("ssl_key_file"));
  expect(alsoNamed[0]?.path).toBe(join(folder, await ask("ssl_ca_file")));
  expect(serving?.listens.map(({ address }) => address).join(", ")).toBe(await ask("listen_addresses"));
  expect(String(serving?.listens[0]?.port)).toBe(await ask("port"));
});

test("mariadbd --print-defaults says the same files and addresses, whatever group and spelling", async () => {
  await using temporary = await makeTemporaryFolder();
  const folder = temporary.path;
  await write(folder, {
    "my.cnf": `[client]
ssl-cert = /client.pem
[client-server]
port = 4000
[mysqld_safe]
ssl-cert = /safe.pem
[mariadb-99.9]
ssl-cert = /future.pem
!includedir ${folder}/conf.d/
[server]
ssl-key = "/srv/a key.pem" # quoted`,
    "conf.d/b.cnf": "[mysqld]\nssl_cert=/srv/b.pem # a comment\nbind_address=192.0.2.2\n",
    "conf.d/a.cnf": `[mariadbd]\nssl-cert = '/srv/a.pem'\n!include ${folder}/more.txt\n`,
    "conf.d/c.txt": "[mysqld]\nssl-cert = /srv/c.pem\n",
    "more.txt": "[mariadb]\nssl-ca=/srv/ca.pem\nbind-address=192.0.2.1\n",
  });
  const { stdout } = await run("mariadbd", [`--defaults-file=${join(folder, "my.cnf")}`, "--print-defaults"]);
  const said = (stdout.split("\n")[1] ?? "").split(" --").map((word) => word.replace(/^--/, "").trim());
  const last = (name: string) =>
    said.findLast((word) => word.replaceAll("_", "-").startsWith(`${name}=`))?.slice(name.length + 1);
  const { bindings, alsoNamed } = read("mysql", join(folder, "my.cnf"), folder);
  expect(formatFirst({ bindings } as Configuration)).toEqual([last("ssl-cert"), last("ssl-key")]);
  expect(bindings[0]?.listens.map(({ address, port }) => `${address} ${port}`)).toEqual([
    `${last("bind-address")} ${last("port")}`,
  ]);
  expect(alsoNamed.map(({ path }) => path)).toEqual([last("ssl-ca")]);
});
