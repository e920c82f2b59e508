import { connect, createServer } from "node:net";
import { listen } from "#testing/servers.ts";
import { startSshServer } from "#testing/ssh/ssh-server.ts";
import { expect, test } from "./latchkey.ts";

test("the drawer of a host says what was read there, by whom, and what was not", async ({
  openSample,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  const frame = await openSample();
  const list = await frame.goTo("Hosts");
  await expect(list.row("legacy-7")).toContainText("auditor");
  expect(await camera.photograph("hosts")).toEqual([]);
  const drawer = await list.open("legacy-7");
  await expect(drawer).toContainText("Coverage");
  await expect(drawer).toContainText("Private key files");
  await expect(drawer).toContainText("Logs of logins");
  expect(await camera.photograph("host")).toEqual([]);
});

test("an unknown key is compared and trusted; a changed one can only have its pin forgotten", async ({
  openEmpty,
  camera,
}) => {
  await using host = await startHostThatCanChange();
  const frame = await openEmpty();
  const scans = await frame.openScanDialog();
  await scans.scan([host.target]);
  await scans.skipHostKey();
  await expect(scans.visits).toContainText("host key not accepted");
  await scans.root.getByRole("button", { name: "Compare and trust" }).click();
  await expect(scans.root).toContainText("ssh-keygen -lf");
  expect(await camera.photograph("unknown-key")).toEqual([]);
  await scans.root.getByRole("button", { name: "They are the same: trust this key" }).click();
  await expect(scans.root).toContainText("The key is trusted");
  await frame.press("Escape");

  await host.change();
  const again = await frame.openScanDialog();
  await again.scan([host.target]);
  await expect(again.visits).toContainText("host key changed");
  await frame.press("Escape");

  const list = await frame.goTo("Hosts");
  const drawer = await list.open("127.0.0.1");
  await expect(drawer).toContainText("The host's key was refused");
  await expect(drawer.getByRole("button", { name: /trust/i })).toHaveCount(0);
  expect(await camera.photograph("changed-key")).toEqual([]);
  await drawer.getByRole("button", { name: "Forget this pin" }).click();
  expect(await camera.photograph("forget-pin")).toEqual([]);
  await frame.page.getByRole("dialog").getByRole("button", { name: "Forget the pin" }).click();
  await expect(drawer).toContainText("Latchkey has no pin for it");
  await expect(drawer.getByText("pinned", { exact: true })).toHaveCount(0);
});

test("without any, the list says what a visit does to a host", async ({ openEmpty, camera }) => {
  const frame = await openEmpty();
  await frame.goTo("Hosts");
  await expect(frame.page.getByText("writes nothing there")).toBeVisible();
  expect(await camera.photograph("hosts-empty")).toEqual([]);
});

/** One address behind which another machine, with another key, can be put. */
async function startHostThatCanChange() {
  await using stack = new AsyncDisposableStack();
  const [before, after] = [
    stack.use(await startSshServer({ run: null })),
    stack.use(await startSshServer({ run: null })),
  ];
  let behind = before;
  const door = stack.use(
    await listen(
      createServer((socket) => {
        const inner = connect({ host: behind.host, port: behind.port });
        for (const end of [socket, inner]) end.on("error", () => end.destroy());
        socket.pipe(inner).pipe(socket);
      }),
    ),
  );
  const owned = stack.move();
  return {
    target: `ssh://${door.endpoint.host}:${door.endpoint.port}`,
    change: () => {
      behind = after;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
