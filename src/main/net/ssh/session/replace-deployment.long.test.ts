import { afterAll, beforeAll, expect, test } from "vitest";
import { readRequest } from "#domain/issuing/read-request.ts";
import { createDeploymentKey, finishDeployment } from "#net/ssh/session/replace-deployment.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { DEPLOYMENT, openDeploymentSession } from "./deployments/testing/deployment-session.ts";

const lab = test.skipIf(!canStartHosts());

let host: LabHost;
beforeAll(async () => {
  if (canStartHosts()) host = await startHost({ name: "keys" });
});
afterAll(() => host?.[Symbol.asyncDispose]());

lab.each(["p384", "rsa-3072", "ed25519"] as const)("a key of kind %s is made on the host", async (kind) => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const request = await createDeploymentKey(hand, {
    ...DEPLOYMENT,
    key: kind,
    names: ["*.new.lab", "2001:db8::1"],
  });
  if (request.kind !== "made") throw new Error(JSON.stringify(request));
  const said = await host.run(
    `base64 -d > /tmp/request <<'END'\n${Buffer.from(request.csr).toString("base64")}\nEND\nopenssl req -in /tmp/request -inform DER -noout -text -verify 2>&1; stat -c %a /var/lib/latchkey/${DEPLOYMENT.token}/${DEPLOYMENT.id}/key`,
  );
  expect(said).toMatch(/verify OK/);
  expect(said).toMatch(/DNS:\*\.new\.lab, IP Address:2001:DB8:0:0:0:0:0:1/);
  expect(said).toMatch(/\n600\n$/);
  expect(said).not.toMatch(/TLS Web/);
  await finishDeployment(hand, DEPLOYMENT);
});

lab("a certificate that clients show as well is asked for as one", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const made = await createDeploymentKey(hand, {
    ...DEPLOYMENT,
    key: "p256",
    names: ["new.lab"],
    forClients: true,
  });
  if (made.kind !== "made") throw new Error(JSON.stringify(made));
  expect(readRequest(made.csr)?.purposes).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
  await finishDeployment(hand, DEPLOYMENT);
});

lab("a key is made for names alone, and where there is openssl", async () => {
  await using hand = await openDeploymentSession(startShellIn(host));
  const wish = { ...DEPLOYMENT, key: "p256" as const };
  for (const names of [[], ["a.lab\nsubjectAltName=DNS:b.lab"], ["a b"], ["$(id)"]])
    expect(await createDeploymentKey(hand, { ...wish, names })).toMatchObject({
      kind: "refused",
      why: "odd-words",
    });
  await host.run("mv /usr/bin/openssl /usr/bin/openssl.away");
  expect(await createDeploymentKey(hand, { ...wish, names: ["a.lab"] })).toMatchObject({
    kind: "refused",
    why: "no-tool",
  });
  await host.run("mv /usr/bin/openssl.away /usr/bin/openssl");
  expect(await host.run("ls -A /var/lib")).not.toContain("latchkey");
});
