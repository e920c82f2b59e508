import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ServerRequest, type StartedServer, startServer } from "./server.ts";

const SCRATCH = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** nginx on 443. */
export const startNginx = (wish: ServerRequest): Promise<StartedServer> =>
  startServer(wish, { name: "nginx" }, async ({ folder, address, certificatePath, keyPath }) => {
    const configPath = join(folder, "nginx.conf");
    await writeFile(
      configPath,
      `daemon off;
user root;
pid ${folder}/nginx.pid;
error_log stderr crit;
events {}
http {
  access_log off;
  ${SCRATCH.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  server {
    listen ${address}:443 ssl;
    ssl_certificate ${certificatePath};
    ssl_certificate_key ${keyPath};
  }
}
`,
    );
    return {
      configPath,
      command: ["nginx", "-p", folder, "-c", configPath],
      endpoints: [{ protocol: "tls", port: 443 }],
    };
  });
