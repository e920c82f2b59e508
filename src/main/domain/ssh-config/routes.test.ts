import { expect, test } from "vitest";
import { makeConfig } from "#domain/ssh-config/testdata/make-config.ts";
import type { SshTarget } from "#shared/model/hosts/target.ts";

test("a way has 64 jump hosts at most, in one line or one after another; a longer one is named", () => {
  const hops = Array.from({ length: 65 }, (_, index) => `hop${index}`);
  const lines = [
    ...hops.map((hop, index) => `Host ${hop}\n  ProxyJump hop${index + 1}`),
    `Host farther\n  ProxyJump ${hops.join(",")}`,
  ];
  const { routeTo } = makeConfig({ config: lines.join("\n") });
  const find = (host: string) => routeTo({ kind: "ssh", host, port: 22, user: null }, "jo");
  expect(find("hop1")).toMatchObject({ kind: "hops", hops: { length: 65 } });
  expect(find("hop0")).toEqual({
    kind: "unsupported",
    why: "hop0 is reached through more than 64 machines by ProxyJump; name fewer",
  });
  expect(find("farther")).toEqual({
    kind: "unsupported",
    why: "what ssh_config says of farther at ~/.ssh/config:132 names more than 64 machines; correct that line",
  });
});

const target = (host: string): SshTarget => ({ kind: "ssh", host, port: 22, user: null });

const routeTo = (config: ReturnType<typeof makeConfig>, host: string) => config.routeTo(target(host), "jo");

test("ProxyCommand is left to OpenSSH for the host itself, and named; a jump host behind one is not passed", () => {
  const config = makeConfig({
    config: "Host web1\n  ProxyCommand nc %h %p\nHost web2\n  ProxyJump web1\nHost web3\n  ProxyCommand none",
  });
  expect(routeTo(config, "web1")).toMatchObject({
    hops: [
      {
        name: "web1",
        openssh: {
          proxyCommand: { value: "nc %h %p", location: "~/.ssh/config:2", isUser: true },
          isSetByUser: true,
        },
      },
    ],
  });
  expect(routeTo(config, "web2")).toEqual({
    kind: "unsupported",
    why: "ssh_config reaches the jump host web1 by ProxyCommand at ~/.ssh/config:2, which is run for the last host alone; use ProxyJump where it can be",
  });
  expect(routeTo(config, "web3")).not.toHaveProperty("hops[0].openssh");
  expect(["web1", "web2", "web3"].map(config.isAlias)).toEqual([true, true, false]);
  expect(config.notesOn([target("web1"), target("web3")], "jo")).toEqual([
    "runs ProxyCommand nc %h %p, by OpenSSH's ssh (~/.ssh/config:2)",
  ]);
});

test("what only OpenSSH's client does is found for a host, the first of each, and every certificate", () => {
  const config = makeConfig({
    config: `
Host web1
  CertificateFile ~/.ssh/%r-cert.pub
  CertificateFile /etc/ca/two-cert.pub
  SecurityKeyProvider internal
Host web*
  PKCS11Provider /usr/lib/opensc.so
  GSSAPIAuthentication no
Host *
  PKCS11Provider none
  GSSAPIAuthentication yes`,
  });
  expect(routeTo(config, "web1")).toMatchObject({
    hops: [
      {
        openssh: {
          proxyCommand: null,
          certificateFiles: ["/home/jo/.ssh/jo-cert.pub", "/etc/ca/two-cert.pub"],
          pkcs11Provider: "/usr/lib/opensc.so",
          securityKeyProvider: null,
          gssapi: false,
          isSetByUser: true,
        },
      },
    ],
  });
  expect(routeTo(config, "db")).toMatchObject({ hops: [{ openssh: { gssapi: true } }] });
  expect(config.notesOn([target("web1")], "jo")).toEqual([
    "CertificateFile is left to OpenSSH's ssh, which reads these hosts (~/.ssh/config:3, ~/.ssh/config:4)",
    "PKCS11Provider is left to OpenSSH's ssh, which reads these hosts (~/.ssh/config:7)",
  ]);
});
