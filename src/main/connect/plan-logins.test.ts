import { expect, test } from "vitest";
import type { OpensshRequest } from "#domain/ssh-config/ssh-config.ts";
import type { TransportRequest } from "#shared/model/hosts/probe.ts";
import { chooseTransport } from "./plan-logins.ts";

const NOTHING: OpensshRequest = {
  proxyCommand: null,
  certificateFiles: [],
  pkcs11Provider: null,
  securityKeyProvider: null,
  gssapi: false,
  isSetByUser: false,
};
const command = (isUser: boolean): OpensshRequest => ({
  ...NOTHING,
  proxyCommand: { value: "nc %h %p", location: "config:3", isUser },
  isSetByUser: isUser,
});
const SYSTEM_GSSAPI = { ...NOTHING, gssapi: true };
const OWN_CERTIFICATE = { ...NOTHING, certificateFiles: ["/c"], isSetByUser: true };

const choose = (
  openssh: OpensshRequest | null,
  wish: TransportRequest,
  ssh: string | null = "/usr/bin/ssh",
) => {
  const chosen = chooseTransport({ name: "web1", ...(openssh && { openssh }) }, wish, ssh);
  return typeof chosen === "string" ? chosen : chosen.why;
};

test.each<[what: string, openssh: OpensshRequest | null, auto: string, ssh2: string]>([
  ["nothing", null, "either", "ssh2"],
  ["GSSAPI in the system's files", SYSTEM_GSSAPI, "either", "ssh2"],
  ["a certificate in one's own files", OWN_CERTIFICATE, "system", "ssh2"],
  ["ProxyCommand in one's own files", command(true), "system", "which OpenSSH's ssh alone runs"],
  [
    "ProxyCommand in the system's files",
    command(false),
    "run only where the transport is system",
    "which OpenSSH's ssh alone runs",
  ],
])(
  "where ssh_config asks for %s, what carries the login follows from whose files these are",
  (_, openssh, auto, ssh2) => {
    expect(choose(openssh, "auto")).toContain(auto);
    expect(choose(openssh, "ssh2")).toContain(ssh2);
    expect(choose(openssh, "system")).toBe("system");
  },
);

test("where no ssh is installed, that is said of what needs it, and all else goes by ssh2", () => {
  expect(choose(null, "auto", null)).toBe("either");
  expect(choose(OWN_CERTIFICATE, "auto", null)).toBe("either");
  expect(choose(null, "system", null)).toContain("none was found on this computer");
  expect(choose(command(true), "auto", null)).toBe(
    "ssh_config reaches web1 by ProxyCommand at config:3, which OpenSSH's ssh alone runs: none was found on this computer; install its client (openssh-client, or openssh-clients)",
  );
});
