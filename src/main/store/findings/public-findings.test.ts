import { expect, test } from "vitest";
import type { Finding } from "#shared/model/finding.ts";
import type { Store } from "#store/store.ts";
import { listFindings } from "#store/testing/ask.ts";
import { makeCertificate, visitEndpoint, visitHost } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const findBy = (store: Store, rule: Finding["rule"]): Finding[] =>
  listFindings(store, { rule, now: new Date("2026-06-01T00:00:00Z") }).rows;

test("what a public authority may not do is said of a certificate that is known to be public, and of no other", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const long = makeCertificate("long", {
    isOverLimit: true,
    notBefore: "2026-06-01T00:00:00Z",
    notAfter: "2027-06-01T00:00:00Z",
  });
  const client = makeCertificate("client", { isForClients: true });
  visitEndpoint(store, "shop", { presented: { chain: [long] } });
  visitHost(store, "web1", {
    collected: { certificateFiles: [{ path: "/etc/app/client.pem", certificates: [client] }] },
  });
  const authorities = { names: ["CN=Another", "CN=An Issuer"], total: 2 };
  visitEndpoint(store, "mtls", {
    presented: { beside: { staple: null, timestamps: null, authorities, capabilities: null } },
  });
  const rules = ["certificate-lifetime-over-limit", "certificate-client-auth-ends"] as const;
  const found = () => rules.flatMap((rule) => findBy(store, rule));
  const say = (isPublic: 0 | 1 | null) =>
    database.write(`UPDATE certificate SET is_public = ${isPublic === null ? "NULL" : isPublic}`);
  expect(found()).toEqual([]);
  say(0);
  expect(found()).toEqual([]);
  say(1);
  expect(found()).toMatchObject([
    {
      label: "CN=long",
      host: "shop",
      sentence:
        "it is valid for 366 days; a public authority may let one that is valid from 2026-06-01 live 200",
      reference: expect.stringContaining("BR 6.3.2"),
    },
    {
      label: "CN=client",
      host: "web1",
      evidence: [
        "it is for clients (extended key usage), and no endpoint presents it",
        "web1:/etc/app/client.pem",
        "its chain ends in a public root; its issuer is CN=An Issuer",
        "mtls:443 asks clients for certificates of this issuer",
      ],
      sentence: expect.stringContaining("2027-03-15"),
    },
  ]);
  say(null);
  expect(found()).toEqual([]);
});

test("one that serves counts where its host names it for when it is a client, and otherwise is mentioned", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const both = makeCertificate("both", { isForClients: true });
  visitEndpoint(store, "mail", { presented: { chain: [both] } });
  database.write("UPDATE certificate SET is_public = 1");
  expect(findBy(store, "certificate-client-auth-ends")).toMatchObject([
    {
      severity: "info",
      sentence: expect.stringContaining("clients may use it as a client certificate"),
      evidence: expect.arrayContaining([
        "it is for clients (extended key usage), and an endpoint presents it as well",
      ]),
    },
  ]);
  const path = "/etc/ssl/mail.pem";
  const certificateFiles = [{ path, certificates: [both] }];
  const at = { file: "/etc/postfix/main.cf", line: 7 };
  const clientFiles = [{ path, directive: "smtp_tls_cert_file", at }];
  visitHost(store, "mail", { collected: { certificateFiles, clientFiles } });
  expect(findBy(store, "certificate-client-auth-ends")).toMatchObject([
    {
      severity: "medium",
      sentence: expect.stringContaining("its host uses it as a client certificate"),
      evidence: expect.arrayContaining(["mail names it by smtp_tls_cert_file in /etc/postfix/main.cf:7"]),
    },
  ]);
  visitHost(store, "mail", { collected: { certificateFiles } });
  expect(findBy(store, "certificate-client-auth-ends")).toMatchObject([{ severity: "info" }]);
});
