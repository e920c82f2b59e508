import { createServer } from "node:http";
import { listen } from "#testing/servers.ts";
import { extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import { isAuthority, signCertificate } from "#testing/tls/sign-certificate.ts";
import { signAnswer } from "#testing/tls/sign-revocation.ts";
import { expect, test } from "./latchkey.ts";
import { makeCertificateBundle } from "./pages/certificate-bundle.ts";
import { InspectDialog } from "./pages/inspect-dialog.ts";

const HOUR_MS = 3_600_000;

/** As answers write a time. */
const formatTime = (at: number): string =>
  new Date(at)
    .toISOString()
    .replace(/[-:T]|\..*/g, "")
    .concat("Z");

test("a responder is asked when somebody presses Ask, and what it says becomes a finding", async ({
  openEmpty,
  camera,
}) => {
  const authority = signCertificate({ subject: "Shop authority", extensions: [isAuthority()] });
  const answer = signAnswer({
    issuer: authority,
    serial: 7,
    state: "revoked",
    from: formatTime(Date.now() - HOUR_MS),
    until: formatTime(Date.now() + 24 * HOUR_MS),
  });
  const asked: string[] = [];
  await using server = await listen(
    createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end(answer);
    }),
  );
  const responder = `http://${server.endpoint.host}:${server.endpoint.port}/ocsp`;
  const access = sequence(sequence(oid("1.3.6.1.5.5.7.48.1"), text(0x86, responder)));
  const leaf = signCertificate({
    subject: "shop.example",
    issuer: authority,
    serial: 7,
    extensions: [extension("1.3.6.1.5.5.7.1.1", access)],
  });

  const frame = await openEmpty();
  const bundle = makeCertificateBundle("edge", "/etc/ssl/shop.pem", [leaf.der, authority.der]);
  await new InspectDialog(frame.page).importAs("edge.example", { name: "edge.bundle", text: bundle });

  const list = await frame.goTo("Certificates");
  const drawer = await list.open("shop.example");
  await drawer.getByRole("tab", { name: "Revocation" }).click();
  await expect(drawer).toContainText(responder);
  await expect(drawer).toContainText("Not checked");
  expect(asked).toEqual([]);
  await drawer.getByRole("button", { name: "Ask", exact: true }).click();
  // The address is this computer, so the user has to name it.
  await drawer.getByRole("button", { name: `Ask ${server.endpoint.host} all the same` }).click();
  await expect(
    drawer.getByRole("listitem").filter({ hasText: `By the responder ${responder}` }),
  ).toContainText("Revoked");
  expect(asked).toEqual(["/ocsp"]);
  expect(await camera.photograph("certificate-asked")).toEqual([]);

  await frame.page.reload();
  await expect(drawer.getByRole("listitem").filter({ hasText: ", before" })).toContainText("Revoked");
  await frame.press("Escape");
  await expect(list.row("shop.example")).toContainText("High");

  const findings = await frame.goTo("Findings");
  await findings.filter("Rule", "Revoked certificate");
  await expect(findings.rows).toHaveCount(1);
  const finding = await findings.open("shop.example");
  await expect(finding).toContainText("its authority has revoked it");
  await expect(finding).toContainText(`the responder ${responder}: revoked on`);
});
