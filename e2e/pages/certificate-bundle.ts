import { hash } from "node:crypto";

/** What the collector would write on a host of this name where one file holds these certificates. */
export function makeCertificateBundle(name: string, path: string, ders: readonly Buffer[]): string {
  const time = Math.floor(Date.now() / 1_000);
  const certificates = ders.map((der, at) => {
    const text = der.toString("base64");
    return `certificate ${text.length + 1} b64 path:${path} n:${at + 1}\n${text}\n`;
  });
  const records = [
    `host 0 - uid:0 user:root how:login kernel:Linux hostname:${name} arch:x86_64 time:${time} offset:+0000 os:Debian\n`,
    ...certificates,
  ];
  const stream = `latchkey-collection 1 nonce${time}\n${records.join("")}`;
  return `${stream}end ${records.length} nonce${time} sha256 ${hash("sha256", stream)}\n`;
}
