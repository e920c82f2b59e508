import { createServer } from "node:http";
import { expect, test } from "vitest";
import { findClosedEndpoint, listen } from "#testing/servers.ts";
import { fetchList } from "./fetch-by-http.ts";

const HERE = ["127.0.0.1"];

test("a list is fetched whole, and what goes wrong is said", async () => {
  await using server = await listen(
    createServer((request, response) => {
      if (request.url === "/list.crl") response.end(Buffer.alloc(1_000, 7));
      else if (request.url === "/elsewhere") response.writeHead(302, { location: "/list.crl" }).end();
      else if (request.url === "/silent") response.writeHead(200);
      else response.writeHead(404).end();
    }),
  );
  const at = (path: string) => `http://${server.endpoint.host}:${server.endpoint.port}${path}`;
  expect(await fetchList(at("/list.crl"), HERE)).toEqual({ kind: "fetched", bytes: Buffer.alloc(1_000, 7) });
  expect(await fetchList(at("/elsewhere"), HERE)).toEqual({ kind: "failed", why: "the server answers 302" });
  expect(await fetchList(at("/nothing"), HERE)).toEqual({ kind: "failed", why: "the server answers 404" });
  const small = { bytes: 999, timeoutMs: 15_000 };
  expect(await fetchList(at("/list.crl"), HERE, small)).toEqual({
    kind: "failed",
    why: "it is larger than 999 bytes",
  });
  const short = { bytes: 1_000, timeoutMs: 50 };
  expect(await fetchList(at("/silent"), HERE, short)).toMatchObject({ kind: "failed" });
  const closed = await findClosedEndpoint();
  expect(await fetchList(`http://${closed.host}:${closed.port}/`, HERE)).toMatchObject({ kind: "failed" });
  for (const address of ["ldap://ca.example/cn=list", "file:///etc/passwd", "nothing"])
    expect(await fetchList(address)).toEqual({ kind: "failed", why: "it is no address of HTTP" });
});
