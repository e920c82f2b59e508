import { join } from "node:path";
import { expect, test } from "vitest";
import { openTerminal } from "#testing/open-terminal.ts";
import { startHttpProxy, startSocksProxy } from "#testing/proxies/proxies.ts";
import { startTlsServer } from "#testing/servers.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const login = { user: "jo", password: "canary-s3cret" };

/** Two endpoints behind a proxy that needs a login, and a terminal at which these lines are typed. */
async function sitDown(kind: "socks5" | "http", typed: string[] | null) {
  const folder = await makeTemporaryFolder();
  const proxy = await { socks5: startSocksProxy, http: startHttpProxy }[kind]({ login });
  const servers = [await startTlsServer(), await startTlsServer()];
  const asked: string[] = [];
  const prompt = async (text: string) => {
    asked.push(text);
    return typed?.shift() ?? null;
  };
  const type = openTerminal(join(folder.path, "latchkey.db"), typed ? { prompt } : {});
  const { host, port } = proxy.endpoint;
  return {
    asked,
    inspect: () =>
      type(
        "inspect",
        "--proxy",
        `${kind}://jo@${host}:${port}`,
        ...servers.map(({ endpoint }) => `${endpoint.host}:${endpoint.port}`),
      ),
    async [Symbol.asyncDispose]() {
      for (const server of [proxy, ...servers]) await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test.for(["socks5", "http"] as const)(
  "the password of a proxy by %s is asked for once, for all endpoints behind it",
  async (kind) => {
    await using desk = await sitDown(kind, [login.password]);
    const { code, out, err } = await desk.inspect();
    expect([code, desk.asked]).toEqual([0, ["Password: "]]);
    expect(out.match(/CN=/g)?.length).toBeGreaterThanOrEqual(2);
    expect(err).toMatch(/^logging in to the proxy 127\.0\.0\.1:\d+ as jo$/);
    expect(out + err).not.toContain("canary");
  },
);

test("a wrong password is told as the proxy's refusal, and where nobody sits it is said who would be asked", async () => {
  await using wrong = await sitDown("http", ["canary-wrong"]);
  const refused = await wrong.inspect();
  expect(refused.code).toBe(3);
  expect(refused.err).toContain("refused the login; is the password right?");
  expect(refused.err).not.toContain("canary");

  await using alone = await sitDown("socks5", null);
  const { code, err } = await alone.inspect();
  expect(code).toBe(2);
  expect(err).toContain(
    "the proxy is to be logged in to as jo, whose password is not there; inspect at a terminal, which asks for it",
  );
});
