import type { Page } from "@playwright/test";

/**
 * What strangers' text must never do to a page. The functions that begin with `install` run in the page and use nothing
 * from outside: its policy would let in no script of ours.
 */
export async function watchForHarm(page: Page) {
  const harm: string[] = [];
  const home = new URL(page.url()).origin;
  page.on("dialog", (dialog) => {
    harm.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== home && url.protocol !== "blob:") harm.push(`a request to ${request.url()}`);
  });
  page.on("popup", (popup) => harm.push(`a window of ${popup.url()}`));
  page.on("framenavigated", (frame) => {
    const isOurs = new URL(frame.url()).origin === home && frame === page.mainFrame();
    if (!isOurs) harm.push(`a page of ${frame.url()}`);
  });
  await page.evaluate(installHarm);
  await page.evaluate(installTable);
  await page.evaluate(installExamine);
  return {
    /** All harm, with what the page itself has seen. */
    found: async () => [...harm, ...(await page.evaluate(() => window.lk.harm()))],
  };
}

/** What is wrong with a part of the page now. */
export const examine = (page: Page, selector: string): Promise<string[]> =>
  page.evaluate((within) => window.lk.examine(within), selector);

type Examiner = {
  harm(): string[];
  examineTable(table: HTMLTableElement): string[];
  examine(selector: string): string[];
};

declare global {
  interface Window {
    lk: Examiner;
    __pwned?: unknown;
  }
}

function installHarm(): void {
  const violations: string[] = [];
  document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
    violations.push(`against the policy: ${violatedDirective} ${blockedURI} ${sample}`),
  );
  const harm = () => [
    ...violations,
    ...(window.__pwned === undefined ? [] : ["what a stranger wrote has run"]),
    ...(/^([A-Z][a-z]+ - )?Latchkey$/.test(document.title) ? [] : [`the title is ${document.title}`]),
    ...(Object.keys(Object.prototype).length === 0 ? [] : ["the prototype of objects was changed"]),
  ];
  window.lk = { harm } as Examiner;
}

/** Rows stand below one another in their order, and cells under the head of their column. */
function installTable(): void {
  const orderOf = (row: Element) => Number(row.getAttribute("aria-rowindex"));
  window.lk.examineTable = (table) => {
    const heads = [...table.querySelectorAll("thead th")].map((head) => head.getBoundingClientRect());
    const rows = [...table.querySelectorAll("tbody tr")].sort((a, b) => orderOf(a) - orderOf(b));
    const wrong: string[] = [];
    let bottom = Number.NEGATIVE_INFINITY;
    for (const row of rows) {
      const box = row.getBoundingClientRect();
      if (box.top < bottom - 1) wrong.push(`row ${orderOf(row)} is out of order`);
      bottom = box.bottom;
      for (const [index, cell] of [...row.children].entries()) {
        const { left, right, top, bottom: end } = cell.getBoundingClientRect();
        const head = heads[index];
        const isInColumn = head && Math.abs(left - head.left) <= 1 && Math.abs(right - head.right) <= 1;
        if (!isInColumn) wrong.push(`a cell of row ${orderOf(row)} is not in column ${index}`);
        if (top < box.top - 1 || end > box.bottom + 1) wrong.push(`a cell left its row: ${cell.textContent}`);
      }
    }
    return wrong;
  };
}

function installExamine(): void {
  const FOREIGN =
    "script,iframe,object,embed,img,image,style,link,base,meta,video,audio,template,math,portal,use,animate,set";
  const UNSEEN =
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e0fff}]/u;

  const examineElement = ({ tagName, attributes }: Element): string[] =>
    [...attributes].flatMap(({ name, value }) => {
      // React gives its own forms an action URL that is never followed.
      const isOurs =
        name === "action" && value.startsWith("javascript:throw new Error('A React form was unexpectedly");
      const isCode = /^on|^srcdoc$|^formaction$|^action$/i.test(name) && !isOurs;
      const leads = /^(xlink:)?href$|^src$/i.test(name) && !/^\/?#/.test(value);
      const hides = /^(title|aria-label|alt|placeholder)$/.test(name) && UNSEEN.test(value);
      return isCode || leads || hides ? [`<${tagName} ${name}=${JSON.stringify(value)}>`] : [];
    });

  window.lk.examine = (selector) => {
    const root = document.querySelector(selector);
    if (!root) return [`there is no ${selector}`];
    // What the user has typed is shown as it was typed.
    const typed = [...root.querySelectorAll("textarea")].map((area) => area.textContent);
    const text = typed.reduce((rest, each) => rest.replace(each, ""), root.textContent);
    const unseen = UNSEEN.exec(text);
    const around = unseen ? text.slice(Math.max(0, unseen.index - 20), unseen.index + 20) : "";
    const { scrollWidth, clientWidth } = document.documentElement;
    const tables = selector === "table" ? [root as HTMLTableElement] : [...root.querySelectorAll("table")];
    return [
      ...[...root.querySelectorAll(FOREIGN)].map(({ outerHTML }) => outerHTML.slice(0, 200)),
      ...[root, ...root.querySelectorAll("*")].flatMap(examineElement),
      ...(unseen ? [`unseen: ${JSON.stringify(around)}`] : []),
      ...tables.flatMap(window.lk.examineTable),
      ...(scrollWidth > clientWidth ? ["the page is too wide"] : []),
    ];
  };
}
