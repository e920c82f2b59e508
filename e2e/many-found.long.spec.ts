import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { startRunbooksLab } from "./pages/runbooks-lab.ts";
import { environmentOf } from "./stages/stage.ts";

const run = promisify(execFile);

const KEYS = 10_500;

/** Ed25519 keys that nobody has: their 32 bytes are a number. */
const ADD_KEYS = `awk 'BEGIN { for (i = 0; i < ${KEYS}; i++)
  printf "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI%043d batch-%d@ci\\n", i, i }' >> /home/deploy/.ssh/authorized_keys`;

test("what words find is counted to ten thousand; of more it is said that there are more, on the screen and in JSON", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  await using lab = await startRunbooksLab(["crowd"]);
  const [host] = lab.hosts;
  await host?.run(ADD_KEYS);
  const latchkey = async (...words: string[]) => {
    const args = ["out/main/latchkey.js", "--db", lab.database, ...words];
    return (await run(process.execPath, args, { env: environmentOf(lab.home) })).stdout;
  };
  await latchkey("scan", `root@${host?.address}:22`);
  const found = JSON.parse(await latchkey("access", "batch", "ci", "--limit", "1", "--json"));
  expect(found).toMatchObject({ total: { moreThan: 10_000 } });
  expect(await latchkey("access", "batch", "ci", "--limit", "1")).toContain("more than 10,000");

  const { page, shell } = await stage.open(lab.database, lab.home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  const list = await frame.goTo("Grants");
  await list.search.fill("batch ci");
  await expect(frame.page.getByText("10,000+ rows", { exact: true }).first()).toBeVisible();
  expect(await camera.photograph("access-many-found")).toEqual([]);
});
