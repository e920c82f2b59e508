import { afterAll, beforeAll, expect, test } from "vitest";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2 /etc/letsencrypt
make() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$3" -out "$2" 2>/dev/null
}
# The distribution's trust store, and what an admin put between it.
mkdir -p /usr/share/ca-certificates/lab /usr/local/share/ca-certificates
make store /usr/share/ca-certificates/lab/store.crt /dev/null
make admin /usr/local/share/ca-certificates/admin.crt /dev/null
make local /etc/ssl/certs/local.pem /dev/null
cat /usr/share/ca-certificates/lab/store.crt > /etc/ssl/certs/ca-certificates.crt
ln -s /usr/share/ca-certificates/lab/store.crt /etc/ssl/certs/store.pem
ln -s store.pem /etc/ssl/certs/0a1b2c3d.0
ln -s /usr/local/share/ca-certificates/admin.crt /etc/ssl/certs/admin.pem
# certbot's tree
mkdir -p /etc/letsencrypt/archive/site /etc/letsencrypt/live/site
cd /etc/letsencrypt/archive/site
make site cert1.pem privkey1.pem; make site cert2.pem privkey2.pem; cp cert2.pem fullchain2.pem
cd ../../live/site
for part in cert fullchain privkey; do ln -s ../../archive/site/\${part}2.pem $part.pem; done
# what servers name elsewhere
mkdir -p /etc/nginx/conf.d /etc/nginx/sites-available /srv/tls /etc/httpd/conf.d
make nginx /srv/tls/nginx.pem /srv/tls/nginx.key; chmod 644 /srv/tls/nginx.key
make relative /etc/nginx/relative.pem /dev/null
make apache /srv/tls/apache.pem /dev/null
openssl x509 -in /srv/tls/apache.pem -trustout -addtrust serverAuth -out /srv/tls/trusted.pem
echo 'http { include conf.d/*.conf; }' > /etc/nginx/nginx.conf
mkdir -p /etc/httpd/conf; echo 'Include conf.d/*.conf' > /etc/httpd/conf/httpd.conf
cat > /etc/nginx/conf.d/a.conf <<'END'
server { listen 443 ssl; ssl_certificate /srv/tls/nginx.pem; ssl_certificate_key "/srv/tls/nginx.key";
  # ssl_certificate /srv/tls/commented.pem;
  ssl_trusted_certificate relative.pem;
  ssl_client_certificate /srv/tls/gone.pem; }
server { ssl_certificate /srv/tls/$ssl_server_name.pem; }
END
echo 'ssl_certificate /srv/tls/unused.pem;' > /etc/nginx/sites-available/unused
printf '  SSLCertificateFile "/srv/tls/apache.pem"\\n\\tsslcertificatechainfile /srv/tls/trusted.pem\\n' > /etc/httpd/conf.d/ssl.conf
# DER, a broken block between two good ones, a request and a revocation list
openssl x509 -in /etc/ssl/certs/local.pem -outform DER -out /etc/ssl/local.cer
{ cat /etc/ssl/certs/local.pem; echo '-----BEGIN CERTIFICATE-----'; echo 'MIIB!broken'; echo '-----END CERTIFICATE-----'
  echo some text; sed 's/$/\\r/' /srv/tls/apache.pem; } > /etc/ssl/mixed.pem
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=request -keyout /dev/null -outform DER -out /etc/ssl/request.der 2>/dev/null
{ echo '-----BEGIN CERTIFICATE-----'; head -c 3000000 /dev/zero | base64; echo '-----END CERTIFICATE-----'; } > /etc/ssl/huge.pem
{ printf '\\357\\273\\277'; cat /etc/ssl/certs/local.pem; } > /etc/ssl/marked.pem
useradd --create-home alice
`;

let host: LabHost;
beforeAll(async () => {
  host = await startHost({ name: "certificates", prepare: PREPARE });
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

test("certificates are found where they are kept and where servers name them, but not the trust store", async () => {
  const told = readCollection(await runCollector(host, { args: ["--nonce", "n"] }), { nonce: "n" });
  const files = told?.certificateFiles.map(({ path, ders, malformed }) => [path, ders.length, ...malformed]);
  expect(files?.sort()).toEqual([
    ["/etc/letsencrypt/archive/site/cert1.pem", 1],
    ["/etc/letsencrypt/archive/site/cert2.pem", 1],
    ["/etc/letsencrypt/live/site/cert.pem", 1],
    ["/etc/letsencrypt/live/site/fullchain.pem", 1],
    ["/etc/nginx/relative.pem", 1],
    ["/etc/ssl/certs/admin.pem", 1],
    ["/etc/ssl/certs/local.pem", 1],
    [
      "/etc/ssl/huge.pem",
      0,
      "certificate 1: it is longer than 128 KiB",
      "certificate 1: only the first MiB of the file was read",
    ],
    ["/etc/ssl/local.cer", 1],
    ["/etc/ssl/marked.pem", 1],
    ["/etc/ssl/mixed.pem", 2, "certificate 2: it is not base64"],
    ["/srv/tls/apache.pem", 1],
    ["/srv/tls/nginx.pem", 1],
    ["/srv/tls/trusted.pem", 1],
  ]);
  expect(told?.unreadable).toEqual([
    {
      kind: "trust-store",
      path: "/etc/ssl/certs",
      why: "3 files and links of the distribution's trust store were left out",
    },
    { kind: "certificate-file", path: "/srv/tls/gone.pem", why: "no such file", isAbsent: true },
    {
      kind: "certificate-file",
      path: "/srv/tls/$ssl_server_name.pem",
      why: "its name holds a variable that only the running server knows",
    },
  ]);
  const keys = told?.keyFiles.filter(({ path }) => !path.startsWith("/etc/ssh"));
  expect(keys?.map(({ path, entry, blob }) => [path, entry.mode, blob !== null])).toEqual([
    ["/etc/letsencrypt/live/site/privkey.pem", 0o600, true],
    ["/srv/tls/nginx.key", 0o644, true],
  ]);
});

test("what is told of a certificate is its exact DER", async () => {
  const told = readCollection(await runCollector(host, { args: ["--nonce", "n"] }), { nonce: "n" });
  expect(told?.certificateFiles.length).toBeGreaterThan(8);
  for (const { path, ders } of told?.certificateFiles ?? []) {
    const [der] = ders;
    if (!der) continue;
    const expected = await host.run(`openssl x509 -in ${path} -outform DER | base64 -w0`);
    expect({ path, der: Buffer.from(der).toString("base64") }).toEqual({ path, der: expected });
  }
});

test("a stream that would pass 16 MiB is whole, and names each file that it had no room for", async () => {
  await host.run(`mkdir /etc/ssl/many; cd /etc/ssl/many; cat ../certs/local.pem > some
    for n in 1 2 3 4 5 6 7 8 9 10; do cat some some > more; mv more some; done
    for n in $(seq 40); do head -n $(($(wc -l < some) * 9 / 10)) some > $n.pem; done; rm some`);
  const stream = await runCollector(host, { args: ["--nonce", "n"] });
  const told = readCollection(stream, { nonce: "n" });
  await host.run("rm -r /etc/ssl/many");
  expect(stream.length).toBeLessThanOrEqual(16 * 1024 * 1024);
  expect(stream.length).toBeGreaterThan(15 * 1024 * 1024);
  expect(told?.incomplete).toBe(null);
  expect(told?.accounts.length).toBeGreaterThan(3);
  const leftOut = told?.unreadable.filter(({ kind }) => kind === "limit") ?? [];
  const paths = leftOut.map(({ path }) => path);
  expect(paths.filter((path) => /^\/etc\/ssl\/many\/\d+\.pem$/.test(path)).length).toBeGreaterThan(1);
  expect(new Set(paths).size).toBe(paths.length);
  const why = "it was left out: the stream is limited to 16 MiB";
  expect(leftOut.filter((one) => one.why !== why)).toEqual([]);
  // A file that could not be read for another reason keeps that reason.
  expect(told?.unreadable.find(({ path }) => path === "/srv/tls/gone.pem")?.why).toBe("no such file");
});
