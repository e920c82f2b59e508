import { createHashHistory, createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import {
  AccessSearch,
  AccountsSearch,
  AuditLogSearch,
  CertificatesSearch,
  ChangesSearch,
  FindingsSearch,
  ForecastSearch,
  GraphSearch,
  HostKeysSearch,
  HostsSearch,
  LoginsSearch,
  PeopleSearch,
  PlanSearch,
  ReviewsSearch,
  RunsSearch,
  ScansSearch,
  ServedSearch,
  StandardsSearch,
  TimelineSearch,
} from "./api/searches.ts";
import { AccessPage } from "./features/access/page.tsx";
import { AccountsPage } from "./features/accounts/page.tsx";
import { AuditLogPage } from "./features/audit-log/page.tsx";
import { CertificatesPage } from "./features/certificates/page.tsx";
import { ChangesPage } from "./features/changes/page.tsx";
import { FindingsPage } from "./features/findings/page.tsx";
import { StandardsPage } from "./features/findings/standards-page.tsx";
import { ForecastPage, TimelinePage } from "./features/forecast/forecast-page.tsx";
import { GraphPage } from "./features/graph/page.tsx";
import { HostKeysPage } from "./features/host-keys/page.tsx";
import { HostsPage } from "./features/hosts/page.tsx";
import { LoginsPage } from "./features/logins/page.tsx";
import { PeoplePage } from "./features/people/page.tsx";
import { ReviewsPage } from "./features/reviews/page.tsx";
import { RunsPage } from "./features/runs/page.tsx";
import { PlanPage } from "./features/runs/plan-page.tsx";
import { ScansPage } from "./features/scans/page.tsx";
import { ScanPanel } from "./features/scans/scan-form.tsx";
import { ServedPage } from "./features/served/page.tsx";
import { IssuersPage } from "./features/settings/issuers-page.tsx";
import { SettingsPage } from "./features/settings/page.tsx";
import { TodayPage } from "./features/today/page.tsx";
import { Frame } from "./frame/frame.tsx";
import { BrokenPage, LostPage } from "./frame/lost-page.tsx";

const root = createRootRoute({ component: Frame, notFoundComponent: LostPage });

const at = { getParentRoute: () => root };

const routeTree = root.addChildren([
  createRoute({ ...at, path: "/", component: Home }),
  createRoute({
    ...at,
    path: "/certificates",
    validateSearch: CertificatesSearch,
    component: CertificatesPage,
  }),
  createRoute({ ...at, path: "/access", validateSearch: AccessSearch, component: AccessPage }),
  createRoute({ ...at, path: "/accounts", validateSearch: AccountsSearch, component: AccountsPage }),
  createRoute({ ...at, path: "/logins", validateSearch: LoginsSearch, component: LoginsPage }),
  createRoute({ ...at, path: "/changes", validateSearch: ChangesSearch, component: ChangesPage }),
  createRoute({ ...at, path: "/graph", validateSearch: GraphSearch, component: GraphPage }),
  createRoute({ ...at, path: "/people", validateSearch: PeopleSearch, component: PeoplePage }),
  createRoute({ ...at, path: "/reviews", validateSearch: ReviewsSearch, component: ReviewsPage }),
  createRoute({ ...at, path: "/hosts", validateSearch: HostsSearch, component: HostsPage }),
  createRoute({ ...at, path: "/host-keys", validateSearch: HostKeysSearch, component: HostKeysPage }),
  createRoute({ ...at, path: "/scans", validateSearch: ScansSearch, component: ScansPage }),
  createRoute({ ...at, path: "/runs", validateSearch: RunsSearch, component: RunsPage }),
  createRoute({ ...at, path: "/runs/plan", validateSearch: PlanSearch, component: PlanPage }),
  createRoute({ ...at, path: "/findings", validateSearch: FindingsSearch, component: FindingsPage }),
  createRoute({ ...at, path: "/standards", validateSearch: StandardsSearch, component: StandardsPage }),
  createRoute({ ...at, path: "/timeline", validateSearch: TimelineSearch, component: TimelinePage }),
  createRoute({ ...at, path: "/forecast", validateSearch: ForecastSearch, component: ForecastPage }),
  createRoute({ ...at, path: "/served", validateSearch: ServedSearch, component: ServedPage }),
  createRoute({ ...at, path: "/audit-log", validateSearch: AuditLogSearch, component: AuditLogPage }),
  createRoute({ ...at, path: "/settings", component: SettingsPage }),
  createRoute({ ...at, path: "/issuers", component: IssuersPage }),
]);

/** The screens by address. The part after `#` is all there is: it works the same under any shell. */
export const createScreens = () =>
  createRouter({ routeTree, history: createHashHistory(), defaultErrorComponent: BrokenPage });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createScreens>;
  }
}

function Home() {
  return (
    <TodayPage
      renderScanPanel={(onDone) => (
        <ScanPanel isFirst initialText="localhost" onDone={onDone} doneWord="Show Today" />
      )}
    />
  );
}
