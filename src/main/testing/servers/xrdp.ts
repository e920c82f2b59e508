import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";

/** xrdp on 3389, with no session to come to. */
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
