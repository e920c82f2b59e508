import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";

/** ProFTPD on 21, with nobody who could log in. */
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
