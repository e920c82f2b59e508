import { expect, test } from "vitest";
import { helloName } from "./hello-name.ts";

test("a name whose addresses an older program did not keep is named in the hello, as it was then", () => {
  const old = { address: "web1.example", serverName: null };
  expect(helloName(old)).toBe("web1.example");
  expect(helloName({ ...old, serverName: "shop.example" })).toBe("shop.example");
  expect(helloName({ ...old, addresses: ["192.0.2.1"] })).toBeNull();
  expect(helloName({ address: "2001:db8::1", serverName: null })).toBeNull();
});
