import {
  IconAffiliate,
  IconCalendarStats,
  IconCertificate,
  IconChecklist,
  IconFingerprint,
  IconGitCompare,
  IconKey,
  IconLayoutDashboard,
  IconListSearch,
  IconRadar2,
  IconServer,
  IconSettings,
  IconTrendingUp,
  IconUsers,
} from "@tabler/icons-react";

/** The screens in the order of the rail; `key` goes there after `g`. */
export const SCREENS = [
  { to: "/", name: "Today", key: "o", Icon: IconLayoutDashboard },
  { to: "/certificates", name: "Certificates", key: "c", Icon: IconCertificate },
  { to: "/access", name: "Access", key: "a", Icon: IconKey },
  { to: "/graph", name: "Graph", key: "r", Icon: IconAffiliate },
  { to: "/changes", name: "Changes", key: "d", Icon: IconGitCompare },
  { to: "/people", name: "People", key: "p", Icon: IconUsers },
  { to: "/hosts", name: "Hosts", key: "h", Icon: IconServer },
  { to: "/host-keys", name: "Host keys", key: "n", Icon: IconFingerprint },
  { to: "/scans", name: "Scans", key: "s", Icon: IconRadar2 },
  { to: "/runs", name: "Runs", key: "b", Icon: IconChecklist },
  { to: "/findings", name: "Findings", key: "f", Icon: IconListSearch },
  { to: "/timeline", name: "Timeline", key: "t", Icon: IconCalendarStats },
  { to: "/forecast", name: "Forecast", key: "w", Icon: IconTrendingUp },
  { to: "/settings", name: "Settings", key: ",", Icon: IconSettings },
] as const;
