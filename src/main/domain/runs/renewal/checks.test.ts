import { expect, test } from "vitest";
import type { ConfigurationFiles, TlsSettings } from "#domain/server-configs/configuration.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import type { KeyKind } from "#shared/model/issuers/vault.ts";
import { checkKey, checkScanned } from "./checks.ts";

/** The checks of a key of that kind if the old one is another, for a server's settings. */
function check(tls: TlsSettings | null | undefined, kind: KeyKind = "p256"): string[] {
  const settings = [{ server: "nginx" as const, where: "/etc/nginx/site:3", tls: tls ?? null }];
  const keyType = kind.startsWith("rsa") ? "EC" : "RSA";
  return checkKey({ keyType, settings }, kind, (state, id, text) => ({
    state,
    id,
    text: `${state}: ${text}`,
    host: null,
    account: null,
  })).map(({ text }) => text);
}

const RSA_ALONE = "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA";

function read(server: "nginx" | "haproxy", text: string): (TlsSettings | undefined)[] {
  const root = `/etc/${server}.conf`;
  const source: ConfigurationFiles = {
    server,
    root,
    files: new Map([[root, text]]),
    folders: new Map(),
    unreadable: [],
    commandLines: [],
  };
  return readConfiguration(source).bindings.map(({ tls }) => tls);
}

test("a key that a server's ciphers have nothing for is told of before a certificate is ordered, and what cannot be told is unknown", () => {
  const tls = (ciphers: string | null, versions: string[] | null) => ({ ciphers, versions });
  expect(check(tls(RSA_ALONE, ["TLSv1.2"]))).toEqual([
    `acknowledge: nginx (/etc/nginx/site:3) refuses an ECDSA key: its ciphers ${RSA_ALONE} have none for it, and TLS 1.3 is off: every client would be refused, and the run would take it back; ask for the old kind by --key, or change the ciphers first`,
  ]);
  expect(check(tls(RSA_ALONE, ["TLSv1.2", "TLSv1.3"]))).toEqual([
    expect.stringContaining("so clients before TLS 1.3 cannot connect;"),
  ]);
  expect(check(tls("HIGH:!aNULL", ["TLSv1.2"]))).toEqual([]);
  expect(check(tls(null, null))).toEqual([]);
  expect(check(tls(RSA_ALONE, ["TLSv1.2"]), "rsa-2048")).toEqual([]);
  expect(check(tls("ECDHE+aECDSA", null), "rsa-2048")).toEqual([
    expect.stringMatching(/^acknowledge: .*an RSA key/),
  ]);
  expect(check(tls("PROFILE=SYSTEM", null))).toEqual([
    expect.stringMatching(/^warning: .*is unknown: its ciphers/),
  ]);
  expect(check(null)).toEqual([
    expect.stringMatching(/^warning: .*is unknown: its settings of TLS are not read/),
  ]);
});

test("nginx's and HAProxy's settings of TLS are read where they decide, and are unknown where others may", () => {
  const nginx = (http: string, server: string, other = "") =>
    read(
      "nginx",
      `http { ${http} server { listen 443 ssl; ssl_certificate /a.pem; ssl_certificate_key /a.key; ${server} } ${other} }`,
    )[0];
  const other = "server { listen 443 ssl; ssl_protocols TLSv1.3; }";
  expect(nginx("ssl_ciphers HIGH; ssl_protocols TLSv1.2 TLSv1.3;", "")).toEqual({
    ciphers: "HIGH",
    versions: ["TLSv1.2", "TLSv1.3"],
  });
  expect(nginx("ssl_ciphers HIGH;", "ssl_ciphers aRSA;")).toEqual({ ciphers: "aRSA", versions: null });
  expect(nginx("ssl_protocols TLSv1.2;", "", other)).toEqual({ ciphers: null, versions: null });
  expect(nginx("", "ssl_conf_command CipherString aRSA;")).toBe(undefined);
  expect(
    read(
      "haproxy",
      "frontend a\n bind :443 ssl crt /a.pem ciphers aRSA no-tlsv13\n bind :444 ssl crt /a.pem\n",
    ),
  ).toEqual([{ ciphers: "aRSA", versions: ["TLSv1.2"] }, undefined]);
});

const NOW = "2026-06-03T12:00:00Z";

test("a plan says how old what is known of a host's servers is, and warns where that is more than a day, or less than its files", () => {
  const check = (at: string | null, changed: string[] = []) => {
    const { id, state, text } = checkScanned({ host: "web1", port: 22 } as never, { at, changed }, NOW);
    expect(id).toBe("scanned");
    return `${state}: ${text}`;
  };
  expect(check("2026-06-03T11:59:00Z")).toBe("ok: its servers were last read on 2026-06-03 at 11:59 UTC");
  expect(check("2026-06-02T12:00:01Z")).toMatch(/^ok/);
  expect(check("2026-06-01T11:00:00Z")).toMatch(
    /^warning: .* on 2026-06-01 at 11:00 UTC, 2 days ago; scan it/,
  );
  expect(check("2026-06-03T11:59:00Z", ["/etc/nginx/sites-enabled"])).toMatch(
    /^warning: \/etc\/nginx\/sites-enabled changed since its servers were last read/,
  );
  expect(check(null)).toMatch(/^warning: when its servers were last read is not known/);
});
