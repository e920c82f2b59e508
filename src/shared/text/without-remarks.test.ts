import { expect, test } from "vitest";
import { withoutRemarks } from "./without-remarks.ts";

test("comments and indents go, and a # that stands anywhere else stays", () => {
  const script =
    "#!/bin/sh\n# What\n#\n\nmain() {\n\t# why\n\tcase $# in\n\t\t1) echo \"# $1\" ;; # stays\n\tesac\n\techo '\t'\n}\n";
  expect(withoutRemarks(script)).toBe(
    "\nmain() {\ncase $# in\n1) echo \"# $1\" ;; # stays\nesac\necho '\t'\n}\n",
  );
});
