import { Button } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconListCheck } from "@tabler/icons-react";
import { Panel } from "#renderer/ui/panel.tsx";
import { Tag } from "#renderer/ui/tag.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { sayCount } from "#shared/text/count.ts";
import { useVerification } from "./queries.ts";
import classes from "./settings.module.css";

export function AuditPanel({ eventCount }: { eventCount: number }) {
  const { data, error, isFetching, refetch } = useVerification();
  return (
    <Panel title="Audit log" note={`${sayCount(eventCount, "event")}, each sealed with the one before it`}>
      <div className={classes.row}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconListCheck size={15} />}
          loading={isFetching}
          onClick={() => void refetch()}
        >
          Verify the chain
        </Button>
        <span role="status">
          {error && <Untrusted text={error.message} />}
          {data?.brokenAt === null && (
            <Tag tone="green" Icon={IconCircleCheck}>
              whole: {sayCount(data.eventCount, "event")} checked
            </Tag>
          )}
          {data && data.brokenAt !== null && (
            <Tag tone="red" Icon={IconCircleX}>
              broken at event {data.brokenAt}: somebody changed the file
            </Tag>
          )}
        </span>
      </div>
    </Panel>
  );
}
