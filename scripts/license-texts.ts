import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Plugin } from "vite";

const FILE = "licenses.md";

/**
 * Packages that bring no text of their licence, and the package of the same authors, under the same licence, whose text is theirs.
 */
const SAME_AUTHORS: Readonly<Record<string, string>> = { "react-remove-scroll-bar": "react-remove-scroll" };

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
    if (rest.join("").trim() !== "") return section;
    const [, name = ""] = /^## (\S+) - /.exec(title) ?? [];
    const other = SAME_AUTHORS[name];
    if (other === undefined) {
      missing.push(name);
      return section;
    }
    return `${title}\n\n${read(other)}\n\n(the text of ${other}, by the same authors: ${name} brings none)\n\n`;
  });
  return { text: [head, ...whole].join(""), missing };
}
