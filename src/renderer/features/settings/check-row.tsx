import { Button } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconStethoscope } from "@tabler/icons-react";
import { Notice } from "#renderer/ui/notice.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { When } from "#renderer/ui/when.tsx";
import { sayCount } from "#shared/text/count.ts";
import { useCheck, useDatabaseState } from "./queries.ts";
import classes from "./settings.module.css";

/** When every page of the database was last found well, and the way to have it looked through now. */
export function CheckRow() {
  const { data: state } = useDatabaseState();
  const { data: check, error, isFetching, refetch } = useCheck();
  return (
    <div className={`${classes.row} ${classes.tall}`}>
      <span className={classes.name}>Check</span>
      <div className={classes.value}>
        <div className={classes.act}>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconStethoscope size={15} />}
            loading={isFetching}
            onClick={() => void refetch()}
          >
            Check now
          </Button>
          <span role="status">
            {error && <Untrusted text={error.message} />}
            {check?.problems.length === 0 && (
              <Tag tone="green" Icon={IconCircleCheck}>
                whole: every page and {sayCount(check.eventCount, "event")} were read
              </Tag>
            )}
            {!check && state && (
              <span className={classes.more}>
                {state.checkedAt === null ? "not looked through yet" : "found whole "}
                {state.checkedAt !== null && <When instant={state.checkedAt} />}
              </span>
            )}
          </span>
        </div>
        {check && check.problems.length > 0 && (
          <Notice tone="red" Icon={IconCircleX} title="The database is not whole">
            {check.problems.map((problem) => (
              <p key={problem}>
                <Untrusted text={problem} />
              </p>
            ))}
          </Notice>
        )}
      </div>
    </div>
  );
}
