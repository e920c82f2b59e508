import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { createTinyApp } from "#testing/tiny-app.ts";
import { serve } from "./serve.ts";

const authority = "latchkey.localhost";
const page = new Map([["/", { body: Buffer.from("<p>page"), type: "text/html; charset=utf-8" }]]);
const listenAt = (socketPath: string) =>
  serve({ app: createTinyApp(), page, address: { socketPath, authority } });

test.skipIf(process.platform === "win32")(
  "on a socket the shell is this user's alone, answers to one Host and leaves nothing behind",
  async () => {
    await using folder = await makeTemporaryFolder();
    const socketPath = join(folder.path, "run", "web.socket");
    {
      await using shell = await listenAt(socketPath);
      expect(shell.url).toMatch(/^http:\/\/latchkey\.localhost\/#launch=/);
      expect(await modeOf(join(folder.path, "run"))).toBe("700");
      expect(await modeOf(socketPath)).toBe("600");
      expect(await ask(socketPath, { Host: authority })).toBe(200);
      expect(await ask(socketPath, { Host: "127.0.0.1" })).toBe(421);
      await expect(listenAt(socketPath)).rejects.toMatchObject({ code: "conflict" });
    }
    await expect(stat(socketPath)).rejects.toThrow("ENOENT");
  },
);

test.skipIf(process.platform === "win32")(
  "a folder that others may enter and a path that is taken are refused",
  async () => {
    await using folder = await makeTemporaryFolder();
    const open = join(folder.path, "open");
    await mkdir(open);
    await chmod(open, 0o755);
    await expect(listenAt(join(open, "web.socket"))).rejects.toThrow("is not this user's alone");
    await writeFile(join(folder.path, "taken"), "mine");
    await expect(listenAt(join(folder.path, "taken"))).rejects.toThrow("taken exists");
  },
);

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

function ask(socketPath: string, headers: Record<string, string>): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request({ socketPath, path: "/", headers, setHost: false }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  })
    .on("error", reject)
    .end();
  return promise;
}
