/** Servers with their files as they are: Apache is tried first, for what it cannot read would end it. */
import { expect, test } from "vitest";
import {
  inspectDeploymentFile,
  type LiveFile,
  reloadAsItIs,
  testServer,
} from "#net/ssh/session/inspect-deployment.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { startServersHost } from "#testing/lab/start-servers-host.ts";
import { openDeploymentSession, serviceOf } from "./testing/deployment-session.ts";

/** A pair that belongs together, and is too weak for OpenSSL. */
const WEAKEN = `cd /etc/tls; openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=weak -days 90 -keyout new.key -out new.pem 2>/dev/null
cat new.key > apache.key; cat new.pem > apache.pem`;

test.skipIf(!canStartHosts())(
  "Apache's files as they are pass where a second Apache takes them, fail where it ends by them, and are untested where none can be started or none are given",
  async () => {
    await using host = await startServersHost(["apache"]);
    await using hand = await openDeploymentSession(startShellIn(host));
    const ask = async (config: string | null = null, isGiven = true) => {
      const files: LiveFile[] = [];
      for (const path of isGiven ? ["/etc/tls/apache.key", "/etc/tls/apache.pem"] : []) {
        const { file } = (await inspectDeploymentFile(hand, path)) as { file: LiveFile };
        files.push({ path, real: file.real, hash: file.hash });
      }
      return testServer(hand, serviceOf("apache", config), files);
    };
    expect(await ask()).toMatchObject({ kind: "passed" });
    expect(await ask(null, false)).toMatchObject({ kind: "untested" });
    await host.run("mv /usr/bin/unshare /usr/bin/unshare.away");
    expect(await ask()).toMatchObject({ kind: "untested" });
    await host.run("mv /usr/bin/unshare.away /usr/bin/unshare");
    await host.run(WEAKEN);
    expect(await ask()).toMatchObject({ kind: "failed" });
    // No Apache of root has shown that it reads this, and somebody else may have written it.
    await host.run("mkdir /srv/loose; chmod 777 /srv/loose; cp /etc/apache2/apache2.conf /srv/loose/");
    await host.run(
      "apache2 -k stop -f /etc/apache2/apache2.conf; while pgrep -x apache2; do sleep 0.1; done",
    );
    expect(await ask("/srv/loose/apache2.conf")).toEqual({
      kind: "untested",
      said: expect.stringContaining("can be changed by others"),
    });
  },
  120_000,
);

test.skipIf(!canStartHosts())(
  "HAProxy with a master says that it has read all of its files, so that it is reloaded once for all of them",
  async () => {
    await using host = await startServersHost(["haproxy"]);
    await using hand = await openDeploymentSession(startShellIn(host));
    expect(await reloadAsItIs(hand, serviceOf("haproxy"), [])).toMatchObject({
      kind: "reloaded",
      isWhole: true,
    });
  },
  120_000,
);
