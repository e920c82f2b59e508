import { expect, test } from "vitest";
import { authorityOptions, type Tightening, tightenOptions } from "#domain/runs/access/change-grants.ts";

const tighten = (options: string, request: Partial<Tightening>) => {
  const tight = tightenOptions(options, { from: null, restrict: false, expiry: null, ...request });
  return "why" in tight ? `why: ${tight.why}` : tight.options;
};

test("an option takes the place of one of its name, or comes first; all others stay byte by byte", () => {
  expect(tighten("", { from: "10.0.0.1" })).toBe('from="10.0.0.1"');
  expect(tighten('no-pty,FROM="*",command="a,\\"b\\",c"', { from: "10.0.0.1" })).toBe(
    'no-pty,from="10.0.0.1",command="a,\\"b\\",c"',
  );
  expect(tighten('command="x"', { expiry: "20300101Z" })).toBe('expiry-time="20300101Z",command="x"');
  expect(tighten("a", { restrict: true })).toContain("why: sshd ignores the line");
});

test("restrict comes before everything, for what follows it is allowed all the same", () => {
  expect(tighten('pty,from="10.0.0.1"', { restrict: true })).toBe('restrict,pty,from="10.0.0.1"');
});

test("restrict that stands already stays where it is, for it forbids what is before it", () => {
  for (const options of ['pty,from="10.0.0.1",restrict', "restrict,pty"])
    expect(tighten(options, { restrict: true })).toBe(options);
});

test("a line is never let in from more than before", () => {
  const given: [string, string, boolean][] = [
    ["10.0.0.5", "10.0.0.0/8", false],
    ["10.0.0.0/8", "10.0.0.5", true],
    ["10.0.0.0/8", "10.1.0.0/16,10.2.0.9", true],
    ["10.0.0.0/8", "10.1.0.0/16,192.0.2.1", false],
    ["10.0.0.*,*.example.com", "10.0.0.7,*.example.com", true],
    ["*.example.com", "10.0.0.7", false],
    ["!10.0.0.9,10.0.0.0/8", "10.0.0.0/16", false],
    ["!10.0.0.9,10.0.0.0/8", "!10.0.0.9,10.0.0.0/16", true],
    ["10.0.0.5", "10.0.0.5", true],
  ];
  for (const [old, from, isTaken] of given)
    expect(tighten(`no-pty,from="${old}"`, { from })).toBe(
      isTaken
        ? `no-pty,from="${from}"`
        : `why: from="${old}" stands there already, and not all of ${from} is inside of it`,
    );
});

test("a line is never let in for longer than before", () => {
  expect(tighten('expiry-time="20290101Z"', { expiry: "20300101Z" })).toBe(
    'why: its key expires earlier already: expiry-time="20290101Z"',
  );
  expect(tighten('expiry-time="20310101Z",expiry-time="20320101Z"', { expiry: "20300101Z" })).toBe(
    'expiry-time="20300101Z"',
  );
});

test("what sshd would not take is not written", () => {
  expect(tighten("", { from: "127.0.0.1/8" })).toContain("why: sshd would ignore the line");
  expect(tighten("", { from: 'a"b' })).not.toContain('from="a"b"');
});

test("an authority's line keeps what the key's line had, and names whom it takes", () => {
  expect(authorityOptions('from="10.0.0.1",no-pty', ["ann", "ops"])).toEqual({
    options: 'cert-authority,principals="ann,ops",from="10.0.0.1",no-pty',
  });
});
