import {
  IconActivity,
  IconCertificate,
  IconKey,
  IconLayoutDashboard,
  IconListSearch,
  IconServer,
  IconSettings,
  type TablerIcon,
} from "@tabler/icons-react";

/** A screen; `key` goes there after `g`. */
export type Screen = { to: ScreenPath; name: string; key: string };

type ScreenPath =
  | "/"
  | "/findings"
  | "/standards"
  | "/certificates"
  | "/served"
  | "/timeline"
  | "/forecast"
  | "/access"
  | "/accounts"
  | "/graph"
  | "/people"
  | "/host-keys"
  | "/reviews"
  | "/hosts"
  | "/runs"
  | "/scans"
  | "/changes"
  | "/logins"
  | "/audit-log"
  | "/settings"
  | "/issuers";

/** A group in the rail, with the screens that are its tabs; the first of them opens with it. */
export type ScreenGroup = { name: string; Icon: TablerIcon; screens: readonly [Screen, ...Screen[]] };

/** In the order of the rail. */
export const SCREEN_GROUPS: readonly ScreenGroup[] = [
  { name: "Today", Icon: IconLayoutDashboard, screens: [{ to: "/", name: "Today", key: "o" }] },
  {
    name: "Findings",
    Icon: IconListSearch,
    screens: [
      { to: "/findings", name: "Findings", key: "f" },
      { to: "/standards", name: "Standards", key: "k" },
    ],
  },
  {
    name: "Certificates",
    Icon: IconCertificate,
    screens: [
      { to: "/certificates", name: "Certificates", key: "c" },
      { to: "/served", name: "Served", key: "v" },
      { to: "/timeline", name: "Timeline", key: "t" },
      { to: "/forecast", name: "Forecast", key: "w" },
    ],
  },
  {
    name: "Access",
    Icon: IconKey,
    screens: [
      { to: "/access", name: "Grants", key: "a" },
      { to: "/accounts", name: "Accounts", key: "u" },
      { to: "/graph", name: "Paths", key: "r" },
      { to: "/people", name: "People", key: "p" },
      { to: "/host-keys", name: "Host keys", key: "n" },
      { to: "/reviews", name: "Reviews", key: "e" },
    ],
  },
  { name: "Hosts", Icon: IconServer, screens: [{ to: "/hosts", name: "Hosts", key: "h" }] },
  {
    name: "Activity",
    Icon: IconActivity,
    screens: [
      { to: "/runs", name: "Runs", key: "b" },
      { to: "/scans", name: "Scans", key: "s" },
      { to: "/changes", name: "History", key: "d" },
      { to: "/logins", name: "Logins", key: "y" },
      { to: "/audit-log", name: "Audit log", key: "l" },
    ],
  },
  {
    name: "Settings",
    Icon: IconSettings,
    screens: [
      { to: "/settings", name: "Settings", key: "," },
      { to: "/issuers", name: "Issuers and vault", key: "i" },
    ],
  },
];

export const SCREENS: readonly Screen[] = SCREEN_GROUPS.flatMap(({ screens }) => screens);

/** The group and the screen of an address; null for an address of none. A plan is of runs. */
export function findScreen(path: string): { group: ScreenGroup; screen: Screen } | null {
  for (const group of SCREEN_GROUPS)
    for (const screen of group.screens)
      if (screen.to === path || (screen.to !== "/" && path.startsWith(`${screen.to}/`)))
        return { group, screen };
  return null;
}
