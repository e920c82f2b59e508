import fc from "fast-check";
import { expect, test } from "vitest";
import { readFromList, takesAddress, usableItems } from "./from-list.ts";

const usable = (list: string, useDns = false) => {
  const items = readFromList(list);
  return typeof items === "string" ? items : usableItems(items, { useDns }).map(({ text }) => text);
};

test("networks and wildcards over addresses count, names only with UseDNS", () => {
  expect(usable("10.0.0.0/8,192.168.*,2001:db8::/32,*.example.com,db?.corp")).toEqual([
    "10.0.0.0/8",
    "192.168.*",
    "2001:db8::/32",
  ]);
  expect(usable("*.example.com,host", true)).toEqual(["*.example.com", "host"]);
});

test("what a negated item takes back whole is of no use", () => {
  expect(usable("!10.0.0.0/8,10.1.2.3,11.0.0.0/8")).toEqual(["11.0.0.0/8"]);
  expect(usable("10.0.0.0/8,!10.1.2.3")).toEqual(["10.0.0.0/8"]);
  expect(usable("!2001:db8::/32,10.0.0.1")).toEqual(["10.0.0.1"]);
  expect(usable("!127.*,127.0.0.1")).toEqual([]);
});

test("a network that sshd finds wrong refuses everybody", () => {
  expect([
    usable("10.0.0.1/8"),
    usable("10.0.0.0/33"),
    usable("::1/129"),
    usable("a,,b"),
  ]).toMatchInlineSnapshot(`
    [
      ""10.0.0.1/8" has bits set beyond its mask, which refuses everybody",
      ""10.0.0.0/33" has more bits than an address, which refuses everybody",
      ""::1/129" has more bits than an address, which refuses everybody",
      "an empty item in the list refuses everybody",
    ]
  `);
});

test("an address is let in, refused, or left to a name that the host may look up", () => {
  const takes = (list: string) => takesAddress(list, "10.1.2.3");
  expect([takes("10.0.0.0/8"), takes("10.0.0.0/8,!11.0.0.1"), takes("10.1.*")]).toEqual([true, true, true]);
  expect([takes("11.0.0.0/8"), takes("10.0.0.0/8,!10.1.2.3")]).toEqual([false, false]);
  expect([takes("*.example.org"), takes("11.0.0.1,web1")]).toEqual([null, null]);
  expect([takes("10.0.0.0/8,!evil.example.org"), takes("!*.example.org,10.1.2.3")]).toEqual([null, null]);
  expect(takes("10.0.0.0/8,!10.1.2.3,!evil.example.org")).toBe(false);
});

test("no text makes it throw", () => {
  fc.assert(fc.property(fc.string(), (text) => void usable(text)));
});
