import { writeFile } from "node:fs/promises";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { makeWithOpenssl } from "#testing/tls/make-with-openssl.ts";
import { startApache, startHaproxy, startNginx } from "./web-servers.ts";

test.for([
  ["nginx", startNginx],
  ["Apache", startApache],
  ["HAProxy", startHaproxy],
] as const)("%s serves its certificate until it is told to reload", async ([, start]) => {
  await using folder = await makeTemporaryFolder();
  const leaf = await makeWithOpenssl(folder.path, "leaf");
  await using server = await start({ folder: folder.path, ...leaf });
  const renewed = await makeWithOpenssl(folder.path, "renewed");
  await writeFile(server.certificatePath, renewed.pem);
  await writeFile(server.keyPath, renewed.keyPem);
  expect(await greet(server.address)).toBe("leaf");
  await server.reload();
  // Connections during the reload may be refused.
  await expect.poll(() => greet(server.address).catch(String), { timeout: 60_000 }).toBe("renewed");
});

/** The common name of the certificate that is served there. */
function greet(host: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ host, port: 443, rejectUnauthorized: false }, () => {
    resolve(String(socket.getPeerCertificate().subject.CN));
    socket.destroy();
  });
  socket.on("error", reject);
  return promise;
}
