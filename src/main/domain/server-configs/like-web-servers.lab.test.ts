import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { readTree } from "#testing/lab/run-in-host.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { startServer } from "#testing/servers/server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { requestName } from "#testing/tls/openssl.ts";
import { chooseBinding } from "./choose-binding.ts";
import type { Configuration, ServerKind } from "./configuration.ts";
import { readConfiguration } from "./read-configuration.ts";

const run = promisify(execFile);

const NAMES = [
  "a.example",
  "www.a.example",
  "A.EXAMPLE",
  "b.example",
  "x.b.example",
  "x.y.b.example",
  "z.example",
  "x.z.example",
  "c.test",
  "c.d.test",
  "bare.example",
  "special.example",
  "no.filter.example",
  "other.test",
  "x.a.example",
  "both.test",
  "x.both.test",
  "star.test",
  "zero.test",
  "localhost",
];
const MODULES = "/usr/lib/apache2/modules";

/** Certificates by their common names, each with further names. */
const CERTIFICATES: { [name: string]: string[] } = {
  first: ["first.test"],
  a: ["a.example", "www.a.example"],
  b: ["b.example", "*.b.example"],
  wide: ["*.example"],
  c: ["c.test"],
  bare: ["bare.example"],
  special: ["special.example"],
  six: ["a.example"],
  own: [],
};

/** Each with its key in the same file, as HAProxy wants it, and in a file beside it. */
async function makeCertificates(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, names] of Object.entries(CERTIFICATES)) {
    const { pem, keyPem } = await makeCertificate({ names: [name, ...names] });
    await writeFile(join(folder, `${name}.pem`), pem + keyPem);
    await writeFile(join(folder, `${name}.key`), keyPem);
  }
}

/** A port of no other test, outside of the kernel's ephemeral range, for servers that listen at every address. */
const portOf = (address: string): number => {
  const [, , third = 0, fourth = 0] = address.split(".").map(Number);
  return 20_000 + (third - 30) * 250 + fourth;
};

type Place = { address: string; port: number; folder: string };
type Written = {
  server: ServerKind;
  command: [string, ...string[]];
  files: (place: Place) => { [path: string]: string };
};

/** The server's answers and ours for every name at every address, a line each. */
async function compare(
  { server, command, files }: Written,
  oracle?: (root: string, configuration: Configuration) => Promise<void>,
) {
  await using temporary = await makeTemporaryFolder();
  const { pem, keyPem } = await makeCertificate();
  const own = { certificatePath: join(temporary.path, "own.pem"), keyPath: join(temporary.path, "own.key") };
  await writeFile(own.certificatePath, pem);
  await writeFile(own.keyPath, keyPem);
  await makeCertificates(join(temporary.path, server, "tls"));
  await mkdir(join(temporary.path, server, "some"));
  for (const name of ["wide", "b"])
    await copyFile(
      join(temporary.path, server, "tls", `${name}.pem`),
      join(temporary.path, server, "some", `${name}.pem`),
    );
  let root = "";
  let port = 0;
  const wish = { folder: temporary.path, ...own };
  await using running = await startServer(wish, { name: server }, async ({ folder, address }) => {
    port = portOf(address);
    const written = Object.entries(files({ folder, address, port }));
    for (const [path, text] of written) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    root = join(folder, written[0]?.[0] ?? "");
    const words = command.map((word) => word.replace("ROOT", root).replace("FOLDER", folder));
    return {
      configPath: root,
      command: words as [string, ...string[]],
      endpoints: [{ protocol: "tls", port: 443 }],
    };
  });
  // Apache opens its sockets twice, and drops connections to the first ones.
  const isStarting = () => server === "apache" && !existsSync(join(temporary.path, server, "apache2.pid"));
  while (isStarting()) await pause(10);
  const configuration = readConfiguration({
    server,
    root,
    unreadable: [],
    commandLines: [["it", "-D", "Given"]],
    addresses: [running.address],
    ...readTree(join(temporary.path, server)),
  });
  expect(configuration.unknown).toEqual([]);
  await oracle?.(root, configuration);
  const [theirs, ours]: string[][] = [[], []];
  for (const address of [running.address, "127.0.0.1", "::1"]) {
    for (const name of [...NAMES, null]) {
      const asked = `${name} at ${address === running.address ? "its own" : address}`;
      const served = await requestName({ host: address, port, name });
      theirs?.push(`${asked}: ${served.startsWith("ERR_SSL") ? "none" : served}`);
      const namesIn = (path: string) => namesOf(basename(path, ".pem"));
      const choice = chooseBinding(configuration, { address, port, name }, namesIn);
      ours?.push(
        `${asked}: ${choice.kind === "chosen" ? basename(choice.deployments[0]?.certificate.path ?? "", ".pem") : choice.kind}`,
      );
    }
  }
  return { theirs, ours };
}

const namesOf = (name: string): string[] => [name, ...(CERTIFICATES[name] ?? [])];

test("what nginx serves to every name at every address is what its configuration was read to say", async () => {
  const pair = (name: string) => `ssl_certificate tls/${name}.pem; ssl_certificate_key "tls/${name}.key";`;
  const written: Written = {
    server: "nginx",
    command: ["nginx", "-p", "FOLDER", "-c", "ROOT"],
    files: ({ address, port, folder }) => ({
      "nginx.conf": `daemon off; user root; pid ${folder}/nginx.pid; error_log stderr crit;
events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  ${pair("bare")}
  server { listen ${address}:443 ssl; }
  include sites/*.conf; # in the order of their names
}`,
      "sites/10.conf": `server { listen ${port} ssl; server_name a.example "www.a.example"; ${pair("a")} }
server {
  listen ${port} ssl default_server;
  server_name _;
  ${pair("first")}
}
server { listen ${port}; server_name bare.example; }`,
      "sites/20.conf": `server { listen *:${port} ssl; server_name .b.example; ${pair("b")} }
server { listen ${port} ssl; server_name *.example; ${pair("wide")} }
server { listen ${port} ssl; server_name c.*; ${pair("c")} }
server { listen ${address}:${port} ssl; server_name special.example; ${pair("special")} }
server { listen [::1]:${port} ssl; ${pair("six")} }
# What stands at a listener already is passed over: a name, and with the dot before it all that is below.
server { listen ${port} ssl; server_name a.example star.test; ${pair("special")} }
server { listen ${port} ssl; server_name .a.example; ${pair("c")} }
server { listen ${port} ssl; server_name both.test .both.test; ${pair("a")} }
server { listen ${port} ssl; server_name *.b.example b.example zero.test; ${pair("own")} }`,
      "sites/README": "server { this is not read; }",
    }),
  };
  const said = await compare(written, async (root, configuration) => {
    const { stdout } = await run("nginx", ["-T", "-q", "-p", dirname(root), "-c", root]);
    const theirs = [...stdout.matchAll(/^# configuration file (.*):$/gm)].map(([, path]) => path);
    const ours = [root, ...configuration.bindings.map(({ at }) => at.file)];
    expect(new Set(ours)).toEqual(new Set(theirs));
  });
  expect(said.ours).toEqual(said.theirs);
});

test("what Apache serves to every name at every address is what its configuration was read to say", async () => {
  const pair = (name: string) =>
    `SSLEngine on\n  SSLCertificateFile \${certs}/${name}.pem\n  SSLCertificateKeyFile \${certs}/${name}.key`;
  const host = (where: string, names: string, name: string) =>
    `<VirtualHost ${where}>\n  ${names}\n  ${pair(name)}\n</VirtualHost>\n`;
  const said = await compare(
    {
      server: "apache",
      command: ["apache2", "-D", "FOREGROUND", "-D", "Given", "-f", "ROOT"],
      files: ({ address, port, folder }) => ({
        "apache2.conf": `ServerRoot ${folder}
ServerName localhost
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache2.pid
ErrorLog ${folder}/error.log
Include modules/*.load
User www-data
Group www-data
StartServers 1
Define certs tls
<IfModule !ssl_module>
  Define certs nowhere
</IfModule>
Listen ${address}:443
Listen ${port} https
SSLCertificateKeyFile tls/bare.key
IncludeOptional sites
IncludeOptional none/*.conf`,
        "modules/a.load": `LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so`,
        "modules/b.load": `LoadModule authz_core_module ${MODULES}/mod_authz_core.so`,
        "modules/d.load": `LoadModule macro_module ${MODULES}/mod_macro.so`,
        "modules/c.load": `LoadModule ssl_module \\\n  "${MODULES}/mod_ssl.so"`,
        "sites/10.conf": `${host(`${address}:443`, "ServerName own.test", "own")}
${host(`*:${port}`, "ServerName first.test", "first")}
${host(`*:${port}`, "ServerName a.example\n  ServerAlias www.a.example", "a")}
<VirtualHost *:${port}>
  ServerName bare.example
  SSLCertificateFile tls/bare.pem
</VirtualHost>`,
        "sites/20/more.conf": `<IfDefine Given>
${host(`_default_:${port}`, "ServerName x.b.example\n  ServerAlias b.example *.b.example", "b")}
</IfDefine>
<IfDefine Missing>
${host(`*:${port}`, "ServerName other.test", "special")}
</IfDefine>
<IfVersion >= 2.4>
${host(`*:${port}`, "ServerName w.example\n  ServerAlias *.example", "wide")}
</IfVersion>
<Macro Site $where $name $file>
${host("$where", "ServerName $name", "$file")}
</Macro>
Use Site *:${port} c.test:443 c
${host(`${address}:${port} [::1]:${port}`, "ServerName special.example", "special")}
${host(`[::1]:${port}`, "ServerName a.example", "six")}
${host("*", "ServerName star.test", "own")}
${host(`0.0.0.0:${port}`, "ServerName both.test\n  ServerName zero.test", "c")}
<VirtualHost *:${port}>
  ServerAlias x.both.test
  SSLEngine on
  SSLCertificateFile \\
    tls/six.pem
  SSLCertificateKeyFile tls/six.key
</VirtualHost>`,
      }),
    },
    async (root, configuration) => {
      const { stdout } = await run("apache2", ["-t", "-D", "Given", "-D", "DUMP_VHOSTS", "-f", root]);
      const plain = [...stdout.matchAll(/\((\/[^()]*:\d+)\)/g)].map(([, place]) => place);
      const used = [...stdout.matchAll(/used on line (\d+) of "([^"]*)"/g)].map(
        ([, line, file]) => `${file}:${line}`,
      );
      const theirs = [...plain, ...used];
      expect(new Set(configuration.bindings.map(({ at }) => `${at.file}:${at.line}`))).toEqual(
        new Set(theirs),
      );
    },
  );
  expect(said.ours).toEqual(said.theirs);
});

test("what HAProxy serves to every name at every address is what its configuration was read to say", async () => {
  const said = await compare(
    {
      server: "haproxy",
      command: ["haproxy", "-W", "-db", "-f", "ROOT"],
      files: ({ address, port, folder }) => ({
        "haproxy.cfg": `global
  log stderr local0 emerg
  maxconn 32
  setenv SITE new
  crt-base ${folder}/tls
crt-store web
  crt-base ${folder}/tls
  load crt "c.pem" alias "see"
defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind ${address}:443 name ssl ssl crt own.pem
.if streq("$SITE","old") || !defined(SITE)
  bind 0.0.0.0:${port} ssl crt own.pem
.elif version_atleast(2.4)
  bind 0.0.0.0:${port} ssl crt first.pem crt "@web/see" crt ${folder}/some # and more
.else
  bind 0.0.0.0:${port} ssl crt wide.pem
.endif
  bind "${address}:${port}" ssl crt-list ${folder}/list strict-sni
  bind [::1]:${port} v6only ssl crt six.pem crt-list ${folder}/list
`,
        list: `# names
a.pem www.a.example
b.pem [alpn h2,http/1.1] *.example !z.example !special.example

special.pem
`,
      }),
    },
    async (root) => {
      await run("haproxy", ["-c", "-f", root]);
    },
  );
  expect(said.ours).toEqual(said.theirs);
});

test("what Dovecot serves to every name at every address is what its configuration was read to say", async () => {
  const pair = (folder: string, name: string) =>
    `ssl_server_cert_file = ${folder}/tls/${name}.pem\n  ssl_server_key_file = ${folder}/tls/${name}.key`;
  const said = await compare({
    server: "dovecot",
    command: ["dovecot", "-F", "-c", "ROOT"],
    files: ({ address, port, folder }) => ({
      "dovecot.conf": `dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = /dev/stderr
listen = ${address}
!include_try protocols/*.protocol
!include_try none/*.conf
local_name special.example {
  ${pair(folder, "special")}
}
protocol imap {
  ${pair(folder, "bare")}
}
local_name a.example {
  ssl_server {
    cert_file = ${folder}/tls/a.pem
    key_file = ${folder}/tls/a.key
  }
}
local 127.0.0.0/8 {
  ${pair(folder, "six")}
}
local 127.0.0.1 {
  ${pair(folder, "wide")}
}
local ::/64 {
  ${pair(folder, "own")}
}
local 192.0.2.0/24 {
  ${pair(folder, "special")}
}
local_name *.b.example {
  ${pair(folder, "b")}
}
local_name x.b.example {
  protocol pop3 {
    ${pair(folder, "c")}
  }
}
${pair(folder, "first")}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = 443
  }
  inet_listener more { # at every address of IPv4, and one of IPv6
    port = ${port}
    ssl = yes
    listen = *, ::1
  }
}`,
      "protocols/imapd.protocol": "protocols {\n  imap = yes\n}\n",
      "run/x": "",
      "state/x": "",
    }),
  });
  expect(said.ours).toEqual(said.theirs);
});
