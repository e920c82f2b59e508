import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";

/** slapd on 389 and 636, with no entries in it. */
export const startSlapd = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "slapd" }, async ({ folder, address, certificatePath, keyPath, ifTls }) => {
    await mkdir(join(folder, "run"));
    const configPath = join(folder, "slapd.conf");
    await writeFile(
      configPath,
      `pidfile ${folder}/run/slapd.pid
argsfile ${folder}/run/slapd.args
${ifTls(`TLSCertificateFile ${certificatePath}
TLSCertificateKeyFile ${keyPath}
`)}`,
    );
    return {
      configPath,
      command: [
        "slapd",
        "-d",
        "0",
        "-f",
        configPath,
        "-h",
        `ldap://${address}:389${ifTls(` ldaps://${address}:636`)}`,
      ],
      endpoints: [
        { protocol: "ldap", port: 389 },
        ...(ifTls("yes") ? [{ protocol: "tls", port: 636 } as const] : []),
      ],
    };
  });
