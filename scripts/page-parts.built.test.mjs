import { readdirSync } from "node:fs";
import { extname } from "node:path";
import { expect, test } from "vitest";

test("the page is in one piece: no part of it is left to whoever has the port when it is wanted", () => {
  const files = readdirSync("out/renderer", { recursive: true, encoding: "utf8" });
  const parts = files.filter((file) => [".js", ".css", ".html"].includes(extname(file)));
  expect(parts.map((file) => file.replace(/-[\w-]{8}(?=\.)/, "")).toSorted()).toEqual([
    "assets/index.js",
    "assets/style.css",
    "index.html",
  ]);
});
