import { expect, test } from "vitest";
import { formatFiles } from "#domain/server-configs/testing/say-files.ts";

test("the files that SSH certificates hang on are named with their lines", () => {
  const said = formatFiles(
    { server: "sshd" },
    {
      "/etc/ssh/sshd_config":
        "Include sshd_config.d/*.conf\nTrustedUserCAKeys /etc/ssh/ca.pub\nRevokedKeys none\n",
      "/etc/ssh/sshd_config.d/10.conf": "HostCertificate=/etc/ssh/host-cert.pub\n",
    },
  );
  expect(said).toMatchInlineSnapshot(`
    "ssh-host-certificate /etc/ssh/host-cert.pub (hostcertificate /etc/ssh/sshd_config.d/10.conf:1)
    ssh-ca /etc/ssh/ca.pub (trustedusercakeys /etc/ssh/sshd_config:2)"
  `);
});
