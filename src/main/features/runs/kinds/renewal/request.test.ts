import { expect, test } from "vitest";
import { requestedWith } from "./request.ts";

test("of a certificate that is requested anew nothing is kept that an earlier request has brought", () => {
  const before = {
    keyId: "kept",
    csr: new Uint8Array([1]),
    chain: "PEM",
    sha256: "aa",
    newHashes: ["bb"],
    orderUrl: "url",
  };
  const csr = new Uint8Array([2]);
  expect(Object.assign({}, before, requestedWith(csr))).toEqual({
    keyId: "kept",
    state: "requested",
    note: null,
    csr,
    chain: null,
    sha256: null,
    newHashes: null,
    orderUrl: null,
    trust: null,
  });
});
