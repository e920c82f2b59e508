import { expect, test } from "vitest";
import type { App } from "#app";
import { RenewalRequest } from "#shared/contract/runs.ts";
import type { RunDetail } from "#shared/model/runs/run.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { startPebble } from "#testing/servers/pebble.ts";

const lab = test.skipIf(!canStartHosts());

const wishFor = (address: string, issuer: string, more: object = {}) =>
  RenewalRequest.parse({
    kind: "rotate-certificate",
    endpoints: [{ host: address, port: 443 }],
    issuer,
    ...more,
  });

const resume = (app: App, { id: runId }: RunDetail) =>
  untilStill(app, async () => {
    await app.client.runs.resume({ runId });
    return runId;
  });

lab(
  "a request waits for whoever signs it, and what they bring days later is checked, put in place and committed",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using app = await desk.openWithVault();
    await app.client.issuers.addCsr({ name: "portal" });
    await scanServers(app, [host], ["nginx"]);
    const planned = await makePlan(app, wishFor(host.address, "csr"), { postCheckMinutes: 0 });
    const waiting = await carryOut(app, planned);
    expect(waiting).toMatchObject({ state: "waiting", orders: [{ state: "waits", sha256: null }] });
    const runId = waiting.id;
    const der = Buffer.from((waiting.orders[0]?.csr ?? "").replaceAll(/-----.*-----|\s/g, ""), "base64");
    expect(await resume(app, waiting)).toMatchObject({ state: "waiting" });
    const give = (text: string) => app.client.runs.provideCertificate({ runId, text });
    const { root } = await app.client.issuers.root({ name: "corp" });
    await expect(give(root)).rejects.toThrow("another key than the request");
    const { pem } = await app.client.issuers.sign({ name: "corp", base64: der.toString("base64") });
    expect(await give(pem)).toMatchObject({ change: "c0" });
    const ended = await resume(app, waiting);
    expect(ended).toMatchObject({ state: "committed", message: "" });
    await scanServers(app, [host], ["nginx"]);
    const { rows } = await app.client.served.list({});
    expect(rows[0]?.certificate?.sha256).toBe(ended.orders[0]?.sha256);
  },
  240_000,
);

lab(
  "an ACME directory signs once the web server of the host has shown that the name is ours, and the second time for a key that was made here",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using pebble = await startPebble({ folder: desk.home, httpPort: 80 });
    await pebble.tell("add-a", { host: "nginx.lab.", addresses: [host.address] });
    await using app = await desk.openWithVault();
    await app.client.issuers.addAcme({
      name: "pebble",
      directory: pebble.directory,
      agreesToTerms: true,
      roots: Buffer.from(pebble.roots).toString("base64"),
    });
    await scanServers(app, [host], ["nginx"]);
    const request = wishFor(host.address, `acme:${pebble.directory}`);
    const planned = await makePlan(app, request, { postCheckMinutes: 0 });
    expect(planned.plan?.leftOut).toEqual([]);
    expect(planned.plan?.hosts[0]?.certificates).toMatchObject([
      { challenge: { kind: "webroot", path: "/var/www/html" } },
    ]);
    const ended = await carryOut(app, planned);
    expect(ended).toMatchObject({ state: "committed", message: "" });
    const made = { ...request, makesKeyHere: true, keyKind: "rsa-2048" } as const;
    const again = await carryOut(app, await makePlan(app, made, { postCheckMinutes: 0 }));
    expect(again).toMatchObject({ state: "committed", message: "" });
    expect(await host.run("openssl pkey -in /etc/tls/nginx.key -noout -text")).toContain("2048 bit");
    expect((await app.client.vault.status()).kept.filter(({ kind }) => kind === "certificate-key")).toEqual(
      [],
    );
    expect(again.orders[0]?.sha256).not.toBe(ended.orders[0]?.sha256);
    expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
  },
  240_000,
);

lab(
  "a directory that turns nonces away, lets us wait and will not sign changes nothing on the host",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using pebble = await startPebble({
      folder: desk.home,
      httpPort: 80,
      blocked: ["nginx.lab"],
      retryAfter: { authz: 1, order: 1 },
      env: { PEBBLE_WFE_NONCEREJECT: "40" },
    });
    await using app = await desk.openWithVault();
    await app.client.issuers.addAcme({
      name: "pebble",
      directory: pebble.directory,
      agreesToTerms: true,
      roots: Buffer.from(pebble.roots).toString("base64"),
    });
    await scanServers(app, [host], ["nginx"]);
    const state = () => host.run("cd /; sha256sum etc/tls/*; find var/www | sort");
    const before = await state();
    const planned = await makePlan(app, wishFor(host.address, "pebble"), { postCheckMinutes: 0 });
    const stopped = await carryOut(app, planned);
    expect(stopped).toMatchObject({ state: "stopped", failed: 1, orders: [{ state: "refused" }] });
    expect(stopped.message).toMatch(/nginx\.lab: pebble: /);
    expect(await state()).toBe(before);
    const back = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: stopped.id });
      return stopped.id;
    });
    expect(back).toMatchObject({ state: "rolled-back", message: "" });
    expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
  },
  240_000,
);
