import { expect, test } from "vitest";
import type { DesktopRequest } from "#shared/contract/desktop.ts";
import { CHANNELS } from "#shells/electron/bridge.ts";
import { hearPage, type Sender } from "./guard-page.ts";

const own = { origin: "latchkey-app://page" };
const sender = { mainFrame: own };

test("our own page is heard", async () => {
  const page = createPage();
  await page.send({ sender, senderFrame: own }, { kind: "connect" });
  await page.send({ sender, senderFrame: own }, { kind: "copy", text: "SHA256:abc" });
  expect(page.heard).toEqual([{ kind: "connect" }, { kind: "copy", text: "SHA256:abc" }]);
});

test("there is one channel", () => {
  expect(createPage().channels).toEqual([CHANNELS.request]);
});

const frameOf = (origin: string) => {
  const frame = { origin };
  return { sender: { mainFrame: frame }, senderFrame: frame };
};

test.each([
  ["a frame that is gone", { sender, senderFrame: null }],
  ["a frame within the page", { sender, senderFrame: { ...own } }],
  ["another origin", frameOf("https://evil.example")],
  ["another host of our scheme", frameOf("latchkey-app://evil")],
  ["an origin that begins like ours", frameOf("latchkey-app://page.evil.example")],
  ["an origin that ends like ours", frameOf("https://latchkey-app://page")],
  ["our name as a user", frameOf("latchkey-app://page@evil.example")],
  ["our origin with a port", frameOf("latchkey-app://page:1")],
  ["the scheme of links", frameOf("latchkey://page")],
  ["a file", frameOf("file://")],
  ["an opaque origin", frameOf("null")],
  ["no origin", frameOf("")],
])("%s is not heard", async (_, event) => {
  const page = createPage();
  await expect(page.send(event, { kind: "connect" })).rejects.toThrow(
    "only Latchkey's own page may ask this",
  );
  expect(page.heard).toEqual([]);
});

test.each([
  ["nothing", []],
  ["an unknown kind", [{ kind: "open", path: "/etc/passwd" }]],
  ["more than the kind has", [{ kind: "retry", path: "/etc/passwd" }]],
  ["a text that is none", [{ kind: "copy", text: { toString: "x" } }]],
  ["a text without end", [{ kind: "copy", text: "a".repeat(16 * 1024 * 1024 + 1) }]],
  ["two arguments", [{ kind: "connect" }, { kind: "retry" }]],
  ["a string", ["connect"]],
])("%s is not a request", async (_, args) => {
  const page = createPage();
  await expect(page.send({ sender, senderFrame: own }, ...args)).rejects.toThrow("there is no such request");
  expect(page.heard).toEqual([]);
});

type Event = { sender: Sender; senderFrame: { origin: string } | null };

function createPage() {
  const heard: DesktopRequest[] = [];
  const channels: string[] = [];
  let listener: (event: Event, ...args: unknown[]) => Promise<void> = () => Promise.reject(new Error("deaf"));
  hearPage<Sender>(
    {
      handle: (channel, next) => {
        channels.push(channel);
        listener = next;
      },
    },
    (request) => void heard.push(request),
  );
  return { heard, channels, send: (event: Event, ...args: unknown[]) => listener(event, ...args) };
}
