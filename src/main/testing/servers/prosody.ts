import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";

/** The domain that Prosody serves, and no other. */
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
