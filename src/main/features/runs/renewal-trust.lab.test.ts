/** Renewals that change whom clients have to trust: what the plan says of it, and what an issuer answers instead. */

import { expect, test } from "vitest";
import { writePem } from "#codec/pem.ts";
import { readRequestFile } from "#domain/issuing/read-request.ts";
import { makeOwnAuthority } from "#domain/issuing/testing/make-own-authority.ts";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { formatNextChain } from "#shared/text/runs/renewal-trust.ts";
import type { LabHost } from "#testing/lab/start-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { agreeTo, carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";

type Authority = Awaited<ReturnType<typeof makeOwnAuthority>>;

const makeAuthority = (name: string) => makeOwnAuthority({ name, permitted: [".lab"], now: new Date() });

/** A certificate for a request, with the intermediate behind it. */
async function sign({ sign: signRequest, intermediate }: Authority, csr: string): Promise<string> {
  const leaf = await signRequest(readRequestFile(Buffer.from(csr)) ?? new Uint8Array(), 90, new Date());
  return `${writePem("CERTIFICATE", leaf)}${writePem("CERTIFICATE", intermediate.der)}`;
}

/** Has nginx serve a certificate of somebody else's authority. */
async function serveOf(authority: Authority, host: LabHost): Promise<void> {
  const csr = await host.run(
    "cd /etc/tls; openssl req -new -key nginx.key -subj /CN=nginx.lab -addext subjectAltName=DNS:nginx.lab",
  );
  await host.run(`cat >/etc/tls/nginx.pem <<'END'\n${await sign(authority, csr)}END\nnginx -s reload`);
}

const filesOf = (host: LabHost) => host.run("cd /etc/tls; sha256sum nginx.*");

test.skipIf(!canStartHosts())(
  "a certificate of another root is replaced by one of our own authority only once somebody has acknowledged that, and its next renewal needs nothing of that kind",
  { timeout: 240_000 },
  async () => {
    const elsewhere = await makeAuthority("elsewhere");
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await serveOf(elsewhere, host);
    await using app = await desk.openWithVault();
    const base64 = Buffer.from(elsewhere.root.der).toString("base64");
    await app.client.chains.trust({ kind: "root", name: "elsewhere.der", base64 });
    await scanServers(app, [host], ["nginx"]);
    const plan = () =>
      makePlan(
        app,
        RenewalRequest.parse({
          kind: "rotate-certificate",
          issuer: "corp",
          endpoints: [{ host: host.address, port: 443, serverName: null }],
        }),
        { postCheckMinutes: 0 },
      );
    const trustOf = ({ plan: made }: Awaited<ReturnType<typeof plan>>) =>
      made?.checks.find(({ id }) => id === "trust");

    const planned = await plan();
    expect(trustOf(planned)).toMatchObject({
      state: "acknowledge",
      host: host.address,
      text: expect.stringMatching(
        /^CN=nginx.lab: the root changes from elsewhere root \w{8} to corp root \w{8}; clients that were given only elsewhere root \w{8} will refuse the new one; clients that trust the roots that you added trust both$/,
      ),
    });
    expect(planned.plan?.hosts[0]?.certificates[0]?.trust).toMatchObject({
      old: {
        issuer: expect.stringMatching(/^CN=elsewhere intermediate /),
        root: expect.stringMatching(/^elsewhere root /),
        trustedBy: ["yours"],
      },
      next: { issuer: expect.stringMatching(/^CN=corp intermediate /), trustedBy: ["yours"] },
      by: "authority",
      root: "other",
    });
    const { id: planId, hash } = planned;
    await expect(
      app.client.runs.start({ planId, hash: hash ?? "", ...agreeTo(planned), acknowledgements: [] }),
    ).rejects.toThrow(/1 acknowledgement missing: trust .*the root changes from elsewhere root/);
    expect(await carryOut(app, planned)).toMatchObject({ state: "committed", message: "" });
    expect(trustOf(await plan())).toMatchObject({
      state: "ok",
      text: expect.stringMatching(
        /both lead to corp root \w{8}; clients that trust the roots that you added/,
      ),
    });
  },
);

test.skipIf(!canStartHosts())(
  "an issuer that answers with a chain of another root than the old one, or than was acknowledged, has nothing installed before somebody has seen which clients will fail",
  { timeout: 240_000 },
  async () => {
    const [elsewhere, third, fourth] = await Promise.all(
      ["elsewhere", "third", "fourth"].map(makeAuthority) as [
        Promise<Authority>,
        Promise<Authority>,
        Promise<Authority>,
      ],
    );
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await serveOf(elsewhere, host);
    await using app = await desk.openWithVault();
    const { runs, issuers } = app.client;
    await issuers.addCsr({ name: "portal" });
    await scanServers(app, [host], ["nginx"]);
    const request = RenewalRequest.parse({
      kind: "rotate-certificate",
      issuer: "portal",
      endpoints: [{ host: host.address, port: 443, serverName: null }],
    });
    const resume = (runId: number, ...acknowledgements: string[]) =>
      untilStill(app, async () => {
        await runs.resume({ runId, acknowledgements });
        return runId;
      });
    const before = await filesOf(host);

    const planned = await makePlan(app, request, { postCheckMinutes: 0 });
    const [change] = planned.plan?.hosts[0]?.certificates ?? [];
    expect(change?.trust && formatNextChain(change.trust)).toBe("unknown until it is issued");
    expect(planned.plan?.checks.find(({ id }) => id === "trust")).toMatchObject({
      state: "warning",
      text: expect.stringContaining("the run stops before it is installed if clients"),
    });
    const waiting = await carryOut(app, planned);
    const runId = waiting.id;
    await runs.provideCertificate({ runId, text: await sign(third, waiting.orders[0]?.csr ?? "") });
    // Acknowledged before it was shown, which counts for nothing.
    const held = await resume(runId, "trust");
    expect(held).toMatchObject({ state: "paused", failed: 0, orders: [{ state: "issued" }] });
    expect(held.message).toMatch(
      /^needs approval, and nothing is installed before: nginx.lab: whether the root changes is unknown: the old one leads to a root that is not known here, the new one to a root that is not known here; which of the clients/,
    );
    expect(held.orders[0]?.trust).toMatchObject({ by: "issued", root: "unknown" });
    expect(await filesOf(host)).toBe(before);
    expect(await resume(runId)).toMatchObject({ state: "paused", message: held.message });
    expect(await filesOf(host)).toBe(before);
    const ended = await resume(runId, `trust ${host.address}`);
    expect(ended).toMatchObject({ state: "committed", orders: [{ state: "installed", trust: null }] });
    const installed = await filesOf(host);
    expect(installed).not.toBe(before);

    const again = await makePlan(app, request, { postCheckMinutes: 0 });
    expect(again.plan?.checks.find(({ id }) => id === "trust")).toMatchObject({
      state: "ok",
      text: expect.stringContaining("checked again before it is installed"),
    });
    const second = await carryOut(app, again);
    const text = await sign(fourth, second.orders[0]?.csr ?? "");
    await runs.provideCertificate({ runId: second.id, text });
    const stopped = await resume(second.id);
    expect(stopped).toMatchObject({ state: "paused", orders: [{ state: "issued" }] });
    expect(await filesOf(host)).toBe(installed);
    const back = await untilStill(app, async () => {
      await runs.rollBack({ runId: second.id });
      return second.id;
    });
    expect(back).toMatchObject({ state: "rolled-back", message: "" });
    expect(await filesOf(host)).toBe(installed);
    expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
  },
);
