import { Untrusted } from "#renderer/ui/text.tsx";
import { sayCount } from "#shared/text/count.ts";
import classes from "./host-keys.module.css";
import { useSources } from "./queries.ts";

/** The files that the list was read from, and what of them could not be: that is not in the list. */
export function Sources() {
  const { data } = useSources();
  if (!data) return null;
  const { files, unread, notes } = data;
  return (
    <section className={classes.sources} aria-label="Where host keys are read">
      {files.length === 0 && <span>This computer has no known_hosts: pins and visits are all there is.</span>}
      {files.map(({ path, lines, hashed, broken }) => (
        <span key={path}>
          <Untrusted text={path} />: {sayCount(lines, "line")}
          {hashed > 0 && `, ${hashed} hashed`}
          {broken.total > 0 && (
            <span className={classes.wrong}>, {sayCount(broken.total, "line")} cannot be read</span>
          )}
        </span>
      ))}
      {unread.map(({ path, why }) => (
        <span key={path} className={classes.wrong}>
          <Untrusted text={`${path} is not read: ${why}`} />
        </span>
      ))}
      {notes.map((note) => (
        <span key={note} className={classes.wrong}>
          {note}
        </span>
      ))}
    </section>
  );
}
