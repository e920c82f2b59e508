import { expect, test } from "vitest";
import { type Hop, nameReached } from "./ssh-config.ts";

const hop = (address: string, more: Partial<Hop> = {}): Hop => ({
  name: "web1",
  port: 22,
  address,
  user: "root",
  knownAs: { host: address, port: 22 },
  identityFiles: null,
  identitiesOnly: false,
  ...more,
});

test("a host is known by the name that ssh_config reaches it by, but not by what is this computer's here, by a forwarded port, or by an address behind a jump host", () => {
  for (const name of ["web1.corp", "192.0.2.1", "2001:db8::1"]) expect(nameReached(hop(name), [])).toBe(name);
  const jumps = [hop("gw.corp")];
  expect(nameReached(hop("web1.corp"), jumps)).toBe("web1.corp");
  expect(nameReached(hop("192.0.2.1"), jumps)).toBeNull();
  expect(nameReached(hop("gw.corp", { port: 2201 }), [])).toBeNull();
  const ours = ["localhost", "localhost.localdomain", "a.localhost.", "ip6-localhost", "127.0.0.2", "::1"];
  for (const name of [...ours, "::", "0.0.0.0", "::ffff:127.0.0.1"])
    expect([name, nameReached(hop(name), [])]).toEqual([name, null]);
});
