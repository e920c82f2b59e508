import { expect, test } from "vitest";
import { repairLines } from "#domain/runs/files/lines.ts";

const repair = (text: string, put: string[], took: string[]) => {
  const { bytes, ...lines } = repairLines(Buffer.from(text, "latin1"), { put, took });
  return { text: Buffer.from(bytes).toString("latin1"), ...lines };
};

test("lines that a run has put there go, those that it took come back at the end, and all else stays to the byte", () => {
  expect(repair("# mine\r\nnew\nother", ["new"], ["old"])).toEqual({
    text: "# mine\r\nother\nold\n",
    out: ["new"],
    back: ["old"],
  });
});

test("a line that stands there already does not come twice, and one that somebody has touched is theirs", () => {
  expect(repair("old\nno-pty new\n", ["new"], ["old"])).toEqual({
    text: "old\nno-pty new\n",
    out: [],
    back: [],
  });
});

test("of a line that stood there before the run, only as many go as the run has put there, the last first", () => {
  expect(repair("a\na\nb\na\n", ["a"], [])).toEqual({ text: "a\na\nb\n", out: ["a"], back: [] });
});
