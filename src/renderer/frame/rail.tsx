import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useApi } from "#renderer/api/api.ts";
import { BrandMark } from "#renderer/ui/brand-mark.tsx";
import type { Overview } from "#shared/contract/overview.ts";
import { sayNumber } from "#shared/text/count.ts";
import classes from "./frame.module.css";
import { SCREENS } from "./screens.ts";

export function Rail() {
  const { data } = useQuery(useApi().overview.read.queryOptions());
  const counts = data && countsOf(data);
  return (
    <nav className={classes.rail} aria-label="Screens">
      <div className={classes.brand}>
        <BrandMark size={22} />
        <span className={classes.brandName}>Latchkey</span>
      </div>
      <ul className={classes.screens}>
        {SCREENS.map(({ to, name, key, Icon }) => (
          <li key={to} className={to === "/settings" ? classes.last : undefined}>
            <Link
              to={to}
              className={classes.screen}
              activeProps={{ className: `${classes.screen} ${classes.here}` }}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              title={`${name} (g ${key})`}
            >
              <Icon size={17} stroke={1.7} aria-hidden />
              <span className={classes.screenName}>{name}</span>
              {counts?.[to] ? <span className={classes.count}>{sayNumber(counts[to])}</span> : null}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const countsOf = ({ certificates, grants, hosts, findings }: Overview): Record<string, number> => ({
  "/certificates": certificates.total,
  "/access": grants.total,
  "/hosts": hosts.total,
  "/findings": findings.reduce((sum, { count }) => sum + count, 0),
});
