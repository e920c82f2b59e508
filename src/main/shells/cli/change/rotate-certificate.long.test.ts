import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeRenewalDesk, PASSPHRASE, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { showLeaf } from "#testing/runs/watch-hosts.ts";

test.runIf(canStartHosts())(
  "a certificate is renewed by the plan that was shown, or by three commands where a person signs the request",
  { timeout: 300_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    const at = { host: host.address, port: 443 };
    const named = `${at.host}:${at.port}`;
    {
      await using app = await desk.openWithVault();
      await app.client.issuers.addCsr({ name: "portal" });
      await scanServers(app, [host], ["nginx"]);
    }
    const secret = join(desk.home, "passphrase");
    await writeFile(secret, `${PASSPHRASE}\n`, { mode: 0o600 });
    const vault = ["--vault-passphrase-file", secret];
    const workstation = { user: "root", home: desk.home, agentSocket: null };
    const type = openTerminal(desk.databasePath, { workstation });
    const before = await showLeaf(at);
    const file = join(desk.home, "plan.json");

    const local = ["rotate", "certificate", named, "--issuer", "local"];
    expect(await type(...local, "--challenge", "webroot:/srv")).toMatchObject({
      code: 2,
      err: expect.stringContaining("corp is no ACME directory (local), and asks for no challenge"),
    });

    const planned = await type(...local, "--post-check", "0", "--plan", file);
    expect(planned).toMatchObject({ code: 0, err: "" });
    expect(planned.out).toContain("a new one from corp for nginx.lab");
    expect(planned.out).toContain("/etc/tls/nginx.key: the private key");
    expect(planned.out).toContain("the old files are removed without a post-deployment check");
    expect(planned.out).toContain(`${named} stands for CN=nginx.lab`);
    expect(planned.out).toMatch(/ok +scanned \S+: its servers were last read on /);
    expect(planned.out).toContain("Plan: 1 certificate to renew on 1 host");
    expect(await showLeaf(at)).toEqual(before);

    expect(planned.out).toMatch(
      /signed by itself\n +then by CN=corp intermediate \w{8}; root corp root \w{8}\n/,
    );
    expect(await type("rotate", "certificate", "--apply", file, "--yes", ...vault)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`--acknowledge 'trust ${host.address}' accepts this risk`),
    });
    const agreed = ["--yes", "--acknowledge", "trust"];
    const done = await type("rotate", "certificate", "--apply", file, ...agreed, ...vault);
    expect(`${done.out}\n${done.err}`).toContain("run 1 is committed");
    const second = await showLeaf(at);
    expect(second).not.toEqual(before);

    const asked = ["rotate", "certificate", named, "--issuer", "portal", "--post-check", "0"];
    const waiting = await type(...asked, "--apply", "--yes");
    expect(waiting.out).toContain("run 2 is waiting");
    expect(waiting.code).toBe(0);
    const out = join(desk.home, "requests");
    expect((await type("runs", "csr", "2", "--out", out)).code).toBe(0);
    const [request, chain] = [join(out, `${host.address}-22-c0.csr`), join(desk.home, "chain.pem")];
    const signed = await type("issuers", "sign", "corp", "--csr", request, "--out", chain, ...vault);
    expect(signed).toMatchObject({ code: 0 });
    const taken = await type("runs", "certificate", "2", "--file", chain);
    expect(taken.out).toContain("go on: latchkey runs resume 2");
    const ended = await type("runs", "resume", "2");
    expect(`${ended.out}\n${ended.err}`).toContain("run 2 is committed");
    expect(await showLeaf(at)).not.toEqual(second);
  },
);

test("what names no certificate is refused with what to name", async () => {
  const type = openTerminal(":memory:");
  expect(await type("rotate", "certificate", "web1")).toMatchObject({
    code: 2,
    err: expect.stringContaining("web1 is neither the SHA-256 of a certificate nor an endpoint"),
  });
  expect((await type("rotate", "certificate")).err).toContain("or use --due");
});
