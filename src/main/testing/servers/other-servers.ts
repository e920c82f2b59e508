import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, copyFile, mkdir, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { takeAddress } from "#testing/lab/start-host.ts";
import { findUser, type ServerRequest, type StartedServer, startServer } from "./server.ts";

/** ProFTPD on 21, without any user who could log in. */
export const startProftpd = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "proftpd" }, async ({ folder, address, certificatePath, keyPath, ifTls }) => {
    const configPath = join(folder, "proftpd.conf");
    await writeFile(
      configPath,
      `LoadModule mod_tls.c
ServerType standalone
ServerName archive.example
DefaultAddress ${address}
SocketBindTight on
Port 21
UseIPv6 off
UseReverseDNS off
User nobody
Group nogroup
PidFile ${folder}/proftpd.pid
ScoreboardFile ${folder}/proftpd.scoreboard
WtmpLog off
TransferLog none
SystemLog none
AuthOrder mod_auth_file.c
RequireValidShell off
TLSEngine ${ifTls("on") || "off"}
TLSLog none
TLSRSACertificateFile ${certificatePath}
TLSRSACertificateKeyFile ${keyPath}
TLSCertificateChainFile ${certificatePath}
`,
    );
    return {
      configPath,
      command: ["proftpd", "--nodaemon", "--config", configPath],
      endpoints: [{ protocol: "ftp", port: 21 }],
    };
  });

/** INN's server for readers, nnrpd, on 119, with no news. */
export async function startInn2(wish: ServerRequest): Promise<StartedServer> {
  const owner = findUser("news");
  return startServer(
    wish,
    { name: "inn2", owner },
    async ({ folder, address, certificatePath, keyPath, ifTls }) => {
      const configPath = join(folder, "inn.conf");
      for (const name of ["db", "run", "log", "tmp", "spool", "overview", "articles"]) {
        await mkdir(join(folder, name));
        await chown(join(folder, name), owner.uid, owner.gid);
      }
      // Files that an installation creates on its first day; both may be empty.
      for (const path of [join(folder, "spool", "tradspool.map"), join(folder, "overview", "group.index")]) {
        await writeFile(path, "");
        await chown(path, owner.uid, owner.gid);
      }
      await writeFile(join(folder, "db", "active"), "junk 0000000000 0000000001 n\n");
      await writeFile(
        join(folder, "readers.conf"),
        'auth "all" {\n  hosts: "*"\n  default: "<all>"\n}\naccess "all" {\n  users: "<all>"\n  newsgroups: "*"\n  access: R\n}\n',
      );
      await writeFile(join(folder, "storage.conf"), "method tradspool {\n  newsgroups: *\n  class: 0\n}\n");
      await writeFile(
        configPath,
        `pathhost: news.example
domain: example
mta: "/bin/false %s"
pathnews: /usr/lib/news
pathetc: ${folder}
pathdb: ${folder}/db
pathrun: ${folder}/run
pathlog: ${folder}/log
pathtmp: ${folder}/tmp
pathspool: ${folder}/spool
pathoverview: ${folder}/overview
patharticles: ${folder}/articles
ovmethod: tradindexed
hismethod: hisv6
nnrpdloadlimit: 0
readerswhenstopped: true
${ifTls(`tlscertfile: ${certificatePath}
tlskeyfile: ${keyPath}
`)}`,
      );
      return {
        configPath,
        command: ["/usr/lib/news/bin/nnrpd", "-D", "-f", "-4", address, "-p", "119"],
        env: { ...process.env, INNCONF: configPath },
        endpoints: [{ protocol: "nntp", port: 119 }],
      };
    },
  );
}

/** The only domain that Prosody serves. */
export const PROSODY_DOMAIN = "chat.example";

/** Prosody on 5222 for clients and on 5269 for other servers. */
export const startProsody = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "prosody" }, async ({ folder, address, certificatePath, keyPath, ifTls }) => {
    await mkdir(join(folder, "data"));
    const configPath = join(folder, "prosody.cfg.lua");
    await writeFile(
      configPath,
      `run_as_root = true
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
certificates = "${folder}"
interfaces = { "${address}" }
c2s_ports = { 5222 }
c2s_direct_tls_ports = {}
s2s_ports = { 5269 }
s2s_direct_tls_ports = {}
modules_enabled = { ${ifTls('"tls", ')}"saslauth", "s2s", "c2s" }
${ifTls("modules_disabled = {}") || 'modules_disabled = { "tls" }'}
log = { warn = "*console" }
VirtualHost "${PROSODY_DOMAIN}"
  ssl = { certificate = "${certificatePath}", key = "${keyPath}" }
`,
    );
    return {
      configPath,
      command: ["prosody", "--config", configPath, "-F"],
      endpoints: [
        { protocol: "xmpp", port: 5222 },
        { protocol: "xmpp-server", port: 5269 },
      ],
    };
  });

/** InspIRCd on 6667. */
export const startInspircd = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "inspircd" }, async ({ folder, address, certificatePath, keyPath, ifTls }) => {
    const configPath = join(folder, "inspircd.conf");
    await writeFile(
      configPath,
      `<server name="irc.example" description="irc" network="Example" id="001">
<admin name="nobody" nick="nobody" email="nobody@irc.example">
<path configdir="${folder}" datadir="${folder}" logdir="${folder}" runtimedir="${folder}">
<pid file="${folder}/inspircd.pid">
<module name="cap">
${ifTls(`<module name="ssl_gnutls">
<module name="starttls">
<sslprofile name="Clients" provider="gnutls" certfile="${certificatePath}" keyfile="${keyPath}">
<starttls profile="Clients">
`)}<bind address="${address}" port="6667" type="clients">
<connect name="main" allow="*" resolvehostnames="no">
`,
    );
    return {
      configPath,
      command: ["inspircd", "--config", configPath, "--nofork", "--nolog", "--runasroot"],
      endpoints: [{ protocol: "irc", port: 6667 }],
    };
  });

const PORT = 23;

/**
 * telnetd-ssl on 23, one for each connection as inetd would start it. It negotiates TLS by the authentication option;
 * it does not know START_TLS.
 */
export async function startTelnetd(wish: ServerRequest): Promise<StartedServer> {
  const { address, release } = await takeAddress();
  const files = {
    certificatePath: join(wish.folder, "telnetd.pem"),
    keyPath: join(wish.folder, "telnetd.key"),
  };
  await copyFile(wish.certificatePath, files.certificatePath);
  await copyFile(wish.keyPath, files.keyPath);
  await chmod(files.keyPath, 0o600);
  const run = (socket: Socket) => {
    const arguments_ = wish.isPlain
      ? ["-z", "nossl"]
      : ["-z", `cert=${files.certificatePath}`, "-z", `key=${files.keyPath}`];
    spawn("setpriv", ["--pdeathsig", "KILL", "in.telnetd", ...arguments_], {
      stdio: [socket, socket, "ignore"],
    });
    // The process has a descriptor of its own now.
    socket.destroy();
  };
  const server = createServer({ pauseOnConnect: true }, run);
  server.listen(PORT, address);
  await once(server, "listening");
  return {
    address,
    ...files,
    pid: process.pid,
    configPath: wish.folder,
    endpoints: [{ protocol: "telnet", port: PORT }],
    reload: async () => undefined,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
      release();
    },
  };
}

/** xrdp on 3389, without a session behind it. */
export const startXrdp = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "xrdp" }, async ({ folder, address, certificatePath, keyPath, ifTls }) => {
    const configPath = join(folder, "xrdp.ini");
    await writeFile(
      configPath,
      `[Globals]
ini_version=1
fork=true
port=tcp://${address}:3389
security_layer=${ifTls("tls") || "rdp"}
certificate=${certificatePath}
key_file=${keyPath}
ssl_protocols=TLSv1.2, TLSv1.3
pid_file=${folder}/xrdp.pid
[Logging]
LogFile=${folder}/xrdp.log
LogLevel=WARNING
EnableSyslog=false
`,
    );
    return {
      configPath,
      command: ["xrdp", "--nodaemon", "--config", configPath],
      endpoints: [{ protocol: "rdp", port: 3389 }],
    };
  });
