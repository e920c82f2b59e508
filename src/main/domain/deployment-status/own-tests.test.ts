import { expect, test } from "vitest";
import type { Configuration, ServerKind } from "#domain/server-configs/configuration.ts";
import type { ServedVerdict } from "./evaluate-served.ts";
import { formatOwnTest, formatTakeUp, OWN_TESTS } from "./own-tests.ts";
import { findServedProblems } from "./served-findings.ts";

const SERVERS = Object.keys(OWN_TESTS) as Exclude<ServerKind, "sshd">[];
const STATES = ["not-reloaded", "other-listed", "differs", "other-process"] as const;

function remedy(server: ServerKind, state: ServedVerdict["state"], blocked: string[]): string {
  const configuration: Configuration = {
    server,
    root: `/etc/${server}/${server}.cfg`,
    bindings: [],
    incomplete: null,
    alsoNamed: [],
    unknown: [],
  };
  const judged: ServedVerdict = {
    configuration,
    bindings: [],
    deployments: [],
    state,
    evidence: [],
    blocked,
    concerns: [],
    difference: null,
  };
  const [found] = findServedProblems(judged, { endpoint: "web1:443", sha256: "aa", subject: "CN=a" });
  return found?.remedy ?? "";
}

test.each(SERVERS)(
  "whoever is to have %s reload is told its own test first, and what that does not read",
  (server) => {
    const { command, reads, takeUp, takeUpCommand } = OWN_TESTS[server];
    for (const state of STATES) {
      const said = remedy(server, state, []);
      const at = said.indexOf(takeUp);
      expect(/\breload|restart it/.test(said)).toBe(at >= 0);
      if (at < 0) continue;
      expect(said.slice(0, at)).toContain(`(${command})`);
      expect(said.slice(0, at)).not.toMatch(/have it reload|restart it/);
      if (takeUpCommand !== null) expect(said.slice(at)).toContain(`${takeUp} (${takeUpCommand})`);
      expect(said.includes("openssl x509 -noout -pubkey")).toBe(reads !== "deployments");
    }
    expect(remedy(server, "not-reloaded", [])).toContain("None of it was tried here");
  },
);

test.each(SERVERS)("nobody is told to have %s reload what it would fail on", (server) => {
  for (const state of ["not-reloaded", "other-listed"] as const) {
    const said = remedy(server, state, ["/srv/a.key, the key of /srv/a.pem, is not there"]);
    const first = said.search(/reload|restart it/);
    expect(said.slice(first - 7, first)).toBe("do not ");
    expect(said).toContain("/srv/a.key, the key of /srv/a.pem, is not there. Put that right, and then let ");
    expect(said.indexOf(OWN_TESTS[server].command)).toBeGreaterThan(said.indexOf("Put that right"));
  }
});

test("of a second nginx the test and the reload name its own configuration", () => {
  const second = { server: "nginx", root: "/srv/two/nginx.conf", isStarted: true } as const;
  expect(formatTakeUp(second)).toBe(
    "let the nginx of /srv/two/nginx.conf test its configuration first (nginx -t -c /srv/two/nginx.conf, with -p and -g as it was started), which loads its certificates and keys as well; where that passes, have it reload (nginx -s reload -c /srv/two/nginx.conf, with -p and -g as it was started)",
  );
  // A shell would split the path.
  const odd = formatTakeUp({ ...second, root: "/srv/a b;c" });
  expect(odd).toContain("let the nginx of /srv/a b;c test its configuration first, which loads");
  expect(odd).not.toMatch(/nginx -/);
});

test.each(SERVERS.filter((server) => server !== "nginx"))(
  "of another %s than the usual one no command is named, for it would be the usual one's",
  (server) => {
    const other = { server, root: "/srv/two/server.conf", isStarted: true };
    const said = formatTakeUp(other);
    const { command, takeUpCommand, takeUp } = OWN_TESTS[server];
    expect(said).toContain("of /srv/two/server.conf test its configuration first, which ");
    expect(said).toContain(`; where that passes, ${takeUp}`);
    expect(said).not.toContain(command);
    if (takeUpCommand !== null) expect(said).not.toContain(takeUpCommand);
    expect(formatOwnTest({ ...other, isStarted: false }).includes(`(${command})`)).toBe(server !== "haproxy");
  },
);
