import { expect, test } from "vitest";
import { addressReached, type Hop, nameReached } from "./ssh-config.ts";

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

/** What Debian's own ssh_config asks for. */
const GSSAPI = {
  proxyCommand: null,
  certificateFiles: [],
  pkcs11Provider: null,
  securityKeyProvider: null,
  gssapi: true,
  isSetByUser: false,
};
const COMMAND = { ...GSSAPI, proxyCommand: { value: "nc %h %p", location: "config:1", isUser: true } };

test("a host is known by the name that ssh_config reaches it by, but not by what is this computer's here, by a forwarded port, or by an address behind a jump host", () => {
  for (const name of ["web1.corp", "192.0.2.1", "2001:db8::1"]) expect(nameReached(hop(name), [])).toBe(name);
  const jumps = [hop("gw.corp")];
  expect(nameReached(hop("web1.corp"), jumps)).toBe("web1.corp");
  expect(nameReached(hop("192.0.2.1"), jumps)).toBeNull();
  expect(nameReached(hop("192.0.2.1", { openssh: GSSAPI }), [])).toBe("192.0.2.1");
  expect(nameReached(hop("192.0.2.1", { openssh: COMMAND }), [])).toBeNull();
  expect(nameReached(hop("gw.corp", { port: 2201 }), [])).toBeNull();
  const ours = ["localhost", "localhost.localdomain", "a.localhost.", "ip6-localhost", "127.0.0.2", "::1"];
  for (const name of [...ours, "::", "0.0.0.0", "::ffff:127.0.0.1"])
    expect([name, nameReached(hop(name), [])]).toEqual([name, null]);
});

test("the address that our own connection went to is a host's, unless a jump host, a command or a gateway stands before it, or every machine or link has it", () => {
  const peer = "2001:db8::1";
  expect(addressReached(hop("web1.corp"), [], peer.toUpperCase())).toBe(peer);
  expect(addressReached(hop("web1.corp", { openssh: GSSAPI }), [], peer)).toBe(peer);
  expect(addressReached(hop("web1.corp"), [], null)).toBeNull();
  expect(addressReached(hop("web1.corp"), [hop("gw.corp")], peer)).toBeNull();
  expect(addressReached(hop("web1.corp", { port: 2201 }), [], peer)).toBe(peer);
  expect(addressReached(hop("web1.corp", { openssh: COMMAND }), [], peer)).toBeNull();
  const everywhere = ["127.0.0.1", "127.3.2.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "169.254.1.2"];
  for (const address of [...everywhere, "fe80::1", "fe80::1%eth0", "febf::1"])
    expect([address, addressReached(hop("web1.corp"), [], address)]).toEqual([address, null]);
});
