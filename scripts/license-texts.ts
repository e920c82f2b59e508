import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";

const FILE = "licenses.md";

/**
 * Packages that bring no text of their licence, and the package of the same authors, under the same licence, whose text is theirs.
 */
const SAME_AUTHORS: Readonly<Record<string, string>> = { "react-remove-scroll-bar": "react-remove-scroll" };

/** What packages carry of others, under a licence that is not their own. */
const CARRIED: Readonly<Record<string, string>> = {
  tldts:
    "the Public Suffix List, under the Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/), whose source is https://publicsuffix.org/list/public_suffix_list.dat",
};

/** Whatever is bundled has the text of its licence beside it; without one nothing is built. */
export function licenseTexts(): Plugin {
  return {
    name: "license-texts",
    generateBundle: {
      order: "post",
      handler(_, files) {
        const file = files[FILE];
        if (file?.type !== "asset") return;
        const { text, missing } = addLicenseTexts(String(file.source), readText);
        if (missing.length > 0) this.error(`${FILE}: no text of the licence of ${missing.join(", ")}`);
        file.source = text;
      },
    },
  };
}

const readText = (name: string): string =>
  readFileSync(resolve("node_modules", name, "LICENSE"), "utf8").trim();

/** The list with the texts that it lacked, and the packages for which there is none. */
export function addLicenseTexts(
  list: string,
  read: (name: string) => string,
): { text: string; missing: string[] } {
  const [head = "", ...sections] = list.split(/^(?=## \S+ - \d)/m);
  const missing: string[] = [];
  const whole = sections.map((section) => {
    const [title = "", ...rest] = section.split("\n");
    const [, name = ""] = /^## (\S+) - /.exec(title) ?? [];
    const carried = CARRIED[name];
    if (rest.join("").trim() !== "")
      return carried === undefined ? section : `${section.trimEnd()}\n\n(${name} carries ${carried})\n\n`;
    const other = SAME_AUTHORS[name];
    if (other === undefined) {
      missing.push(name);
      return section;
    }
    return `${title}\n\n${read(other)}\n\n(the text of ${other}, by the same authors: ${name} brings none)\n\n`;
  });
  return { text: [head, ...whole].join(""), missing };
}
