import { expect, test } from "vitest";
import { joinCollector, joinScripts, withoutRemarks } from "./scripts.ts";

const FILES = {
  "lib/b.sh": 'b() { awk "$only_names_awk"; }\n',
  "lib/a.sh": "a() { b; }\n",
  "collector/awk/only-names.awk": "# It's the first word.\n\n{ print $1 \"'\" }\n",
};

test("files stand in the order of their names, and a program of awk is a constant of the shell", () => {
  expect(joinScripts(FILES)).toBe(`only_names_awk='
# It'\\''s the first word.

{ print $1 "'\\''" }'

a() { b; }

b() { awk "$only_names_awk"; }
`);
});

test("the collector begins with its own head, and ends with what begins it", () => {
  const joined = joinCollector(FILES, '#!/bin/sh\n# What it is.\n\nmain() { a; }\n\nmain "$@"\n');
  expect(withoutRemarks(joined)).toBe(`
\\unalias -a 2>/dev/null
only_names_awk='

{ print $1 "'\\''" }'

a() { b; }

b() { awk "$only_names_awk"; }


main() { a; }

main "$@"
`);
});

test("comments and indents go, and a # that stands anywhere else stays", () => {
  const script =
    "#!/bin/sh\n# What\n#\n\nmain() {\n\t# why\n\tcase $# in\n\t\t1) echo \"# $1\" ;; # stays\n\tesac\n\techo '\t'\n}\n";
  expect(withoutRemarks(script)).toBe(
    "\nmain() {\ncase $# in\n1) echo \"# $1\" ;; # stays\nesac\necho '\t'\n}\n",
  );
});
