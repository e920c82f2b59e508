import { expect, test } from "vitest";
import { sayHandshake } from "./served.ts";

const listener = { host: "web1", address: null, port: 443, name: "shop.example", protocol: "tls" };

test.each([
  ["at every address by the host's own name", {}, "web1:443/shop.example"],
  ["at one address", { address: "192.0.2.1" }, "192.0.2.1:443/shop.example"],
  ["of IPv6", { address: "::", port: 8443 }, "web1:8443/shop.example"],
  ["without a name", { name: null }, "web1:443"],
  ["under the host's name", { name: "web1" }, "web1:443"],
  ["after a dialogue", { name: null, port: 25, protocol: "smtp" }, "web1:25"],
  ["by a pattern", { name: "*.shop.example" }, null],
  ["by a variable", { name: "$variable" }, null],
  ["for the host alone", { address: "127.0.0.1" }, null],
  ["at what is no address", { address: "`id`;\u001b[2J" }, null],
])("what is served %s is shown by a scan of it", (_, more, said) => {
  expect(sayHandshake({ ...listener, ...more })).toBe(said);
});
