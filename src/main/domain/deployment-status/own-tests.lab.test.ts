import { execFile } from "node:child_process";
import { chown, copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { findUser } from "#testing/servers/server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { OWN_TESTS } from "./own-tests.ts";

const run = promisify(execFile);

type Pair = { certificate: string; key: string };
type Passing = { [Server in keyof typeof OWN_TESTS]: boolean };

/**
 * The files of a deployment: matching ones, a certificate that is gone, one that is none, and the key of another
 * certificate.
 */
const CASES = ["good", "gone", "junk", "other-key"] as const;

async function makePairs(folder: string): Promise<{ [Case in (typeof CASES)[number]]: Pair }> {
  for (const name of ["a", "b"]) {
    const of = ["-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}.test`];
    await run("openssl", [
      "req",
      "-x509",
      ...of,
      "-keyout",
      join(folder, `${name}.key`),
      "-out",
      join(folder, `${name}.pem`),
    ]);
  }
  await writeFile(join(folder, "junk.pem"), "no certificate\n");
  const at = (name: string) => join(folder, name);
  return {
    good: { certificate: at("a.pem"), key: at("a.key") },
    gone: { certificate: at("gone.pem"), key: at("a.key") },
    junk: { certificate: at("junk.pem"), key: at("a.key") },
    "other-key": { certificate: at("a.pem"), key: at("b.key") },
  };
}

const passes = (command: string, words: readonly string[]): Promise<boolean> =>
  run(command, words, { cwd: "/" }).then(
    () => true,
    () => false,
  );

/** Which servers' own tests accept a configuration that names these files. */
async function tryServers(folder: string, { certificate, key }: Pair): Promise<Passing> {
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const nginx = await write(
    "nginx.conf",
    `events {} pid ${folder}/nginx.pid; http { access_log off; server { listen 127.0.0.1:4430 ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key}; } }`,
  );
  const modules = ["mpm_event", "authz_core", "socache_shmcb", "ssl"].map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`,
  );
  const apache = await write(
    "apache.conf",
    `${modules.join("\n")}\nServerName a.test\nPidFile ${folder}/pid\nErrorLog ${folder}/error.log\nListen 127.0.0.1:4430\n<VirtualHost *:4430>\nSSLEngine on\nSSLCertificateFile ${certificate}\nSSLCertificateKeyFile ${key}\n</VirtualHost>\n`,
  );
  const both = await Promise.all([certificate, key].map((path) => readFile(path).catch(() => null)));
  const whole = both.flatMap((bytes) => bytes ?? []);
  await writeFile(join(folder, "both.pem"), whole.length === 2 ? Buffer.concat(whole) : "");
  const haproxy = await write(
    "haproxy.cfg",
    `defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\nfrontend f\n bind 127.0.0.1:4430 ssl crt ${folder}/both.pem\n`,
  );
  await mkdir(join(folder, "postfix"), { recursive: true });
  await copyFile("/etc/postfix/master.cf", join(folder, "postfix/master.cf"));
  await write(
    "postfix/main.cf",
    `compatibility_level = 3.6\nsmtpd_tls_security_level = may\nsmtpd_tls_cert_file = ${certificate}\nsmtpd_tls_key_file = ${key}\n`,
  );
  const { stdout } = await run("dovecot", ["--version"]);
  const dovecot = await write(
    "dovecot.conf",
    stdout.startsWith("2.3")
      ? `protocols = imap\nssl = yes\nssl_cert = <${certificate}\nssl_key = <${key}\n`
      : `dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\nprotocols = imap\nssl = yes\nssl_server_cert_file = ${certificate}\nssl_server_key_file = ${key}\n`,
  );
  const slapd = await write(
    "slapd.conf",
    `include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nTLSCertificateFile ${certificate}\nTLSCertificateKeyFile ${key}\ndatabase mdb\nsuffix "dc=test"\ndirectory ${folder}\n`,
  );
  const mariadb = await write("my.cnf", `[mariadbd]\nssl-cert=${certificate}\nssl-key=${key}\n`);
  const { uid, gid } = findUser("postgres");
  const data = join(folder, "postgres");
  await mkdir(data, { recursive: true, mode: 0o700 });
  await writeFile(
    join(data, "postgresql.conf"),
    `ssl = on\nssl_cert_file = '${certificate}'\nssl_key_file = '${key}'\n`,
  );
  for (const path of [data, join(data, "postgresql.conf")]) await chown(path, uid, gid);
  const [version = ""] = (await readdir("/usr/lib/postgresql")).sort((a, b) => Number(b) - Number(a));
  const as = ["--reuid", String(uid), "--regid", String(gid), "--clear-groups"];
  return {
    nginx: await passes("nginx", ["-t", "-e", "/dev/null", "-c", nginx]),
    apache: await passes("apache2", ["-t", "-f", apache]),
    haproxy: await passes("haproxy", ["-c", "-f", haproxy]),
    postfix: await passes("postfix", ["-c", join(folder, "postfix"), "check"]),
    dovecot: await passes("doveconf", ["-n", "-c", dovecot]),
    slapd: await passes("slaptest", ["-u", "-f", slapd]),
    postgresql: await passes("setpriv", [
      ...as,
      `/usr/lib/postgresql/${version}/bin/postgres`,
      "-D",
      data,
      "-C",
      "ssl_cert_file",
    ]),
    mysql: await passes("mariadbd", [`--defaults-file=${mariadb}`, "--help", "--verbose", "--user=mysql"]),
  };
}

test("each server's own test reads of certificates and keys what is said of it", async () => {
  await using temporary = await makeTemporaryFolder();
  const folder = temporary.path;
  await run("chmod", ["755", folder]);
  const deployments = await makePairs(folder);
  for (const kind of CASES) {
    const passing = await tryServers(folder, deployments[kind]);
    const expected = Object.fromEntries(
      Object.entries(OWN_TESTS).map(([server, { reads }]) => [
        server,
        kind === "good" || (reads === "paths" ? kind !== "gone" : reads === "nothing"),
      ]),
    );
    expect({ kind, ...passing }).toEqual({ kind, ...expected });
  }
});

test("an nginx that is told to reload by its own configuration starts other workers, and another nginx does not", async () => {
  await using temporary = await makeTemporaryFolder();
  const folder = temporary.path;
  const start = async (name: string) => {
    const path = join(folder, `${name}.conf`);
    await writeFile(
      path,
      `worker_processes 1; pid ${folder}/${name}.pid; error_log ${folder}/${name}.log; events {}`,
    );
    // The first process of nginx stays a child of this one, and ends with it.
    const words = ["--pdeathsig", "KILL", "nginx", "-e", "/dev/null", "-c", path, "-g", "daemon off;"];
    const running = execFile("setpriv", words);
    const children = async () => {
      const { pid } = running;
      return (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
    };
    await expect.poll(children).not.toBe("");
    await expect.poll(() => readFile(join(folder, `${name}.pid`), "utf8")).toBe(`${running.pid}\n`);
    return { path, children, [Symbol.dispose]: () => void running.kill("SIGTERM") };
  };
  using usual = await start("usual");
  using second = await start("second");
  const [ofUsual, ofSecond] = [await usual.children(), await second.children()];
  await run("nginx", ["-e", "/dev/null", "-t", "-c", second.path]);
  await run("nginx", ["-e", "/dev/null", "-s", "reload", "-c", second.path]);
  await expect.poll(async () => (await second.children()).split(" ").includes(ofSecond)).toBe(false);
  await expect.poll(second.children).not.toBe("");
  expect(await usual.children()).toBe(ofUsual);
});
