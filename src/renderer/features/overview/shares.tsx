import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { type Tone, toneClass } from "#renderer/ui/tag.tsx";
import { formatNumber } from "#shared/text/count.ts";
import classes from "./overview.module.css";

type Share = {
  word: string;
  count: number;
  tone: Tone;
  Icon: TablerIcon;
  renderLink: (look: { className: string | undefined; children: ReactNode }) => ReactNode;
};

/** Parts of a whole: a bar for the eye, and the same in words, each leading to its list. */
export function Shares({ shares }: { shares: readonly Share[] }) {
  const total = Math.max(
    shares.reduce((sum, { count }) => sum + count, 0),
    1,
  );
  const shown = shares.filter(({ count }) => count > 0);
  return (
    <>
      <div className={classes.shareBar} aria-hidden>
        {shown.map(({ word, count, tone }) => (
          <span
            key={word}
            className={`${classes.share} ${toneClass(tone)}`}
            style={{ width: `${(100 * count) / total}%` }}
          />
        ))}
      </div>
      <ul className={classes.legend}>
        {shares.map(({ word, count, tone, Icon, renderLink }) => (
          <li key={word}>
            {renderLink({
              className: classes.legendItem,
              children: (
                <>
                  <Icon size={15} className={`${classes.legendIcon} ${toneClass(tone)}`} aria-hidden />
                  <strong>{formatNumber(count)}</strong> {word}
                </>
              ),
            })}
          </li>
        ))}
      </ul>
    </>
  );
}
