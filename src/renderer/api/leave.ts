/**
 * Leaves the address of a Latchkey that does not answer there any more. Any program of this computer may listen at its port
 * by now, and a reload would show that program's page as if it were ours. So the tab goes on with a page that comes from
 * nobody: all that it showed is gone with the old one, and a reload of it asks no server for anything.
 */
export type WhyLeft = "stopped" | "stranger";

const TITLES: Record<WhyLeft, string> = {
  stopped: "Latchkey has stopped",
  stranger: "Another program answers",
};

const WORDS: Record<WhyLeft, readonly string[]> = {
  stopped: [
    "The program that this page belongs to does not answer any more. Nothing that it had read is lost.",
    "Start it again, and open the address that it prints. Close this tab: the old address is nobody's now.",
  ],
  stranger: [
    "At the address of this page there is a program that could not prove to be the Latchkey that opened it. It was told nothing.",
    "Close this tab, and type no passphrase at its address. Start Latchkey again, and open the address that it prints.",
  ],
};

/** Nothing here is from outside, so nothing is escaped. The page's policy goes with it and allows no style of its own. */
const write = (why: WhyLeft): string =>
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">' +
  `<title>${TITLES[why]}</title><main align="center"><font face="system-ui, sans-serif"><br><br><br>` +
  `<h1>${TITLES[why]}</h1>${WORDS[why].map((words) => `<p>${words}</p>`).join("")}</font></main>`;

export function leave(why: WhyLeft): void {
  location.replace(URL.createObjectURL(new Blob([write(why)], { type: "text/html" })));
}
