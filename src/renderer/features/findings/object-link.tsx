import { Button } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Finding } from "#shared/model/finding.ts";

/** Opens the thing that the finding is about, where it is at home. */
export function ObjectLink({ finding: { object, host } }: { finding: Finding }) {
  const look = { variant: "default", size: "xs", rightSection: <IconArrowRight size={15} /> } as const;
  switch (object.kind) {
    case "certificate":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/certificates" search={{ open: object.sha256 }} {...props} />}
        >
          Open the certificate
        </Button>
      );
    case "grant":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/access" search={{ open: object.id }} {...props} />}
        >
          Open the grant
        </Button>
      );
    case "key":
      return (
        <Button
          {...look}
          renderRoot={(props) => (
            <Link to="/access" search={{ fingerprint: object.fingerprint }} {...props} />
          )}
        >
          List what this key opens
        </Button>
      );
    case "key-file":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/hosts" search={host ? { search: host } : {}} {...props} />}
        >
          {host ? "Open its host" : "List the hosts"}
        </Button>
      );
    case "host":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/hosts" search={{ open: object.id }} {...props} />}
        >
          Open the host
        </Button>
      );
    case "tls-key":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/certificates" search={{ spki: object.spki }} {...props} />}
        >
          List the certificates of this key
        </Button>
      );
    case "profile-violation":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/certificates" search={{ violation: object.id }} {...props} />}
        >
          List its certificates
        </Button>
      );
    case "endpoint":
      return (
        <Button
          {...look}
          renderRoot={(props) => <Link to="/certificates" search={host ? { host } : {}} {...props} />}
        >
          List what it presents
        </Button>
      );
    default:
      return assertNever(object);
  }
}
