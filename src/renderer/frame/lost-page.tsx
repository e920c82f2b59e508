import { Button } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { EmptyState } from "#renderer/ui/states.tsx";

export function LostPage() {
  return (
    <EmptyState
      Icon={IconMapQuestion}
      title="There is no such page"
      why="The address may be mistyped, or from another version."
      action={
        <Button variant="default" size="xs" renderRoot={(props) => <Link to="/" {...props} />}>
          Go to the overview
        </Button>
      }
    />
  );
}
