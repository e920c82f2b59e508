import { hash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";

/** A target of the sample: `127.0.20.1:8443/shop.example`. */
function readTarget(target: string): { host: string; port: number; servername: string } {
  const [, host = "", port = "", servername = ""] = /^([\d.]+):(\d+)\/(.+)$/.exec(target) ?? [];
  return { host, port: Number(port), servername };
}

/**
 * What the collector would write on the host of an endpoint whose nginx serves what its file holds. The bundle also has
 * a certificate that is never served, since this one comes before it, and one of another name that nobody has probed.
 */
export async function makeServedBundle(target: string): Promise<{ host: string; text: string }> {
  const { host, port, servername } = readTarget(target);
  const socket = connect({ host, port, servername, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const der = socket.getPeerCertificate().raw.toString("base64");
  socket.destroy();
  const configuration = [
    "http { server {",
    `  listen ${host}:${port} ssl default_server; server_name ${servername}; ssl_certificate /srv/tls/older.pem;`,
    "  ssl_certificate /srv/tls/site.pem;",
    "  ssl_certificate_key /srv/tls/older.key; ssl_certificate_key /srv/tls/site.key;",
    "}",
    `server { listen ${host}:${port} ssl; server_name late.example; ssl_certificate /srv/tls/late.pem; }`,
    "}",
  ];
  const text = configuration.map((line) => `|${line}\n`).join("");
  const time = Math.floor(Date.now() / 1_000);
  const records = [
    `host 0 - uid:0 user:root how:login kernel:Linux hostname:edge arch:x86_64 time:${time} offset:+0000 os:Debian\n`,
    "server 0 - server:nginx root:/etc/nginx/nginx.conf\n",
    "listing 0 - path:/etc/nginx name:nginx.conf\n",
    `server-config ${text.length} text server:nginx path:/etc/nginx/nginx.conf\n${text}`,
    `file 0 - path:/srv/tls/site.pem e:-rw-r--r--,1,0,0,900 mtime:${time} real:/srv/tls/site-2.pem\n`,
    ...["site", "older"].map(
      (name) => `certificate ${der.length + 1} b64 path:/srv/tls/${name}.pem n:1\n${der}\n`,
    ),
  ];
  const stream = `latchkey-collection 1 nonce${time}\n${records.join("")}`;
  return { host, text: `${stream}end ${records.length} nonce${time} sha256 ${hash("sha256", stream)}\n` };
}
