import { expect, test } from "vitest";
import { LINKS, type LinkId, openExternalLink } from "./external-links.ts";

test("a link is opened by its name, and every one is https", async () => {
  const opened: string[] = [];
  const shell = { openExternal: async (url: string) => void opened.push(url) };
  for (const id of Object.keys(LINKS) as LinkId[]) await openExternalLink(shell, id);
  expect(opened).toEqual(Object.values(LINKS));
  expect(opened.filter((url) => new URL(url).protocol !== "https:")).toEqual([]);
});
