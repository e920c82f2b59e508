import { IconCertificate } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Notice } from "#renderer/ui/notice.tsx";
import { TextLink } from "#renderer/ui/text-link.tsx";
import { useIssuers } from "./queries.ts";

/** Where nobody signs for the user yet: the way to say who does. */
export function NoIssuer({ onLeave }: { onLeave: () => void }) {
  const { data } = useIssuers();
  if (!data || data.length > 0) return null;
  return (
    <Notice tone="amber" Icon={IconCertificate} title="No issuer is set up yet">
      <p>
        An authority of your own, an ACME directory, or a person who signs:{" "}
        <TextLink>
          <Link to="/settings" onClick={onLeave}>
            add one in Settings
          </Link>
        </TextLink>
        .
      </p>
    </Notice>
  );
}
