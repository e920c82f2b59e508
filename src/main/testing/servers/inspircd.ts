import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";

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
